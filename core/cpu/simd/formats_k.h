// The K formats and TQ2_0, whose blocks of 256 have small integer scales, in vector registers. Read
// once for every target; what a format is: formats.h.

#if defined(ALCOVE_CPU_SIMD_FORMATS_K_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ALCOVE_CPU_SIMD_FORMATS_K_H
#undef ALCOVE_CPU_SIMD_FORMATS_K_H
#else
#define ALCOVE_CPU_SIMD_FORMATS_K_H
#endif

#include "core/cpu/simd/formats.h"

HWY_BEFORE_NAMESPACE();
namespace alcove::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Bits of 2 of the group's 32 elements: 32 bytes hold four groups, the lowest bits first.
template <class D>
ALCOVE_INLINE hn::Vec<D> pairs32(D d, const std::uint8_t *packed, std::size_t group, std::size_t at)
{
    const auto bytes = hn::LoadU(d, packed + group / 4 * 32 + at);
    switch (group % 4) {
    case 0:
        return hn::And(bytes, hn::Set(d, std::uint8_t{3}));
    case 1:
        return shiftBytesRight<2>(d, bytes, 3);
    case 2:
        return shiftBytesRight<4>(d, bytes, 3);
    default:
        return shiftBytesRight<6>(d, bytes, 3);
    }
}

// Bit `group` of each of 32 bytes, as `value` where it is set.
template <class D>
ALCOVE_INLINE hn::Vec<D> bitOfGroup(D d, const std::uint8_t *bytes, std::size_t group,
                                    std::size_t at, std::uint8_t value)
{
    const auto bit = hn::Set(d, static_cast<std::uint8_t>(1u << group));
    const auto masked = hn::And(hn::LoadU(d, bytes + at), bit);
    return hn::And(hn::VecFromMask(d, hn::Eq(masked, bit)), hn::Set(d, value));
}

struct BlockQ2_K {
    static constexpr std::size_t kElements = 256;
    static constexpr std::size_t kBytes = 84;
    static constexpr std::size_t kGroup = 16;
    static constexpr bool kSigned = false;
    static constexpr bool kHasOffsets = true;

    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *o)
    {
        const hn::Full128<std::uint8_t> d16;
        const auto both = hn::LoadU(d16, block);
        HWY_ALIGN std::uint8_t low[16];
        HWY_ALIGN std::uint8_t high[16];
        hn::Store(lowNibbles(d16, both), d16, low);
        hn::Store(shiftBytesRight<4>(d16, both, 15), d16, high);
        const float d = loadHalf(block + 80);
        const float minimum = loadHalf(block + 82);
        scaleBytes(low, d, s);
        scaleBytes(low + 8, d, s + 8);
        scaleBytes(high, minimum, o);
        scaleBytes(high + 8, minimum, o + 8);
    }

    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t group,
                                           std::size_t at)
    {
        return pairs32(d, block + 16, group, at);
    }
};

struct BlockQ3_K {
    static constexpr std::size_t kElements = 256;
    static constexpr std::size_t kBytes = 110;
    static constexpr std::size_t kGroup = 16;
    static constexpr bool kSigned = false;
    static constexpr bool kHasOffsets = true;

    // 16 scales of 6 bits, less 32: nibbles of 8 bytes below, pairs of 4 bytes above.
    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *o)
    {
        const std::uint64_t nibbles = loadDoubleWord(block + 96);
        const std::uint64_t pairs = loadWord(block + 104);
        const std::uint64_t low = (nibbles & 0x0f0f0f0f0f0f0f0fu) | (pairs << 4 & 0x30303030u)
            | (pairs << 34 & 0x3030303000000000u);
        const std::uint64_t high = (nibbles >> 4 & 0x0f0f0f0f0f0f0f0fu) | (pairs & 0x30303030u)
            | (pairs << 30 & 0x3030303000000000u);
        const std::uint64_t words[2] = {lessThirtyTwo(low), lessThirtyTwo(high)};
        const auto *bytes = reinterpret_cast<const std::int8_t *>(words);
        const float d = loadHalf(block + 108);
        scaleBytes(bytes, d, s);
        scaleBytes(bytes + 8, d, s + 8);
        scaleBytes(bytes, 4 * d, o);
        scaleBytes(bytes + 8, 4 * d, o + 8);
    }

    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t group,
                                           std::size_t at)
    {
        return hn::Or(pairs32(d, block + 32, group, at), bitOfGroup(d, block, group, at, 4));
    }
};

