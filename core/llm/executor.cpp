#include "core/llm/executor.h"

#include <algorithm>

namespace alcove::llm {

std::uint32_t contextLength(const ModelSpec &spec, const ExecutorOptions &options)
{
    const std::uint32_t positions =
        options.contextLength ? options.contextLength : std::min(4096u, spec.trainedContext);
    const std::uint64_t learned =
        spec.positionEmbedding ? spec.positionEmbedding->rows() : positions;
    return std::max(1u, static_cast<std::uint32_t>(std::min<std::uint64_t>(positions, learned)));
}

Result<> Executor::discard(std::uint32_t, std::uint32_t)
{
    return fail(ErrorCode::Unsupported, "This model's context cannot be shifted.");
}

Result<std::vector<float>> Executor::embed(std::span<const Token>, Pooling, const ForwardHooks &)
{
    return fail(ErrorCode::Unsupported, "This device does not compute embeddings yet.");
}

Result<std::vector<std::vector<float>>>
Executor::embedAll(std::span<const std::vector<Token>> texts, Pooling pooling,
                   const ForwardHooks &hooks)
{
    ForwardHooks each = hooks;
    each.progress = nullptr;
    std::size_t total = 0;
    for (const std::vector<Token> &text : texts)
        total += text.size();
    std::size_t done = 0;
    std::vector<std::vector<float>> all;
    for (const std::vector<Token> &text : texts) {
        auto one = embed(text, pooling, each);
        if (!one)
            return fail(one.error());
        all.push_back(std::move(*one));
        done += text.size();
        if (hooks.progress)
            hooks.progress(done, total);
    }
    return all;
}

std::size_t textsTogether(std::span<const std::vector<Token>> texts, std::size_t first,
                          std::size_t tokens)
{
    std::size_t end = first;
    for (std::size_t sum = 0; end < texts.size(); ++end) {
        sum += texts[end].size();
        if (end > first && sum > tokens)
            break;
    }
    return end - first;
}

Result<> Executor::setAdapters(std::span<const AdapterUse> adapters)
{
    if (adapters.empty())
        return {};
    return fail(ErrorCode::Unsupported, "This device does not run adapters yet.");
}

} // namespace alcove::llm
