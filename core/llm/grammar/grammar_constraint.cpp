#include "core/llm/grammar/grammar_constraint.h"

#include "core/llm/grammar/grammar_matcher.h"

#include <unordered_map>

namespace alcove::llm {

namespace {

constexpr std::size_t kKeptMasks = 128;

class Run final : public ConstraintRun
{
public:
    Run(std::shared_ptr<const Grammar> grammar, std::shared_ptr<const TokenTrie> tokens)
        : m_tokens(std::move(tokens)), m_matcher(std::move(grammar)), m_state(m_matcher.start()),
          m_states(m_tokens->depth() + 1)
    { }

    const TokenMask &allowed() override
    {
        const auto known = m_masks.find(m_state);
        if (known != m_masks.end())
            return known->second;
        if (m_matcher.isLarge())
            forgetThePast();
        if (m_masks.size() >= kKeptMasks)
            m_masks.clear();
        return m_masks.emplace(m_state, maskOf(m_state)).first->second;
    }

    void accept(Token token) override
    {
        if (m_matcher.isLarge()) // also where nobody asks what is allowed
            forgetThePast();
        const std::string_view text = m_tokens->text(token);
        m_state = text.empty() ? GrammarMatcher::kDead : m_matcher.next(m_state, text);
    }

    bool ended() const override { return !m_matcher.canGoOn(m_state); }
    bool gaveUp() const override { return m_matcher.gaveUp(); }

private:
    // States of tokens long past.
    void forgetThePast()
    {
        m_state = m_matcher.trim(m_state);
        m_masks.clear();
    }

    TokenMask maskOf(GrammarMatcher::State state)
    {
        TokenMask mask(m_tokens->vocabularySize());
        const std::span<const TokenTrie::Node> nodes = m_tokens->nodes();
        const std::span<const Token> tokens = m_tokens->tokens();
        bool any = false;
        m_states[0] = state;
        for (std::size_t i = 0; i + 1 < nodes.size();) {
            const TokenTrie::Node &node = nodes[i];
            const auto next = m_matcher.next(m_states[node.depth - 1u], node.byte);
            if (next == GrammarMatcher::kDead) {
                i = node.after;
                continue;
            }
            m_states[node.depth] = next;
            ++i;
            for (std::uint32_t at = node.tokens; at < nodes[i].tokens; ++at) {
                mask.allow(tokens[at]);
                any = true;
            }
        }
        if (!any || m_matcher.canEnd(state)) {
            for (const Token token : m_tokens->enders())
                mask.allow(token);
        }
        return mask;
    }

    std::shared_ptr<const TokenTrie> m_tokens;
    GrammarMatcher m_matcher;
    GrammarMatcher::State m_state;
    std::vector<GrammarMatcher::State> m_states; // by depth, of the walk
    std::unordered_map<GrammarMatcher::State, TokenMask> m_masks;
};

} // namespace

GrammarConstraint::GrammarConstraint(std::shared_ptr<const Grammar> grammar,
                                     std::shared_ptr<const TokenTrie> tokens)
    : m_grammar(std::move(grammar)), m_tokens(std::move(tokens))
{ }

std::unique_ptr<ConstraintRun> GrammarConstraint::begin() const
{
    return std::make_unique<Run>(m_grammar, m_tokens);
}

} // namespace alcove::llm
