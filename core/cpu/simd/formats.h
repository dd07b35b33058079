// How the blocks of each quantised format are taken apart in vector registers. Read once for every
// target. Layouts: ggml's published block definitions; the plain versions are in
// core/llm/formats/block_formats.cpp.
//
// A format is a struct of static functions over one block:
//   kElements, kBytes      of a block
//   kGroup                 elements that share a scale: 32 or 16
//   kSigned                its quants are signed bytes; otherwise 0 .. 63
//   kHasOffsets            weight = scale * quant - offset; otherwise offset is 0
//   scales(block, s, o)    writes kElements / kGroup scales and, with kHasOffsets, offsets
//   quants(d, block, g, at) bytes [at, at + lanes of d) of the block's g-th 32 quants

#if defined(ALCOVE_CPU_SIMD_FORMATS_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ALCOVE_CPU_SIMD_FORMATS_H
#undef ALCOVE_CPU_SIMD_FORMATS_H
#else
#define ALCOVE_CPU_SIMD_FORMATS_H
#endif

HWY_BEFORE_NAMESPACE();
namespace alcove::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

ALCOVE_INLINE float loadHalf(const std::uint8_t *at)
{
    std::uint16_t bits;
    std::memcpy(&bits, at, sizeof(bits));
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
    return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(bits)));
#else
    return halfToFloat(bits);
#endif
}

ALCOVE_INLINE std::uint32_t loadWord(const void *at)
{
    std::uint32_t word;
    std::memcpy(&word, at, sizeof(word));
    return word;
}

// out[i] = bytes[i] * factor, for 8 bytes
template <typename Byte>
ALCOVE_INLINE void scaleBytes(const Byte *bytes, float factor, float *out)
{
    const hn::CappedTag<float, 8> df;
    const hn::Rebind<std::int32_t, decltype(df)> di;
    const hn::Rebind<Byte, decltype(df)> db;
    ALCOVE_UNROLL
    for (std::size_t i = 0; i < 8; i += hn::Lanes(df)) {
        const auto value = hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(db, bytes + i)));
        hn::StoreU(hn::Mul(value, hn::Set(df, factor)), df, out + i);
    }
}

template <class D>
ALCOVE_INLINE hn::Vec<D> lowNibbles(D d, hn::Vec<D> v)
{
    return hn::And(v, hn::Set(d, std::uint8_t{15}));
}

template <int kBits, class D>
ALCOVE_INLINE hn::Vec<D> shiftBytesRight(D d, hn::Vec<D> v, std::uint8_t mask)
{
    const hn::Repartition<std::uint16_t, D> d16;
    return hn::And(hn::BitCast(d, hn::ShiftRight<kBits>(hn::BitCast(d16, v))), hn::Set(d, mask));
}

template <int kBits, class D>
ALCOVE_INLINE hn::Vec<D> shiftBytesLeft(D d, hn::Vec<D> v, std::uint8_t mask)
{
    const hn::Repartition<std::uint16_t, D> d16;
    return hn::And(hn::BitCast(d, hn::ShiftLeft<kBits>(hn::BitCast(d16, v))), hn::Set(d, mask));
}

struct BlockQ8_0 {
    static constexpr std::size_t kElements = 32;
    static constexpr std::size_t kBytes = 34;
    static constexpr std::size_t kGroup = 32;
    static constexpr bool kSigned = true;
    static constexpr bool kHasOffsets = false;

    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *)
    {
        s[0] = loadHalf(block);
    }

    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t,
                                           std::size_t at)
    {
        return hn::LoadU(d, block + 2 + at);
    }
};

struct BlockQ4_0 {
    static constexpr std::size_t kElements = 32;
    static constexpr std::size_t kBytes = 18;
    static constexpr std::size_t kGroup = 32;
    static constexpr bool kSigned = false;
    static constexpr bool kHasOffsets = true;

    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *o)
    {
        s[0] = loadHalf(block);
        o[0] = 8 * s[0];
    }

    // The low nibbles are the first 16 elements, the high ones the others.
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t,
                                           std::size_t at)
    {
        const hn::Full128<std::uint8_t> d16;
        const auto packed = hn::LoadU(d16, block + 2);
        const auto low = lowNibbles(d16, packed);
        const auto high = shiftBytesRight<4>(d16, packed, 15);
#if HWY_MAX_BYTES >= 32
        (void)at;
        return hn::Combine(d, high, low);
#else
        (void)d;
        return at == 0 ? low : high;
#endif
    }
};

// Eight scales and eight offsets of 6 bits in 12 bytes, each times a half-precision factor.
ALCOVE_INLINE void scalesOfK(const std::uint8_t *block, float *s, float *o)
{
    const std::uint32_t first = loadWord(block + 4);
    const std::uint32_t second = loadWord(block + 8);
    const std::uint32_t third = loadWord(block + 12);
    std::uint32_t scales[2];
    std::uint32_t offsets[2];
    scales[0] = first & 0x3f3f3f3fu;
    offsets[0] = second & 0x3f3f3f3fu;
    scales[1] = (third & 0x0f0f0f0fu) | ((first >> 2) & 0x30303030u);
    offsets[1] = ((third >> 4) & 0x0f0f0f0fu) | ((second >> 2) & 0x30303030u);
    scaleBytes(reinterpret_cast<const std::uint8_t *>(scales), loadHalf(block), s);
    scaleBytes(reinterpret_cast<const std::uint8_t *>(offsets), loadHalf(block + 2), o);
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
        const auto bit = hn::Set(d, static_cast<std::uint8_t>(1u << group));
        const auto high = hn::LoadU(d, block + 16 + at);
        const auto fifth = hn::And(hn::VecFromMask(d, hn::Eq(hn::And(high, bit), bit)),
                                   hn::Set(d, std::uint8_t{16}));
        return hn::Or(low, fifth);
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

} // namespace HWY_NAMESPACE
} // namespace alcove::cpu
HWY_AFTER_NAMESPACE();

#endif
