// The values of IQ4_NL and IQ4_XS (ggml's table kvalues_iq4nl), packed as signed bytes:
// -127 -104 -83 -65 -49 -35 -22 -10 1 13 25 38 53 69 89 113.
#include "formats/values.glsl"

void prepareFormat(Matrix m)
{
    prepareValues(uvec4(0xbfad9881u, 0xf6eaddcfu, 0x26190d01u, 0x71594535u));
}
