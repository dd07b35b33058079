// Q3_K: 256 numbers 0..7 that stand for -4..3, for every 16 a 6-bit scale (less 32), and one f16
// unit. A block's scales are three words: two with the low 4 bits, one with the high 2.
#define FORMAT_SCALE
#define FORMAT_OFFSET
#include "formats/bit_pairs.glsl"
#include "formats/high_bits.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uvec4 numbers = bitPairs(Words(m.quants).at[chunk]) | (loadHighBits(m, chunk) << 2);
    for (uint i = 0; i < 4; ++i)
        q[i] = bytesOf(numbers[i]);
    const uint part = chunk & 15;
    const uint words = (chunk >> 4) * 3;
    const uint low = (Words(m.scales).at[words + (part >> 3)] >> ((part & 7) * 4)) & 15;
    const uint high = (Words(m.scales).at[words + 2] >> (part * 2)) & 3;
    scale = float(m.units.at[chunk >> 4]) * float(int(low | (high << 4)) - 32);
    offset = 4.0 * scale;
}
