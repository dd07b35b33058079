// Grids of the 3-bit formats: four numbers an entry, of 3 bits each, at bits 0, 8, 4 and 12.
#include "formats/grid.glsl"

uint loadPoint(uint index)
{
    const uint entry = gridEntry(index);
    return (entry | (entry << 12)) & 0x07070707u;
}
