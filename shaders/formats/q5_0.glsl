// Q5_0: blocks of 32 numbers 0..31 that stand for -16..15, with one f16 scale.
#define FORMAT_SCALE
#define FORMAT_OFFSET
#include "formats/high_bits.glsl"
#include "formats/nibbles.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uvec4 numbers = loadNibbles(m, chunk) | (loadHighBits(m, chunk) << 4);
    for (uint i = 0; i < 4; ++i)
        q[i] = bytesOf(numbers[i]);
    scale = float(m.units.at[chunk >> 1]);
    offset = 16.0 * scale;
}
