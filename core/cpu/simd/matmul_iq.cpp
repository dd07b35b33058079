// Matrix products of the IQ formats with blocks of 256.
#include "core/cpu/grid_tables.h"
#include "core/cpu/half.h"
#include "core/cpu/kernels.h"
#include "core/cpu/simd/targets.h"
#include "core/llm/formats/grids.h"

#include <array>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/simd/matmul_iq.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "core/cpu/simd/target_begin.h"

#if ALCOVE_SIMD_TARGET
#include "core/cpu/simd/formats_iq.h"
#include "core/cpu/simd/matmat.h"
#include "core/cpu/simd/products.h"

HWY_BEFORE_NAMESPACE();
namespace alcove::cpu {
namespace HWY_NAMESPACE {

Product productOfIq(llm::TensorType type)
{
    switch (type) {
    case llm::TensorType::IQ4_XS:
        return quantisedProduct<BlockIQ4_XS>;
    case llm::TensorType::IQ2_XXS:
        return quantisedProduct<BlockIQ2_XXS>;
    case llm::TensorType::IQ2_XS:
        return quantisedProduct<BlockIQ2_XS>;
    case llm::TensorType::IQ2_S:
        return quantisedProduct<BlockIQ2_S>;
    case llm::TensorType::IQ3_XXS:
        return quantisedProduct<BlockIQ3_XXS>;
    case llm::TensorType::IQ3_S:
        return quantisedProduct<BlockIQ3_S>;
    default:
        return nullptr;
    }
}

} // namespace HWY_NAMESPACE
} // namespace alcove::cpu
HWY_AFTER_NAMESPACE();
#endif
