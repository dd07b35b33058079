// How blocks of 32 are taken apart in vector registers, and what all formats share. Read once for
// every target. Layouts: ggml's published block definitions; the plain versions are in
// core/llm/formats. The larger blocks are in formats_k.h and formats_grid.h.
//
// A format is a struct of static functions over one block:
//   kElements, kBytes      of a block
//   kGroup                 elements that share a scale: 32 or 16
//   kSigned                its quants are signed bytes; otherwise 0 .. 127
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

ALCOVE_INLINE std::uint16_t loadHalfWord(const std::uint8_t *at)
{
    std::uint16_t bits;
    std::memcpy(&bits, at, sizeof(bits));
    return bits;
}

ALCOVE_INLINE float loadHalf(const std::uint8_t *at)
{
    const std::uint16_t bits = loadHalfWord(at);
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

ALCOVE_INLINE std::uint64_t loadDoubleWord(const void *at)
{
    std::uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    return word;
}

// Eight bytes of 0 .. 63, each less 32 and then signed. (Scales are taken apart eight at a time:
// what is stored in halves cannot be loaded whole without waiting.)
ALCOVE_INLINE std::uint64_t lessThirtyTwo(std::uint64_t bytes)
{
    const std::uint64_t flipped = bytes ^ 0x2020202020202020u;
    return flipped | (flipped & 0x2020202020202020u) * 6; // the sign's bit goes to the two above it
}

// Eight nibbles, the lowest first, to bytes.
ALCOVE_INLINE std::uint64_t spreadNibbles(std::uint32_t nibbles)
{
    std::uint64_t bytes = nibbles;
    bytes = (bytes | bytes << 16) & 0x0000ffff0000ffffu;
    bytes = (bytes | bytes << 8) & 0x00ff00ff00ff00ffu;
    return (bytes | bytes << 4) & 0x0f0f0f0f0f0f0f0fu;
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

// Codes of 4 bits of 32 elements in 16 bytes: the low nibbles are the first 16, the high ones the
// others.
template <class D>
ALCOVE_INLINE hn::Vec<D> nibbles32(D d, const std::uint8_t *packed, std::size_t at)
{
    const hn::Full128<std::uint8_t> d16;
    const auto bytes = hn::LoadU(d16, packed);
    const auto low = lowNibbles(d16, bytes);
    const auto high = shiftBytesRight<4>(d16, bytes, 15);
#if HWY_MAX_BYTES >= 32
    (void)at;
    return hn::Combine(d, high, low);
#else
    (void)d;
    return at == 0 ? low : high;
#endif
}

// Of 32 bits for 32 elements, those of the elements from `at` on: 0xff for a set bit, else 0.
template <class D>
ALCOVE_INLINE hn::Vec<D> bytesOfBits(D d, std::uint32_t bits, std::size_t at)
{
    alignas(32) static constexpr std::uint8_t kByte[32] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1,
                                                           1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2,
                                                           2, 2, 3, 3, 3, 3, 3, 3, 3, 3};
    alignas(32) static constexpr std::uint8_t kBit[32] = {
        1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128,
        1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const hn::Repartition<std::uint32_t, D> d32;
    const auto all = hn::BitCast(d, hn::Set(d32, bits));
    const auto spread = hn::TableLookupBytes(all, hn::LoadU(d, kByte + at));
    const auto bit = hn::LoadU(d, kBit);
    return hn::VecFromMask(d, hn::Eq(hn::And(spread, bit), bit));
}

template <class D>
ALCOVE_INLINE hn::Vec<D> lookUp(D d, const std::array<std::int8_t, 16> &values, hn::Vec<D> codes)
{
    const auto *bytes = reinterpret_cast<const std::uint8_t *>(values.data());
    return hn::TableLookupBytes(hn::LoadDup128(d, bytes), codes);
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

    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t,
                                           std::size_t at)
    {
        return nibbles32(d, block + 2, at);
    }
};

struct BlockQ4_1 {
    static constexpr std::size_t kElements = 32;
    static constexpr std::size_t kBytes = 20;
    static constexpr std::size_t kGroup = 32;
    static constexpr bool kSigned = false;
    static constexpr bool kHasOffsets = true;

    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *o)
    {
        s[0] = loadHalf(block);
        o[0] = -loadHalf(block + 2);
    }

    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t,
                                           std::size_t at)
    {
        return nibbles32(d, block + 4, at);
    }
};

// Nibbles with a fifth bit each.
template <class D>
ALCOVE_INLINE hn::Vec<D> fiveBits(D d, const std::uint8_t *fifths, const std::uint8_t *nibbles,
                                  std::size_t at)
{
    const auto fifth = bytesOfBits(d, loadWord(fifths), at);
    return hn::Or(nibbles32(d, nibbles, at), hn::And(fifth, hn::Set(d, std::uint8_t{16})));
}

struct BlockQ5_0 {
    static constexpr std::size_t kElements = 32;
    static constexpr std::size_t kBytes = 22;
    static constexpr std::size_t kGroup = 32;
    static constexpr bool kSigned = false;
    static constexpr bool kHasOffsets = true;

    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *o)
    {
        s[0] = loadHalf(block);
        o[0] = 16 * s[0];
    }

    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t,
                                           std::size_t at)
    {
        return fiveBits(d, block + 2, block + 6, at);
    }
};

struct BlockQ5_1 {
    static constexpr std::size_t kElements = 32;
    static constexpr std::size_t kBytes = 24;
    static constexpr std::size_t kGroup = 32;
    static constexpr bool kSigned = false;
    static constexpr bool kHasOffsets = true;

    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *o)
    {
        s[0] = loadHalf(block);
        o[0] = -loadHalf(block + 2);
    }

    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t,
                                           std::size_t at)
    {
        return fiveBits(d, block + 4, block + 8, at);
    }
};

struct BlockIQ4_NL {
    static constexpr std::size_t kElements = 32;
    static constexpr std::size_t kBytes = 18;
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
        return lookUp(d, llm::kValuesIQ4, nibbles32(d, block + 2, at));
    }
};

struct BlockMXFP4 {
    static constexpr std::size_t kElements = 32;
    static constexpr std::size_t kBytes = 17;
    static constexpr std::size_t kGroup = 32;
    static constexpr bool kSigned = true;
    static constexpr bool kHasOffsets = false;

    static ALCOVE_INLINE void scales(const std::uint8_t *block, float *s, float *)
    {
        s[0] = llm::scaleOfMXFP4(block[0]);
    }

    template <class D>
    static ALCOVE_INLINE hn::Vec<D> quants(D d, const std::uint8_t *block, std::size_t,
                                           std::size_t at)
    {
        return lookUp(d, llm::kHalvesMXFP4, nibbles32(d, block + 1, at));
    }
};

} // namespace HWY_NAMESPACE
} // namespace alcove::cpu
HWY_AFTER_NAMESPACE();

#endif
