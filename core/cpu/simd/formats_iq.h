// The IQ formats with blocks of 256 in vector registers: codes that stand for a table's values, and
// indices of points on a grid with signs beside them. Read once for every target; what a format is:
// formats.h.

#if defined(ALCOVE_CPU_SIMD_FORMATS_IQ_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ALCOVE_CPU_SIMD_FORMATS_IQ_H
#undef ALCOVE_CPU_SIMD_FORMATS_IQ_H
#else
#define ALCOVE_CPU_SIMD_FORMATS_IQ_H
#endif

#include "core/cpu/simd/formats.h"

HWY_BEFORE_NAMESPACE();
namespace alcove::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

struct BlockIQ4_XS {
    static constexpr std::size_t kElements = 256;
    static constexpr std::size_t kBytes = 136;
    static constexpr std::size_t kGroup = 32;
    static constexpr bool kSigned = true;
    static constexpr bool kHasOffsets = false;

    // Eight scales of 6 bits, less 32: nibbles in 4 bytes, the high pairs in 2.
    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *)
    {
        std::uint64_t pairs = loadHalfWord(block + 2);
        pairs = (pairs | pairs << 24) & 0x000000ff000000ffu;
        pairs = (pairs | pairs << 12) & 0x000f000f000f000fu;
        pairs = (pairs | pairs << 6) & 0x0303030303030303u;
        const std::uint64_t scales = lessThirtyTwo(spreadNibbles(loadWord(block + 4)) | pairs << 4);
        scaleBytes(reinterpret_cast<const std::int8_t *>(&scales), loadHalf(block), s);
    }

    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t group,
                                           std::size_t at)
    {
        return lookUp(d, llm::kValuesIQ4, nibbles32(d, block + 8 + group * 16, at));
    }
};

// Four times seven signs, each in a byte; the eighth makes the number of minus signs even.
ALCOVE_INLINE std::uint32_t withEvenSigns(std::uint32_t sevens)
{
    std::uint32_t parity = sevens ^ ((sevens >> 4) & 0x0f0f0f0fu);
    parity ^= (parity >> 2) & 0x03030303u;
    parity ^= (parity >> 1) & 0x01010101u;
    return sevens | (parity & 0x01010101u) << 7;
}

// Four times seven bits, the lowest first, to bytes.
ALCOVE_INLINE std::uint32_t spreadSevens(std::uint32_t bits)
{
    return (bits & 0x7fu) | (bits << 1 & 0x7f00u) | (bits << 2 & 0x7f0000u)
        | (bits << 3 & 0x7f000000u);
}

// 32 magnitudes with a sign bit each.
template <class D>
ALCOVE_INLINE hn::Vec<D> withSigns(D d, const void *magnitudes, std::uint32_t signs, std::size_t at)
{
    const auto values = hn::LoadU(d, static_cast<const std::uint8_t *>(magnitudes) + at);
    const auto minus = bytesOfBits(d, signs, at);
    return hn::Sub(hn::Xor(values, minus), minus);
}

// Scales of 4 bits n mean (2 n + 1) times a factor; here for 8 of them.
ALCOVE_INLINE void oddScales(std::uint64_t nibbles, float factor, float *s)
{
    const std::uint64_t odd = (nibbles << 1) | 0x0101010101010101u;
    scaleBytes(reinterpret_cast<const std::uint8_t *>(&odd), factor, s);
}

struct BlockIQ2_XXS {
    static constexpr std::size_t kElements = 256;
    static constexpr std::size_t kBytes = 66;
    static constexpr std::size_t kGroup = 32;
    static constexpr bool kSigned = true;
    static constexpr bool kHasOffsets = false;

    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *)
    {
        std::uint64_t nibbles = 0;
        ALCOVE_UNROLL
        for (std::size_t g = 0; g < 8; ++g)
            nibbles |= std::uint64_t{block[2 + 8 * g + 7]} >> 4 << (8 * g);
        oddScales(nibbles, loadHalf(block) * 0.125f, s);
    }

    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t group,
                                           std::size_t at)
    {
        const std::uint8_t *indices = block + 2 + 8 * group;
        HWY_ALIGN std::uint64_t points[4];
        ALCOVE_UNROLL
        for (std::size_t k = 0; k < 4; ++k)
            points[k] = kPointsIQ2_XXS[indices[k]];
        return withSigns(d, points, withEvenSigns(spreadSevens(loadWord(indices + 4))), at);
    }
};

