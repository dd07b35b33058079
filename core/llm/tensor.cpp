#include "core/llm/tensor.h"

#include "core/llm/formats/block_formats.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace alcove::llm {

namespace {

constexpr TensorTypeInfo kTypes[] = {
    {TensorType::F32, "F32", 1, 4, true},
    {TensorType::F16, "F16", 1, 2, true},
    {TensorType::BF16, "BF16", 1, 2, true},
    {TensorType::F64, "F64", 1, 8, false},
    {TensorType::I8, "I8", 1, 1, false},
    {TensorType::I16, "I16", 1, 2, false},
    {TensorType::I32, "I32", 1, 4, false},
    {TensorType::I64, "I64", 1, 8, false},
    {TensorType::Q4_0, "Q4_0", 32, 18, true},
    {TensorType::Q4_1, "Q4_1", 32, 20, true},
    {TensorType::Q5_0, "Q5_0", 32, 22, true},
    {TensorType::Q5_1, "Q5_1", 32, 24, true},
    {TensorType::Q8_0, "Q8_0", 32, 34, true},
    {TensorType::Q8_1, "Q8_1", 32, 36, false},
    {TensorType::Q2_K, "Q2_K", 256, 84, true},
    {TensorType::Q3_K, "Q3_K", 256, 110, true},
    {TensorType::Q4_K, "Q4_K", 256, 144, true},
    {TensorType::Q5_K, "Q5_K", 256, 176, true},
    {TensorType::Q6_K, "Q6_K", 256, 210, true},
    {TensorType::Q8_K, "Q8_K", 256, 292, false},
    {TensorType::IQ2_XXS, "IQ2_XXS", 256, 66, true},
    {TensorType::IQ2_XS, "IQ2_XS", 256, 74, true},
    {TensorType::IQ2_S, "IQ2_S", 256, 82, true},
    {TensorType::IQ3_XXS, "IQ3_XXS", 256, 98, true},
    {TensorType::IQ3_S, "IQ3_S", 256, 110, true},
    {TensorType::IQ1_S, "IQ1_S", 256, 50, false},
    {TensorType::IQ1_M, "IQ1_M", 256, 56, false},
    {TensorType::IQ4_NL, "IQ4_NL", 32, 18, true},
    {TensorType::IQ4_XS, "IQ4_XS", 256, 136, true},
    {TensorType::TQ1_0, "TQ1_0", 256, 54, false},
    {TensorType::TQ2_0, "TQ2_0", 256, 66, true},
    {TensorType::MXFP4, "MXFP4", 32, 17, true},
};

using BlockReader = void (*)(const std::byte *, float *);

// Of each runnable type with blocks.
BlockReader blockReader(TensorType type)
{
    switch (type) {
    case TensorType::Q4_0:
        return dequantiseQ4_0;
    case TensorType::Q4_1:
        return dequantiseQ4_1;
    case TensorType::Q5_0:
        return dequantiseQ5_0;
    case TensorType::Q5_1:
        return dequantiseQ5_1;
    case TensorType::Q8_0:
        return dequantiseQ8_0;
    case TensorType::Q2_K:
        return dequantiseQ2_K;
    case TensorType::Q3_K:
        return dequantiseQ3_K;
    case TensorType::Q4_K:
        return dequantiseQ4_K;
    case TensorType::Q5_K:
        return dequantiseQ5_K;
    case TensorType::Q6_K:
        return dequantiseQ6_K;
    case TensorType::IQ4_NL:
        return dequantiseIQ4_NL;
    case TensorType::IQ4_XS:
        return dequantiseIQ4_XS;
    case TensorType::MXFP4:
        return dequantiseMXFP4;
    case TensorType::TQ2_0:
        return dequantiseTQ2_0;
    case TensorType::IQ2_XXS:
        return dequantiseIQ2_XXS;
    case TensorType::IQ2_XS:
        return dequantiseIQ2_XS;
    case TensorType::IQ2_S:
        return dequantiseIQ2_S;
    case TensorType::IQ3_XXS:
        return dequantiseIQ3_XXS;
    case TensorType::IQ3_S:
        return dequantiseIQ3_S;
    default:
        return nullptr;
    }
}

} // namespace

const TensorTypeInfo *tensorTypeInfo(TensorType type)
{
    for (const TensorTypeInfo &info : kTypes) {
        if (info.type == type)
            return &info;
    }
    return nullptr;
}

void dequantise(const Tensor &tensor, std::uint64_t first, std::uint64_t count, float *out)
{
    const TensorTypeInfo *info = tensorTypeInfo(tensor.type);
    // A caller's mistake must show in the results and not read outside the file.
    if (!info || !info->runnable || first % info->blockElements != 0
        || count % info->blockElements != 0 || first > tensor.elements()
        || count > tensor.elements() - first) {
        std::fill_n(out, count, std::numeric_limits<float>::quiet_NaN());
        return;
    }
    const std::byte *at = tensor.data.data() + first / info->blockElements * info->blockBytes;
    switch (tensor.type) {
    case TensorType::F32:
        std::memcpy(out, at, std::size_t(count) * sizeof(float));
        return;
    case TensorType::F16:
    case TensorType::BF16:
        for (std::uint64_t i = 0; i < count; ++i) {
            std::uint16_t bits = 0;
            std::memcpy(&bits, at + 2 * i, sizeof bits);
            out[i] = tensor.type == TensorType::F16 ? halfToFloat(bits) : bfloat16ToFloat(bits);
        }
        return;
    default:
        break;
    }
    const BlockReader block = blockReader(tensor.type);
    for (std::uint64_t i = 0; i < count; i += info->blockElements) {
        block(at, out + i);
        at += info->blockBytes;
    }
}

} // namespace alcove::llm
