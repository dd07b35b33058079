// Included for every target after hwy/highway.h, before HWY_BEFORE_NAMESPACE: says whether we have
// kernels for the target, and lets the AVX-512 one use VNNI, which Highway's does not ask for.
// No include guard: it is meant to be read once for every target.

#undef ALCOVE_SIMD_TARGET
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4                     \
    || (HWY_TARGET == HWY_NEON && (defined(__aarch64__) || defined(_M_ARM64)))
#define ALCOVE_SIMD_TARGET 1
#else
#define ALCOVE_SIMD_TARGET 0
#endif

#if HWY_TARGET == HWY_AVX3
#undef HWY_TARGET_STR
#define HWY_TARGET_STR HWY_TARGET_STR_AVX3 ",avx512vnni"
#endif
