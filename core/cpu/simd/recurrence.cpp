// Steps of recurrent states for every set of vector instructions: a row of the state at a time,
// read from memory once.
#include "core/cpu/kernels.h"
#include "core/cpu/simd/kernel_sets.h"
#include "core/cpu/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/simd/recurrence.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "core/cpu/simd/target_begin.h"

#if ALCOVE_SIMD_TARGET
HWY_BEFORE_NAMESPACE();
namespace alcove::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// row . k
ALCOVE_INLINE float dotRow(const float *row, const float *k, std::size_t size)
{
    const hn::ScalableTag<float> d;
    const std::size_t lanes = hn::Lanes(d);
    auto even = hn::Zero(d);
    auto odd = hn::Zero(d);
    std::size_t i = 0;
    for (; i + 2 * lanes <= size; i += 2 * lanes) {
        even = hn::MulAdd(hn::LoadU(d, row + i), hn::LoadU(d, k + i), even);
        odd = hn::MulAdd(hn::LoadU(d, row + i + lanes), hn::LoadU(d, k + i + lanes), odd);
    }
    for (; i + lanes <= size; i += lanes)
        even = hn::MulAdd(hn::LoadU(d, row + i), hn::LoadU(d, k + i), even);
    float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
    for (; i < size; ++i)
        sum += row[i] * k[i];
    return sum;
}

// row = decay * row + factor * k; returns row . q
ALCOVE_INLINE float updateRow(float *row, float decay, float factor, const float *k, const float *q,
                              std::size_t size)
{
    const hn::ScalableTag<float> d;
    const std::size_t lanes = hn::Lanes(d);
    const auto decays = hn::Set(d, decay);
    const auto factors = hn::Set(d, factor);
    auto even = hn::Zero(d);
    auto odd = hn::Zero(d);
    std::size_t i = 0;
    const auto step = [&](std::size_t at, hn::Vec<decltype(d)> sum) HWY_ATTR {
        const auto value =
            hn::MulAdd(factors, hn::LoadU(d, k + at), hn::Mul(decays, hn::LoadU(d, row + at)));
        hn::StoreU(value, d, row + at);
        return hn::MulAdd(value, hn::LoadU(d, q + at), sum);
    };
    for (; i + 2 * lanes <= size; i += 2 * lanes) {
        even = step(i, even);
        odd = step(i + lanes, odd);
    }
    for (; i + lanes <= size; i += lanes)
        even = step(i, even);
    float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
    for (; i < size; ++i) {
        row[i] = decay * row[i] + factor * k[i];
        sum += row[i] * q[i];
    }
    return sum;
}

void deltaRows(float *state, std::size_t rows, std::size_t size, float decay, float beta,
               const float *k, const float *q, const float *v, float *out)
{
    for (std::size_t r = 0; r < rows; ++r) {
        float *row = state + r * size;
        const float delta = beta * (v[r] - decay * dotRow(row, k, size));
        out[r] = updateRow(row, decay, delta, k, q, size);
    }
}

void ssmRows(float *state, std::size_t rows, std::size_t size, float decay, float dt,
             const float *b, const float *c, const float *x, float *out)
{
    for (std::size_t r = 0; r < rows; ++r)
        out[r] = updateRow(state + r * size, decay, dt * x[r], b, c, size);
}

} // namespace HWY_NAMESPACE
} // namespace alcove::cpu
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace alcove::cpu {
ALCOVE_DEFINE_KERNEL_SET(DeltaRowsFunction, deltaRows)
ALCOVE_DEFINE_KERNEL_SET(SsmRowsFunction, ssmRows)
} // namespace alcove::cpu
#endif
