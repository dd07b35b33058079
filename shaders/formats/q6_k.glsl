// Q6_K: 256 numbers 0..63 that stand for -32..31, a signed byte scale for every 16 and one f16
// unit.
#define FORMAT_SCALE
#define FORMAT_OFFSET
#include "formats/bit_pairs.glsl"
#include "formats/nibbles.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uvec4 numbers = loadNibbles(m, chunk) | (bitPairs(Words(m.high).at[chunk]) << 4);
    for (uint i = 0; i < 4; ++i)
        q[i] = bytesOf(numbers[i]);
    const int word = int(Words(m.scales).at[chunk >> 2]);
    scale = float(m.units.at[chunk >> 4]) * float(bitfieldExtract(word, int(chunk & 3) * 8, 8));
    offset = 32.0 * scale;
}
