#include "core/llm/grammar/grammar.h"

#include "core/llm/display_text.h"
#include "core/llm/grammar/gbnf_parser.h"

#include <algorithm>
#include <map>
#include <new>
#include <optional>
#include <string>

namespace alcove::llm {

namespace {

using Kind = GbnfItem::Kind;

// Whether a piece can be empty, given which rules can.
bool canBeEmpty(const GbnfItem &item, const std::vector<bool> &rules)
{
    const auto empty = [&](const GbnfItem &one) { return canBeEmpty(one, rules); };
    switch (item.kind) {
    case Kind::Set:
        return false;
    case Kind::Sequence:
        return std::all_of(item.items.begin(), item.items.end(), empty);
    case Kind::Choice:
        return std::any_of(item.items.begin(), item.items.end(), empty);
    case Kind::Repeat:
        return item.least == 0 || empty(item.items[0]);
    case Kind::Rule:
        return rules[item.value];
    }
    return false;
}

// Which rules can be empty: each piece waits for the parts that have to be so first, and says on
// when they are.
class EmptyRules
{
public:
    explicit EmptyRules(const std::vector<GbnfRule> &rules)
        : m_waiting(rules.size()), m_empty(rules.size())
    {
        for (std::uint32_t i = 0; i < rules.size(); ++i)
            add(rules[i].body, kNone, i);
        while (!m_found.empty()) {
            const Piece piece = m_pieces[m_found.back()];
            m_found.pop_back();
            if (piece.parent != kNone) {
                partIsEmpty(piece.parent);
            } else if (!m_empty[piece.rule]) {
                m_empty[piece.rule] = true;
                for (const std::uint32_t use : m_waiting[piece.rule])
                    partIsEmpty(use);
            }
        }
    }

    std::vector<bool> take() { return std::move(m_empty); }

private:
    static constexpr std::uint32_t kNone = 0xffffffffu;

    struct Piece {
        std::uint32_t parent = kNone; // none: it is the rule's body
        std::uint32_t rule = 0;
        std::size_t missing = 0; // parts that are not known to be empty and have to be
    };

    void add(const GbnfItem &item, std::uint32_t parent, std::uint32_t rule)
    {
        const auto piece = std::uint32_t(m_pieces.size());
        m_pieces.push_back({parent, rule, 1});
        std::size_t &missing = m_pieces[piece].missing;
        if (item.kind == Kind::Sequence)
            missing = item.items.size();
        else if (item.kind == Kind::Repeat && item.least == 0)
            missing = 0;
        else if (item.kind == Kind::Rule)
            m_waiting[item.value].push_back(piece);
        if (missing == 0)
            m_found.push_back(piece);
        for (const GbnfItem &one : item.items)
            add(one, piece, rule);
    }

    void partIsEmpty(std::uint32_t piece)
    {
        std::size_t &missing = m_pieces[piece].missing;
        if (missing > 0 && --missing == 0)
            m_found.push_back(piece);
    }

