// Sequence: the bookkeeping that every executor shares - how many positions are evaluated, what may
// be appended, and the token that was drawn but not evaluated yet.
#pragma once

#include "core/llm/executor.h"

#include <optional>

namespace alcove::cpu {

// Positions of the KV cache for these options: what was asked, or min(4096, trained).
inline std::uint32_t contextLength(const llm::ModelSpec &spec, const llm::ExecutorOptions &options)
{
    return options.contextLength ? options.contextLength : std::min(4096u, spec.trainedContext);
}

// InvalidArgument or ContextFull when `tokens` cannot follow `length` positions.
Result<> checkTokens(const llm::ModelSpec &spec, std::span<const llm::Token> tokens,
                     std::uint32_t length, std::uint32_t capacity);

} // namespace alcove::cpu
