// MXFP4 (OCP Microscaling Formats): blocks of 32 numbers of 4 bits that are floats (sign, 2 bits of
// exponent, 1 of mantissa), with a byte that is a power of two's exponent. The table has the floats
// doubled: 0 1 2 3 4 6 8 12 and their negatives.
#define FORMAT_SCALE
#include "formats/values.glsl"

void prepareFormat(Matrix m)
{
    prepareValues(uvec4(0x03020100u, 0x0c080604u, 0xfdfeff00u, 0xf4f8fafcu));
}

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    loadValues(m, chunk, q);
    const uint exponents = Words(m.units).at[chunk >> 3];
    const uint exponent = (exponents >> (((chunk >> 1) & 3) * 8)) & 0xffu;
    // Half of two to the power of exponent - 127; the smallest two need denormal numbers.
    scale = exponent > 1 ? uintBitsToFloat((exponent - 1) << 23)
                         : uintBitsToFloat(0x200000u << exponent);
    offset = 0.0;
}
