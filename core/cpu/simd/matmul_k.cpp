// Matrix products of the K formats and TQ2_0.
#include "core/cpu/half.h"
#include "core/cpu/kernels.h"
#include "core/cpu/simd/targets.h"
#include "core/llm/formats/grids.h"

#include <array>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/simd/matmul_k.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "core/cpu/simd/target_begin.h"

#if ALCOVE_SIMD_TARGET
#include "core/cpu/simd/formats_k.h"
#include "core/cpu/simd/matmat.h"
#include "core/cpu/simd/products.h"

HWY_BEFORE_NAMESPACE();
namespace alcove::cpu {
namespace HWY_NAMESPACE {

Product productOfK(llm::TensorType type)
{
    switch (type) {
    case llm::TensorType::Q2_K:
        return quantisedProduct<BlockQ2_K>;
    case llm::TensorType::Q3_K:
        return quantisedProduct<BlockQ3_K>;
    case llm::TensorType::Q4_K:
        return quantisedProduct<BlockQ4_K>;
    case llm::TensorType::Q5_K:
        return quantisedProduct<BlockQ5_K>;
    case llm::TensorType::Q6_K:
        return quantisedProduct<BlockQ6_K>;
    case llm::TensorType::TQ2_0:
        return quantisedProduct<BlockTQ2_0>;
    default:
        return nullptr;
    }
}

} // namespace HWY_NAMESPACE
} // namespace alcove::cpu
HWY_AFTER_NAMESPACE();
#endif
