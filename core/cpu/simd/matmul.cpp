// Matrix products of plain numbers, and the entry that picks the kernel of any format.
#include "core/cpu/half.h"
#include "core/cpu/kernels.h"
#include "core/cpu/simd/kernel_sets.h"
#include "core/cpu/simd/targets.h"
#include "core/llm/formats/grids.h"

#include <array>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/simd/matmul.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "core/cpu/simd/target_begin.h"

#if ALCOVE_SIMD_TARGET
#include "core/cpu/simd/matmat.h"
#include "core/cpu/simd/products.h"

HWY_BEFORE_NAMESPACE();
namespace alcove::cpu {
namespace HWY_NAMESPACE {

// nullptr for a format that no specification holds.
Product productOf(llm::TensorType type)
{
    switch (type) {
    case llm::TensorType::F32:
        return plainProduct<PlainF32>;
    case llm::TensorType::F16:
        return plainProduct<PlainF16>;
    case llm::TensorType::BF16:
        return plainProduct<PlainBF16>;
    default:
        break;
    }
    for (const auto family : {productOfBlocks32, productOfK, productOfIq}) {
        if (const Product product = family(type))
            return product;
    }
    return nullptr;
}

void matMul(const llm::Tensor &weights, std::size_t firstRow, std::size_t lastRow,
            const Activations &x, float *out, std::size_t outStride, KernelScratch &scratch)
{
    const auto *bytes = reinterpret_cast<const std::uint8_t *>(weights.data.data());
    const Product product = productOf(weights.type);
    if (product)
        product(bytes, firstRow, lastRow, x, out, outStride, scratch);
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
