// Norms, activations and quantisation for every set of vector instructions.
#include "core/cpu/kernels.h"
#include "core/cpu/simd/kernel_sets.h"
#include "core/cpu/simd/targets.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/simd/elementwise.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "core/cpu/simd/target_begin.h"

#if ALCOVE_SIMD_TARGET
#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace alcove::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void quantise(const float *x, std::size_t count, std::int8_t *quants, float *scales, float *sums16,
              float *sums32)
{
    const hn::CappedTag<float, 16> df;
    const hn::RebindToSigned<decltype(df)> di;
    const hn::Rebind<std::int8_t, decltype(df)> d8;
    constexpr std::size_t kLanes = HWY_MAX_BYTES / 4;
    constexpr std::size_t kVectors = kActivationGroup / kLanes;
    for (std::size_t g = 0; g < count; g += kActivationGroup) {
        hn::Vec<decltype(df)> v[kVectors];
        auto largest = hn::Zero(df);
        ALCOVE_UNROLL
        for (std::size_t k = 0; k < kVectors; ++k) {
            v[k] = hn::LoadU(df, x + g + k * kLanes);
            largest = hn::Max(largest, hn::Abs(v[k]));
        }
        const float top = hn::GetLane(hn::MaxOfLanes(df, largest));
        const float scale = top / 127.0f;
        const auto inverse = hn::Set(df, top > 0 ? 127.0f / top : 0.0f);
        hn::Vec<decltype(di)> sums[2] = {hn::Zero(di), hn::Zero(di)};
        ALCOVE_UNROLL
        for (std::size_t k = 0; k < kVectors; ++k) {
            const auto q = hn::NearestInt(hn::Mul(v[k], inverse));
            const auto bytes = hn::DemoteTo(d8, q);
            hn::StoreU(bytes, d8, quants + g + k * kLanes);
            sums[k * kLanes / 16] = hn::Add(sums[k * kLanes / 16], hn::PromoteTo(di, bytes));
        }
        const auto first = static_cast<float>(hn::GetLane(hn::SumOfLanes(di, sums[0])));
        const auto second = static_cast<float>(hn::GetLane(hn::SumOfLanes(di, sums[1])));
        scales[g / 32] = scale;
        sums16[g / 16] = scale * first;
        sums16[g / 16 + 1] = scale * second;
        sums32[g / 32] = scale * (first + second);
    }
}

void rmsNorm(const float *x, const float *weight, float epsilon, std::size_t count, float *out)
{
    const hn::ScalableTag<float> d;
    const std::size_t lanes = hn::Lanes(d);
    auto sums = hn::Zero(d);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        const auto v = hn::LoadU(d, x + i);
        sums = hn::MulAdd(v, v, sums);
    }
    float squares = hn::GetLane(hn::SumOfLanes(d, sums));
    for (; i < count; ++i)
        squares += x[i] * x[i];
    const float factor = 1.0f / std::sqrt(squares / static_cast<float>(count) + epsilon);
    const auto factors = hn::Set(d, factor);
    for (i = 0; i + lanes <= count; i += lanes)
        hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(d, x + i), factors), hn::LoadU(d, weight + i)), d,
                   out + i);
    for (; i < count; ++i)
        out[i] = x[i] * factor * weight[i];
}

void siluMultiply(const float *gate, const float *up, std::size_t count, float *out)
{
    const hn::ScalableTag<float> d;
    const std::size_t lanes = hn::Lanes(d);
    const auto one = hn::Set(d, 1.0f);
    const auto most = hn::Set(d, 88.0f); // exp stays finite; the quotient is 0 to the last bit
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        const auto g = hn::LoadU(d, gate + i);
        const auto silu = hn::Div(g, hn::Add(one, hn::Exp(d, hn::Min(hn::Neg(g), most))));
        hn::StoreU(hn::Mul(silu, hn::LoadU(d, up + i)), d, out + i);
    }
    for (; i < count; ++i)
        out[i] = gate[i] / (1.0f + std::exp(-gate[i])) * up[i];
}

void add(float *x, const float *y, std::size_t count)
{
    const hn::ScalableTag<float> d;
    const std::size_t lanes = hn::Lanes(d);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
        hn::StoreU(hn::Add(hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, x + i);
    for (; i < count; ++i)
        x[i] += y[i];
}

} // namespace HWY_NAMESPACE
} // namespace alcove::cpu
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace alcove::cpu {
ALCOVE_DEFINE_KERNEL_SET(QuantiseFunction, quantise)
ALCOVE_DEFINE_KERNEL_SET(RmsNormFunction, rmsNorm)
ALCOVE_DEFINE_KERNEL_SET(SiluMultiplyFunction, siluMultiply)
ALCOVE_DEFINE_KERNEL_SET(AddFunction, add)
} // namespace alcove::cpu
#endif
