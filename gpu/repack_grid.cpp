// Blocks of 256 numbers that are entries of a grid with signs apart.
#include "gpu/repack.h"

#include <cstring>

namespace alcove::gpu {

// block_iq2_xxs: f16 unit, then for each 32 numbers 4 bytes of entries and a word with 4 times 7
// signs and a scale.
void repackIq2Xxs(Bytes in, const PlaneBytes &out)
{
    std::memcpy(out[Units], in, 2);
    std::memcpy(out[Quants], in + 2, 64);
}

// block_iq2_xs: f16 unit, 32 times an entry of 9 bits and 7 signs, 8 bytes of scales.
void repackIq2Xs(Bytes in, const PlaneBytes &out)
{
    std::memcpy(out[Units], in, 2);
    std::memcpy(out[Quants], in + 2, 64);
    std::memcpy(out[Scales], in + 66, 8);
}

// block_iq2_s: f16 unit, 32 bytes of entries, 32 of signs, 8 of the entries' high bits (2 bits
// each), 8 of scales.
void repackIq2S(Bytes in, const PlaneBytes &out)
{
    std::memcpy(out[Units], in, 2);
    for (int chunk = 0; chunk < 16; ++chunk) {
        std::memcpy(out[Quants] + chunk * 4, in + 2 + chunk * 2, 2);
        std::memcpy(out[Quants] + chunk * 4 + 2, in + 34 + chunk * 2, 2);
        const int shift = chunk % 2 * 4;
        const int high = (in[66 + chunk / 2] >> shift) & 15;
        const int scale = (in[74 + chunk / 2] >> shift) & 15;
        out[Scales][chunk] = static_cast<std::uint8_t>(high | (scale << 4));
    }
}

// block_iq3_xxs: f16 unit, 64 bytes of entries, then for each 32 numbers a word with 4 times 7
// signs and a scale.
void repackIq3Xxs(Bytes in, const PlaneBytes &out)
{
    std::memcpy(out[Units], in, 2);
    std::memcpy(out[Quants], in + 2, 64);
    std::memcpy(out[Scales], in + 66, 32);
}

// block_iq3_s: f16 unit, 64 bytes of entries, 8 of their ninth bits, 32 of signs, 4 of scales.
void repackIq3S(Bytes in, const PlaneBytes &out)
{
    std::memcpy(out[Units], in, 2);
    for (int pair = 0; pair < 8; ++pair) {
        std::memcpy(out[Quants] + pair * 12, in + 2 + pair * 8, 8);
        std::memcpy(out[Quants] + pair * 12 + 8, in + 74 + pair * 4, 4);
    }
    std::memcpy(out[Scales], in + 66, 8);
    std::memcpy(out[Scales] + 8, in + 106, 4);
}

} // namespace alcove::gpu
