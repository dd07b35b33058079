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

// 1 / (1 + exp(-x)); exp stays finite, and the quotient is 0 to the last bit.
template <class D>
ALCOVE_INLINE hn::Vec<D> sigmoid(D d, hn::Vec<D> x)
{
    const auto one = hn::Set(d, 1.0f);
    return hn::Div(one, hn::Add(one, hn::Exp(d, hn::Min(hn::Neg(x), hn::Set(d, 88.0f)))));
}

struct Silu {
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> gate(D d, hn::Vec<D> g)
    {
        return hn::Mul(g, sigmoid(d, g));
    }
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> up(D, hn::Vec<D> u)
    {
        return u;
    }
};

// erf by formula 7.1.26 of Abramowitz and Stegun, to 1.5e-7.
struct Gelu {
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> gate(D d, hn::Vec<D> g)
    {
        const auto one = hn::Set(d, 1.0f);
        const auto x = hn::Mul(hn::Abs(g), hn::Set(d, 0.70710678f));
        const auto t = hn::Div(one, hn::MulAdd(hn::Set(d, 0.3275911f), x, one));
        auto sum = hn::Set(d, 1.061405429f);
        sum = hn::MulAdd(sum, t, hn::Set(d, -1.453152027f));
        sum = hn::MulAdd(sum, t, hn::Set(d, 1.421413741f));
        sum = hn::MulAdd(sum, t, hn::Set(d, -0.284496736f));
        sum = hn::MulAdd(sum, t, hn::Set(d, 0.254829592f));
        // The upper tail's half: 0.5 * (1 - erf(x)).
        const auto square = hn::Min(hn::Mul(x, x), hn::Set(d, 87.0f));
        const auto tail =
            hn::Mul(hn::Mul(hn::Set(d, 0.5f), hn::Mul(sum, t)), hn::Exp(d, hn::Neg(square)));
        const auto phi = hn::IfThenElse(hn::Lt(g, hn::Zero(d)), tail, hn::Sub(one, tail));
        return hn::Mul(g, phi);
    }
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> up(D, hn::Vec<D> u)
    {
        return u;
    }
};

// 0.5 * (1 + tanh(y)) = sigmoid(2 y)
struct GeluTanh {
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> gate(D d, hn::Vec<D> g)
    {
        const auto cubed = hn::Mul(hn::Mul(g, g), g);
        const auto y = hn::MulAdd(hn::Set(d, 0.044715f), cubed, g);
        return hn::Mul(g, sigmoid(d, hn::Mul(y, hn::Set(d, 2 * 0.79788456f))));
    }
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> up(D, hn::Vec<D> u)
    {
        return u;
    }
};

struct ClampedSwiglu {
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> gate(D d, hn::Vec<D> g)
    {
        const auto low = hn::Min(g, hn::Set(d, 7.0f));
        return hn::Mul(low, sigmoid(d, hn::Mul(low, hn::Set(d, 1.702f))));
    }
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> up(D d, hn::Vec<D> u)
    {
        const auto most = hn::Set(d, 7.0f);
        return hn::Add(hn::Min(hn::Max(u, hn::Neg(most)), most), hn::Set(d, 1.0f));
    }
};

template <class Function>
HWY_NOINLINE void activateAs(const float *gate, const float *up, std::size_t count, float *out)
{
    const hn::ScalableTag<float> d;
    const std::size_t lanes = hn::Lanes(d);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        auto v = Function::gate(d, hn::LoadU(d, gate + i));
        if (up)
            v = hn::Mul(v, Function::up(d, hn::LoadU(d, up + i)));
        hn::StoreU(v, d, out + i);
    }
    const hn::CappedTag<float, 1> d1;
    for (; i < count; ++i) {
        auto v = Function::gate(d1, hn::LoadU(d1, gate + i));
        if (up)
            v = hn::Mul(v, Function::up(d1, hn::LoadU(d1, up + i)));
        hn::StoreU(v, d1, out + i);
    }
}

void activate(llm::Activation activation, const float *gate, const float *up, std::size_t count,
              float *out)
{
    switch (activation) {
    case llm::Activation::Silu:
        return activateAs<Silu>(gate, up, count, out);
    case llm::Activation::Gelu:
        return activateAs<Gelu>(gate, up, count, out);
    case llm::Activation::GeluTanh:
        return activateAs<GeluTanh>(gate, up, count, out);
    case llm::Activation::ClampedSwiglu:
        return activateAs<ClampedSwiglu>(gate, up, count, out);
    }
}

void addScaled(float *x, const float *y, float factor, std::size_t count)
{
    const hn::ScalableTag<float> d;
    const std::size_t lanes = hn::Lanes(d);
    const auto factors = hn::Set(d, factor);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
        hn::StoreU(hn::MulAdd(factors, hn::LoadU(d, y + i), hn::LoadU(d, x + i)), d, x + i);
    for (; i < count; ++i)
        x[i] += factor * y[i];
}

} // namespace HWY_NAMESPACE
} // namespace alcove::cpu
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace alcove::cpu {
ALCOVE_DEFINE_KERNEL_SET(QuantiseFunction, quantise)
ALCOVE_DEFINE_KERNEL_SET(RmsNormFunction, rmsNorm)
ALCOVE_DEFINE_KERNEL_SET(ActivateFunction, activate)
ALCOVE_DEFINE_KERNEL_SET(AddScaledFunction, addScaled)
} // namespace alcove::cpu
#endif
