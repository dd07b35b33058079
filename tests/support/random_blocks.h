// Random weights of any format: all bit patterns that it allows, with scales that stay finite.
#pragma once

#include "core/cpu/half.h"
#include "core/llm/tensor.h"

#include <cstring>
#include <random>
#include <span>

namespace alcove::test {

inline void fillRandomBlocks(llm::TensorType type, std::span<std::byte> bytes, std::mt19937 &random)
{
    const llm::TensorTypeInfo &info = *llm::tensorTypeInfo(type);
    for (std::byte &byte : bytes)
        byte = std::byte(random() & 0xff);
    const auto put = [&](std::size_t at, float value) {
        const std::uint16_t bits = cpu::floatToHalf(value);
        std::memcpy(bytes.data() + at, &bits, sizeof(bits));
    };
    for (std::size_t at = 0; at < bytes.size(); at += info.blockBytes) {
        const float scale = 0.01f + float(random() % 100) * 0.001f;
        switch (type) {
        case llm::TensorType::F32: {
            const float value = scale * float(int(random() % 201) - 100);
            std::memcpy(bytes.data() + at, &value, sizeof(value));
            break;
        }
        case llm::TensorType::F16:
            put(at, scale * float(int(random() % 201) - 100));
            break;
        case llm::TensorType::BF16: {
            const float value = scale * float(int(random() % 201) - 100);
            std::memcpy(bytes.data() + at, reinterpret_cast<const char *>(&value) + 2, 2);
            break;
        }
        case llm::TensorType::Q4_1:
        case llm::TensorType::Q5_1:
        case llm::TensorType::Q4_K:
        case llm::TensorType::Q5_K:
            put(at, scale);
            put(at + 2, -scale);
            break;
        case llm::TensorType::Q2_K:
            put(at + 80, scale);
            put(at + 82, -scale);
            break;
        case llm::TensorType::Q3_K:
            put(at + 108, scale);
            break;
        case llm::TensorType::Q6_K:
            put(at + 208, scale);
            break;
        case llm::TensorType::TQ2_0:
            put(at + 64, scale);
            break;
        case llm::TensorType::MXFP4: // the exponent's byte
            bytes[at] = std::byte(120 + random() % 5);
            break;
        default:
            put(at, scale);
        }
    }
}

} // namespace alcove::test