    std::vector<Piece> m_pieces;
    std::vector<std::uint32_t> m_found; // pieces that are empty, not yet said on
    std::vector<std::vector<std::uint32_t>> m_waiting; // by rule: the pieces that use it
    std::vector<bool> m_empty;
};

// The rules that a piece can begin with.
void addFirstRules(const GbnfItem &item, const std::vector<bool> &empty,
                   std::vector<std::uint32_t> &found)
{
    if (item.kind == Kind::Rule)
        found.push_back(item.value);
    for (const GbnfItem &one : item.items) {
        addFirstRules(one, empty, found);
        if (item.kind == Kind::Sequence && !canBeEmpty(one, empty))
            break;
    }
}

// A rule that can begin with itself.
std::optional<std::uint32_t> leftRecursiveRule(const std::vector<GbnfRule> &rules)
{
    const std::vector<bool> empty = EmptyRules(rules).take();
    std::vector<std::vector<std::uint32_t>> first(rules.size());
    for (std::size_t i = 0; i < rules.size(); ++i)
        addFirstRules(rules[i].body, empty, first[i]);
    enum class Mark { New, Open, Done };
    std::vector<Mark> marks(rules.size(), Mark::New);
    for (std::uint32_t start = 0; start < rules.size(); ++start) {
        std::vector<std::pair<std::uint32_t, std::size_t>> path; // rule, its next to look at
        if (marks[start] == Mark::New)
            path.emplace_back(start, 0);
        while (!path.empty()) {
            const std::uint32_t rule = path.back().first;
            marks[rule] = Mark::Open;
            if (path.back().second == first[rule].size()) {
                marks[rule] = Mark::Done;
                path.pop_back();
                continue;
            }
            const std::uint32_t next = first[rule][path.back().second++];
            if (marks[next] == Mark::Open)
                return next;
            if (marks[next] == Mark::New)
                path.emplace_back(next, 0);
        }
    }
    return std::nullopt;
}

} // namespace

class GrammarCompiler
{
public:
    explicit GrammarCompiler(const GbnfRules &rules) : m_rules(rules) { }

    // False: too large.
    bool run(Grammar &grammar)
    {
        std::vector<std::uint32_t> sets;
        for (const CodePointSet &set : m_rules.sets) {
            sets.push_back(byteStateOf(set));
            if (m_states.size() > kMaxGrammarByteStates)
                return false;
        }
        m_sets = std::move(sets);
        std::vector<std::uint32_t> starts;
        for (const GbnfRule &rule : m_rules.rules)
            starts.push_back(compile(rule.body, add({GrammarNode::Kind::Return, 0, 0})));
        if (m_full)
            return false;
        for (GrammarNode &node : m_nodes) {
            if (node.kind == GrammarNode::Kind::Call)
                node.value = starts[node.value];
        }
        grammar.m_root = starts[m_rules.root];
        grammar.m_nodes = std::move(m_nodes);
        grammar.m_byteStates = std::move(m_states);
        return true;
    }

private:
    std::uint32_t add(GrammarNode node)
    {
        if (m_nodes.size() >= kMaxGrammarNodes) {
            m_full = true;
            return 0;
        }
        m_nodes.push_back(node);
        return std::uint32_t(m_nodes.size() - 1);
    }

    // The node that reads `item` and goes on at `next`.
    std::uint32_t compile(const GbnfItem &item, std::uint32_t next)
    {
        // Pieces without nodes of their own (empty ones, repeated) count as well.
        m_full = m_full || ++m_steps > 8 * kMaxGrammarNodes;
        if (m_full)
            return 0;
        switch (item.kind) {
        case Kind::Set:
            return add({GrammarNode::Kind::Character, m_sets[item.value], next});
        case Kind::Rule:
            return add({GrammarNode::Kind::Call, item.value, next});
        case Kind::Sequence:
            for (auto one = item.items.rbegin(); one != item.items.rend(); ++one)
                next = compile(*one, next);
            return next;
        case Kind::Choice: {
            std::uint32_t entry = compile(item.items.back(), next);
            for (std::size_t i = item.items.size() - 1; i-- > 0;)
                entry = add({GrammarNode::Kind::Split, entry, compile(item.items[i], next)});
            return entry;
        }
        case Kind::Repeat:
            return compileRepeat(item, next);
        }
        return next;
    }

    std::uint32_t compileRepeat(const GbnfItem &item, std::uint32_t next)
    {
        const GbnfItem &body = item.items[0];
        std::uint32_t least = item.least;
        std::uint32_t entry = next;
        if (item.most == GbnfItem::kUnbounded) {
            const std::uint32_t loop = add({GrammarNode::Kind::Split, next, 0});
            const std::uint32_t again = compile(body, loop);
            if (m_full)
                return 0;
            m_nodes[loop].next = again;
            entry = least > 0 ? again : loop;
            least = least > 0 ? least - 1 : 0;
        } else {
            for (std::uint32_t i = item.least; i < item.most && !m_full; ++i)
                entry = add({GrammarNode::Kind::Split, next, compile(body, entry)});
        }
        for (std::uint32_t i = 0; i < least && !m_full; ++i)
            entry = compile(body, entry);
        return entry;
    }

