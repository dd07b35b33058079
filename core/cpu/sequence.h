// What the executors of the processor check alike: whether a context fits in memory, and what may
// be appended to it. Stateless; any thread.
#pragma once

#include "core/llm/executor.h"

#include <cstdint>
#include <span>

namespace alcove::cpu {

// InvalidArgument or ContextFull when `tokens` cannot follow `length` positions.
Result<> checkTokens(const llm::ModelSpec &spec, std::span<const llm::Token> tokens,
                     std::uint32_t length, std::uint32_t capacity);

// OutOfMemory, with the sizes, when a context of `positions` needs more than is free.
Result<> checkMemory(std::uint32_t positions, std::uint64_t bytes);

// The error when memory ran out although checkMemory() saw enough of it.
Error outOfMemory(std::uint32_t positions, std::uint64_t bytes);

} // namespace alcove::cpu
