// Q4_K: 256 numbers 0..15 in 8 parts, each with its own scale and minimum.
#define FORMAT_SCALE
#define FORMAT_OFFSET
#include "formats/k_scales.glsl"
#include "formats/nibbles.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uvec4 numbers = loadNibbles(m, chunk);
    for (uint i = 0; i < 4; ++i)
        q[i] = bytesOf(numbers[i]);
    loadScales(m, chunk, scale, offset);
}
