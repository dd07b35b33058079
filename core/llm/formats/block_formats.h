// Readers of one block of each quantised format: bytes in, float32 out. The plain reference that
// every fast kernel is tested against. Layouts: ggml's published block definitions.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace alcove::llm {

float halfToFloat(std::uint16_t bits);
float bfloat16ToFloat(std::uint16_t bits);

// 2^(exponent - 128): a block's scale for codes that stand for doubled values.
inline float scaleOfMXFP4(std::uint8_t exponent)
{
    return std::bit_cast<float>(exponent < 2 ? 0x00200000u << exponent : (exponent - 1u) << 23);
}

// Each reads one block at `block` (no alignment needed) and writes all its elements to `out`.
void dequantiseQ4_0(const std::byte *block, float *out); // 18 bytes -> 32
void dequantiseQ4_1(const std::byte *block, float *out); // 20 bytes -> 32
void dequantiseQ5_0(const std::byte *block, float *out); // 22 bytes -> 32
void dequantiseQ5_1(const std::byte *block, float *out); // 24 bytes -> 32
void dequantiseQ8_0(const std::byte *block, float *out); // 34 bytes -> 32
void dequantiseQ2_K(const std::byte *block, float *out); // 84 bytes -> 256
void dequantiseQ3_K(const std::byte *block, float *out); // 110 bytes -> 256
void dequantiseQ4_K(const std::byte *block, float *out); // 144 bytes -> 256
void dequantiseQ5_K(const std::byte *block, float *out); // 176 bytes -> 256
void dequantiseQ6_K(const std::byte *block, float *out); // 210 bytes -> 256
void dequantiseIQ4_NL(const std::byte *block, float *out); // 18 bytes -> 32
void dequantiseIQ4_XS(const std::byte *block, float *out); // 136 bytes -> 256
void dequantiseMXFP4(const std::byte *block, float *out); // 17 bytes -> 32
void dequantiseTQ2_0(const std::byte *block, float *out); // 66 bytes -> 256
void dequantiseIQ2_XXS(const std::byte *block, float *out); // 66 bytes -> 256
void dequantiseIQ2_XS(const std::byte *block, float *out); // 74 bytes -> 256
void dequantiseIQ2_S(const std::byte *block, float *out); // 82 bytes -> 256
void dequantiseIQ3_XXS(const std::byte *block, float *out); // 98 bytes -> 256
void dequantiseIQ3_S(const std::byte *block, float *out); // 110 bytes -> 256

} // namespace alcove::llm
