// The plain values of asking a model for an answer, shared by the session and the window's engine.
// Values only; any thread.
#pragma once

#include "core/llm/role.h"
#include "core/llm/tool_call.h"

#include <cstdint>
#include <string>
#include <vector>

namespace alcove::engine {

using llm::Role;

enum class TemplateFallback { Refuse, ChatMl }; // ChatMl only after the user agreed

enum class StopReason {
    EndOfTurn,
    MaxTokens,
    ContextFull,
    Stopped, // by the user, while it ran
    StopText, // one of the texts that the user named beforehand
};

// What may be done with the KV cache when old turns leave the context.
enum class ContextShift {
    // What stays is computed anew: the same seed gives the same text whatever the cache held. An
    // answer ends where the context does.
    Never,
    // What stays moves forward, its keys rotated anew, which takes no time; it still bears traces
    // of what it was read after. An answer that reaches the end of the context goes on without the
    // oldest turns, where the model's cache can be shifted; else it ends there.
    Allow,
};

enum class EndOfTurn { Obey, Ignore }; // Ignore: tests and benchmarks

// "system", "user", "assistant": the names that chat templates know.
inline const char *roleName(Role role)
{
    switch (role) {
    case Role::System:
        return "system";
    case Role::User:
        return "user";
    case Role::Assistant:
        break;
    }
    return "assistant";
}

// "end_of_turn", "max_tokens", "context_full", "stopped", "stop_text": the names that the command
// line prints.
inline const char *stopReasonName(StopReason reason)
{
    switch (reason) {
    case StopReason::EndOfTurn:
        return "end_of_turn";
    case StopReason::MaxTokens:
        return "max_tokens";
    case StopReason::ContextFull:
        return "context_full";
    case StopReason::StopText:
        return "stop_text";
    case StopReason::Stopped:
        break;
    }
    return "stopped";
}

struct ChatMessage {
    Role role = Role::User;
    std::string text; // UTF-8
};

struct GenerationReport {
    StopReason reason = StopReason::EndOfTurn;
    std::uint32_t promptTokens = 0; // as the prompt stands at the end
    std::uint32_t reusedTokens = 0; // of the prompt, found in the KV cache
    std::uint32_t prefillTokens = 0; // of the prompt, evaluated
    std::uint32_t answerTokens = 0; // drawn, the one that ended the turn included
    std::uint32_t contextUsed = 0; // positions in the KV cache after the answer
    std::uint32_t droppedMessages = 0; // oldest messages after the system prompt that did not fit
    std::uint32_t deviceRestarts = 0; // times the device was lost and the conversation replayed
    std::vector<llm::ToolCall> toolCalls; // with GenerateHooks::reasoning only
    double prefillSeconds = 0;
    double firstTokenSeconds = 0; // from the start of the prefill to the first token
    double decodeSeconds = 0; // from the first token to the last

    // 0 when nothing was measured.
    double prefillTokensPerSecond() const
    {
        return prefillSeconds > 0 ? double(prefillTokens) / prefillSeconds : 0;
    }
    double decodeTokensPerSecond() const
    {
        return answerTokens > 1 && decodeSeconds > 0 ? double(answerTokens - 1) / decodeSeconds : 0;
    }
};

} // namespace alcove::engine
