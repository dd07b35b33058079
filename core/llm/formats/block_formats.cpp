#include "core/llm/formats/block_formats.h"

#include <bit>
#include <cstring>

namespace alcove::llm {

namespace {

std::uint16_t load16(const std::byte *at)
{
    std::uint16_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

unsigned u8(const std::byte *at)
{
    return std::to_integer<unsigned>(*at);
}

// Q4_K and Q5_K: eight 6-bit scales and eight 6-bit minima packed into 12 bytes.
void unpackScale(int j, const std::byte *packed, unsigned &scale, unsigned &minimum)
{
    if (j < 4) {
        scale = u8(packed + j) & 63;
        minimum = u8(packed + j + 4) & 63;
    } else {
        scale = (u8(packed + j + 4) & 15) | ((u8(packed + j - 4) >> 6) << 4);
        minimum = (u8(packed + j + 4) >> 4) | ((u8(packed + j) >> 6) << 4);
    }
}

} // namespace

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

// Two half-precision scales (of scales, of minima), 12 bytes of scales and minima, 128 of nibbles.
// Each 32 bytes hold two groups of 32: low nibbles, then high nibbles.
void dequantiseQ4_K(const std::byte *block, float *out)
{
    const float d = halfToFloat(load16(block));
    const float dmin = halfToFloat(load16(block + 2));
    const std::byte *quants = block + 16;
    for (int group = 0; group < 8; ++group) {
        unsigned scale = 0;
        unsigned minimum = 0;
        unpackScale(group, block + 4, scale, minimum);
        const float a = d * float(scale);
        const float b = dmin * float(minimum);
        const std::byte *q = quants + (group / 2) * 32;
        for (int i = 0; i < 32; ++i) {
            const unsigned value = group % 2 ? u8(q + i) >> 4 : u8(q + i) & 15;
            *out++ = a * float(value) - b;
        }
    }
}

// As Q4_K, with 32 bytes before the nibbles that hold the fifth bit: bit g of byte i for group g.
void dequantiseQ5_K(const std::byte *block, float *out)
{
    const float d = halfToFloat(load16(block));
    const float dmin = halfToFloat(load16(block + 2));
    const std::byte *high = block + 16;
    const std::byte *quants = block + 48;
    for (int group = 0; group < 8; ++group) {
        unsigned scale = 0;
        unsigned minimum = 0;
        unpackScale(group, block + 4, scale, minimum);
        const float a = d * float(scale);
        const float b = dmin * float(minimum);
        const std::byte *q = quants + (group / 2) * 32;
        for (int i = 0; i < 32; ++i) {
            const unsigned low = group % 2 ? u8(q + i) >> 4 : u8(q + i) & 15;
            const unsigned value = low | ((u8(high + i) >> group) & 1) << 4;
            *out++ = a * float(value) - b;
        }
    }
}

// 128 bytes of low nibbles, 64 of high bit pairs, 16 signed scales (one for 16 elements), one
// half-precision scale; zero at 32. Two halves of 128 elements, each in four runs of 32.
void dequantiseQ6_K(const std::byte *block, float *out)
{
    const float d = halfToFloat(load16(block + 208));
    for (int half = 0; half < 2; ++half) {
        const std::byte *low = block + half * 64;
        const std::byte *high = block + 128 + half * 32;
        const std::byte *scales = block + 192 + half * 8;
        for (int run = 0; run < 4; ++run) {
            for (int i = 0; i < 32; ++i) {
                const unsigned nibbles = u8(low + i + (run % 2) * 32);
                const unsigned bits = (u8(high + i) >> (2 * run)) & 3;
                const int value = int((run < 2 ? nibbles & 15 : nibbles >> 4) | bits << 4) - 32;
                const int scale = std::int8_t(u8(scales + run * 2 + i / 16));
                *out++ = d * float(scale) * float(value);
            }
        }
    }
}

} // namespace alcove::llm
