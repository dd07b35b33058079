#include "core/cpu/forward_pass.h"

#include <algorithm>
#include <cmath>

namespace alcove::cpu {
namespace {

// Weights that a thread takes at a time: small enough to share out evenly, large enough to stream.
constexpr std::size_t kStepBytes = std::size_t{128} << 10;
// Rows of the feed-forward that belong together, so that whoever computed them quantises them.
constexpr std::size_t kHiddenStep = kActivationGroup;
static_assert(kHiddenStep % kRowPanel == 0);

std::size_t divideUp(std::size_t value, std::size_t by)
{
    return (value + by - 1) / by;
}

std::size_t rowBytes(const PreparedLinear &linear)
{
    return linear.weight->data.size() / linear.rows;
}

// Units of `unitRows` rows for a thread to take at a time, out of `units`. With many tokens the
// arithmetic is what counts, and small steps share it out better.
std::size_t unitsAtATime(const PreparedLinear &linear, std::size_t unitRows, std::size_t units,
                         std::size_t tokens, std::size_t threads)
{
    if (tokens > 4)
        return 1;
    const std::size_t streaming =
        kStepBytes / std::max<std::size_t>(1, rowBytes(linear) * unitRows);
    return std::max<std::size_t>(1, std::min(streaming, units / (threads * 4)));
}

void rotate(const llm::Rope &rope, const float *angles, float *head)
{
    const std::size_t pairs = rope.dims / 2;
    if (rope.pairs == llm::RopePairs::Adjacent) {
        for (std::size_t i = 0; i < pairs; ++i) {
            const float x = head[2 * i];
            const float y = head[2 * i + 1];
            head[2 * i] = x * angles[2 * i] - y * angles[2 * i + 1];
            head[2 * i + 1] = x * angles[2 * i + 1] + y * angles[2 * i];
        }
        return;
    }
    for (std::size_t i = 0; i < pairs; ++i) {
        const float x = head[i];
        const float y = head[i + pairs];
        head[i] = x * angles[2 * i] - y * angles[2 * i + 1];
        head[i + pairs] = x * angles[2 * i + 1] + y * angles[2 * i];
    }
}

void layerNorm(const float *x, const float *weight, float epsilon, std::size_t count, float *out)
{
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 0; i < count; ++i)
        sum += double(x[i]);
    const double mean = sum / double(count);
    for (std::size_t i = 0; i < count; ++i)
        squares += (double(x[i]) - mean) * (double(x[i]) - mean);
    const auto factor = static_cast<float>(1.0 / std::sqrt(squares / double(count) + epsilon));
    const auto shift = static_cast<float>(mean);
    for (std::size_t i = 0; i < count; ++i)
        out[i] = (x[i] - shift) * factor * weight[i];
}

} // namespace

InputBuffer::InputBuffer(std::size_t tokens, std::size_t columns)
    : m_values(tokens * columns), m_quants(tokens * columns),
      m_scales(tokens * divideUp(columns, 32)), m_sums16(tokens * divideUp(columns, 16)),
      m_sums32(tokens * divideUp(columns, 32))
{ }

Activations InputBuffer::view(std::size_t tokens, std::size_t columns) const
{
    return {tokens,          columns,         m_values.data(), m_quants.data(),
            m_scales.data(), m_sums16.data(), m_sums32.data()};
}

void InputBuffer::quantise(const KernelTable &kernels, std::size_t token, std::size_t columns,
                           std::size_t first, std::size_t last)
{
    const std::size_t at = token * columns + first;
    kernels.quantise(m_values.data() + at, last - first, m_quants.data() + at,
                     m_scales.data() + at / 32, m_sums16.data() + at / 16,
                     m_sums32.data() + at / 32);
}

std::uint64_t InputBuffer::bytes() const
{
    return m_values.bytes() + m_quants.bytes() + m_scales.bytes() + m_sums16.bytes()
        + m_sums32.bytes();
}

