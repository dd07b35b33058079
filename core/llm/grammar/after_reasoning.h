// AfterReasoning: holds a model's answer to a constraint and leaves what it thinks before free.
//
// Where the prompt has opened the reasoning (or a header comes first), every token may follow until
// AnswerParser says that the answer has begun; where it has not, the answer may begin at once, or
// with a token that opens reasoning. Immutable; any thread; its runs one thread each.
#pragma once

#include "core/llm/answer_parser.h"
#include "core/llm/token_constraint.h"
#include "core/llm/tokenizer.h"

#include <memory>
#include <vector>

namespace alcove::llm {

class AfterReasoning final : public TokenConstraint
{
public:
    // `format` sets reasoning apart; it comes before the answer as `start` says.
    AfterReasoning(std::shared_ptr<const TokenConstraint> answer, AnswerFormat format,
                   AnswerStart start, std::shared_ptr<const Tokenizer> tokenizer);

    std::unique_ptr<ConstraintRun> begin() const override;

private:
    std::shared_ptr<const TokenConstraint> m_answer;
    AnswerFormat m_format;
    AnswerStart m_start;
    std::shared_ptr<const Tokenizer> m_tokenizer;
    std::vector<Token> m_openers; // of reasoning
};

} // namespace alcove::llm
