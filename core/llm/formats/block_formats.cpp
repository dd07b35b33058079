#include "core/llm/formats/block_formats.h"

#include "core/llm/formats/block_bytes.h"

#include <bit>

namespace alcove::llm {

float halfToFloat(std::uint16_t bits)
{
    const std::uint32_t sign = std::uint32_t(bits & 0x8000u) << 16;
    const std::uint32_t exponent = (bits >> 10) & 31u;
    const std::uint32_t mantissa = bits & 1023u;
    if (exponent == 31)
        return std::bit_cast<float>(sign | 0x7f800000u | mantissa << 13);
    if (exponent != 0)
        return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
    // Zero and subnormals: mantissa * 2^-24.
    const float magnitude = float(mantissa) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
}

float bfloat16ToFloat(std::uint16_t bits)
{
    return std::bit_cast<float>(std::uint32_t(bits) << 16);
}

// Half-precision scale, 32 signed bytes.
void dequantiseQ8_0(const std::byte *block, float *out)
{
    const float scale = halfToFloat(load16(block));
    for (int i = 0; i < 32; ++i)
        out[i] = scale * float(std::int8_t(u8(block + 2 + i)));
}

// Half-precision scale, 16 bytes: low nibbles are the first half of the block; zero at 8.
void dequantiseQ4_0(const std::byte *block, float *out)
{
    const float scale = halfToFloat(load16(block));
    for (int i = 0; i < 16; ++i) {
        const unsigned pair = u8(block + 2 + i);
        out[i] = scale * float(int(pair & 15) - 8);
        out[i + 16] = scale * float(int(pair >> 4) - 8);
    }
}

// As Q4_0, with a half-precision minimum in place of the fixed zero.
void dequantiseQ4_1(const std::byte *block, float *out)
{
    const float scale = halfToFloat(load16(block));
    const float minimum = halfToFloat(load16(block + 2));
    for (int i = 0; i < 16; ++i) {
        const unsigned pair = u8(block + 4 + i);
        out[i] = scale * float(pair & 15) + minimum;
        out[i + 16] = scale * float(pair >> 4) + minimum;
    }
}

// Half-precision scale, 32 fifth bits, 16 bytes of nibbles as in Q4_0; zero at 16.
void dequantiseQ5_0(const std::byte *block, float *out)
{
    const float scale = halfToFloat(load16(block));
    const std::uint32_t fifth = load32(block + 2);
    for (int i = 0; i < 16; ++i) {
        const unsigned pair = u8(block + 6 + i);
        const unsigned low = (pair & 15) | (fifth >> i & 1) << 4;
        const unsigned high = pair >> 4 | (fifth >> (i + 16) & 1) << 4;
        out[i] = scale * float(int(low) - 16);
        out[i + 16] = scale * float(int(high) - 16);
    }
}

// As Q5_0, with a half-precision minimum in place of the fixed zero.
void dequantiseQ5_1(const std::byte *block, float *out)
{
    const float scale = halfToFloat(load16(block));
    const float minimum = halfToFloat(load16(block + 2));
    const std::uint32_t fifth = load32(block + 4);
    for (int i = 0; i < 16; ++i) {
        const unsigned pair = u8(block + 8 + i);
        const unsigned low = (pair & 15) | (fifth >> i & 1) << 4;
        const unsigned high = pair >> 4 | (fifth >> (i + 16) & 1) << 4;
        out[i] = scale * float(low) + minimum;
        out[i + 16] = scale * float(high) + minimum;
    }
}

} // namespace alcove::llm
