// The IQ2 and IQ3 formats: indices of points on a grid, signs beside them. All have blocks of 256
// that begin with a half-precision factor; groups of 32 (or their halves) have scales of 4 bits.
#include "core/llm/formats/block_bytes.h"
#include "core/llm/formats/block_formats.h"
#include "core/llm/formats/grids.h"

namespace alcove::llm {

namespace {

// Eight elements of an IQ2 point.
void putPoint2(std::uint16_t point, unsigned signs, float scale, float *out)
{
    for (int i = 0; i < 8; ++i) {
        const float magnitude = scale * float(kMagnitudesIQ2[point >> (2 * i) & 3]);
        out[i] = signs >> i & 1 ? -magnitude : magnitude;
    }
}

// Four elements of an IQ3 point.
void putPoint3(std::uint16_t point, const std::array<std::uint8_t, 8> &magnitudes, unsigned signs,
               float scale, float *out)
{
    for (int i = 0; i < 4; ++i) {
        const float magnitude = scale * float(magnitudes[point >> (4 * i) & 7]);
        out[i] = signs >> i & 1 ? -magnitude : magnitude;
    }
}

unsigned nibble(const std::byte *bytes, int index)
{
    return u8(bytes + index / 2) >> (index % 2 * 4) & 15;
}

} // namespace

// Eight groups of two words: four indices of 8 bits; four times seven signs and, on top, the scale.
void dequantiseIQ2_XXS(const std::byte *block, float *out)
{
    const float d = halfToFloat(load16(block));
    for (int group = 0; group < 8; ++group) {
        const std::byte *indices = block + 2 + group * 8;
        const std::uint32_t word = load32(indices + 4);
        const float scale = d * (0.5f + float(word >> 28)) * 0.25f;
        for (int k = 0; k < 4; ++k)
            putPoint2(kGridIQ2_XXS[u8(indices + k)], evenSigns(word >> (7 * k) & 127), scale,
                      out + group * 32 + k * 8);
    }
}

// 32 times 16 bits (an index of 9 and seven signs), then 16 scales, one for 16 elements.
void dequantiseIQ2_XS(const std::byte *block, float *out)
{
    const float d = halfToFloat(load16(block));
    for (int k = 0; k < 32; ++k) {
        const unsigned both = load16(block + 2 + 2 * k);
        const float scale = d * (0.5f + float(nibble(block + 66, k / 2))) * 0.25f;
        putPoint2(kGridIQ2_XS[both & 511], evenSigns(both >> 9), scale, out + k * 8);
    }
}

// 32 low bytes of indices, 32 bytes of signs, 8 bytes with the indices' high bit pairs, then 16
// scales, one for 16 elements.
void dequantiseIQ2_S(const std::byte *block, float *out)
{
    const float d = halfToFloat(load16(block));
    for (int k = 0; k < 32; ++k) {
        const unsigned high = u8(block + 66 + k / 4) >> (k % 4 * 2) & 3;
        const float scale = d * (0.5f + float(nibble(block + 74, k / 2))) * 0.25f;
        putPoint2(kGridIQ2_S[u8(block + 2 + k) | high << 8], u8(block + 34 + k), scale,
                  out + k * 8);
    }
}

// 64 indices, then for each group of 32 a word of four times seven signs and, on top, the scale.
void dequantiseIQ3_XXS(const std::byte *block, float *out)
{
    const float d = halfToFloat(load16(block));
    for (int k = 0; k < 64; ++k) {
        const std::uint32_t word = load32(block + 66 + k / 8 * 4);
        const float scale = d * (0.5f + float(word >> 28)) * 0.5f;
        const unsigned signs = evenSigns(word >> (k % 8 / 2 * 7) & 127);
        putPoint3(kGridIQ3_XXS[u8(block + 2 + k)], kMagnitudesIQ3_XXS, signs >> (k % 2 * 4), scale,
                  out + k * 4);
    }
}

// 64 low bytes of indices, 8 bytes with their ninth bits, 32 bytes of signs, then 8 scales.
void dequantiseIQ3_S(const std::byte *block, float *out)
{
    const float d = halfToFloat(load16(block));
    for (int k = 0; k < 64; ++k) {
        const unsigned ninth = u8(block + 66 + k / 8) >> (k % 8) & 1;
        const float scale = d * float(1 + 2 * nibble(block + 106, k / 8));
        const unsigned signs = u8(block + 74 + k / 2) >> (k % 2 * 4);
        putPoint3(kGridIQ3_S[u8(block + 2 + k) | ninth << 8], kMagnitudesIQ3_S, signs, scale,
                  out + k * 4);
    }
}

} // namespace alcove::llm
