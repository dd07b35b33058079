// Q4_1: blocks of 32 numbers 0..15, with an f16 scale and an f16 minimum.
#define FORMAT_SCALE
#define FORMAT_OFFSET
#include "formats/nibbles.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uvec4 numbers = loadNibbles(m, chunk);
    for (uint i = 0; i < 4; ++i)
        q[i] = bytesOf(numbers[i]);
    const vec2 units = unpackHalf2x16(Words(m.units).at[chunk >> 1]);
    scale = units.x;
    offset = -units.y;
}
