// Few tokens: every row of weights is read once, straight from the file, and multiplied in
// registers. Bound by memory, not by arithmetic. Read once for every target.

#if defined(ALCOVE_CPU_SIMD_MATVEC_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ALCOVE_CPU_SIMD_MATVEC_H
#undef ALCOVE_CPU_SIMD_MATVEC_H
#else
#define ALCOVE_CPU_SIMD_MATVEC_H
#endif

#include "core/cpu/simd/formats.h"
#include "core/cpu/simd/quad_dot.h"

HWY_BEFORE_NAMESPACE();
namespace alcove::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// One token's activations.
struct Input {
    const float *values;
    const std::int8_t *quants;
    const float *scales;
    const float *sums16;
    const float *sums32;
};

#if HWY_MAX_BYTES >= 32
// The scales of the two halves of a group of 32, each in four lanes.
ALCOVE_INLINE hn::Vec<hn::CappedTag<float, 8>> scalesOfHalves(const float *scales,
                                                              std::size_t group)
{
    const hn::CappedTag<float, 8> df;
    alignas(32) static constexpr std::int32_t kLanes[4][8] = {{0, 0, 0, 0, 1, 1, 1, 1},
                                                              {2, 2, 2, 2, 3, 3, 3, 3},
                                                              {4, 4, 4, 4, 5, 5, 5, 5},
                                                              {6, 6, 6, 6, 7, 7, 7, 7}};
    const auto four = hn::Load(df, scales + group / 4 * 8);
    return hn::TableLookupLanes(four, hn::SetTableIndices(df, kLanes[group % 4]));
}
#endif

// The activations' scales of groups [group / 2, (group + lanes) / 2), each twice: for halves.
ALCOVE_INLINE hn::Vec<hn::CappedTag<float, 8>> scalesTwice(const float *scales, std::size_t group)
{
    const hn::CappedTag<float, 8> df;
#if HWY_MAX_BYTES >= 32
    const auto four = hn::LoadDup128(df, scales + group / 2);
    return hn::ConcatUpperLower(df, hn::InterleaveUpper(df, four, four),
                                hn::InterleaveLower(four, four));
#else
    const auto four = hn::LoadU(df, scales + group / 8 * 4);
    return group % 8 == 0 ? hn::InterleaveLower(four, four) : hn::InterleaveUpper(df, four, four);
#endif
}

// Adds the dot product of one group of 32, times its scale (or the scales of its two halves).
template <class Format>
ALCOVE_INLINE hn::Vec<hn::CappedTag<float, 8>>
addGroup(hn::Vec<hn::CappedTag<float, 8>> sum, const std::uint8_t *block, std::size_t group,
         const std::int8_t *activations, const float *scales)
{
    const hn::CappedTag<float, 8> df;
    const hn::RebindToSigned<decltype(df)> di;
    const hn::CappedTag<std::uint8_t, 32> d8;
    const hn::RebindToSigned<decltype(d8)> ds8;
    auto dots = hn::Zero(di);
    ALCOVE_UNROLL
    for (std::size_t at = 0; at < 32; at += hn::Lanes(d8)) {
        const auto w = Format::quants(d8, block, group, at);
        const auto a = hn::LoadU(ds8, activations + at);
        if constexpr (Format::kSigned)
            dots = dotSigned(dots, hn::BitCast(ds8, w), a);
        else
            dots = dotUnsigned(dots, w, a);
        if constexpr (Format::kGroup == 16 && HWY_MAX_BYTES < 32) {
            sum =
                hn::MulAdd(hn::ConvertTo(df, dots), hn::Set(df, scales[2 * group + at / 16]), sum);
            dots = hn::Zero(di);
        }
    }
    if constexpr (Format::kGroup == 16) {
#if HWY_MAX_BYTES >= 32
        const auto scale = scalesOfHalves(scales, group);
        sum = hn::MulAdd(hn::ConvertTo(df, dots), scale, sum);
#endif
        return sum;
    } else {
        return hn::MulAdd(hn::ConvertTo(df, dots), hn::Set(df, scales[group]), sum);
    }
}

