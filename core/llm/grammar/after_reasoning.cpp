#include "core/llm/grammar/after_reasoning.h"

#include <algorithm>
#include <utility>

namespace alcove::llm {

namespace {

class Run final : public ConstraintRun
{
public:
    Run(std::unique_ptr<ConstraintRun> answer, const AnswerFormat &format, AnswerStart start,
        std::shared_ptr<const Tokenizer> tokenizer, const std::vector<Token> &openers)
        : m_answer(std::move(answer)), m_tokenizer(std::move(tokenizer)), m_openers(openers),
          m_parser(format, start), m_decoder(m_tokenizer, StreamDecoder::Start::Continuation),
          m_stage(start == AnswerStart::Answer ? Stage::Start : Stage::Free)
    { }

    const TokenMask &allowed() override
    {
        if (m_stage == Stage::Answer)
            return m_answer->allowed();
        if (m_stage == Stage::Start) {
            m_mask = m_answer->allowed();
            for (const Token opener : m_openers)
                m_mask.allow(opener);
            return m_mask;
        }
        if (!m_all) {
            m_mask = TokenMask(m_tokenizer->vocabularySize());
            for (std::uint32_t token = 0; token < m_tokenizer->vocabularySize(); ++token)
                m_mask.allow(Token(token));
            m_all = true;
        }
        return m_mask;
    }

    void accept(Token token) override
    {
        if (m_stage == Stage::Start) {
            const bool opens =
                std::find(m_openers.begin(), m_openers.end(), token) != m_openers.end();
            m_stage = opens ? Stage::Free : Stage::Answer;
        }
        if (m_stage == Stage::Answer) {
            m_answer->accept(token);
            return;
        }
        if (m_tokenizer->endsGeneration(token))
            m_over = true;
        m_parser.append(parserText(m_decoder, *m_tokenizer, m_parser.format(), token));
        if (m_parser.answering())
            m_stage = Stage::Answer;
    }

    bool ended() const override
    {
        return m_over || (m_stage == Stage::Answer && m_answer->ended());
    }

    bool gaveUp() const override { return m_answer->gaveUp(); }

private:
    enum class Stage { Start, Free, Answer };

    std::unique_ptr<ConstraintRun> m_answer;
    std::shared_ptr<const Tokenizer> m_tokenizer;
    std::vector<Token> m_openers;
    AnswerParser m_parser;
    StreamDecoder m_decoder;
    Stage m_stage;
    TokenMask m_mask;
    bool m_all = false; // m_mask is of all tokens
    bool m_over = false; // the model ended its turn while it was thinking
};

} // namespace

AfterReasoning::AfterReasoning(std::shared_ptr<const TokenConstraint> answer, AnswerFormat format,
                               AnswerStart start, std::shared_ptr<const Tokenizer> tokenizer)
    : m_answer(std::move(answer)), m_format(std::move(format)), m_start(start),
      m_tokenizer(std::move(tokenizer))
{
    for (const AnswerFormat::Block &block : m_format.reasoning) {
        const auto tokens = m_tokenizer->encode(block.open, AddSpecial::No, ParseSpecial::Yes);
        if (tokens.size() == 1)
            m_openers.push_back(tokens.front());
    }
}

std::unique_ptr<ConstraintRun> AfterReasoning::begin() const
{
    return std::make_unique<Run>(m_answer->begin(), m_format, m_start, m_tokenizer, m_openers);
}

} // namespace alcove::llm
