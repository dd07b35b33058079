#include "gpu/text_embedder.h"

#include "core/llm/pooling.h"

#include <algorithm>

namespace alcove::gpu {

Result<std::vector<float>> TextEmbedder::embed(std::span<const llm::Token> tokens,
                                               llm::Pooling pooling, const llm::ForwardHooks &hooks)
{
    llm::PooledVector result(chosen(pooling), m_model->spec().width, tokens.size());
    std::vector<float> values; // of a batch
    for (std::size_t done = 0; done < tokens.size();) {
        const auto count = static_cast<std::uint32_t>(
            std::min<std::size_t>(tokens.size() - done, m_context->maxTokens()));
        const auto position = static_cast<std::uint32_t>(done);
        if (auto ran =
                m_prefill->run(tokens.subspan(done, count), position, hooks.cancel, [](double) {});
            !ran)
            return fail(ran.error());
        values.clear();
        if (auto got = m_prefill->normed(count, hooks.cancel, values); !got)
            return fail(got.error());
        result.add(values);
        done += count;
        if (hooks.progress)
            hooks.progress(done, tokens.size());
    }
    return result.result();
}

Result<std::vector<std::vector<float>>>
TextEmbedder::embedAll(std::span<const std::vector<llm::Token>> texts, llm::Pooling pooling,
                       const llm::ForwardHooks &hooks)
{
    std::size_t total = 0;
    for (const std::vector<llm::Token> &text : texts)
        total += text.size();
    std::size_t done = 0; // tokens
    std::vector<std::vector<float>> all;
    while (all.size() < texts.size()) {
        const std::size_t first = all.size();
        const auto together =
            texts.subspan(first, llm::textsTogether(texts, first, m_context->maxTokens()));
        if (auto ran = embedTogether(together, pooling, hooks.cancel, all); !ran)
            return fail(ran.error());
        for (const std::vector<llm::Token> &text : together)
            done += text.size();
        if (hooks.progress)
            hooks.progress(done, total);
    }
    return all;
}

// Texts that fit into one batch.
Result<> TextEmbedder::embedTogether(std::span<const std::vector<llm::Token>> texts,
                                     llm::Pooling pooling, const CancelToken &cancel,
                                     std::vector<std::vector<float>> &all)
{
    std::vector<llm::Token> tokens;
    std::vector<BatchText> places;
    for (const std::vector<llm::Token> &text : texts) {
        places.push_back(
            {static_cast<std::uint32_t>(tokens.size()), static_cast<std::uint32_t>(text.size())});
        tokens.insert(tokens.end(), text.begin(), text.end());
    }
    const auto nothing = [](double) {};
    if (auto ran = m_prefill->run(tokens, 0, cancel, nothing, places); !ran)
        return ran;
    std::vector<float> values;
    const auto count = static_cast<std::uint32_t>(tokens.size());
    if (auto got = m_prefill->normed(count, cancel, values); !got)
        return got;
    const std::size_t width = m_model->spec().width;
    for (const BatchText &text : places) {
        llm::PooledVector one(chosen(pooling), width, text.tokens);
        one.add(std::span(values).subspan(text.first * width, text.tokens * width));
        all.push_back(one.result());
    }
    return {};
}

} // namespace alcove::gpu
