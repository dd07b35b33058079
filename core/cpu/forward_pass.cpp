#include "core/cpu/forward_pass.h"

#include "core/cpu/kv_layout.h"
#include "core/cpu/rotation.h"
#include "core/cpu/work_shares.h"

#include <algorithm>
#include <cmath>

namespace alcove::cpu {
namespace {

void layerNorm(const float *x, const float *weight, float epsilon, std::size_t count, float *out)
{
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 0; i < count; ++i)
        sum += double(x[i]);
    const double mean = sum / double(count);
    for (std::size_t i = 0; i < count; ++i)
        squares += (double(x[i]) - mean) * (double(x[i]) - mean);
    const auto factor =
        static_cast<float>(1.0 / std::sqrt(squares / double(count) + double(epsilon)));
    const auto shift = static_cast<float>(mean);
    for (std::size_t i = 0; i < count; ++i)
        out[i] = (x[i] - shift) * factor * weight[i];
}

std::size_t rowsFor(const llm::ModelSpec &spec, std::uint32_t positions, std::size_t batch)
{
    return spec.isEncoder() ? positions : batch;
}

} // namespace

ForwardPass::ForwardPass(const llm::ModelSpec &spec, const KernelTable &kernels,
                         std::uint32_t positions, KvFormats formats, std::uint32_t threads)
    : m_spec(spec), m_kernels(kernels), m_model(spec, positions),
      m_batch(std::min<std::size_t>(kMaxBatch, positions)),
      m_rows(rowsFor(spec, positions, m_batch)), m_pool(threads),
      m_cache(m_model, positions, formats), m_state(m_model),
      m_bounds(spec.isEncoder() ? m_rows : 0), m_x(m_rows * spec.width),
      m_normed(m_batch, spec.width), m_mixed(m_batch, m_model.mixed),
      m_hidden(m_batch, m_model.hidden), m_query(m_batch * m_model.queryRows),
      m_key(m_batch * m_model.kvWidth), m_value(m_batch * m_model.kvWidth),
      m_up(m_batch * m_model.hidden), m_product(m_batch * spec.width), m_sum(m_batch * spec.width),
      m_projected(m_batch * m_model.projected), m_scratch(m_pool.size()),
      // One row more than there are queries: a key or value is unpacked there.
      m_attentionSumsStride((kAttentionQueries + 1)
                            * valueStrideOf(formats.values, m_model.headSize)),
      m_routed(m_batch * m_model.experts), m_sharedFactors(m_batch),
      m_choice(m_batch * m_model.expertsUsed), m_choiceWeights(m_batch * m_model.expertsUsed),
      m_groups(m_model.experts), m_pairToken(m_batch * m_model.expertsUsed),
      m_pairWeight(m_batch * m_model.expertsUsed)
{
    m_attentionSumsStride = roundUpTo(m_attentionSumsStride, kKeyTile);
    m_attentionSums = Buffer<float>(m_pool.size() * m_attentionSumsStride);
    for (const llm::Rope &rope : m_model.ropes)
        m_angles.emplace_back(m_rows * rope.dims);
    if (m_model.experts) {
        const std::size_t pairs = m_batch * m_model.expertsUsed;
        m_pairInput = InputBuffer(pairs, spec.width);
        m_pairHidden = InputBuffer(pairs, m_model.expertHidden);
        m_pairUp = Buffer<float>(pairs * m_model.expertHidden);
        m_pairOutput = Buffer<float>(pairs * spec.width);
    }
}

void ForwardPass::setAdapters(llm::AdapterSet adapters)
{
    m_changes = LowRankChanges(std::move(adapters), m_spec, m_model, m_batch);
}

std::uint64_t ForwardPass::scratchBytes() const
{
    std::uint64_t bytes = m_changes.bytes() + m_scratch.bytes() + m_choice.bytes()
        + m_pairToken.bytes() + m_bounds.bytes();
    for (const InputBuffer *inputs : {&m_normed, &m_mixed, &m_hidden, &m_pairInput, &m_pairHidden})
        bytes += inputs->bytes();
    for (const Buffer<float> *buffer : {&m_x, &m_query, &m_key, &m_value, &m_up, &m_product, &m_sum,
                                        &m_projected, &m_attentionSums, &m_routed, &m_sharedFactors,
                                        &m_choiceWeights, &m_pairWeight, &m_pairUp, &m_pairOutput})
        bytes += buffer->bytes();
    for (const Buffer<float> &angles : m_angles)
        bytes += angles.bytes();
    return bytes;
}

