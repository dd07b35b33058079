// Which vector instruction sets the kernels are compiled for. Included once, before
// hwy/foreach_target.h, by each source that is compiled for all of them.
//
// Only Highway's headers are used: the choice between the tables is ours (core/cpu/processor.h), so
// that nothing of libhwy needs to be linked. Functions outside HWY_BEFORE_NAMESPACE are compiled
// for the baseline, therefore shared inline functions never hold instructions that a processor
// lacks.
#pragma once

#include "hwy/detect_targets.h"

// AVX3_DL asks for AVX-VNNI, which not every AVX-512 processor with VNNI has.
#undef HWY_DISABLED_TARGETS
#if defined(__aarch64__) || defined(_M_ARM64)
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#else
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#endif

#if defined(__GNUC__) && !defined(__clang__)
#define ALCOVE_UNROLL _Pragma("GCC unroll 16")
#elif defined(__clang__)
#define ALCOVE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define ALCOVE_UNROLL
#endif

#if defined(_MSC_VER) && !defined(__clang__)
#define ALCOVE_INLINE __forceinline
#else
#define ALCOVE_INLINE inline __attribute__((always_inline))
#endif
