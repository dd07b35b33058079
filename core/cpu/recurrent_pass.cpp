// Mixers whose state is not a KV cache. A batch goes through its tokens in order inside each share
// of the state (channels, or rows of a head), so that a batch and single steps give the same
// answer.
#include "core/cpu/forward_pass.h"
#include "core/cpu/work_shares.h"

#include <algorithm>
#include <cmath>

namespace alcove::cpu {
namespace {

// Channels of a convolution, or rows of a head's state, that a thread takes at a time.
constexpr std::size_t kShare = kActivationGroup;

float softplus(float x)
{
    return x > 20.0f ? x : std::log1p(std::exp(x));
}

// One position of channels [from, to), at most kShare. state: [taps - 1][channels], the oldest
// position first; moves on by one. out may be in.
void convolve(const PreparedConvolution &convolution, std::size_t from, std::size_t to,
              float *state, const float *in, float *out)
{
    const std::size_t channels = convolution.channels;
    const std::size_t count = to - from;
    const std::size_t past = convolution.taps - 1;
    const float *kernel = convolution.kernel.data() + from;
    float sums[kShare] = {};
    if (!convolution.bias.empty())
        std::copy_n(convolution.bias.data() + from, count, sums);
    for (std::size_t j = 0; j < past; ++j) {
        float *row = state + j * channels + from;
        const float *next = j + 1 < past ? row + channels : in;
        for (std::size_t c = 0; c < count; ++c) {
            sums[c] += kernel[j * channels + c] * row[c];
            row[c] = next[c];
        }
    }
    for (std::size_t c = 0; c < count; ++c)
        out[c] = sums[c] + kernel[past * channels + c] * in[c];
}

void normaliseToUnit(float *x, std::size_t count, float epsilon, float scale)
{
    double squares = 0;
    for (std::size_t i = 0; i < count; ++i)
        squares += double(x[i]) * double(x[i]);
    const auto factor = scale / std::max(static_cast<float>(std::sqrt(squares)), epsilon);
    for (std::size_t i = 0; i < count; ++i)
        x[i] *= factor;
}

} // namespace

void ForwardPass::mix(const PreparedShortConvolution &c, std::size_t layer, const Slice &slice,
                      const Target &target, const CancelToken &cancel)
{
    const std::size_t width = c.convolution.channels;
    multiply({{&c.in, m_projected.data()}}, m_normed.view(slice.tokens, m_spec.width), cancel);
    if (cancel.cancelled())
        return;
    float *state = m_state.layer(layer);
    m_pool.run(width, kShare, [&](std::size_t begin, std::size_t end, std::uint32_t) {
        for (std::size_t from = begin; from < end; from += kShare) {
            const std::size_t to = std::min(end, from + kShare);
            for (std::size_t t = 0; t < slice.tokens; ++t) {
                const float *before = m_projected.data() + t * c.in.rows; // b, c, x
                const float *after = before + width;
                const float *x = after + width;
                float gated[kShare];
                for (std::size_t i = from; i < to; ++i)
                    gated[i - from] = before[i] * x[i];
                float *out = m_mixed.values() + t * width + from;
                convolve(c.convolution, from, to, state, gated, out);
                for (std::size_t i = from; i < to; ++i)
                    out[i - from] *= after[i];
            }
        }
    });
    quantiseMixed(slice.tokens, width, c.out);
    multiplyAndAdd(c.out, m_mixed.view(slice.tokens, width), target, cancel);
}

void ForwardPass::mix(const PreparedDeltaNet &d, std::size_t layer, const Slice &slice,
                      const Target &target, const CancelToken &cancel)
{
    const std::size_t tokens = slice.tokens;
    const std::size_t keys = d.keyHeads * d.keySize;
    const std::size_t inner = d.valueHeads * d.valueSize;
    float *qkv = m_projected.data(); // [tokens][q, k, v]
    float *gate = qkv + tokens * d.qkv.rows; // [tokens][inner]
    float *decay = gate + tokens * inner; // [tokens][valueHeads]
    float *beta = decay + tokens * d.valueHeads; // [tokens][valueHeads]
    multiply({{&d.qkv, qkv}, {&d.gate, gate}, {&d.alpha, decay}, {&d.beta, beta}},
             m_normed.view(tokens, m_spec.width), cancel);
    if (cancel.cancelled())
        return;
    float *convolved = m_state.layer(layer);
    float *state = convolved + d.convolution.stateSize();
    const std::size_t channels = d.convolution.channels;
    m_pool.run(channels, kShare, [&](std::size_t begin, std::size_t end, std::uint32_t) {
        for (std::size_t from = begin; from < end; from += kShare) {
            const std::size_t to = std::min(end, from + kShare);
            for (std::size_t t = 0; t < tokens; ++t) {
                float *row = qkv + t * channels + from;
                convolve(d.convolution, from, to, convolved, row, row);
                m_kernels.activate(llm::Activation::Silu, row, nullptr, to - from, row);
            }
        }
    });
    const float queryScale = 1.0f / std::sqrt(static_cast<float>(d.keySize));
    m_pool.run(tokens, 1, [&](std::size_t begin, std::size_t end, std::uint32_t) {
        for (std::size_t t = begin; t < end; ++t) {
            float *row = qkv + t * channels;
            for (std::size_t h = 0; h < d.keyHeads; ++h) {
                normaliseToUnit(row + h * d.keySize, d.keySize, d.norm.epsilon, queryScale);
                normaliseToUnit(row + keys + h * d.keySize, d.keySize, d.norm.epsilon, 1.0f);
            }
            for (std::size_t h = 0; h < d.valueHeads; ++h) {
                float &one = decay[t * d.valueHeads + h];
                one = std::exp(d.a[h] * softplus(one + d.dtBias[h]));
                float &other = beta[t * d.valueHeads + h];
                other = 1.0f / (1.0f + std::exp(-other));
            }
        }
    });
    const std::size_t shares = divideUp(d.valueSize, kShare);
    m_pool.run(d.valueHeads * shares, 1, [&](std::size_t begin, std::size_t end, std::uint32_t) {
        for (std::size_t unit = begin; unit < end; ++unit) {
            const std::size_t head = unit / shares;
            const std::size_t keyHead = head % d.keyHeads;
            const std::size_t row = unit % shares * kShare;
            const std::size_t rows = std::min(kShare, d.valueSize - row);
            const std::size_t at = head * d.valueSize + row;
            for (std::size_t t = 0; t < tokens; ++t) {
                const float *q = qkv + t * channels + keyHead * d.keySize;
                const float *v = qkv + t * channels + 2 * keys + at;
                m_kernels.deltaRows(state + at * d.keySize, rows, d.keySize,
                                    decay[t * d.valueHeads + head], beta[t * d.valueHeads + head],
                                    q + keys, q, v, m_mixed.values() + t * inner + at);
            }
        }
    });
    m_pool.run(tokens, 1, [&](std::size_t begin, std::size_t end, std::uint32_t) {
        for (std::size_t t = begin; t < end; ++t) {
            float *out = m_mixed.values() + t * inner;
            for (std::size_t h = 0; h < d.valueHeads; ++h)
                applyNorm(d.norm, out + h * d.valueSize, d.valueSize, out + h * d.valueSize);
            m_kernels.activate(llm::Activation::Silu, gate + t * inner, out, inner, out);
        }
    });
    quantiseMixed(tokens, inner, d.out);
    multiplyAndAdd(d.out, m_mixed.view(tokens, inner), target, cancel);
}

void ForwardPass::mix(const PreparedMamba2 &m, std::size_t layer, const Slice &slice,
                      const Target &target, const CancelToken &cancel)
{
    const std::size_t tokens = slice.tokens;
    const std::size_t inner = m.inner();
    const std::size_t stride = m.in.rows; // z, x, B, C, dt
    const std::size_t channels = m.convolution.channels;
    float *projected = m_projected.data();
    multiply({{&m.in, projected}}, m_normed.view(tokens, m_spec.width), cancel);
    if (cancel.cancelled())
        return;
    float *convolved = m_state.layer(layer);
    float *state = convolved + m.convolution.stateSize();
    m_pool.run(channels, kShare, [&](std::size_t begin, std::size_t end, std::uint32_t) {
        for (std::size_t from = begin; from < end; from += kShare) {
            const std::size_t to = std::min(end, from + kShare);
            for (std::size_t t = 0; t < tokens; ++t) {
                float *row = projected + t * stride + inner + from;
                convolve(m.convolution, from, to, convolved, row, row);
                m_kernels.activate(llm::Activation::Silu, row, nullptr, to - from, row);
            }
        }
    });
    const std::size_t shares = divideUp(m.headSize, kShare);
    m_pool.run(m.heads * shares, 1, [&](std::size_t begin, std::size_t end, std::uint32_t) {
        for (std::size_t unit = begin; unit < end; ++unit) {
            const std::size_t head = unit / shares;
            const std::size_t group = head / (m.heads / m.groups);
            const std::size_t row = unit % shares * kShare;
            const std::size_t rows = std::min(kShare, m.headSize - row);
            const std::size_t at = head * m.headSize + row;
            for (std::size_t t = 0; t < tokens; ++t) {
                const float *x = projected + t * stride + inner + at;
                const float *b = projected + t * stride + 2 * inner + group * m.stateSize;
                const float *c = b + m.groups * m.stateSize;
                const float dt =
                    softplus(projected[t * stride + inner + channels + head] + m.dtBias[head]);
                float *out = m_mixed.values() + t * inner + at;
                m_kernels.ssmRows(state + at * m.stateSize, rows, m.stateSize,
                                  std::exp(dt * m.a[head]), dt, b, c, x, out);
                for (std::size_t r = 0; r < rows; ++r)
                    out[r] += m.d[head] * x[r];
            }
        }
    });
    const std::size_t groupSize = inner / m.groups;
    m_pool.run(tokens, 1, [&](std::size_t begin, std::size_t end, std::uint32_t) {
        for (std::size_t t = begin; t < end; ++t) {
            float *out = m_mixed.values() + t * inner;
            m_kernels.activate(llm::Activation::Silu, projected + t * stride, out, inner, out);
            if (!m.norm.there())
                continue;
            for (std::size_t g = 0; g < m.groups; ++g)
                m_kernels.rmsNorm(out + g * groupSize, m.norm.weight.data() + g * groupSize,
                                  m.norm.epsilon, groupSize, out + g * groupSize);
        }
    });
    quantiseMixed(tokens, inner, m.out);
    multiplyAndAdd(m.out, m_mixed.view(tokens, inner), target, cancel);
}

} // namespace alcove::cpu
