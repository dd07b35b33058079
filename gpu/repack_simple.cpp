// Blocks of 32 numbers, and the packing that all formats share.
#include "gpu/repack.h"

#include <cstring>

namespace alcove::gpu {

namespace {

// 16 bytes with numbers i (lower half) and i + 16 (upper half).
void unpackHalves(Bytes in, std::uint8_t *numbers)
{
    for (int i = 0; i < 16; ++i) {
        numbers[i] = in[i] & 15;
        numbers[i + 16] = in[i] >> 4;
    }
}

void repackHalves(Bytes in, std::uint8_t *quants)
{
    std::uint8_t numbers[32];
    unpackHalves(in, numbers);
    packNibbles(numbers, 32, quants);
}

// 4 bytes with the fifth bit of number i at bit i, then 16 bytes as above.
void repackFiveBits(Bytes in, const PlaneBytes &out)
{
    repackHalves(in + 4, out[Quants]);
    std::uint8_t fifth[32];
    for (int i = 0; i < 32; ++i)
        fifth[i] = (in[i / 8] >> (i % 8)) & 1;
    packBits(fifth, 32, 0, out[High]);
}

} // namespace

void packNibbles(Bytes numbers, std::uint32_t count, std::uint8_t *out)
{
    for (std::uint32_t i = 0; i < count; i += 8) {
        for (std::uint32_t b = 0; b < 4; ++b)
            *out++ =
                static_cast<std::uint8_t>((numbers[i + b] & 15) | ((numbers[i + 4 + b] & 15) << 4));
    }
}

void packPairs(Bytes numbers, std::uint32_t count, int shift, std::uint8_t *out)
{
    for (std::uint32_t first = 0; first < count; first += 16) {
        for (std::uint32_t byte = 0; byte < 4; ++byte) {
            unsigned bits = 0;
            for (std::uint32_t i = 0; i < 4; ++i)
                bits |= ((unsigned(numbers[first + i * 4 + byte]) >> shift) & 3) << (2 * i);
            *out++ = static_cast<std::uint8_t>(bits);
        }
    }
}

void packBits(Bytes numbers, std::uint32_t count, int shift, std::uint8_t *out)
{
    for (std::uint32_t first = 0; first < count; first += 32) {
        for (std::uint32_t byte = 0; byte < 4; ++byte) {
            unsigned bits = 0;
            for (std::uint32_t i = 0; i < 8; ++i)
                bits |= ((unsigned(numbers[first + i * 4 + byte]) >> shift) & 1) << i;
            *out++ = static_cast<std::uint8_t>(bits);
        }
    }
}

// block_q8_0: f16 unit, 32 bytes.
void repackQ8_0(Bytes in, const PlaneBytes &out)
{
    std::memcpy(out[Units], in, 2);
    std::memcpy(out[Quants], in + 2, 32);
}

// block_q4_0 and block_iq4_nl: f16 unit, 16 bytes.
void repackQ4_0(Bytes in, const PlaneBytes &out)
{
    std::memcpy(out[Units], in, 2);
    repackHalves(in + 2, out[Quants]);
}

// block_q4_1: f16 scale, f16 minimum, 16 bytes.
void repackQ4_1(Bytes in, const PlaneBytes &out)
{
    std::memcpy(out[Units], in, 4);
    repackHalves(in + 4, out[Quants]);
}

// block_q5_0: f16 unit, fifth bits, 16 bytes.
void repackQ5_0(Bytes in, const PlaneBytes &out)
{
    std::memcpy(out[Units], in, 2);
    repackFiveBits(in + 2, out);
}

// block_q5_1: f16 scale, f16 minimum, fifth bits, 16 bytes.
void repackQ5_1(Bytes in, const PlaneBytes &out)
{
    std::memcpy(out[Units], in, 4);
    repackFiveBits(in + 4, out);
}

// block_mxfp4: exponent, 16 bytes.
void repackMxfp4(Bytes in, const PlaneBytes &out)
{
    out[Units][0] = in[0];
    repackHalves(in + 1, out[Quants]);
}

} // namespace alcove::gpu
