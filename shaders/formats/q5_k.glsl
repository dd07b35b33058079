// Q5_K: as Q4_K with numbers 0..31.
#define FORMAT_SCALE
#define FORMAT_OFFSET
#include "formats/high_bits.glsl"
#include "formats/k_scales.glsl"
#include "formats/nibbles.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uvec4 numbers = loadNibbles(m, chunk) | (loadHighBits(m, chunk) << 4);
    for (uint i = 0; i < 4; ++i)
        q[i] = bytesOf(numbers[i]);
    loadScales(m, chunk, scale, offset);
}
