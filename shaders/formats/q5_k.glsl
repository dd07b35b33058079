// Q5_K: as Q4_K with numbers 0..31. The fifth bits of 32 numbers are one word: bit i of byte b
// belongs to number 4 * i + b.
#define FORMAT_SCALE
#define FORMAT_OFFSET
#include "formats/k_scales.glsl"
#include "formats/nibbles.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uvec4 numbers = loadNibbles(m, chunk);
    const uint bits = Words(m.high).at[chunk >> 1] >> ((chunk & 1) * 4);
    for (uint i = 0; i < 4; ++i)
        q[i] = bytesOf(numbers[i] | (((bits >> i) & 0x01010101u) << 4));
    loadScales(m, chunk, scale, offset);
}
