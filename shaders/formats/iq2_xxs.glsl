// IQ2_XXS: 32 numbers are two words, as in the file: four entries of a grid of 256 points; their
// signs, 7 bits each, and a 4-bit scale. One f16 unit for 256.
#define FORMAT_SCALE
const uint kGridPoints = 256;
#include "formats/grid2.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uvec2 words = Words2(m.quants).at[chunk >> 1];
    const uint entries = words.x >> ((chunk & 1) * 16);
    const uint signs = words.y >> ((chunk & 1) * 14);
    loadPoint(entries & 0xffu, eightSigns(signs & 127), q[0], q[1]);
    loadPoint((entries >> 8) & 0xffu, eightSigns((signs >> 7) & 127), q[2], q[3]);
    scale = float(m.units.at[chunk >> 4]) * (0.125 + 0.25 * float(words.y >> 28));
    offset = 0.0;
}
