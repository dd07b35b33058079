// Matrix products for every set of vector instructions; the entry that picks the format's kernel.
#include "core/cpu/half.h"
#include "core/cpu/kernels.h"
#include "core/cpu/simd/kernel_sets.h"
#include "core/cpu/simd/targets.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/simd/matmul.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "core/cpu/simd/target_begin.h"

#if ALCOVE_SIMD_TARGET
#include "core/cpu/simd/matmat.h"
#include "core/cpu/simd/matvec.h"

HWY_BEFORE_NAMESPACE();
namespace alcove::cpu {
namespace HWY_NAMESPACE {

// From this many tokens on, unpacking a panel pays.
inline constexpr std::size_t kPanelTokens = 4;

template <class Format>
HWY_NOINLINE void quantisedProduct(const std::uint8_t *weights, std::size_t firstRow,
                                   std::size_t lastRow, const Activations &x, float *out,
                                   std::size_t outStride, KernelScratch &scratch)
{
    if (x.tokens < kPanelTokens)
        quantisedMatVec<Format>(weights, firstRow, lastRow, x, out, outStride);
    else
        quantisedMatMat<Format>(weights, firstRow, lastRow, x, out, outStride, scratch);
}

template <class Format>
HWY_NOINLINE void plainProduct(const std::uint8_t *weights, std::size_t firstRow,
                               std::size_t lastRow, const Activations &x, float *out,
                               std::size_t outStride, KernelScratch &scratch)
{
    if (x.tokens < kPanelTokens)
        plainMatVec<Format>(weights, firstRow, lastRow, x, out, outStride);
    else
        plainMatMat<Format>(weights, firstRow, lastRow, x, out, outStride, scratch);
}

void matMul(const llm::Tensor &weights, std::size_t firstRow, std::size_t lastRow,
            const Activations &x, float *out, std::size_t outStride, KernelScratch &scratch)
{
    const auto *bytes = reinterpret_cast<const std::uint8_t *>(weights.data.data());
    const auto run = [&](auto product) {
        product(bytes, firstRow, lastRow, x, out, outStride, scratch);
    };
    switch (weights.type) {
    case llm::TensorType::F32:
        return run(plainProduct<PlainF32>);
    case llm::TensorType::F16:
        return run(plainProduct<PlainF16>);
    case llm::TensorType::BF16:
        return run(plainProduct<PlainBF16>);
    case llm::TensorType::Q8_0:
        return run(quantisedProduct<BlockQ8_0>);
    case llm::TensorType::Q4_0:
        return run(quantisedProduct<BlockQ4_0>);
    case llm::TensorType::Q4_K:
        return run(quantisedProduct<BlockQ4_K>);
    case llm::TensorType::Q5_K:
        return run(quantisedProduct<BlockQ5_K>);
    case llm::TensorType::Q6_K:
        return run(quantisedProduct<BlockQ6_K>);
    default:
        return scalarKernels().matMul(weights, firstRow, lastRow, x, out, outStride, scratch);
    }
}

} // namespace HWY_NAMESPACE
} // namespace alcove::cpu
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace alcove::cpu {
ALCOVE_DEFINE_KERNEL_SET(MatMulFunction, matMul)
} // namespace alcove::cpu
#endif
