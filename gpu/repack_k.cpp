// Blocks of 256 numbers with scales for parts of them.
#include "gpu/repack.h"

#include <cstring>

namespace alcove::gpu {

namespace {

// block_q4_K and block_q5_K begin alike: two f16 units and 12 bytes with 8 scales and 8 minima of 6
// bits. Out: the units, 8 bytes of low halves, 4 bytes of upper bits.
void repackScales(Bytes in, std::uint8_t *out)
{
    std::memcpy(out, in, 4);
    const Bytes packed = in + 4;
    std::memset(out + 12, 0, 4);
    for (int part = 0; part < 8; ++part) {
        int scale = 0;
        int minimum = 0;
        if (part < 4) {
            scale = packed[part] & 63;
            minimum = packed[part + 4] & 63;
        } else {
            scale = (packed[part + 4] & 15) | ((packed[part - 4] >> 6) << 4);
            minimum = (packed[part + 4] >> 4) | ((packed[part] >> 6) << 4);
        }
        out[4 + part] = static_cast<std::uint8_t>((scale & 15) | ((minimum & 15) << 4));
        const int high = (scale >> 4) | ((minimum >> 4) << 2);
        out[12 + part / 2] =
            static_cast<std::uint8_t>(out[12 + part / 2] | (high << (part % 2 * 4)));
    }
}

// Numbers of block_q4_K: each 32 bytes hold 64 numbers, the first 32 in the lower halves.
void unpackQ4_K(Bytes quants, std::uint8_t *numbers)
{
    for (int group = 0; group < 4; ++group) {
        for (int i = 0; i < 32; ++i) {
            numbers[group * 64 + i] = quants[group * 32 + i] & 15;
            numbers[group * 64 + 32 + i] = quants[group * 32 + i] >> 4;
        }
    }
}

// Numbers of block_q2_K, block_q3_K and block_tq2_0: each 32 bytes hold 128 numbers of 2 bits, the
// first 32 in the lowest bits.
void unpackPairs(Bytes quants, std::uint8_t *numbers)
{
    for (int half = 0; half < 2; ++half) {
        for (int part = 0; part < 4; ++part) {
            for (int i = 0; i < 32; ++i)
                *numbers++ = (quants[half * 32 + i] >> (part * 2)) & 3;
        }
    }
}

} // namespace

// block_q2_K: 16 bytes with scales and minima, 64 bytes of numbers, two f16 units.
void repackQ2_K(Bytes in, const PlaneBytes &out)
{
    std::uint8_t numbers[256];
    unpackPairs(in + 16, numbers);
    packPairs(numbers, 256, 0, out[Quants]);
    std::memcpy(out[Scales], in, 16);
    std::memcpy(out[Units], in + 80, 4);
}

// block_q3_K: 32 bytes of third bits (bit p of byte i: number 32 p + i), 64 bytes of numbers, 12
// bytes of scales, f16 unit. Scale k has its low 4 bits in byte k % 8, the first eight in the lower
// halves, and its high 2 in byte 8 + k % 4 from bit k / 4 * 2 on.
void repackQ3_K(Bytes in, const PlaneBytes &out)
{
    std::uint8_t numbers[256];
    unpackPairs(in + 32, numbers);
    packPairs(numbers, 256, 0, out[Quants]);
    for (int i = 0; i < 256; ++i)
        numbers[i] = (in[i % 32] >> (i / 32)) & 1;
    packBits(numbers, 256, 0, out[High]);
    const Bytes packed = in + 96;
    std::uint8_t *scales = out[Scales];
    std::memset(scales, 0, 12);
    for (int k = 0; k < 16; ++k) {
        const int low = (packed[k % 8] >> (k / 8 * 4)) & 15;
        const int high = (packed[8 + k % 4] >> (k / 4 * 2)) & 3;
        scales[k / 2] = static_cast<std::uint8_t>(scales[k / 2] | (low << (k % 2 * 4)));
        scales[8 + k / 4] = static_cast<std::uint8_t>(scales[8 + k / 4] | (high << (k % 4 * 2)));
    }
    std::memcpy(out[Units], in + 108, 2);
}

void repackQ4_K(Bytes in, const PlaneBytes &out)
{
    repackScales(in, out[Scales]);
    std::uint8_t numbers[256];
    unpackQ4_K(in + 16, numbers);
    packNibbles(numbers, 256, out[Quants]);
}

// block_q5_K: after the scales 32 bytes with the fifth bits (bit p of byte i: number 32 p + i),
// then as Q4_K.
void repackQ5_K(Bytes in, const PlaneBytes &out)
{
    repackScales(in, out[Scales]);
    std::uint8_t numbers[256];
    unpackQ4_K(in + 48, numbers);
    packNibbles(numbers, 256, out[Quants]);
    for (int i = 0; i < 256; ++i)
        numbers[i] = (in[16 + i % 32] >> (i / 32)) & 1;
    packBits(numbers, 256, 0, out[High]);
}

// block_q6_K: 128 bytes of low halves, 64 bytes of upper two bits, 16 signed scales, f16 unit.
void repackQ6_K(Bytes in, const PlaneBytes &out)
{
    std::uint8_t numbers[256];
    for (int half = 0; half < 2; ++half) {
        const Bytes low = in + half * 64;
        const Bytes top = in + 128 + half * 32;
        std::uint8_t *to = numbers + half * 128;
        for (int i = 0; i < 32; ++i) {
            to[i] = static_cast<std::uint8_t>((low[i] & 15) | ((top[i] & 3) << 4));
            to[i + 32] = static_cast<std::uint8_t>((low[i + 32] & 15) | (((top[i] >> 2) & 3) << 4));
            to[i + 64] = static_cast<std::uint8_t>((low[i] >> 4) | (((top[i] >> 4) & 3) << 4));
            to[i + 96] = static_cast<std::uint8_t>((low[i + 32] >> 4) | ((top[i] >> 6) << 4));
        }
    }
    packNibbles(numbers, 256, out[Quants]);
    packPairs(numbers, 256, 4, out[High]);
    std::memcpy(out[Scales], in + 192, 16);
    std::memcpy(out[Units], in + 208, 2);
}

// block_iq4_xs: f16 unit, 2 bytes of the scales' high bits, 4 of their low bits, then 16 bytes for
// each 32 numbers, the first 16 in the lower halves.
void repackIq4Xs(Bytes in, const PlaneBytes &out)
{
    std::memcpy(out[Scales], in, 8);
    std::uint8_t numbers[256];
    for (int part = 0; part < 8; ++part) {
        for (int i = 0; i < 16; ++i) {
            numbers[part * 32 + i] = in[8 + part * 16 + i] & 15;
            numbers[part * 32 + 16 + i] = in[8 + part * 16 + i] >> 4;
        }
    }
    packNibbles(numbers, 256, out[Quants]);
}

// block_tq2_0: 64 bytes of numbers, f16 unit.
void repackTq2_0(Bytes in, const PlaneBytes &out)
{
    std::uint8_t numbers[256];
    unpackPairs(in, numbers);
    packPairs(numbers, 256, 0, out[Quants]);
    std::memcpy(out[Units], in + 64, 2);
}

} // namespace alcove::gpu