ForwardPass::Slice ForwardPass::sliceAt(std::size_t row, std::size_t tokens,
                                        std::uint32_t firstPosition)
{
    Slice slice;
    slice.x = m_x.data() + row * m_spec.width;
    slice.tokens = tokens;
    slice.row = row;
    slice.position = firstPosition + static_cast<std::uint32_t>(row);
    return slice;
}

void ForwardPass::embed(std::span<const llm::Token> tokens, std::uint32_t position, std::size_t row)
{
    const std::size_t width = m_spec.width;
    for (std::size_t t = 0; t < tokens.size(); ++t) {
        float *x = m_x.data() + (row + t) * width;
        llm::dequantise(*m_spec.embedding, std::uint64_t(tokens[t]) * width, width, x);
        m_changes.addEmbedding(tokens[t], m_kernels, x);
        if (m_spec.embeddingScale != 1.0f) {
            for (std::size_t i = 0; i < width; ++i)
                x[i] *= m_spec.embeddingScale;
        }
        if (m_spec.positionEmbedding) {
            llm::dequantise(*m_spec.positionEmbedding, (std::uint64_t(position) + t) * width, width,
                            m_product.data());
            m_kernels.addScaled(x, m_product.data(), 1.0f, width);
        }
        if (!m_model.segment.empty())
            m_kernels.addScaled(x, m_model.segment.data(), 1.0f, width);
        if (m_model.embeddingNorm.there())
            applyNorm(m_model.embeddingNorm, x, width, x);
    }
    for (std::size_t r = 0; r < m_model.ropes.size(); ++r) {
        const llm::Rope &rope = m_model.ropes[r];
        for (std::size_t t = 0; t < tokens.size(); ++t)
            anglesAt(rope, double(position + t), rope.magnitude,
                     m_angles[r].data() + (row + t) * rope.dims);
    }
}

Outcome ForwardPass::evaluate(std::span<const llm::Token> tokens, std::uint32_t position,
                              const CancelToken &cancel)
{
    m_tokens = tokens.size();
    embed(tokens, position);
    const Slice slice = sliceAt(0, tokens.size(), position);
    m_cache.wrote(position + static_cast<std::uint32_t>(tokens.size()));
    for (std::size_t i = 0; i < m_model.layers.size(); ++i) {
        const PreparedLayer &layer = m_model.layers[i];
        normalise(layer.mixerNorm, slice.x, slice.tokens, layer.mixerInt8);
        if (layer.attention()) {
            attention(i, slice, cancel);
        } else {
            const Target target = startBlock(layer.mixerEnd, slice);
            if (const auto *c = std::get_if<PreparedShortConvolution>(&layer.mixer))
                mix(*c, i, slice, target, cancel);
            else if (const auto *d = std::get_if<PreparedDeltaNet>(&layer.mixer))
                mix(*d, i, slice, target, cancel);
            else if (const auto *m = std::get_if<PreparedMamba2>(&layer.mixer))
                mix(*m, i, slice, target, cancel);
            endBlock(layer.mixerEnd, slice);
        }
        if (cancel.cancelled() || feedForwardOf(layer, slice, cancel) == Outcome::Cancelled)
            return Outcome::Cancelled;
    }
    return Outcome::Done;
}