ForwardPass::ForwardPass(const llm::ModelSpec &spec, const KernelTable &kernels,
                         std::uint32_t positions, llm::KvFormat format, std::uint32_t threads)
    : m_spec(spec), m_kernels(kernels), m_model(spec),
      m_batch(std::min<std::size_t>(kMaxBatch, positions)), m_pool(threads),
      m_cache(m_model, positions, format), m_x(m_batch * spec.width), m_normed(m_batch, spec.width),
      m_mixed(m_batch, m_model.queryWidth), m_hidden(m_batch, m_model.hidden),
      m_query(m_batch * m_model.queryWidth), m_key(m_batch * m_model.kvWidth),
      m_value(m_batch * m_model.kvWidth), m_up(m_batch * m_model.hidden),
      m_product(m_batch * spec.width), m_scratch(m_pool.size()),
      m_attentionSumsStride(kAttentionQueries * divideUp(m_model.headSize, kKeyTile) * kKeyTile)
{
    m_attentionSums = Buffer<float>(m_pool.size() * m_attentionSumsStride);
    for (const llm::Rope &rope : m_model.ropes)
        m_angles.emplace_back(m_batch * rope.dims);
}

std::uint64_t ForwardPass::scratchBytes() const
{
    std::uint64_t bytes = m_x.bytes() + m_normed.bytes() + m_mixed.bytes() + m_hidden.bytes()
        + m_query.bytes() + m_key.bytes() + m_value.bytes() + m_up.bytes() + m_product.bytes()
        + m_scratch.bytes() + m_attentionSums.bytes();
    for (const Buffer<float> &angles : m_angles)
        bytes += angles.bytes();
    return bytes;
}

Outcome ForwardPass::evaluate(std::span<const llm::Token> tokens, std::uint32_t position,
                              const CancelToken &cancel)
{
    const std::size_t count = tokens.size();
    m_tokens = count;
    for (std::size_t t = 0; t < count; ++t)
        llm::dequantise(*m_spec.embedding, std::uint64_t(tokens[t]) * m_spec.width, m_spec.width,
                        m_x.data() + t * m_spec.width);
    computeAngles(count, position);
    for (std::size_t i = 0; i < m_model.layers.size(); ++i) {
        const PreparedLayer &layer = m_model.layers[i];
        const PreparedAttention &a = layer.attention;
        normalise(layer.mixerNorm, 0, count, {&a.query, &a.key, &a.value});
        attention(i, count, position, cancel);
        if (cancel.cancelled())
            return Outcome::Cancelled;
        const PreparedFeedForward &f = layer.feedForward;
        normalise(layer.feedForwardNorm, 0, count, {&f.gate, &f.up});
        feedForward(f, count, cancel);
        if (cancel.cancelled())
            return Outcome::Cancelled;
    }
    return Outcome::Done;
}

Outcome ForwardPass::logits(std::size_t tokens, float *out, const CancelToken &cancel)
{
    normalise(m_model.outputNorm, m_tokens - tokens, tokens, {&m_model.output});
    multiply({{&m_model.output, out}}, m_normed.view(tokens, m_spec.width), cancel);
    return cancel.cancelled() ? Outcome::Cancelled : Outcome::Done;
}

void ForwardPass::computeAngles(std::size_t tokens, std::uint32_t position)
{
    for (std::size_t r = 0; r < m_model.ropes.size(); ++r) {
        const llm::Rope &rope = m_model.ropes[r];
        float *angles = m_angles[r].data();
        for (std::size_t t = 0; t < tokens; ++t) {
            for (std::size_t i = 0; i < rope.dims / 2; ++i) {
                const double angle = double(position + t) * double(rope.frequencies[i]);
                float *pair = angles + t * rope.dims + 2 * i;
                pair[0] = static_cast<float>(std::cos(angle)) * rope.magnitude;
                pair[1] = static_cast<float>(std::sin(angle)) * rope.magnitude;
            }
        }
    }
}

void ForwardPass::applyNorm(const PreparedNorm &norm, const float *x, std::size_t width,
                            float *out) const
{
    if (norm.kind == llm::NormKind::Rms)
        m_kernels.rmsNorm(x, norm.weight.data(), norm.epsilon, width, out);
    else
        layerNorm(x, norm.weight.data(), norm.epsilon, width, out);
    if (!norm.bias.empty())
        m_kernels.add(out, norm.bias.data(), width);
}

