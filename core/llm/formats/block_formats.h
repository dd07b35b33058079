// Readers of one block of each quantised format: bytes in, float32 out. The plain reference that
// every fast kernel is tested against. Layouts: ggml's published block definitions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace alcove::llm {

float halfToFloat(std::uint16_t bits);
float bfloat16ToFloat(std::uint16_t bits);

// Each reads one block at `block` (no alignment needed) and writes all its elements to `out`.
void dequantiseQ8_0(const std::byte *block, float *out); // 34 bytes -> 32
void dequantiseQ4_0(const std::byte *block, float *out); // 18 bytes -> 32
void dequantiseQ4_K(const std::byte *block, float *out); // 144 bytes -> 256
void dequantiseQ5_K(const std::byte *block, float *out); // 176 bytes -> 256
void dequantiseQ6_K(const std::byte *block, float *out); // 210 bytes -> 256

} // namespace alcove::llm
