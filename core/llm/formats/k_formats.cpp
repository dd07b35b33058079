// The K formats: blocks of 256 in groups of 16 or 32 with small integer scales.
#include "core/llm/formats/block_bytes.h"
#include "core/llm/formats/block_formats.h"

namespace alcove::llm {

namespace {

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

// 16 bytes with a scale (low nibble) and a minimum (high nibble) for 16 elements each, 64 bytes of
// bit pairs, two half-precision factors of scales and minima. Each 32 bytes hold four runs of 32,
// the lowest bits first.
void dequantiseQ2_K(const std::byte *block, float *out)
{
    const float d = halfToFloat(load16(block + 80));
    const float dmin = halfToFloat(load16(block + 82));
    for (int run = 0; run < 8; ++run) {
        const std::byte *quants = block + 16 + run / 4 * 32;
        for (int i = 0; i < 32; ++i) {
            const unsigned both = u8(block + run * 2 + i / 16);
            const unsigned value = u8(quants + i) >> (run % 4 * 2) & 3;
            *out++ = d * float(both & 15) * float(value) - dmin * float(both >> 4);
        }
    }
}

// 32 bytes of third bits (bit r of byte i for run r), 64 of bit pairs as in Q2_K, 16 scales of 6
// bits in 12 bytes, a half-precision factor. A value is its pair, less 4 where the third bit is 0.
void dequantiseQ3_K(const std::byte *block, float *out)
{
    const std::byte *packed = block + 96;
    const float d = halfToFloat(load16(block + 108));
    for (int group = 0; group < 16; ++group) {
        // Low four bits: nibbles of the first 8 bytes; high two: pairs of the last 4.
        const unsigned low = u8(packed + group % 8) >> (group / 8 * 4) & 15;
        const unsigned high = u8(packed + 8 + group % 4) >> (group / 4 * 2) & 3;
        const float scale = d * float(int(low | high << 4) - 32);
        const int run = group / 2;
        for (int i = group % 2 * 16; i < group % 2 * 16 + 16; ++i) {
            const unsigned pair = u8(block + 32 + run / 4 * 32 + i) >> (run % 4 * 2) & 3;
            const unsigned third = u8(block + i) >> run & 1;
            *out++ = scale * float(int(pair) - (third ? 0 : 4));
        }
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
