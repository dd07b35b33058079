// IQ4_NL: blocks of 32 numbers that stand for the values of a table, with one f16 scale.
#define FORMAT_SCALE
#include "formats/nonlinear_values.glsl"

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    loadValues(m, chunk, q);
    scale = float(m.units.at[chunk >> 1]);
    offset = 0.0;
}
