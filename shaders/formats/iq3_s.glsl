// IQ3_S: 32 numbers are three words: the low 8 bits of eight entries of a grid of 512 points, and 32
// signs. For 256 numbers three more words: the entries' ninth bits (two words), and eight 4-bit
// scales; one f16 unit.
#define FORMAT_SCALE
const uint kGridPoints = 512;
#include "formats/grid3.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uint pair = (chunk >> 1) * 3;
    const uint entries = Words(m.quants).at[pair + (chunk & 1)];
    const uint signs = Words(m.quants).at[pair + 2] >> ((chunk & 1) * 16);
    const uint words = (chunk >> 4) * 3;
    const uint part = chunk & 15;
    const uint ninth = Words(m.scales).at[words + (part >> 3)] >> ((part & 7) * 4);
    for (uint i = 0; i < 4; ++i) {
        const uint index = ((entries >> (i * 8)) & 0xffu) | (((ninth >> i) & 1) << 8);
        // The points' numbers stand for 1, 3, 5 and so on to 15.
        q[i] = signedPoint(loadPoint(index) * 2 + 0x01010101u, signs >> (i * 4));
    }
    const uint factor = (Words(m.scales).at[words + 2] >> ((part >> 1) * 4)) & 15;
    scale = float(m.units.at[chunk >> 4]) * float(1 + 2 * factor);
    offset = 0.0;
}
