// Numbers that come in fours or eights, as entries of a grid of chosen points, with signs apart. The
// grid lies in the matrix's second plane as entries of 16 bits (gpu/weight_grids.h), and is copied to
// shared memory. The including format defines kGridPoints.
#define FORMAT_TABLE

shared uint formatGrid[kGridPoints / 2];

void prepareFormat(Matrix m)
{
    for (uint i = lane(); i < kGridPoints / 8; i += kLanes) {
        const uvec4 words = m.high.at[i];
        for (uint k = 0; k < 4; ++k)
            formatGrid[i * 4 + k] = words[k];
    }
    sync();
}

uint gridEntry(uint index)
{
    return bitfieldExtract(formatGrid[index >> 1], int(index & 1) * 16, 16);
}

// Seven signs of which an eighth follows: an even number of the eight are set.
uint eightSigns(uint seven)
{
    return seven | ((bitCount(seven) & 1) << 7);
}

// Four positive bytes, negated where the low four bits of `signs` are set.
vec4 signedPoint(uint bytes, uint signs)
{
    const uint ones = ((signs & 15) * 0x00204081u) & 0x01010101u;
    return signedBytesOf((bytes ^ (ones * 255)) + ones);
}