struct BlockIQ2_XS {
    static constexpr std::size_t kElements = 256;
    static constexpr std::size_t kBytes = 74;
    static constexpr std::size_t kGroup = 16;
    static constexpr bool kSigned = true;
    static constexpr bool kHasOffsets = false;

    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *)
    {
        const float factor = loadHalf(block) * 0.125f;
        oddScales(spreadNibbles(loadWord(block + 66)), factor, s);
        oddScales(spreadNibbles(loadWord(block + 70)), factor, s + 8);
    }

    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t group,
                                           std::size_t at)
    {
        HWY_ALIGN std::uint64_t points[4];
        std::uint32_t sevens = 0;
        ALCOVE_UNROLL
        for (std::size_t k = 0; k < 4; ++k) {
            const std::uint32_t both = loadHalfWord(block + 2 + 8 * group + 2 * k);
            points[k] = kPointsIQ2_XS[both & 511];
            sevens |= both >> 9 << (8 * k);
        }
        return withSigns(d, points, withEvenSigns(sevens), at);
    }
};

struct BlockIQ2_S {
    static constexpr std::size_t kElements = 256;
    static constexpr std::size_t kBytes = 82;
    static constexpr std::size_t kGroup = 16;
    static constexpr bool kSigned = true;
    static constexpr bool kHasOffsets = false;

    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *)
    {
        const float factor = loadHalf(block) * 0.125f;
        oddScales(spreadNibbles(loadWord(block + 74)), factor, s);
        oddScales(spreadNibbles(loadWord(block + 78)), factor, s + 8);
    }

    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t group,
                                           std::size_t at)
    {
        const std::uint32_t high = block[66 + group];
        HWY_ALIGN std::uint64_t points[4];
        ALCOVE_UNROLL
        for (std::size_t k = 0; k < 4; ++k)
            points[k] = kPointsIQ2_S[block[2 + 4 * group + k] | (high >> (2 * k) & 3) << 8];
        return withSigns(d, points, loadWord(block + 34 + 4 * group), at);
    }
};

struct BlockIQ3_XXS {
    static constexpr std::size_t kElements = 256;
    static constexpr std::size_t kBytes = 98;
    static constexpr std::size_t kGroup = 32;
    static constexpr bool kSigned = true;
    static constexpr bool kHasOffsets = false;

    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *)
    {
        std::uint64_t nibbles = 0;
        ALCOVE_UNROLL
        for (std::size_t g = 0; g < 8; ++g)
            nibbles |= std::uint64_t{block[66 + 4 * g + 3]} >> 4 << (8 * g);
        oddScales(nibbles, loadHalf(block) * 0.25f, s);
    }

    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t group,
                                           std::size_t at)
    {
        HWY_ALIGN std::uint32_t points[8];
        ALCOVE_UNROLL
        for (std::size_t k = 0; k < 8; ++k)
            points[k] = kPointsIQ3_XXS[block[2 + 8 * group + k]];
        const std::uint32_t bits = loadWord(block + 66 + 4 * group);
        return withSigns(d, points, withEvenSigns(spreadSevens(bits)), at);
    }
};

struct BlockIQ3_S {
    static constexpr std::size_t kElements = 256;
    static constexpr std::size_t kBytes = 110;
    static constexpr std::size_t kGroup = 32;
    static constexpr bool kSigned = true;
    static constexpr bool kHasOffsets = false;

    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *)
    {
        oddScales(spreadNibbles(loadWord(block + 106)), loadHalf(block), s);
    }

    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t group,
                                           std::size_t at)
    {
        const std::uint32_t ninth = block[66 + group];
        HWY_ALIGN std::uint32_t points[8];
        ALCOVE_UNROLL
        for (std::size_t k = 0; k < 8; ++k)
            points[k] = kPointsIQ3_S[block[2 + 8 * group + k] | (ninth >> k & 1) << 8];
        return withSigns(d, points, loadWord(block + 74 + 4 * group), at);
    }
};

} // namespace HWY_NAMESPACE
} // namespace alcove::cpu
HWY_AFTER_NAMESPACE();

#endif