// Eight scales and eight offsets of 6 bits in 12 bytes, each times a half-precision factor.
ALCOVE_INLINE void scalesOfK(const std::uint8_t *block, float *s, float *o)
{
    const std::uint64_t six = loadDoubleWord(block + 4); // the first four of both, and high pairs
    const std::uint64_t rest = loadWord(block + 12);
    const std::uint64_t high = six >> 2 & 0x3030303030303030u;
    const std::uint64_t scales =
        (six & 0x3f3f3f3fu) | ((rest & 0x0f0f0f0fu) | (high & 0x30303030u)) << 32;
    const std::uint64_t offsets =
        (six >> 32 & 0x3f3f3f3fu) | ((rest >> 4 & 0x0f0f0f0fu) | high >> 32) << 32;
    scaleBytes(reinterpret_cast<const std::uint8_t *>(&scales), loadHalf(block), s);
    scaleBytes(reinterpret_cast<const std::uint8_t *>(&offsets), loadHalf(block + 2), o);
}

struct BlockQ4_K {
    static constexpr std::size_t kElements = 256;
    static constexpr std::size_t kBytes = 144;
    static constexpr std::size_t kGroup = 32;
    static constexpr bool kSigned = false;
    static constexpr bool kHasOffsets = true;

    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *o)
    {
        scalesOfK(block, s, o);
    }

    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t group,
                                           std::size_t at)
    {
        const auto packed = hn::LoadU(d, block + 16 + group / 2 * 32 + at);
        return group % 2 == 0 ? lowNibbles(d, packed) : shiftBytesRight<4>(d, packed, 15);
    }
};

struct BlockQ5_K {
    static constexpr std::size_t kElements = 256;
    static constexpr std::size_t kBytes = 176;
    static constexpr std::size_t kGroup = 32;
    static constexpr bool kSigned = false;
    static constexpr bool kHasOffsets = true;

    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *o)
    {
        scalesOfK(block, s, o);
    }

    // The fifth bit of group g is bit g of the byte at the same place among the 32 of `high`.
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t group,
                                           std::size_t at)
    {
        const auto packed = hn::LoadU(d, block + 48 + group / 2 * 32 + at);
        const auto low = group % 2 == 0 ? lowNibbles(d, packed) : shiftBytesRight<4>(d, packed, 15);
        return hn::Or(low, bitOfGroup(d, block + 16, group, at, 16));
    }
};

struct BlockQ6_K {
    static constexpr std::size_t kElements = 256;
    static constexpr std::size_t kBytes = 210;
    static constexpr std::size_t kGroup = 16;
    static constexpr bool kSigned = false;
    static constexpr bool kHasOffsets = true;

    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *o)
    {
        const auto *bytes = reinterpret_cast<const std::int8_t *>(block + 192);
        const float d = loadHalf(block + 208);
        scaleBytes(bytes, d, s);
        scaleBytes(bytes + 8, d, s + 8);
        scaleBytes(bytes, 32 * d, o);
        scaleBytes(bytes + 8, 32 * d, o + 8);
    }

    // Of each half of 128: four groups of 32 in 64 bytes of nibbles and 32 bytes of bit pairs.
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t group,
                                           std::size_t at)
    {
        const std::size_t half = group / 4;
        const auto packed = hn::LoadU(d, block + half * 64 + group % 2 * 32 + at);
        const auto pairs = hn::LoadU(d, block + 128 + half * 32 + at);
        switch (group % 4) {
        case 0:
            return hn::Or(lowNibbles(d, packed), shiftBytesLeft<4>(d, pairs, 0x30));
        case 1:
            return hn::Or(lowNibbles(d, packed), shiftBytesLeft<2>(d, pairs, 0x30));
        case 2:
            return hn::Or(shiftBytesRight<4>(d, packed, 15),
                          hn::And(pairs, hn::Set(d, std::uint8_t{0x30})));
        default:
            return hn::Or(shiftBytesRight<4>(d, packed, 15), shiftBytesRight<2>(d, pairs, 0x30));
        }
    }
};

// Three values: 0 .. 2, less 1.
struct BlockTQ2_0 {
    static constexpr std::size_t kElements = 256;
    static constexpr std::size_t kBytes = 66;
    static constexpr std::size_t kGroup = 32;
    static constexpr bool kSigned = false;
    static constexpr bool kHasOffsets = true;

    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *o)
    {
        const hn::CappedTag<float, 8> df;
        const auto d = hn::Set(df, loadHalf(block + 64));
        for (std::size_t g = 0; g < 8; g += hn::Lanes(df)) {
            hn::StoreU(d, df, s + g);
            hn::StoreU(d, df, o + g);
        }
    }

    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t group,
                                           std::size_t at)
    {
        return pairs32(d, block, group, at);
    }
};

} // namespace HWY_NAMESPACE
} // namespace alcove::cpu
HWY_AFTER_NAMESPACE();

#endif
