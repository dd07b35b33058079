// What the sources that are compiled once for every target hand to kernels.cpp: each function in
// the variants that exist on this architecture; nullptr for the others.
#pragma once

#include "core/cpu/kernels.h"

namespace alcove::cpu {

template <typename Function>
struct KernelSet {
    Function avx512Vnni = nullptr;
    Function avx2 = nullptr;
    Function sse4 = nullptr;
    Function neon = nullptr;
};

using MatMulFunction = decltype(KernelTable::matMul);
using QuantiseFunction = decltype(KernelTable::quantise);
using RmsNormFunction = decltype(KernelTable::rmsNorm);
using ActivateFunction = decltype(KernelTable::activate);
using AddScaledFunction = decltype(KernelTable::addScaled);
using StoreKvFunction = decltype(KernelTable::storeKv);
using AttendFunction = decltype(KernelTable::attend);
using DeltaRowsFunction = decltype(KernelTable::deltaRows);
using SsmRowsFunction = decltype(KernelTable::ssmRows);

KernelSet<MatMulFunction> matMulKernels();
KernelSet<QuantiseFunction> quantiseKernels();
KernelSet<RmsNormFunction> rmsNormKernels();
KernelSet<ActivateFunction> activateKernels();
KernelSet<AddScaledFunction> addScaledKernels();
KernelSet<StoreKvFunction> storeKvKernels();
KernelSet<AttendFunction> attendKernels();
KernelSet<DeltaRowsFunction> deltaRowsKernels();
KernelSet<SsmRowsFunction> ssmRowsKernels();

} // namespace alcove::cpu

// Defines functionKernels() after all targets have been compiled.
#if defined(__aarch64__) || defined(_M_ARM64)
#define ALCOVE_DEFINE_KERNEL_SET(Type, function)                                                   \
    KernelSet<Type> function##Kernels()                                                            \
    {                                                                                              \
        return {nullptr, nullptr, nullptr, N_NEON::function};                                      \
    }
#elif defined(__x86_64__) || defined(_M_X64)
#define ALCOVE_DEFINE_KERNEL_SET(Type, function)                                                   \
    KernelSet<Type> function##Kernels()                                                            \
    {                                                                                              \
        return {N_AVX3::function, N_AVX2::function, N_SSE4::function, nullptr};                    \
    }
#else
#define ALCOVE_DEFINE_KERNEL_SET(Type, function)                                                   \
    KernelSet<Type> function##Kernels()                                                            \
    {                                                                                              \
        return {};                                                                                 \
    }
#endif
