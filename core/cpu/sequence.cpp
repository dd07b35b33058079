#include "core/cpu/sequence.h"

#include <string>

namespace alcove::cpu {

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

} // namespace alcove::cpu
