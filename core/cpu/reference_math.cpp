#include "core/cpu/reference_math.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace alcove::cpu::reference {

using namespace alcove::llm;

namespace {

constexpr std::size_t kBlock = 32; // values of a Q8_0 or Q4_0 block

// Rounds to the nearest half-precision value, ties to even; out of range becomes infinity.
float roundToHalf(float value)
{
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude >= 0x477ff000u) // 65520 and above, infinities, NaN
        return magnitude > 0x7f800000u ? value : std::copysign(INFINITY, value);
    if (magnitude < 0x38800000u) // below 2^-14: multiples of 2^-24
        return std::copysign(std::nearbyint(std::fabs(value) * 0x1p24f) * 0x1p-24f, value);
    const std::uint32_t rounded = bits + 0xfffu + ((bits >> 13) & 1u);
    return std::bit_cast<float>(rounded & 0xffffe000u);
}

// A Q8_0 block: a half-precision step and 32 signed bytes.
void roundToQ8(std::span<float> block)
{
    float largest = 0;
    for (const float v : block)
        largest = std::max(largest, std::fabs(v));
    const float step = largest / 127.0f;
    const float stored = roundToHalf(step);
    for (float &v : block)
        v = step > 0 ? std::round(v / step) * stored : 0.0f;
}

// A Q4_0 block: a half-precision step and 32 numbers from -8 to 7, of which -8 is the value that is
// furthest from zero.
void roundToQ4(std::span<float> block)
{
    float furthest = 0;
    for (const float v : block) {
        if (std::fabs(v) > std::fabs(furthest))
            furthest = v;
    }
    const float step = furthest / -8.0f;
    const float stored = roundToHalf(step);
    for (float &v : block)
        v = step != 0 ? (std::min(15.0f, std::floor(v / step + 8.5f)) - 8.0f) * stored : 0.0f;
}

// Rows `first` on of a matrix of any number of them.
void multiplyRows(const Tensor &weight, std::uint64_t first, std::span<const float> x,
                  std::span<float> y, const Compute &compute)
{
    std::vector<float> row(x.size());
    for (std::size_t r = 0; r < y.size() && !compute.cancel.cancelled(); ++r) {
        dequantise(weight, (first + r) * x.size(), x.size(), row.data());
        double sum = 0;
        for (std::size_t i = 0; i < x.size(); ++i)
            sum += double(row[i]) * double(x[i]);
        y[r] = float(sum);
    }
}

float activated(Activation activation, float x)
{
    switch (activation) {
    case Activation::Silu:
        return silu(x);
    case Activation::Gelu:
        return float(0.5 * double(x) * (1.0 + std::erf(double(x) * 0.70710678118654752)));
    case Activation::GeluTanh:
        return float(0.5 * double(x)
                     * (1.0
                        + std::tanh(0.79788456080286536 * double(x)
                                    * (1.0 + 0.044715 * double(x) * double(x)))));
    case Activation::ClampedSwiglu: {
        const float g = std::min(x, 7.0f);
        return g * sigmoid(1.702f * g);
    }
    }
    return x;
}

} // namespace

std::vector<float> expand(const Tensor &tensor)
{
    std::vector<float> values(std::size_t(tensor.elements()));
    dequantise(tensor, 0, tensor.elements(), values.data());
    return values;
}

void applyNorm(const Norm &norm, std::span<const float> x, std::span<float> y)
{
    if (!norm.there()) {
        std::copy(x.begin(), x.end(), y.begin());
        return;
    }
    const std::vector<float> weight = expand(*norm.weight);
    double mean = 0;
    for (const float v : x)
        mean += v;
    mean = norm.kind == NormKind::Layer ? mean / double(x.size()) : 0.0;
    double squares = 0;
    for (const float v : x)
        squares += (v - mean) * (v - mean);
    const double factor = 1.0 / std::sqrt(squares / double(x.size()) + double(norm.epsilon));
    for (std::size_t i = 0; i < x.size(); ++i)
        y[i] = float((x[i] - mean) * factor) * weight[i];
    if (norm.bias) {
        const std::vector<float> bias = expand(*norm.bias);
        for (std::size_t i = 0; i < y.size(); ++i)
            y[i] += bias[i];
    }
}

void applyLinear(const Linear &linear, std::span<const float> x, std::span<float> y,
                 const Compute &compute)
{
    multiplyRows(*linear.weight, 0, x, y, compute);
    addLowRank(compute.adapters.of(linear.weight), x, y);
    if (linear.bias) {
        const std::vector<float> bias = expand(*linear.bias);
        for (std::size_t r = 0; r < y.size(); ++r)
            y[r] += bias[r];
    }
}

std::vector<float> applyLinear(const Linear &linear, std::span<const float> x,
                               const Compute &compute)
{
    std::vector<float> y(linear.outputs());
    applyLinear(linear, x, y, compute);
    return y;
}

std::vector<float> applyExpert(const ExpertMatrices &matrices, std::uint32_t expert,
                               std::span<const float> x, const Compute &compute)
{
    const std::size_t outputs = matrices.outputs();
    std::vector<float> y(outputs);
    multiplyRows(*matrices.weight, std::uint64_t(expert) * outputs, x, y, compute);
    addLowRank(compute.adapters.of(matrices.weight), x, y, expert);
    if (matrices.bias) {
        std::vector<float> bias(outputs);
        dequantise(*matrices.bias, std::uint64_t(expert) * outputs, outputs, bias.data());
        for (std::size_t r = 0; r < outputs; ++r)
            y[r] += bias[r];
    }
    return y;
}

void rotate(const Rope &rope, const std::vector<float> &frequencies, double positions,
            float magnitude, std::span<float> head)
{
    const std::uint32_t half = rope.dims / 2;
    for (std::uint32_t i = 0; i < half; ++i) {
        const std::uint32_t a = rope.pairs == RopePairs::Adjacent ? 2 * i : i;
        const std::uint32_t b = rope.pairs == RopePairs::Adjacent ? 2 * i + 1 : i + half;
        const double angle = positions * double(frequencies[i]);
        const float c = float(std::cos(angle)) * magnitude;
        const float s = float(std::sin(angle)) * magnitude;
        const float x = head[a];
        const float y = head[b];
        head[a] = x * c - y * s;
        head[b] = x * s + y * c;
    }
}

float sigmoid(float x)
{
    return 1.0f / (1.0f + std::exp(-x));
}

float silu(float x)
{
    return x * sigmoid(x);
}

float softplus(float x)
{
    return x > 20.0f ? x : std::log1p(std::exp(x));
}

void activate(Activation activation, std::span<float> gate, std::span<const float> up)
{
    for (std::size_t i = 0; i < gate.size(); ++i) {
        gate[i] = activated(activation, gate[i]);
        if (up.empty())
            continue;
        gate[i] *=
            activation == Activation::ClampedSwiglu ? std::clamp(up[i], -7.0f, 7.0f) + 1.0f : up[i];
    }
}

void roundTo(KvFormat format, std::span<float> values)
{
    switch (format) {
    case KvFormat::F32:
        return;
    case KvFormat::F16:
        for (float &v : values)
            v = roundToHalf(v);
        return;
    case KvFormat::Q8_0:
    case KvFormat::Q4_0:
        for (std::size_t i = 0; i + kBlock <= values.size(); i += kBlock) {
            const auto block = values.subspan(i, kBlock);
            if (format == KvFormat::Q8_0)
                roundToQ8(block);
            else
                roundToQ4(block);
        }
        return;
    }
}

} // namespace alcove::cpu::reference
