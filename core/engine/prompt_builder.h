// Prompt builder: from the messages of a conversation to the token ids that the model reads.
//
// Renders the model's chat template, keeps what people wrote from being read as special tokens, and
// leaves out the oldest turns when the context is too small for all, a quarter of the context at a
// time (never silently: the result says how many messages). Immutable after creation; any thread.
#pragma once

#include "core/base/result.h"
#include "core/engine/generation.h"
#include "core/llm/answer_format.h"
#include "core/llm/chat_template.h"
#include "core/llm/gguf.h"
#include "core/llm/tokenizer.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace alcove::engine {

struct PromptRequest {
    std::span<const ChatMessage> messages; // oldest first; ends with the user's
    TemplateFallback fallback = TemplateFallback::Refuse;
    std::uint32_t capacity = 0; // positions of the KV cache
    std::uint32_t maxTokens = 0; // of the answer; 0: as many as the context holds
    std::uint32_t written = 0; // tokens of the answer that are there already
};

struct BuiltPrompt {
    std::vector<llm::Token> tokens;
    std::uint32_t droppedMessages = 0; // oldest ones after the system prompt
    std::string stopText; // not empty: an ender that the vocabulary has no token for
    llm::AnswerFormat format; // how the model sets reasoning and tool calls apart
    llm::AnswerStart answerStart = llm::AnswerStart::Answer; // "Reasoning": the template opened it
};

class PromptBuilder
{
public:
    // Reads tokenizer.chat_template; one that is absent or broken is kept as templateError().
    PromptBuilder(const llm::GgufFile &file, std::shared_ptr<const llm::Tokenizer> tokenizer);

    // Empty, or why the model's own template cannot be used.
    const std::string &templateError() const { return m_templateError; }

    // TemplateFailed: the model has no template, or it fails on these messages (its own words).
    // ContextFull: not even the newest message fits, or it alone leaves no room for an answer.
    // InvalidArgument: no messages, or the last one is not the user's.
    Result<BuiltPrompt> build(const PromptRequest &request) const;

private:
    struct Encoded {
        std::vector<llm::Token> tokens;
        llm::AnswerStart answerStart = llm::AnswerStart::Answer;
    };
    Result<Encoded> encode(std::span<const ChatMessage> messages, std::size_t firstKept,
                           std::size_t pinned, const llm::ChatTemplate &chatTemplate) const;

    std::shared_ptr<const llm::Tokenizer> m_tokenizer;
    std::optional<llm::ChatTemplate> m_template;
    llm::AnswerFormat m_format;
    std::string m_templateError;
};

// Tokens that the prompt leaves for an answer before older turns are dropped:
// min(512, capacity / 4), and no more than the answer may have (`maxTokens`, 0: no limit).
std::uint32_t answerRoom(std::uint32_t capacity, std::uint32_t maxTokens);

} // namespace alcove::engine
