// Formats whose codes stand for values of a small table: IQ4, MXFP4, and the three values of TQ2.
#include "core/llm/formats/block_bytes.h"
#include "core/llm/formats/block_formats.h"
#include "core/llm/formats/grids.h"

namespace alcove::llm {

namespace {

// 16 bytes: the low nibbles are the first 16 of 32 codes.
void look32(const std::byte *codes, const std::array<std::int8_t, 16> &values, float scale,
            float *out)
{
    for (int i = 0; i < 16; ++i) {
        const unsigned pair = u8(codes + i);
        out[i] = scale * float(values[pair & 15]);
        out[i + 16] = scale * float(values[pair >> 4]);
    }
}

} // namespace

// Half-precision scale, 16 bytes of codes.
void dequantiseIQ4_NL(const std::byte *block, float *out)
{
    look32(block + 2, kValuesIQ4, halfToFloat(load16(block)), out);
}

// Half-precision factor; the high two bits of eight scales in 16 bits, their low nibbles in 4
// bytes, less 32; eight times 16 bytes of codes.
void dequantiseIQ4_XS(const std::byte *block, float *out)
{
    const float d = halfToFloat(load16(block));
    const unsigned high = load16(block + 2);
    for (int group = 0; group < 8; ++group) {
        const unsigned low = u8(block + 4 + group / 2) >> (group % 2 * 4) & 15;
        const int scale = int(low | (high >> (2 * group) & 3) << 4) - 32;
        look32(block + 8 + group * 16, kValuesIQ4, d * float(scale), out + group * 32);
    }
}

// A power of two as its exponent plus 127, 16 bytes of codes for E2M1 numbers (OCP Microscaling
// Formats 1.0). The table holds them doubled.
void dequantiseMXFP4(const std::byte *block, float *out)
{
    look32(block + 1, kHalvesMXFP4, scaleOfMXFP4(std::uint8_t(u8(block))), out);
}

// 64 bytes of bit pairs (each 32 bytes hold four runs of 32, the lowest bits first), then a
// half-precision scale; zero at 1.
void dequantiseTQ2_0(const std::byte *block, float *out)
{
    const float scale = halfToFloat(load16(block + 64));
    for (int run = 0; run < 8; ++run) {
        const std::byte *quants = block + run / 4 * 32;
        for (int i = 0; i < 32; ++i)
            *out++ = scale * float(int(u8(quants + i) >> (run % 4 * 2) & 3) - 1);
    }
}

} // namespace alcove::llm
