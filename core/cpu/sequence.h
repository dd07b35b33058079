// What the executors of the processor check alike: how long the context is, whether it fits in
// memory, and what may be appended to it. Stateless; any thread.
#pragma once

#include "core/llm/executor.h"

#include <algorithm>
#include <cstdint>
#include <span>

namespace alcove::cpu {

// Positions of the KV cache for these options: what was asked, or min(4096, trained); where each
// position has learned values of its own, no more than there are.
inline std::uint32_t contextLength(const llm::ModelSpec &spec, const llm::ExecutorOptions &options)
{
    const std::uint32_t positions =
        options.contextLength ? options.contextLength : std::min(4096u, spec.trainedContext);
    const std::uint64_t learned =
        spec.positionEmbedding ? spec.positionEmbedding->rows() : positions;
    return std::max(1u, static_cast<std::uint32_t>(std::min<std::uint64_t>(positions, learned)));
}

// InvalidArgument or ContextFull when `tokens` cannot follow `length` positions.
Result<> checkTokens(const llm::ModelSpec &spec, std::span<const llm::Token> tokens,
                     std::uint32_t length, std::uint32_t capacity);

// OutOfMemory, with the sizes, when the KV cache would not fit in the memory that is free.
Result<> checkMemory(const llm::ModelSpec &spec, std::uint32_t positions, llm::KvFormat format);

// The same for a known number of bytes.
Result<> checkMemory(std::uint32_t positions, std::uint64_t bytes);

// The error when memory ran out although checkMemory() saw enough of it.
Error outOfMemory(const llm::ModelSpec &spec, std::uint32_t positions, llm::KvFormat format);
Error outOfMemory(std::uint32_t positions, std::uint64_t bytes);

} // namespace alcove::cpu
