// Q2_K: 256 numbers 0..3, and for every 16 a byte with a 4-bit scale and a 4-bit minimum; their two
// f16 units are one word.
#define FORMAT_SCALE
#define FORMAT_OFFSET
#include "formats/bit_pairs.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uvec4 numbers = bitPairs(Words(m.quants).at[chunk]);
    for (uint i = 0; i < 4; ++i)
        q[i] = bytesOf(numbers[i]);
    const uint scales = Words(m.scales).at[chunk >> 2] >> ((chunk & 3) * 8);
    const vec2 units = unpackHalf2x16(Words(m.units).at[chunk >> 4]);
    scale = units.x * float(scales & 15);
    offset = units.y * float((scales >> 4) & 15);
}