// Several sums side by side: one alone would wait for its own additions.
inline constexpr std::size_t kRowSums = 4;

// What one block adds to the row's sums; `turn` is the sum that its first group goes to.
template <class Format>
ALCOVE_INLINE void addBlock(const std::uint8_t *block, std::size_t b, const Input &x,
                            std::size_t turn, hn::Vec<hn::CappedTag<float, 8>> *sums,
                            hn::Vec<hn::CappedTag<float, 8>> &offsets, float *offset)
{
    const hn::CappedTag<float, 8> df;
    constexpr std::size_t kGroups = Format::kElements / Format::kGroup;
    constexpr std::size_t kWide = Format::kElements / 32;
    const std::int8_t *activations = x.quants + b * Format::kElements;
    HWY_ALIGN float s[kGroups < 8 ? 8 : kGroups];
    HWY_ALIGN float o[kGroups < 8 ? 8 : kGroups];
    Format::scales(block, s, o);
    if constexpr (kGroups == 1) {
        s[0] *= x.scales[b];
        if constexpr (Format::kHasOffsets)
            offset[turn] += o[0] * x.sums32[b];
    } else {
        ALCOVE_UNROLL
        for (std::size_t g = 0; g < kGroups; g += hn::Lanes(df)) {
            if constexpr (Format::kHasOffsets) {
                const float *activationSums =
                    Format::kGroup == 16 ? x.sums16 + b * kGroups : x.sums32 + b * kGroups;
                const auto sum = hn::LoadU(df, activationSums + g);
                offsets = hn::MulAdd(hn::Load(df, o + g), sum, offsets);
            }
            const float *activationScales = x.scales + b * kWide;
            const auto scale = Format::kGroup == 32 ? hn::LoadU(df, activationScales + g)
                                                    : scalesTwice(activationScales, g);
            hn::Store(hn::Mul(hn::Load(df, s + g), scale), df, s + g);
        }
    }
    ALCOVE_UNROLL
    for (std::size_t g = 0; g < kWide; ++g) {
        auto &sum = sums[(turn + g) % kRowSums];
        sum = addGroup<Format>(sum, block, g, activations + 32 * g, s);
    }
}

// One row at a time, from its first byte to its last: the processor's prefetching follows a single
// stream best (four rows side by side reached less than half of the memory's speed).
template <class Format>
ALCOVE_INLINE float quantisedRow(const std::uint8_t *row, std::size_t columns, const Input &x)
{
    const hn::CappedTag<float, 8> df;
    using V = hn::Vec<decltype(df)>;
    constexpr std::size_t kTurns = Format::kElements == 32 ? kRowSums : 1;
    V sums[kRowSums];
    V offsets = hn::Zero(df);
    float offset[kRowSums] = {};
    ALCOVE_UNROLL
    for (std::size_t k = 0; k < kRowSums; ++k)
        sums[k] = hn::Zero(df);
    const std::size_t blocks = columns / Format::kElements;
    std::size_t b = 0;
    for (; b + kTurns <= blocks; b += kTurns) {
        ALCOVE_UNROLL
        for (std::size_t k = 0; k < kTurns; ++k)
            addBlock<Format>(row + (b + k) * Format::kBytes, b + k, x, k, sums, offsets, offset);
    }
    for (; b < blocks; ++b)
        addBlock<Format>(row + b * Format::kBytes, b, x, 0, sums, offsets, offset);
    const V sum = hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]));
    return hn::GetLane(hn::SumOfLanes(df, hn::Sub(sum, offsets)))
        - ((offset[0] + offset[1]) + (offset[2] + offset[3]));
}

// A vector of weights as float32, for the formats that are plain numbers.
struct PlainF32 {
    static constexpr std::size_t kBytes = 4;
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> load(D d, const std::uint8_t *at)
    {
        return hn::LoadU(d, reinterpret_cast<const float *>(at));
    }
    static ALCOVE_INLINE float loadOne(const std::uint8_t *at)
    {
        float value;
        std::memcpy(&value, at, sizeof(value));
        return value;
    }
};