Outcome ForwardPass::encode(std::span<const std::vector<llm::Token>> texts,
                            const std::function<void()> &layerDone, const CancelToken &cancel)
{
    m_tokens = 0;
    for (const std::vector<llm::Token> &text : texts) {
        embed(text, 0, m_tokens);
        const Bounds bounds{static_cast<std::uint32_t>(m_tokens),
                            static_cast<std::uint32_t>(m_tokens + text.size())};
        std::fill_n(m_bounds.data() + m_tokens, text.size(), bounds);
        m_tokens += text.size();
    }
    const auto forSlices = [&](const auto &work) {
        for (std::size_t row = 0; row < m_tokens; row += m_batch) {
            const Slice slice = sliceAt(row, std::min(m_batch, m_tokens - row), 0);
            work(slice);
        }
    };
    for (std::size_t i = 0; i < m_model.layers.size(); ++i) {
        const PreparedLayer &layer = m_model.layers[i];
        // All keys must be there before the first query looks at them.
        forSlices([&](const Slice &slice) {
            normalise(layer.mixerNorm, slice.x, slice.tokens, layer.mixerInt8);
            keysAndValues(i, slice, cancel);
        });
        forSlices([&](const Slice &slice) {
            if (cancel.cancelled())
                return;
            normalise(layer.mixerNorm, slice.x, slice.tokens, layer.mixerInt8);
            attendAndProject(i, slice, cancel);
            feedForwardOf(layer, slice, cancel);
        });
        if (cancel.cancelled())
            return Outcome::Cancelled;
        layerDone();
    }
    return Outcome::Done;
}

Outcome ForwardPass::feedForwardOf(const PreparedLayer &layer, const Slice &slice,
                                   const CancelToken &cancel)
{
    normalise(layer.feedForwardNorm, slice.x, slice.tokens, layer.feedForwardInt8);
    const Target target = startBlock(layer.feedForwardEnd, slice);
    if (const auto *d = std::get_if<PreparedDense>(&layer.feedForward))
        dense(*d, slice.tokens, target, cancel);
    else if (const auto *e = std::get_if<PreparedExperts>(&layer.feedForward))
        experts(*e, slice.tokens, target, cancel);
    endBlock(layer.feedForwardEnd, slice);
    return cancel.cancelled() ? Outcome::Cancelled : Outcome::Done;
}

Outcome ForwardPass::logits(std::size_t tokens, float *out, const CancelToken &cancel)
{
    normalise(m_model.outputNorm, m_x.data() + (m_tokens - tokens) * m_spec.width, tokens,
              usesInt8Activations(m_model.output.weight->type));
    multiply({{&m_model.output, out}}, m_normed.view(tokens, m_spec.width), cancel);
    const std::size_t count = tokens * m_model.output.rows;
    if (m_spec.logitScale != 1.0f) {
        for (std::size_t i = 0; i < count; ++i)
            out[i] *= m_spec.logitScale;
    }
    if (m_spec.logitSoftCap != 0.0f) {
        const float cap = m_spec.logitSoftCap;
        m_pool.run(count, 1024, [&](std::size_t first, std::size_t last, std::uint32_t) {
            for (std::size_t i = first; i < last; ++i)
                out[i] = cap * std::tanh(out[i] / cap);
        });
    }
    return cancel.cancelled() ? Outcome::Cancelled : Outcome::Done;
}

const float *ForwardPass::hidden(std::size_t first, std::size_t count)
{
    normalise(m_model.outputNorm, m_x.data() + first * m_spec.width, count, false);
    return m_normed.values();
}

void ForwardPass::applyNorm(const PreparedNorm &norm, const float *x, std::size_t width,
                            float *out) const
{
    if (!norm.there()) {
        if (out != x)
            std::copy_n(x, width, out);
        return;
    }
    if (norm.kind == llm::NormKind::Rms)
        m_kernels.rmsNorm(x, norm.weight.data(), norm.epsilon, width, out);
    else
        layerNorm(x, norm.weight.data(), norm.epsilon, width, out);
    if (!norm.bias.empty())
        m_kernels.addScaled(out, norm.bias.data(), 1.0f, width);
}

void ForwardPass::normalise(const PreparedNorm &norm, const float *x, std::size_t tokens, bool int8)
{
    const std::size_t width = m_spec.width;
    m_pool.run(tokens, 1, [&](std::size_t first, std::size_t last, std::uint32_t) {
        for (std::size_t t = first; t < last; ++t) {
            applyNorm(norm, x + t * width, width, m_normed.values() + t * width);
            if (int8)
                m_normed.quantise(m_kernels, t, width, 0, width);
        }
    });
}

void ForwardPass::multiplyRows(const llm::Tensor &weights, const float *bias, std::size_t firstRow,
                               std::size_t lastRow, const Activations &x, float *out,
                               std::uint32_t thread, std::size_t place)
{
    const auto stride = static_cast<std::size_t>(weights.rows());
    m_kernels.matMul(weights, firstRow, lastRow, x, out, stride, m_scratch.data()[thread]);
    if (!m_changes.empty())
        m_changes.add(weights, place, x.tokens, firstRow, lastRow, m_kernels, out, stride);
    if (!bias)
        return;
    for (std::size_t t = 0; t < x.tokens; ++t)
        m_kernels.addScaled(out + t * stride + firstRow, bias + firstRow, 1.0f, lastRow - firstRow);
}

