#include "core/cpu/sequence.h"

#include "core/base/system_memory.h"

#include <string>

namespace alcove::cpu {
namespace {

std::string needs(std::uint32_t positions, std::uint64_t bytes)
{
    return "A context of " + std::to_string(positions) + " tokens needs " + readableBytes(bytes)
        + " of memory";
}

} // namespace

Result<> checkTokens(const llm::ModelSpec &spec, std::span<const llm::Token> tokens,
                     std::uint32_t length, std::uint32_t capacity)
{
    if (tokens.empty())
        return fail(ErrorCode::InvalidArgument, "There are no tokens to evaluate.");
    for (const llm::Token token : tokens) {
        if (token < 0 || std::uint32_t(token) >= spec.vocabulary)
            return fail(ErrorCode::InvalidArgument,
                        "The token " + std::to_string(token) + " is not among the model's "
                            + std::to_string(spec.vocabulary) + " tokens.");
    }
    if (tokens.size() > capacity - length)
        return fail(ErrorCode::ContextFull,
                    "The context is full: it holds " + std::to_string(capacity) + " tokens, "
                        + std::to_string(length) + " are in use and "
                        + std::to_string(tokens.size()) + " more are needed.");
    return {};
}

Result<> checkMemory(std::uint32_t positions, std::uint64_t bytes)
{
    const std::uint64_t available = systemMemory().availableBytes;
    if (available > 0 && bytes > available)
        return fail(ErrorCode::OutOfMemory,
                    needs(positions, bytes) + ", but only " + readableBytes(available)
                        + " are free; choose a shorter context.");
    return {};
}

Error outOfMemory(std::uint32_t positions, std::uint64_t bytes)
{
    return {ErrorCode::OutOfMemory,
            needs(positions, bytes) + ", which the system did not give; choose a shorter context.",
            {}};
}

} // namespace alcove::cpu
