// The kernels in plain C++: what runs where no vector instructions are known, and what the vector
// kernels are tested against.
#include "core/cpu/kernels.h"
#include "core/cpu/kv_layout.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace alcove::cpu {
namespace {

constexpr std::size_t kPiece = 256; // a multiple of every format's block

void matMul(const llm::Tensor &weights, std::size_t firstRow, std::size_t lastRow,
            const Activations &x, float *out, std::size_t outStride, KernelScratch &)
{
    const bool quantised = usesInt8Activations(weights.type);
    float w[kPiece];
    for (std::size_t row = firstRow; row < lastRow; ++row) {
        float sums[kMaxBatch] = {};
        for (std::size_t at = 0; at < x.columns; at += kPiece) {
            const std::size_t count = std::min(kPiece, x.columns - at);
            llm::dequantise(weights, row * x.columns + at, count, w);
            for (std::size_t t = 0; t < x.tokens; ++t) {
                const std::size_t first = t * x.columns + at;
                if (!quantised) {
                    for (std::size_t i = 0; i < count; ++i)
                        sums[t] += w[i] * x.values[first + i];
                    continue;
                }
                for (std::size_t g = 0; g < count; g += kActivationGroup) {
                    float sum = 0;
                    for (std::size_t i = g; i < g + kActivationGroup; ++i)
                        sum += w[i] * float(x.quants[first + i]);
                    sums[t] += sum * x.scales[(first + g) / kActivationGroup];
                }
            }
        }
        for (std::size_t t = 0; t < x.tokens; ++t)
            out[t * outStride + row] = sums[t];
    }
}

void quantise(const float *x, std::size_t count, std::int8_t *quants, float *scales, float *sums16,
              float *sums32)
{
    for (std::size_t g = 0; g < count; g += kActivationGroup) {
        float largest = 0;
        for (std::size_t i = g; i < g + kActivationGroup; ++i)
            largest = std::max(largest, std::fabs(x[i]));
        const float scale = largest / 127.0f;
        const float inverse = largest > 0 ? 127.0f / largest : 0.0f;
        int sums[2] = {};
        for (std::size_t i = 0; i < kActivationGroup; ++i) {
            // Not a number becomes 0 here; the scale carries an infinity on.
            const float scaled = x[g + i] * inverse;
            const int q = std::isfinite(scaled) ? static_cast<int>(std::nearbyint(scaled)) : 0;
            quants[g + i] = static_cast<std::int8_t>(std::clamp(q, -127, 127));
            sums[i / 16] += quants[g + i];
        }
        scales[g / 32] = scale;
        sums16[g / 16] = scale * float(sums[0]);
        sums16[g / 16 + 1] = scale * float(sums[1]);
        sums32[g / 32] = scale * float(sums[0] + sums[1]);
    }
}

void rmsNorm(const float *x, const float *weight, float epsilon, std::size_t count, float *out)
{
    double squares = 0;
    for (std::size_t i = 0; i < count; ++i)
        squares += double(x[i]) * double(x[i]);
    const auto factor = float(1.0 / std::sqrt(squares / double(count) + double(epsilon)));
    for (std::size_t i = 0; i < count; ++i)
        out[i] = x[i] * factor * weight[i];
}

float sigmoid(float x)
{
    return 1.0f / (1.0f + std::exp(-x));
}

void activate(llm::Activation activation, const float *gate, const float *up, std::size_t count,
              float *out)
{
    for (std::size_t i = 0; i < count; ++i) {
        const float g = gate[i];
        const float factor = up ? up[i] : 1.0f;
        switch (activation) {
        case llm::Activation::Silu:
            out[i] = g * sigmoid(g) * factor;
            break;
        case llm::Activation::Gelu:
            out[i] = 0.5f * g * (1.0f + std::erf(g * 0.70710678f)) * factor;
            break;
        case llm::Activation::GeluTanh:
            out[i] =
                0.5f * g * (1.0f + std::tanh(0.79788456f * (g + 0.044715f * g * g * g))) * factor;
            break;
        case llm::Activation::ClampedSwiglu: {
            const float low = std::min(g, 7.0f);
            const float most = up ? std::clamp(factor, -7.0f, 7.0f) + 1.0f : 1.0f;
            out[i] = low * sigmoid(1.702f * low) * most;
            break;
        }
        }
    }
}

void addScaled(float *x, const float *y, float factor, std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i)
        x[i] += factor * y[i];
}

void storeKv(const KvHead &head, std::size_t position, const float *key, const float *value)
{
    storeKey(head, position, key);
    storeValue(head, position, value);
}

float score(const AttentionQueries &queries, std::size_t q, std::size_t position, float dot)
{
    float value = dot * queries.scale;
    if (queries.softCap != 0)
        value = queries.softCap * std::tanh(value / queries.softCap);
    const float distance = std::fabs(float(position) - float(queries.position[q]));
    return value - queries.slope[q] * distance;
}

// One pass with a running maximum, so that no scores are kept.
void attend(const KvHead &head, const AttentionQueries &queries, KernelScratch &)
{
    float *row = queries.sums + head.valueStride; // of keys, then of values
    for (std::size_t q = 0; q < queries.count; ++q) {
        float *sums = queries.sums;
        std::fill_n(sums, head.headSize, 0.0f);
        float largest = queries.sinks[q] ? *queries.sinks[q] : -INFINITY;
        float total = queries.sinks[q] ? 1.0f : 0.0f;
        for (std::size_t position = queries.begin[q]; position < queries.end[q]; ++position) {
            loadKey(head, position, row);
            float dot = 0;
            for (std::size_t i = 0; i < head.headSize; ++i)
                dot += queries.query[q][i] * row[i];
            const float here = score(queries, q, position, dot);
            if (here > largest) {
                const float shrink = std::exp(largest - here);
                total *= shrink;
                for (std::size_t i = 0; i < head.headSize; ++i)
                    sums[i] *= shrink;
                largest = here;
            }
            const float weight = std::exp(here - largest);
            total += weight;
            loadValue(head, position, row);
            for (std::size_t i = 0; i < head.headSize; ++i)
                sums[i] += weight * row[i];
        }
        for (std::size_t i = 0; i < head.headSize; ++i)
            queries.output[q][i] = sums[i] / total;
    }
}

void deltaRows(float *state, std::size_t rows, std::size_t size, float decay, float beta,
               const float *k, const float *q, const float *v, float *out)
{
    for (std::size_t r = 0; r < rows; ++r) {
        float *row = state + r * size;
        float known = 0;
        for (std::size_t i = 0; i < size; ++i)
            known += row[i] * k[i];
        const float delta = beta * (v[r] - decay * known);
        float sum = 0;
        for (std::size_t i = 0; i < size; ++i) {
            row[i] = decay * row[i] + delta * k[i];
            sum += row[i] * q[i];
        }
        out[r] = sum;
    }
}

void ssmRows(float *state, std::size_t rows, std::size_t size, float decay, float dt,
             const float *b, const float *c, const float *x, float *out)
{
    for (std::size_t r = 0; r < rows; ++r) {
        float *row = state + r * size;
        const float in = dt * x[r];
        float sum = 0;
        for (std::size_t i = 0; i < size; ++i) {
            row[i] = decay * row[i] + in * b[i];
            sum += row[i] * c[i];
        }
        out[r] = sum;
    }
}

constexpr KernelTable kScalar{"scalar",  matMul,  quantise, rmsNorm,   activate,
                              addScaled, storeKv, attend,   deltaRows, ssmRows};

} // namespace

const KernelTable &scalarKernels()
{
    return kScalar;
}

} // namespace alcove::cpu
