// The kernels in plain C++: what runs where no vector instructions are known, and what the vector
// kernels are tested against.
#include "core/cpu/half.h"
#include "core/cpu/kernels.h"

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

void siluMultiply(const float *gate, const float *up, std::size_t count, float *out)
{
    for (std::size_t i = 0; i < count; ++i)
        out[i] = gate[i] / (1.0f + std::exp(-gate[i])) * up[i];
}

void add(float *x, const float *y, std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i)
        x[i] += y[i];
}

float load(const KvHead &head, const std::byte *base, std::size_t index)
{
    if (head.format == llm::KvFormat::F32) {
        float value = 0;
        std::memcpy(&value, base + index * sizeof(value), sizeof(value));
        return value;
    }
    std::uint16_t bits = 0;
    std::memcpy(&bits, base + index * sizeof(bits), sizeof(bits));
    return halfToFloat(bits);
}

void store(const KvHead &head, std::byte *base, std::size_t index, float value)
{
    if (head.format == llm::KvFormat::F32) {
        std::memcpy(base + index * sizeof(value), &value, sizeof(value));
        return;
    }
    const std::uint16_t bits = floatToHalf(value);
    std::memcpy(base + index * sizeof(bits), &bits, sizeof(bits));
}

std::size_t keyIndex(const KvHead &head, std::size_t position, std::size_t dimension)
{
    return (position / kKeyTile * head.headSize + dimension) * kKeyTile + position % kKeyTile;
}

void storeKv(const KvHead &head, std::size_t position, const float *key, const float *value)
{
    for (std::size_t i = 0; i < head.headSize; ++i) {
        store(head, head.keys, keyIndex(head, position, i), key[i]);
        store(head, head.values, position * head.valueStride + i, value[i]);
    }
}

// One pass with a running maximum, so that no more scores are kept than one tile's.
void attend(const KvHead &head, const AttentionQueries &queries, KernelScratch &)
{
    for (std::size_t q = 0; q < queries.count; ++q) {
        float *sums = queries.sums;
        std::fill_n(sums, head.headSize, 0.0f);
        float largest = -INFINITY;
        float total = 0;
        for (std::size_t position = 0; position < queries.positions[q]; ++position) {
            float score = 0;
            for (std::size_t i = 0; i < head.headSize; ++i)
                score += queries.query[q][i] * load(head, head.keys, keyIndex(head, position, i));
            score *= queries.scale;
            if (score > largest) {
                const float shrink = std::exp(largest - score);
                total *= shrink;
                for (std::size_t i = 0; i < head.headSize; ++i)
                    sums[i] *= shrink;
                largest = score;
            }
            const float weight = std::exp(score - largest);
            total += weight;
            for (std::size_t i = 0; i < head.headSize; ++i)
                sums[i] += weight * load(head, head.values, position * head.valueStride + i);
        }
        for (std::size_t i = 0; i < head.headSize; ++i)
            queries.output[q][i] = sums[i] / total;
    }
}

constexpr KernelTable kScalar{"scalar",     matMul, quantise, rmsNorm,
                              siluMultiply, add,    storeKv,  attend};

} // namespace

const KernelTable &scalarKernels()
{
    return kScalar;
}

} // namespace alcove::cpu
