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
    {TensorType::Q4_1, "Q4_1", 32, 20, false},
    {TensorType::Q5_0, "Q5_0", 32, 22, false},
    {TensorType::Q5_1, "Q5_1", 32, 24, false},
    {TensorType::Q8_0, "Q8_0", 32, 34, true},
    {TensorType::Q8_1, "Q8_1", 32, 36, false},
    {TensorType::Q2_K, "Q2_K", 256, 84, false},
    {TensorType::Q3_K, "Q3_K", 256, 110, false},
    {TensorType::Q4_K, "Q4_K", 256, 144, true},
    {TensorType::Q5_K, "Q5_K", 256, 176, true},
    {TensorType::Q6_K, "Q6_K", 256, 210, true},
    {TensorType::Q8_K, "Q8_K", 256, 292, false},
    {TensorType::IQ2_XXS, "IQ2_XXS", 256, 66, false},
    {TensorType::IQ2_XS, "IQ2_XS", 256, 74, false},
    {TensorType::IQ2_S, "IQ2_S", 256, 82, false},
    {TensorType::IQ3_XXS, "IQ3_XXS", 256, 98, false},
    {TensorType::IQ3_S, "IQ3_S", 256, 110, false},
    {TensorType::IQ1_S, "IQ1_S", 256, 50, false},
    {TensorType::IQ1_M, "IQ1_M", 256, 56, false},
    {TensorType::IQ4_NL, "IQ4_NL", 32, 18, false},
    {TensorType::IQ4_XS, "IQ4_XS", 256, 136, false},
    {TensorType::TQ1_0, "TQ1_0", 256, 54, false},
    {TensorType::TQ2_0, "TQ2_0", 256, 66, false},
    {TensorType::MXFP4, "MXFP4", 32, 17, false},
};

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
    void (*block)(const std::byte *, float *) = nullptr;
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
    case TensorType::Q8_0:
        block = dequantiseQ8_0;
        break;
    case TensorType::Q4_0:
        block = dequantiseQ4_0;
        break;
    case TensorType::Q4_K:
        block = dequantiseQ4_K;
        break;
    case TensorType::Q5_K:
        block = dequantiseQ5_K;
        break;
    case TensorType::Q6_K:
        block = dequantiseQ6_K;
        break;
    default:
        return;
    }
    for (std::uint64_t i = 0; i < count; i += info->blockElements) {
        block(at, out + i);
        at += info->blockBytes;
    }
}

} // namespace alcove::llm
