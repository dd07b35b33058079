// Attention: projections, RoPE, the KV cache and the softmax over it.
#include "core/cpu/forward_pass.h"
#include "core/cpu/rotation.h"
#include "core/cpu/work_shares.h"

#include <algorithm>
#include <cmath>

namespace alcove::cpu {

void ForwardPass::attention(std::size_t layer, const Slice &slice, const CancelToken &cancel)
{
    const PreparedAttention &a = *m_model.layers[layer].attention();
    multiply({{&a.query, m_query.data()}, {&a.key, m_key.data()}, {&a.value, m_value.data()}},
             m_normed.view(slice.tokens, m_spec.width), cancel);
    if (cancel.cancelled())
        return;
    prepareHeads(layer, slice, Sides::All);
    attend(layer, slice, cancel);
}

void ForwardPass::keysAndValues(std::size_t layer, const Slice &slice, const CancelToken &cancel)
{
    const PreparedAttention &a = *m_model.layers[layer].attention();
    multiply({{&a.key, m_key.data()}, {&a.value, m_value.data()}},
             m_normed.view(slice.tokens, m_spec.width), cancel);
    if (!cancel.cancelled())
        prepareHeads(layer, slice, Sides::KeysAndValues);
}

void ForwardPass::attendAndProject(std::size_t layer, const Slice &slice, const CancelToken &cancel)
{
    const PreparedAttention &a = *m_model.layers[layer].attention();
    multiply({{&a.query, m_query.data()}}, m_normed.view(slice.tokens, m_spec.width), cancel);
    if (cancel.cancelled())
        return;
    prepareHeads(layer, slice, Sides::Queries);
    attend(layer, slice, cancel);
}

// Norms and rotates the queries and keys; stores keys and values.
void ForwardPass::prepareHeads(std::size_t layer, const Slice &slice, Sides sides)
{
    const PreparedAttention &a = *m_model.layers[layer].attention();
    const std::size_t kvWidth = a.kvHeads * a.headSize;
    m_pool.run(slice.tokens, 1, [&](std::size_t first, std::size_t last, std::uint32_t) {
        for (std::size_t t = first; t < last; ++t) {
            const float *angles =
                m_angles[a.rope].data() + (slice.row + t) * m_model.ropes[a.rope].dims;
            if (sides != Sides::KeysAndValues)
                prepareHeads(a, a.queryNorm, angles, a.heads, a.queryStride(),
                             m_query.data() + t * a.query.rows);
            if (sides == Sides::Queries)
                continue;
            float *key = m_key.data() + t * kvWidth;
            const float *value = m_value.data() + t * kvWidth;
            prepareHeads(a, a.keyNorm, angles, a.kvHeads, a.headSize, key);
            for (std::size_t h = 0; h < a.kvHeads; ++h)
                m_kernels.storeKv(m_cache.head(layer, h), slice.position + t, key + h * a.headSize,
                                  value + h * a.headSize);
        }
    });
}

void ForwardPass::prepareHeads(const PreparedAttention &a, const PreparedNorm &norm,
                               const float *angles, std::size_t heads, std::size_t stride,
                               float *first) const
{
    const bool whole = a.headNorms == llm::HeadNorms::Whole;
    if (norm.there() && whole)
        applyNorm(norm, first, heads * a.headSize, first);
    for (std::size_t h = 0; h < heads; ++h) {
        float *head = first + h * stride;
        if (norm.there() && !whole)
            applyNorm(norm, head, a.headSize, head);
        rotate(m_model.ropes[a.rope], angles, head);
    }
}

void ForwardPass::attend(std::size_t layer, const Slice &slice, const CancelToken &cancel)
{
    const PreparedLayer &prepared = m_model.layers[layer];
    const PreparedAttention &a = *prepared.attention();
    const std::size_t group = a.heads / a.kvHeads;
    const std::size_t stride = a.queryStride();
    // Queries of one KV head, token by token; neighbours see nearly the same positions.
    const std::size_t queries = slice.tokens * group;
    const std::size_t threadsPerHead = divideUp(m_pool.size(), a.kvHeads);
    const std::size_t share =
        std::min(kAttentionQueries, std::max<std::size_t>(1, divideUp(queries, threadsPerHead)));
    const std::size_t shares = divideUp(queries, share);
    m_pool.run(
        a.kvHeads * shares, 1, [&](std::size_t begin, std::size_t end, std::uint32_t thread) {
            for (std::size_t unit = begin; unit < end; ++unit) {
                if (cancel.cancelled())
                    return;
                const std::size_t kvHead = unit / shares;
                const std::size_t first = unit % shares * share;
                AttentionQueries some;
                some.count = std::min(share, queries - first);
                some.scale = a.scale;
                some.softCap = a.softCap;
                some.sums = m_attentionSums.data() + thread * m_attentionSumsStride;
                for (std::size_t i = 0; i < some.count; ++i) {
                    const std::size_t token = (first + i) / group;
                    const std::size_t head = kvHead * group + (first + i) % group;
                    const std::uint32_t position =
                        slice.position + static_cast<std::uint32_t>(token);
                    some.query[i] = m_query.data() + token * a.query.rows + head * stride;
                    some.output[i] = m_mixed.values() + (token * a.heads + head) * a.headSize;
                    some.position[i] = position;
                    some.begin[i] =
                        a.window && position + 1 > a.window ? position + 1 - a.window : 0;
                    some.end[i] = position + 1;
                    if (a.direction == llm::Direction::Both) {
                        const Bounds &bounds = m_bounds.data()[slice.row + token];
                        some.begin[i] = bounds.begin;
                        some.end[i] = bounds.end;
                    }
                    some.sinks[i] = a.sinks.empty() ? nullptr : &a.sinks[head];
                    some.slope[i] = a.slopes.empty() ? 0.0f : a.slopes[head];
                }
                m_kernels.attend(m_cache.head(layer, kvHead), some, m_scratch.data()[thread]);
                if (!a.outputGate)
                    continue;
                for (std::size_t i = 0; i < some.count; ++i) {
                    const float *gate = some.query[i] + a.headSize;
                    for (std::size_t k = 0; k < a.headSize; ++k)
                        some.output[i][k] /= 1.0f + std::exp(-gate[k]);
                }
            }
        });
    if (cancel.cancelled())
        return;
    quantiseMixed(slice.tokens, a.queryWidth(), a.output);
    const Target target = startBlock(prepared.mixerEnd, slice);
    multiplyAndAdd(a.output, m_mixed.view(slice.tokens, a.queryWidth()), target, cancel);
    endBlock(prepared.mixerEnd, slice);
}

} // namespace alcove::cpu
