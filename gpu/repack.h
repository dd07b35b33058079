// Takes one block of a file apart into the planes of WeightLayout (gpu/weight_layout.h), in the
// order that the includes of the same names in shaders/formats unpack.
//
// Pure functions; any thread. `in` is a whole block, each plane has room for its part of one. Block
// layouts of the source: the GGUF specification and ggml's published block definitions.
#pragma once

#include "gpu/weight_layout.h"

namespace alcove::gpu {

using Bytes = const std::uint8_t *;
using PlaneBytes = std::array<std::uint8_t *, kPlanes>;

enum Plane : std::uint32_t { Quants, High, Scales, Units };

// Number i of 0..15 of a chunk has its low 4 bits in byte (i / 8) * 4 + i % 4, in the lower half of
// it when i % 8 < 4.
void packNibbles(Bytes numbers, std::uint32_t count, std::uint8_t *out);
// Bits `shift` and `shift` + 1 of 16 numbers in 4 bytes: those of number i at bit i / 4 * 2 of byte
// i % 4.
void packPairs(Bytes numbers, std::uint32_t count, int shift, std::uint8_t *out);
// Bit `shift` of 32 numbers in 4 bytes: that of number i at bit i / 4 of byte i % 4.
void packBits(Bytes numbers, std::uint32_t count, int shift, std::uint8_t *out);

// Blocks of 32 (repack_simple.cpp).
void repackQ8_0(Bytes in, const PlaneBytes &out);
void repackQ4_0(Bytes in, const PlaneBytes &out); // IQ4_NL too
void repackQ4_1(Bytes in, const PlaneBytes &out);
void repackQ5_0(Bytes in, const PlaneBytes &out);
void repackQ5_1(Bytes in, const PlaneBytes &out);
void repackMxfp4(Bytes in, const PlaneBytes &out);

// Blocks of 256 with scales for parts (repack_k.cpp).
void repackQ2_K(Bytes in, const PlaneBytes &out);
void repackQ3_K(Bytes in, const PlaneBytes &out);
void repackQ4_K(Bytes in, const PlaneBytes &out);
void repackQ5_K(Bytes in, const PlaneBytes &out);
void repackQ6_K(Bytes in, const PlaneBytes &out);
void repackIq4Xs(Bytes in, const PlaneBytes &out);
void repackTq2_0(Bytes in, const PlaneBytes &out);

// Blocks of 256 whose numbers are entries of a grid (repack_grid.cpp).
void repackIq2Xxs(Bytes in, const PlaneBytes &out);
void repackIq2Xs(Bytes in, const PlaneBytes &out);
void repackIq2S(Bytes in, const PlaneBytes &out);
void repackIq3Xxs(Bytes in, const PlaneBytes &out);
void repackIq3S(Bytes in, const PlaneBytes &out);

} // namespace alcove::gpu
