#include "core/cpu/reference_layers.h"
#include "core/cpu/reference_math.h"

#include <algorithm>
#include <cmath>

namespace alcove::cpu::reference {

using namespace alcove::llm;

namespace {

// Depthwise causal convolution of one position: `x` [channels] follows `recent`, which then ends
// with it.
std::vector<float> convolve(const Tensor &kernel, std::span<const float> x,
                            std::vector<float> &recent)
{
    const std::size_t taps = std::size_t(kernel.shape[0]);
    const std::size_t channels = x.size();
    const std::vector<float> weights = expand(kernel);
    recent.insert(recent.end(), x.begin(), x.end());
    std::vector<float> y(channels);
    for (std::size_t c = 0; c < channels; ++c) {
        double sum = 0;
        for (std::size_t j = 0; j < taps; ++j)
            sum += double(weights[c * taps + j]) * double(recent[j * channels + c]);
        y[c] = float(sum);
    }
    recent.erase(recent.begin(), recent.begin() + std::ptrdiff_t(channels));
    return y;
}

void normaliseLength(std::span<float> x, float epsilon)
{
    double squares = 0;
    for (const float v : x)
        squares += double(v) * double(v);
    const double length = std::max(std::sqrt(squares), double(epsilon));
    for (float &v : x)
        v = float(double(v) / length);
}

// One head and position of the gated delta rule. state: [keySize][valueSize].
void deltaStep(std::span<float> state, std::span<const float> query, std::span<const float> key,
               std::span<const float> value, double decay, double beta, std::span<float> out)
{
    const std::size_t columns = value.size();
    for (float &s : state)
        s = float(double(s) * decay);
    for (std::size_t j = 0; j < columns; ++j) {
        double remembered = 0;
        for (std::size_t i = 0; i < key.size(); ++i)
            remembered += double(state[i * columns + j]) * double(key[i]);
        const double change = beta * (double(value[j]) - remembered);
        double sum = 0;
        for (std::size_t i = 0; i < key.size(); ++i) {
            float &s = state[i * columns + j];
            s = float(double(s) + double(key[i]) * change);
            sum += double(s) * double(query[i]);
        }
        out[j] = float(sum);
    }
}

} // namespace

std::vector<float> mix(const ShortConvolution &c, LayerState &state, const LayerSlice &slice,
                       std::span<const float> in)
{
    const std::size_t width = in.size() / slice.count;
    std::vector<float> out(in.size());
    for (std::uint32_t n = 0; n < slice.count; ++n) {
        const std::vector<float> bcx =
            applyLinear(c.in, in.subspan(n * width, width), slice.compute);
        std::vector<float> gated(width);
        for (std::size_t i = 0; i < width; ++i)
            gated[i] = bcx[i] * bcx[2 * width + i];
        std::vector<float> y = convolve(*c.kernel, gated, state.recurrent.recent);
        for (std::size_t i = 0; i < width; ++i)
            y[i] *= bcx[width + i];
        applyLinear(c.out, y, std::span(out).subspan(n * width, width), slice.compute);
    }
    return out;
}

std::vector<float> mix(const GatedDeltaNet &d, LayerState &state, const LayerSlice &slice,
                       std::span<const float> in)
{
    const std::size_t width = in.size() / slice.count;
    const std::size_t keyWidth = std::size_t(d.keyHeads) * d.keySize;
    const std::vector<float> dtBias = expand(*d.dtBias);
    const std::vector<float> a = expand(*d.a);
    std::vector<float> out(in.size());
    for (std::uint32_t n = 0; n < slice.count; ++n) {
        const auto x = in.subspan(n * width, width);
        std::vector<float> qkv =
            convolve(*d.kernel, applyLinear(d.qkv, x, slice.compute), state.recurrent.recent);
        for (float &v : qkv)
            v = silu(v);
        const std::span all(qkv);
        for (std::size_t h = 0; h < 2 * keyWidth; h += d.keySize)
            normaliseLength(all.subspan(h, d.keySize), d.norm.epsilon);
        for (float &q : all.first(keyWidth))
            q /= std::sqrt(float(d.keySize));
        const std::vector<float> alpha = applyLinear(d.alpha, x, slice.compute);
        const std::vector<float> beta = applyLinear(d.beta, x, slice.compute);
        const std::vector<float> gate = applyLinear(d.gate, x, slice.compute);
        std::vector<float> y(std::size_t(d.valueHeads) * d.valueSize);
        const std::size_t size = std::size_t(d.keySize) * d.valueSize;
        for (std::uint32_t h = 0; h < d.valueHeads; ++h) {
            const std::size_t keyAt = std::size_t(h % d.keyHeads) * d.keySize;
            const std::size_t valueAt = std::size_t(h) * d.valueSize;
            const auto head = std::span(y).subspan(valueAt, d.valueSize);
            deltaStep(std::span(state.recurrent.matrix).subspan(h * size, size),
                      all.subspan(keyAt, d.keySize), all.subspan(keyWidth + keyAt, d.keySize),
                      all.subspan(2 * keyWidth + valueAt, d.valueSize),
                      std::exp(double(a[h]) * double(softplus(alpha[h] + dtBias[h]))),
                      sigmoid(beta[h]), head);
            applyNorm(d.norm, head, head);
            for (std::size_t i = 0; i < d.valueSize; ++i)
                head[i] *= silu(gate[valueAt + i]);
        }
        applyLinear(d.out, y, std::span(out).subspan(n * width, width), slice.compute);
    }
    return out;
}

std::vector<float> mix(const Mamba2 &m, LayerState &state, const LayerSlice &slice,
                       std::span<const float> in)
{
    const std::size_t width = in.size() / slice.count;
    const std::size_t inner = m.inner();
    const std::size_t shared = std::size_t(m.groups) * m.stateSize;
    const std::vector<float> dtBias = expand(*m.dtBias);
    const std::vector<float> a = expand(*m.a);
    const std::vector<float> d = expand(*m.d);
    std::vector<float> out(in.size());
    for (std::uint32_t n = 0; n < slice.count; ++n) {
        const std::vector<float> projected =
            applyLinear(m.in, in.subspan(n * width, width), slice.compute);
        const std::span all(projected);
        const auto z = all.first(inner);
        const auto dt = all.subspan(2 * inner + 2 * shared);
        std::vector<float> xBC =
            convolve(*m.kernel, all.subspan(inner, inner + 2 * shared), state.recurrent.recent);
        if (m.kernelBias) {
            const std::vector<float> bias = expand(*m.kernelBias);
            for (std::size_t i = 0; i < xBC.size(); ++i)
                xBC[i] += bias[i];
        }
        for (float &v : xBC)
            v = silu(v);
        std::vector<float> y(inner);
        for (std::uint32_t h = 0; h < m.heads; ++h) {
            const float step = softplus(dt[h] + dtBias[h]);
            const double decay = std::exp(double(step) * double(a[h]));
            const std::size_t group = h / (m.heads / m.groups);
            const float *b = xBC.data() + inner + group * m.stateSize;
            const float *c = b + shared;
            for (std::size_t i = h * std::size_t(m.headSize); i < (h + std::size_t(1)) * m.headSize;
                 ++i) {
                double sum = double(d[h]) * double(xBC[i]);
                for (std::size_t s = 0; s < m.stateSize; ++s) {
                    float &value = state.recurrent.matrix[i * m.stateSize + s];
                    value =
                        float(double(value) * decay + double(step) * double(xBC[i]) * double(b[s]));
                    sum += double(value) * double(c[s]);
                }
                y[i] = float(sum) * silu(z[i]);
            }
        }
        // Each group has its part of the norm's weights.
        const std::size_t groupSize = inner / m.groups;
        const std::vector<float> weight = expand(*m.norm.weight);
        for (std::size_t g = 0; g < inner; g += groupSize) {
            double squares = 0;
            for (std::size_t i = g; i < g + groupSize; ++i)
                squares += double(y[i]) * double(y[i]);
            const double factor =
                1.0 / std::sqrt(squares / double(groupSize) + double(m.norm.epsilon));
            for (std::size_t i = g; i < g + groupSize; ++i)
                y[i] = float(double(y[i]) * factor) * weight[i];
        }
        applyLinear(m.out, y, std::span(out).subspan(n * width, width), slice.compute);
    }
    return out;
}

} // namespace alcove::cpu::reference
