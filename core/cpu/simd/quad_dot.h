// Dot products of four bytes at a time: lane i of a vector of int32 gains the sum of the products
// of the bytes 4i .. 4i + 3. Read once for every target.

#if defined(ALCOVE_CPU_SIMD_QUAD_DOT_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ALCOVE_CPU_SIMD_QUAD_DOT_H
#undef ALCOVE_CPU_SIMD_QUAD_DOT_H
#else
#define ALCOVE_CPU_SIMD_QUAD_DOT_H
#endif

HWY_BEFORE_NAMESPACE();
namespace alcove::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Whether dotUnsigned takes all of 0 .. 255: only VNNI adds without saturating 16 bits in between.
inline constexpr bool kDotsFullBytes = HWY_TARGET == HWY_AVX3;

// dotUnsigned: weights 0 .. 127 (0 .. 255 on AVX-512). dotSigned: weights -128 .. 127. Activations
// are -127 .. 127 in both.
#if HWY_TARGET == HWY_AVX3

ALCOVE_INLINE hn::Vec512<std::int32_t>
dotUnsigned(hn::Vec512<std::int32_t> sum, hn::Vec512<std::uint8_t> w, hn::Vec512<std::int8_t> a)
{
    return hn::Vec512<std::int32_t>{_mm512_dpbusd_epi32(sum.raw, w.raw, a.raw)};
}

ALCOVE_INLINE hn::Vec256<std::int32_t>
dotUnsigned(hn::Vec256<std::int32_t> sum, hn::Vec256<std::uint8_t> w, hn::Vec256<std::int8_t> a)
{
    return hn::Vec256<std::int32_t>{_mm256_dpbusd_epi32(sum.raw, w.raw, a.raw)};
}

#elif HWY_TARGET == HWY_AVX2

ALCOVE_INLINE hn::Vec256<std::int32_t>
dotUnsigned(hn::Vec256<std::int32_t> sum, hn::Vec256<std::uint8_t> w, hn::Vec256<std::int8_t> a)
{
    const __m256i pairs = _mm256_maddubs_epi16(w.raw, a.raw);
    const __m256i quads = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    return hn::Vec256<std::int32_t>{_mm256_add_epi32(sum.raw, quads)};
}

#elif HWY_TARGET == HWY_SSE4

ALCOVE_INLINE hn::Vec128<std::int32_t>
dotUnsigned(hn::Vec128<std::int32_t> sum, hn::Vec128<std::uint8_t> w, hn::Vec128<std::int8_t> a)
{
    const __m128i pairs = _mm_maddubs_epi16(w.raw, a.raw);
    const __m128i quads = _mm_madd_epi16(pairs, _mm_set1_epi16(1));
    return hn::Vec128<std::int32_t>{_mm_add_epi32(sum.raw, quads)};
}

#endif

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2

// The sign moves to the activation: |w| is at most 128, so 16 bits hold a pair's sum.
ALCOVE_INLINE hn::Vec256<std::int32_t>
dotSigned(hn::Vec256<std::int32_t> sum, hn::Vec256<std::int8_t> w, hn::Vec256<std::int8_t> a)
{
    return dotUnsigned(sum, hn::Vec256<std::uint8_t>{_mm256_abs_epi8(w.raw)},
                       hn::Vec256<std::int8_t>{_mm256_sign_epi8(a.raw, w.raw)});
}

#elif HWY_TARGET == HWY_SSE4

ALCOVE_INLINE hn::Vec128<std::int32_t>
dotSigned(hn::Vec128<std::int32_t> sum, hn::Vec128<std::int8_t> w, hn::Vec128<std::int8_t> a)
{
    return dotUnsigned(sum, hn::Vec128<std::uint8_t>{_mm_abs_epi8(w.raw)},
                       hn::Vec128<std::int8_t>{_mm_sign_epi8(a.raw, w.raw)});
}

#elif HWY_TARGET == HWY_NEON

ALCOVE_INLINE hn::Vec128<std::int32_t>
dotSigned(hn::Vec128<std::int32_t> sum, hn::Vec128<std::int8_t> w, hn::Vec128<std::int8_t> a)
{
#if defined(__ARM_FEATURE_DOTPROD)
    return hn::Vec128<std::int32_t>(vdotq_s32(sum.raw, w.raw, a.raw));
#else
    const int16x8_t low = vmull_s8(vget_low_s8(w.raw), vget_low_s8(a.raw));
    const int16x8_t high = vmull_high_s8(w.raw, a.raw);
    const int32x4_t quads = vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high));
    return hn::Vec128<std::int32_t>(vaddq_s32(sum.raw, quads));
#endif
}

ALCOVE_INLINE hn::Vec128<std::int32_t>
dotUnsigned(hn::Vec128<std::int32_t> sum, hn::Vec128<std::uint8_t> w, hn::Vec128<std::int8_t> a)
{
    return dotSigned(sum, hn::Vec128<std::int8_t>(vreinterpretq_s8_u8(w.raw)), a);
}

#endif

} // namespace HWY_NAMESPACE
} // namespace alcove::cpu
HWY_AFTER_NAMESPACE();

#endif