void ForwardPass::normalise(const PreparedNorm &norm, std::size_t firstToken, std::size_t tokens,
                            std::initializer_list<const PreparedLinear *> users)
{
    const std::size_t width = m_spec.width;
    const bool quantised = std::any_of(users.begin(), users.end(), [](const PreparedLinear *user) {
        return usesInt8Activations(user->weight->type);
    });
    m_pool.run(tokens, 1, [&](std::size_t begin, std::size_t end, std::uint32_t) {
        for (std::size_t t = begin; t < end; ++t) {
            applyNorm(norm, m_x.data() + (firstToken + t) * width, width,
                      m_normed.values() + t * width);
            if (quantised)
                m_normed.quantise(m_kernels, t, width, 0, width);
        }
    });
}

void ForwardPass::multiplyRows(const PreparedLinear &linear, std::size_t firstRow,
                               std::size_t lastRow, const Activations &x, float *out,
                               std::uint32_t thread)
{
    m_kernels.matMul(*linear.weight, firstRow, lastRow, x, out, linear.rows,
                     m_scratch.data()[thread]);
    if (linear.bias.empty())
        return;
    for (std::size_t t = 0; t < x.tokens; ++t)
        m_kernels.add(out + t * linear.rows + firstRow, linear.bias.data() + firstRow,
                      lastRow - firstRow);
}

void ForwardPass::multiply(std::initializer_list<Product> products, const Activations &x,
                           const CancelToken &cancel)
{
    std::size_t panels = 0;
    for (const Product &product : products)
        panels += divideUp(product.linear->rows, kRowPanel);
    const std::size_t grain =
        unitsAtATime(*products.begin()->linear, kRowPanel, panels, x.tokens, m_pool.size());
    m_pool.run(panels, grain, [&](std::size_t begin, std::size_t end, std::uint32_t thread) {
        if (cancel.cancelled())
            return;
        std::size_t first = 0; // panel of the product
        for (const Product &product : products) {
            const std::size_t rows = product.linear->rows;
            const std::size_t last = first + divideUp(rows, kRowPanel);
            if (begin < last && end > first) {
                const std::size_t from = (std::max(begin, first) - first) * kRowPanel;
                const std::size_t to = std::min(rows, (std::min(end, last) - first) * kRowPanel);
                multiplyRows(*product.linear, from, to, x, product.out, thread);
            }
            first = last;
        }
    });
}

void ForwardPass::multiplyAndAdd(const PreparedLinear &linear, const Activations &x,
                                 const CancelToken &cancel)
{
    const std::size_t panels = divideUp(linear.rows, kRowPanel);
    const std::size_t grain = unitsAtATime(linear, kRowPanel, panels, x.tokens, m_pool.size());
    m_pool.run(panels, grain, [&](std::size_t begin, std::size_t end, std::uint32_t thread) {
        if (cancel.cancelled())
            return;
        const std::size_t from = begin * kRowPanel;
        const std::size_t to = std::min(linear.rows, end * kRowPanel);
        multiplyRows(linear, from, to, x, m_product.data(), thread);
        for (std::size_t t = 0; t < x.tokens; ++t)
            m_kernels.add(m_x.data() + t * linear.rows + from,
                          m_product.data() + t * linear.rows + from, to - from);
    });
}

void ForwardPass::attention(std::size_t layer, std::size_t tokens, std::uint32_t position,
                            const CancelToken &cancel)
{
    const PreparedAttention &a = m_model.layers[layer].attention;
    multiply({{&a.query, m_query.data()}, {&a.key, m_key.data()}, {&a.value, m_value.data()}},
             m_normed.view(tokens, m_spec.width), cancel);
    if (cancel.cancelled())
        return;
    m_pool.run(tokens, 1, [&](std::size_t begin, std::size_t end, std::uint32_t) {
        for (std::size_t t = begin; t < end; ++t)
            rotateAndStore(layer, t, position + static_cast<std::uint32_t>(t));
    });
    attend(layer, tokens, position, cancel);
    if (cancel.cancelled())
        return;
    const std::size_t width = a.heads * a.headSize;
    if (usesInt8Activations(a.output.weight->type)) {
        m_pool.run(tokens, 1, [&](std::size_t begin, std::size_t end, std::uint32_t) {
            for (std::size_t t = begin; t < end; ++t)
                m_mixed.quantise(m_kernels, t, width, 0, width);
        });
    }
    multiplyAndAdd(a.output, m_mixed.view(tokens, width), cancel);
}

