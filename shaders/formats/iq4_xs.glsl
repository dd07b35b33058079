// IQ4_XS: 256 numbers that stand for the values of a table, in 8 parts with a 6-bit scale (less 32)
// each. The scales' two words are the file's: the f16 unit and 2 high bits a part; 4 low bits a part.
#define FORMAT_SCALE
#include "formats/nonlinear_values.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    loadValues(m, chunk, q);
    const uvec2 words = Words2(m.scales).at[chunk >> 4];
    const uint part = (chunk >> 1) & 7;
    const uint low = (words.y >> (part * 4)) & 15;
    const uint high = (words.x >> (16 + part * 2)) & 3;
    scale = unpackHalf2x16(words.x).x * float(int(low | (high << 4)) - 32);
    offset = 0.0;
}