    // The bytes of UTF-8 (RFC 3629) that begin a character of the set.
    std::uint32_t byteStateOf(const CodePointSet &set)
    {
        ByteState state;
        state.fill(kByteFails);
        for (std::uint32_t byte = 0; byte < 0x80; ++byte) {
            if (set.contains(byte))
                state[byte] = kCharacterDone;
        }
        for (std::uint32_t byte = 0xC2; byte < 0xE0; ++byte)
            state[byte] = continuation(set, (byte & 0x1F) << 6, 1, 0x80);
        for (std::uint32_t byte = 0xE0; byte < 0xF0; ++byte)
            state[byte] = continuation(set, (byte & 0x0F) << 12, 2, 0x800);
        for (std::uint32_t byte = 0xF0; byte < 0xF5; ++byte)
            state[byte] = continuation(set, (byte & 0x07) << 18, 3, 0x10000);
        return stateOf(state);
    }

    // Where `count` more bytes lead behind a start that stands for `base`; characters below
    // `least` have a shorter form and are not written this way.
    std::uint32_t continuation(const CodePointSet &set, char32_t base, int count, char32_t least)
    {
        const char32_t size = char32_t(1) << (6 * count);
        const char32_t last = base + size - 1;
        if (m_states.size() > kMaxGrammarByteStates || last < least || base > kLastCodePoint
            || !set.touches(std::max(base, least), last))
            return kByteFails;
        if (count == 0)
            return kCharacterDone;
        const bool whole = base >= least && set.covers(base, last);
        const auto known = m_anyTail.find(count);
        if (whole && known != m_anyTail.end())
            return known->second;
        ByteState state;
        state.fill(kByteFails);
        for (std::uint32_t i = 0; i < 64; ++i)
            state[0x80 + i] = continuation(set, base + i * (size >> 6), count - 1, least);
        const std::uint32_t made = stateOf(state);
        if (whole)
            m_anyTail.emplace(count, made);
        return made;
    }

    std::uint32_t stateOf(const ByteState &state)
    {
        const auto [entry, isNew] = m_stateIds.emplace(state, std::uint32_t(m_states.size()));
        if (isNew)
            m_states.push_back(state);
        return entry->second;
    }

    const GbnfRules &m_rules;
    std::vector<std::uint32_t> m_sets; // the byte state of each
    std::vector<GrammarNode> m_nodes;
    std::vector<ByteState> m_states;
    std::map<ByteState, std::uint32_t> m_stateIds;
    std::map<int, std::uint32_t> m_anyTail; // of so many bytes, whatever they are
    std::size_t m_steps = 0;
    bool m_full = false;
};

Result<std::shared_ptr<const Grammar>> Grammar::parse(std::string_view gbnf)
try {
    auto rules = parseGbnf(gbnf);
    if (!rules)
        return fail(rules.error());
    if (const auto rule = leftRecursiveRule(rules->rules)) {
        const GbnfRule &named = rules->rules[*rule];
        return fail(ErrorCode::InvalidArgument,
                    "The grammar is wrong at " + placeIn(gbnf, named.position) + ": the rule '"
                        + displayText(named.name)
                        + "' can begin with itself (left recursion), which is not possible here.");
    }
    auto grammar = std::make_shared<Grammar>();
    if (!GrammarCompiler(*rules).run(*grammar))
        return fail(ErrorCode::InvalidArgument,
                    "The grammar is too large: write fewer or shorter repetitions.");
    return grammar;
} catch (const std::bad_alloc &) {
    return fail(ErrorCode::OutOfMemory, "There is not enough memory for the grammar.");
}

} // namespace alcove::llm
