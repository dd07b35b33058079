// IQ2_S: 16 numbers are one word: the low 8 bits of two entries of a grid of 1024 points, and the
// signs of both. For every 16 a byte with the entries' high 2 bits and, above, a 4-bit scale; one f16
// unit for 256.
#define FORMAT_SCALE
const uint kGridPoints = 1024;
#include "formats/grid2.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uint word = Words(m.quants).at[chunk];
    const uint above = Words(m.scales).at[chunk >> 2] >> ((chunk & 3) * 8);
    loadPoint((word & 0xffu) | ((above & 3) << 8), (word >> 16) & 0xffu, q[0], q[1]);
    loadPoint(((word >> 8) & 0xffu) | ((above & 12) << 6), word >> 24, q[2], q[3]);
    scale = float(m.units.at[chunk >> 4]) * (0.125 + 0.25 * float((above >> 4) & 15));
    offset = 0.0;
}
