// IQ3_XXS: 16 numbers are four bytes, entries of a grid of 256 points. For every 32 a word, as in the
// file, with signs, 7 bits for 8 numbers, and a 4-bit scale; one f16 unit for 256.
#define FORMAT_SCALE
const uint kGridPoints = 256;
#include "formats/grid3.glsl"

// The points' numbers stand for 4, 12, 20, 28, 36, 44, 52 and 62.
uint eightLevels(uint numbers)
{
    return 0x04040404u + numbers * 8 + (((numbers + 0x01010101u) >> 2) & 0x02020202u);
}

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uint entries = Words(m.quants).at[chunk];
    const uint word = Words(m.scales).at[chunk >> 1];
    const uint packed = word >> ((chunk & 1) * 14);
    const uint signs = eightSigns(packed & 127) | (eightSigns((packed >> 7) & 127) << 8);
    for (uint i = 0; i < 4; ++i)
        q[i] = signedPoint(eightLevels(loadPoint((entries >> (i * 8)) & 0xffu)), signs >> (i * 4));
    scale = float(m.units.at[chunk >> 4]) * (0.25 + 0.5 * float(word >> 28));
    offset = 0.0;
}
