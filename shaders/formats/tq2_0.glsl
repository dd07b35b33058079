// TQ2_0: 256 numbers 0..2 that stand for -1..1, with one f16 scale.
#define FORMAT_SCALE
#define FORMAT_OFFSET
#include "formats/bit_pairs.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uvec4 numbers = bitPairs(Words(m.quants).at[chunk]);
    for (uint i = 0; i < 4; ++i)
        q[i] = bytesOf(numbers[i]);
    scale = float(m.units.at[chunk >> 4]);
    offset = scale;
}