void ForwardPass::rotateAndStore(std::size_t layer, std::size_t token, std::uint32_t position)
{
    const PreparedAttention &a = m_model.layers[layer].attention;
    const llm::Rope &rope = m_model.ropes[a.rope];
    const float *angles = m_angles[a.rope].data() + token * rope.dims;
    const auto prepare = [&](float *head, const std::optional<PreparedNorm> &norm) {
        if (norm)
            applyNorm(*norm, head, a.headSize, head);
        rotate(rope, angles, head);
    };
    float *query = m_query.data() + token * a.heads * a.headSize;
    for (std::size_t h = 0; h < a.heads; ++h)
        prepare(query + h * a.headSize, a.queryNorm);
    float *key = m_key.data() + token * a.kvHeads * a.headSize;
    const float *value = m_value.data() + token * a.kvHeads * a.headSize;
    for (std::size_t h = 0; h < a.kvHeads; ++h) {
        prepare(key + h * a.headSize, a.keyNorm);
        m_kernels.storeKv(m_cache.head(layer, h), position, key + h * a.headSize,
                          value + h * a.headSize);
    }
}

void ForwardPass::attend(std::size_t layer, std::size_t tokens, std::uint32_t position,
                         const CancelToken &cancel)
{
    const PreparedAttention &a = m_model.layers[layer].attention;
    const std::size_t group = a.heads / a.kvHeads;
    // Queries of one KV head, token by token; neighbours see nearly the same positions.
    const std::size_t queries = tokens * group;
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
                some.sums = m_attentionSums.data() + thread * m_attentionSumsStride;
                for (std::size_t i = 0; i < some.count; ++i) {
                    const std::size_t token = (first + i) / group;
                    const std::size_t head = kvHead * group + (first + i) % group;
                    const std::size_t at = (token * a.heads + head) * a.headSize;
                    some.query[i] = m_query.data() + at;
                    some.output[i] = m_mixed.values() + at;
                    some.positions[i] = position + static_cast<std::uint32_t>(token) + 1;
                }
                m_kernels.attend(m_cache.head(layer, kvHead), some, m_scratch.data()[thread]);
            }
        });
}

void ForwardPass::feedForward(const PreparedFeedForward &f, std::size_t tokens,
                              const CancelToken &cancel)
{
    const std::size_t hidden = f.gate.rows;
    const Activations x = m_normed.view(tokens, m_spec.width);
    const bool quantised = usesInt8Activations(f.down.weight->type);
    const std::size_t units = divideUp(hidden, kHiddenStep);
    const std::size_t grain = unitsAtATime(f.gate, kHiddenStep, units, tokens, m_pool.size());
    float *gate = m_hidden.values();
    m_pool.run(units, grain, [&](std::size_t begin, std::size_t end, std::uint32_t thread) {
        if (cancel.cancelled())
            return;
        const std::size_t from = begin * kHiddenStep;
        const std::size_t to = std::min(hidden, end * kHiddenStep);
        multiplyRows(f.gate, from, to, x, gate, thread);
        multiplyRows(f.up, from, to, x, m_up.data(), thread);
        for (std::size_t t = 0; t < tokens; ++t) {
            const std::size_t at = t * hidden + from;
            m_kernels.siluMultiply(gate + at, m_up.data() + at, to - from, gate + at);
            if (quantised)
                m_hidden.quantise(m_kernels, t, hidden, from, to);
        }
    });
    if (!cancel.cancelled())
        multiplyAndAdd(f.down, m_hidden.view(tokens, hidden), cancel);
}

} // namespace alcove::cpu
