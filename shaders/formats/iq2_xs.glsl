// IQ2_XS: 16 numbers are one word, as in the file: two entries of a grid of 512 points, each with 7
// bits of signs above it. A 4-bit scale for every 16, one f16 unit for 256.
#define FORMAT_SCALE
const uint kGridPoints = 512;
#include "formats/grid2.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uint word = Words(m.quants).at[chunk];
    loadPoint(word & 511, eightSigns((word >> 9) & 127), q[0], q[1]);
    loadPoint((word >> 16) & 511, eightSigns(word >> 25), q[2], q[3]);
    const uint part = (Words(m.scales).at[chunk >> 3] >> ((chunk & 7) * 4)) & 15;
    scale = float(m.units.at[chunk >> 4]) * (0.125 + 0.25 * float(part));
    offset = 0.0;
}
