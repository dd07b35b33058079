#include "core/llm/executor.h"

namespace alcove::llm {

Result<> Executor::discard(std::uint32_t, std::uint32_t)
{
    return fail(ErrorCode::Unsupported, "This model's context cannot be shifted.");
}

Result<std::vector<float>> Executor::embed(std::span<const Token>, Pooling, const ForwardHooks &)
{
    return fail(ErrorCode::Unsupported, "This device does not compute embeddings yet.");
}

Result<> Executor::setAdapters(std::span<const AdapterUse> adapters)
{
    if (adapters.empty())
        return {};
    return fail(ErrorCode::Unsupported, "This device does not run adapters yet.");
}

} // namespace alcove::llm
