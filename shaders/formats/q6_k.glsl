// Q6_K: 256 numbers 0..63 that stand for -32..31, a signed byte scale for every 16 and one f16
// unit. The upper two bits of 16 numbers are one word: bits 2i and 2i+1 of byte b belong to number
// 4 * i + b.
#define FORMAT_SCALE
#define FORMAT_OFFSET
#include "formats/nibbles.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uvec4 numbers = loadNibbles(m, chunk);
    const uint bits = Words(m.high).at[chunk];
    for (uint i = 0; i < 4; ++i)
        q[i] = bytesOf(numbers[i] | (((bits >> (2 * i)) & 0x03030303u) << 4));
    const int word = int(Words(m.scales).at[chunk >> 2]);
    scale = float(m.units.at[chunk >> 4]) * float(bitfieldExtract(word, int(chunk & 3) * 8, 8));
    offset = 32.0 * scale;
}
