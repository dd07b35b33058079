// Numbers of 4 bits that stand for the values of a table. It lies in shared memory: devices read an
// array of constants at differing places one lane after another.
#define FORMAT_TABLE
#include "formats/nibbles.glsl"

shared float formatValues[16];

// `packed`: 16 signed bytes.
void prepareValues(uvec4 packed)
{
    for (uint i = lane(); i < 16; i += kLanes)
        formatValues[i] = float(bitfieldExtract(int(packed[i >> 2]), int(i & 3) * 8, 8));
    sync();
}

void loadValues(Matrix m, uint chunk, out vec4 q[4])
{
    const uvec4 numbers = loadNibbles(m, chunk);
    for (uint i = 0; i < 4; ++i) {
        const uint four = numbers[i];
        q[i] = vec4(formatValues[four & 15], formatValues[(four >> 8) & 15],
                    formatValues[(four >> 16) & 15], formatValues[four >> 24]);
    }
}
