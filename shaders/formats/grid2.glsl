// Grids of the 2-bit formats: eight numbers an entry, of 2 bits each, that stand for 8, 25 and 43.
// Numbers 0 to 3 are at bits 0, 8, 2 and 10, the next four 4 bits above them.
#include "formats/grid.glsl"

uint threeLevels(uint numbers)
{
    return 0x08080808u + numbers * 17 + ((numbers >> 1) & 0x01010101u);
}

// Entry `index` with its 8 signs.
void loadPoint(uint index, uint signs, out vec4 first, out vec4 second)
{
    const uint entry = gridEntry(index);
    first = signedPoint(threeLevels((entry | (entry << 14)) & 0x03030303u), signs);
    second = signedPoint(threeLevels(((entry >> 4) | (entry << 10)) & 0x03030303u), signs >> 4);
}
