// Matrix products of the formats with blocks of 32.
#include "core/cpu/half.h"
#include "core/cpu/kernels.h"
#include "core/cpu/simd/targets.h"
#include "core/llm/formats/grids.h"

#include <array>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/simd/matmul_blocks32.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "core/cpu/simd/target_begin.h"

#if ALCOVE_SIMD_TARGET
#include "core/cpu/simd/formats.h"
#include "core/cpu/simd/matmat.h"
#include "core/cpu/simd/products.h"

HWY_BEFORE_NAMESPACE();
namespace alcove::cpu {
namespace HWY_NAMESPACE {

Product productOfBlocks32(llm::TensorType type)
{
    switch (type) {
    case llm::TensorType::Q8_0:
        return quantisedProduct<BlockQ8_0>;
    case llm::TensorType::Q4_0:
        return quantisedProduct<BlockQ4_0>;
    case llm::TensorType::Q4_1:
        return quantisedProduct<BlockQ4_1>;
    case llm::TensorType::Q5_0:
        return quantisedProduct<BlockQ5_0>;
    case llm::TensorType::Q5_1:
        return quantisedProduct<BlockQ5_1>;
    case llm::TensorType::IQ4_NL:
        return quantisedProduct<BlockIQ4_NL>;
    case llm::TensorType::MXFP4:
        return quantisedProduct<BlockMXFP4>;
    default:
        return nullptr;
    }
}

} // namespace HWY_NAMESPACE
} // namespace alcove::cpu
HWY_AFTER_NAMESPACE();
#endif
