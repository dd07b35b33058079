// Q4_0: blocks of 32 numbers 0..15 that stand for -8..7, with one f16 scale.
#define FORMAT_SCALE
#define FORMAT_OFFSET
#include "formats/nibbles.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uvec4 numbers = loadNibbles(m, chunk);
    for (uint i = 0; i < 4; ++i)
        q[i] = bytesOf(numbers[i]);
    scale = float(m.units.at[chunk >> 1]);
    offset = 8.0 * scale;
}