struct PlainF16 {
    static constexpr std::size_t kBytes = 2;
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> load(D d, const std::uint8_t *at)
    {
        const hn::Rebind<hwy::float16_t, D> dh;
        return hn::PromoteTo(d, hn::LoadU(dh, reinterpret_cast<const hwy::float16_t *>(at)));
    }
    static ALCOVE_INLINE float loadOne(const std::uint8_t *at) { return loadHalf(at); }
};

struct PlainBF16 {
    static constexpr std::size_t kBytes = 2;
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> load(D d, const std::uint8_t *at)
    {
        const hn::Rebind<hwy::bfloat16_t, D> dh;
        return hn::PromoteTo(d, hn::LoadU(dh, reinterpret_cast<const hwy::bfloat16_t *>(at)));
    }
    static ALCOVE_INLINE float loadOne(const std::uint8_t *at)
    {
        std::uint16_t bits;
        std::memcpy(&bits, at, sizeof(bits));
        const std::uint32_t word = std::uint32_t(bits) << 16;
        float value;
        std::memcpy(&value, &word, sizeof(value));
        return value;
    }
};

template <class Format>
ALCOVE_INLINE float plainRow(const std::uint8_t *weights, std::size_t columns, const float *x)
{
    const hn::ScalableTag<float> d;
    const std::size_t lanes = hn::Lanes(d);
    constexpr std::size_t kSums = 4;
    hn::Vec<decltype(d)> sums[kSums];
    ALCOVE_UNROLL
    for (std::size_t k = 0; k < kSums; ++k)
        sums[k] = hn::Zero(d);
    std::size_t i = 0;
    for (; i + kSums * lanes <= columns; i += kSums * lanes) {
        ALCOVE_UNROLL
        for (std::size_t k = 0; k < kSums; ++k) {
            const std::size_t at = i + k * lanes;
            sums[k] = hn::MulAdd(Format::load(d, weights + at * Format::kBytes),
                                 hn::LoadU(d, x + at), sums[k]);
        }
    }
    for (; i + lanes <= columns; i += lanes)
        sums[0] =
            hn::MulAdd(Format::load(d, weights + i * Format::kBytes), hn::LoadU(d, x + i), sums[0]);
    const auto sum = hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]));
    float result = hn::GetLane(hn::SumOfLanes(d, sum));
    for (; i < columns; ++i)
        result += Format::loadOne(weights + i * Format::kBytes) * x[i];
    return result;
}

inline Input inputOf(const Activations &x, std::size_t token)
{
    const std::size_t first = token * x.columns;
    return {x.values + first, x.quants + first, x.scales + first / 32, x.sums16 + first / 16,
            x.sums32 + first / 32};
}

template <class Format>
HWY_NOINLINE void quantisedMatVec(const std::uint8_t *weights, std::size_t firstRow,
                                  std::size_t lastRow, const Activations &x, float *out,
                                  std::size_t outStride)
{
    const std::size_t rowBytes = x.columns / Format::kElements * Format::kBytes;
    for (std::size_t row = firstRow; row < lastRow; ++row) {
        // Tokens inside: the second one finds the row in the cache.
        for (std::size_t t = 0; t < x.tokens; ++t)
            out[t * outStride + row] =
                quantisedRow<Format>(weights + row * rowBytes, x.columns, inputOf(x, t));
    }
}

template <class Format>
HWY_NOINLINE void plainMatVec(const std::uint8_t *weights, std::size_t firstRow,
                              std::size_t lastRow, const Activations &x, float *out,
                              std::size_t outStride)
{
    const std::size_t rowBytes = x.columns * Format::kBytes;
    for (std::size_t row = firstRow; row < lastRow; ++row) {
        for (std::size_t t = 0; t < x.tokens; ++t)
            out[t * outStride + row] =
                plainRow<Format>(weights + row * rowBytes, x.columns, x.values + t * x.columns);
    }
}

} // namespace HWY_NAMESPACE
} // namespace alcove::cpu
HWY_AFTER_NAMESPACE();

#endif