void ForwardPass::multiplyRows(const PreparedLinear &linear, std::size_t firstRow,
                               std::size_t lastRow, const Activations &x, float *out,
                               std::uint32_t thread)
{
    multiplyRows(*linear.weight, linear.bias.empty() ? nullptr : linear.bias.data(), firstRow,
                 lastRow, x, out, thread);
}

void ForwardPass::projectChanges(std::initializer_list<const PreparedLinear *> linears,
                                 const Activations &x)
{
    if (m_changes.empty())
        return;
    m_changes.begin();
    for (const PreparedLinear *linear : linears) {
        if (linear->there())
            m_changes.want(*linear->weight, x);
    }
    m_changes.project(m_pool, m_kernels, m_scratch.data());
}

void ForwardPass::multiply(std::initializer_list<Product> products, const Activations &x,
                           const CancelToken &cancel)
{
    if (!m_changes.empty()) {
        m_changes.begin();
        for (const Product &product : products)
            m_changes.want(*product.linear->weight, x);
        m_changes.project(m_pool, m_kernels, m_scratch.data());
    }
    std::size_t panels = 0;
    for (const Product &product : products)
        panels += divideUp(product.linear->rows, kRowPanel);
    const std::size_t grain = unitsAtATime(rowBytes(*products.begin()->linear->weight) * kRowPanel,
                                           panels, x.tokens, m_pool.size());
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
                                 const Target &target, const CancelToken &cancel)
{
    projectChanges({&linear}, x);
    const std::size_t panels = divideUp(linear.rows, kRowPanel);
    const std::size_t grain =
        unitsAtATime(rowBytes(*linear.weight) * kRowPanel, panels, x.tokens, m_pool.size());
    m_pool.run(panels, grain, [&](std::size_t begin, std::size_t end, std::uint32_t thread) {
        if (cancel.cancelled())
            return;
        const std::size_t from = begin * kRowPanel;
        const std::size_t to = std::min(linear.rows, end * kRowPanel);
        multiplyRows(linear, from, to, x, m_product.data(), thread);
        for (std::size_t t = 0; t < x.tokens; ++t) {
            const float factor = target.factors ? target.factors[t] : 1.0f;
            m_kernels.addScaled(target.sum + t * linear.rows + from,
                                m_product.data() + t * linear.rows + from, target.scale * factor,
                                to - from);
        }
    });
}

// A result that a norm follows is added up aside; any other goes to the residual stream at once.
ForwardPass::Target ForwardPass::startBlock(const PreparedEnd &end, const Slice &slice)
{
    if (!end.postNorm.there())
        return {slice.x, end.scale, nullptr};
    std::fill_n(m_sum.data(), slice.tokens * m_spec.width, 0.0f);
    return {m_sum.data(), 1.0f, nullptr};
}

void ForwardPass::endBlock(const PreparedEnd &end, const Slice &slice)
{
    if (!end.postNorm.there() && !end.outNorm.there())
        return;
    const std::size_t width = m_spec.width;
    m_pool.run(slice.tokens, 1, [&](std::size_t first, std::size_t last, std::uint32_t) {
        for (std::size_t t = first; t < last; ++t) {
            float *x = slice.x + t * width;
            if (end.postNorm.there()) {
                float *sum = m_sum.data() + t * width;
                applyNorm(end.postNorm, sum, width, sum);
                m_kernels.addScaled(x, sum, end.scale, width);
            }
            applyNorm(end.outNorm, x, width, x);
        }
    });
}

void ForwardPass::quantiseMixed(std::size_t tokens, std::size_t width, const PreparedLinear &user)
{
    if (!usesInt8Activations(user.weight->type))
        return;
    m_pool.run(tokens, 1, [&](std::size_t first, std::size_t last, std::uint32_t) {
        for (std::size_t t = first; t < last; ++t)
            m_mixed.quantise(m_kernels, t, width, 0, width);
    });
}

} // namespace alcove::cpu
