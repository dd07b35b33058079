#include "gpu/weight_layout.h"

#include <cstring>

namespace alcove::gpu {

namespace {

using llm::TensorType;
using Bytes = const std::uint8_t *;

// Number i of 0..15 of a chunk has its low 4 bits in byte (i / 8) * 4 + i % 4, in the lower half of
// it when i % 8 < 4.
void packNibbles(const std::uint8_t *numbers, std::uint32_t count, std::uint8_t *out)
{
    for (std::uint32_t i = 0; i < count; i += 8) {
        for (std::uint32_t b = 0; b < 4; ++b)
            *out++ =
                static_cast<std::uint8_t>((numbers[i + b] & 15) | ((numbers[i + 4 + b] & 15) << 4));
    }
}

// block_q8_0: f16 unit, 32 bytes.
void repackQ8_0(Bytes in, std::uint8_t *quants, std::uint8_t *units)
{
    std::memcpy(units, in, 2);
    std::memcpy(quants, in + 2, 32);
}

// block_q4_0: f16 unit, 16 bytes with numbers i and i + 16.
void repackQ4_0(Bytes in, std::uint8_t *quants, std::uint8_t *units)
{
    std::memcpy(units, in, 2);
    std::uint8_t numbers[32];
    for (int i = 0; i < 16; ++i) {
        numbers[i] = in[2 + i] & 15;
        numbers[i + 16] = in[2 + i] >> 4;
    }
    packNibbles(numbers, 32, quants);
}

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

void repackQ4_K(Bytes in, std::uint8_t *quants, std::uint8_t *scales)
{
    repackScales(in, scales);
    std::uint8_t numbers[256];
    unpackQ4_K(in + 16, numbers);
    packNibbles(numbers, 256, quants);
}

// block_q5_K: after the scales 32 bytes with the fifth bits (bit p of byte i: number 32 p + i),
// then as Q4_K.
void repackQ5_K(Bytes in, std::uint8_t *quants, std::uint8_t *high, std::uint8_t *scales)
{
    repackScales(in, scales);
    std::uint8_t numbers[256];
    unpackQ4_K(in + 48, numbers);
    packNibbles(numbers, 256, quants);
    for (int part = 0; part < 8; ++part) {
        for (int byte = 0; byte < 4; ++byte) {
            int bits = 0;
            for (int i = 0; i < 8; ++i)
                bits |= ((in[16 + i * 4 + byte] >> part) & 1) << i;
            high[part * 4 + byte] = static_cast<std::uint8_t>(bits);
        }
    }
}

// block_q6_K: 128 bytes of low halves, 64 bytes of upper two bits, 16 signed scales, f16 unit.
void repackQ6_K(Bytes in, std::uint8_t *quants, std::uint8_t *high, std::uint8_t *scales,
                std::uint8_t *units)
{
    std::uint8_t numbers[256];
    for (int half = 0; half < 2; ++half) {
        const Bytes low = in + half * 64;
        const Bytes top = in + 128 + half * 32;
        std::uint8_t *out = numbers + half * 128;
        for (int i = 0; i < 32; ++i) {
            out[i] = static_cast<std::uint8_t>((low[i] & 15) | ((top[i] & 3) << 4));
            out[i + 32] =
                static_cast<std::uint8_t>((low[i + 32] & 15) | (((top[i] >> 2) & 3) << 4));
            out[i + 64] = static_cast<std::uint8_t>((low[i] >> 4) | (((top[i] >> 4) & 3) << 4));
            out[i + 96] = static_cast<std::uint8_t>((low[i + 32] >> 4) | ((top[i] >> 6) << 4));
        }
    }
    packNibbles(numbers, 256, quants);
    for (int chunk = 0; chunk < 16; ++chunk) {
        for (int byte = 0; byte < 4; ++byte) {
            int bits = 0;
            for (int i = 0; i < 4; ++i)
                bits |= (numbers[chunk * 16 + i * 4 + byte] >> 4) << (2 * i);
            high[chunk * 4 + byte] = static_cast<std::uint8_t>(bits);
        }
    }
    std::memcpy(scales, in + 192, 16);
    std::memcpy(units, in + 208, 2);
}

} // namespace

const char *formatName(TensorType type)
{
    switch (type) {
    case TensorType::F32:
        return "F32";
    case TensorType::F16:
        return "F16";
    case TensorType::BF16:
        return "BF16";
    case TensorType::Q8_0:
        return "Q8_0";
    case TensorType::Q4_0:
        return "Q4_0";
    case TensorType::Q4_K:
        return "Q4_K";
    case TensorType::Q5_K:
        return "Q5_K";
    case TensorType::Q6_K:
        return "Q6_K";
    default:
        return nullptr;
    }
}

WeightLayout weightLayout(TensorType type, std::uint32_t columns, std::uint64_t rows)
{
    WeightLayout layout;
    layout.type = type;
    layout.columns = columns;
    layout.chunks = paddedColumns(columns) / kChunkColumns;
    layout.rows = rows;
    std::uint32_t block = 0; // columns of a unit; 0: a row
    switch (type) {
    case TensorType::Q8_0:
        block = 32;
        layout.unitBytes = {32, 0, 0, 2};
        layout.sourceUnitBytes = 34;
        break;
    case TensorType::Q4_0:
        block = 32;
        layout.unitBytes = {16, 0, 0, 2};
        layout.sourceUnitBytes = 18;
        break;
    case TensorType::Q4_K:
        block = 256;
        layout.unitBytes = {128, 0, 16, 0};
        layout.sourceUnitBytes = 144;
        break;
    case TensorType::Q5_K:
        block = 256;
        layout.unitBytes = {128, 32, 16, 0};
        layout.sourceUnitBytes = 176;
        break;
    case TensorType::Q6_K:
        block = 256;
        layout.unitBytes = {128, 64, 16, 2};
        layout.sourceUnitBytes = 210;
        break;
    default: {
        const std::uint32_t element = type == TensorType::F32 ? 4 : 2;
        layout.unitBytes = {layout.chunks * kChunkColumns * element, 0, 0, 0};
        layout.sourceUnitBytes = columns * element;
        break;
    }
    }
    layout.units = block ? rows * (columns / block) : rows;
    for (std::uint32_t plane = 0; plane < kPlanes; ++plane) {
        layout.planeOffset[plane] = layout.bytes;
        layout.bytes += (layout.units * layout.unitBytes[plane] + 255) / 256 * 256;
    }
    return layout;
}

void repack(const WeightLayout &layout, const std::byte *source, std::uint64_t units,
            const std::array<std::byte *, kPlanes> &planes)
{
    std::array<std::uint8_t *, kPlanes> out{};
    for (std::uint32_t plane = 0; plane < kPlanes; ++plane)
        out[plane] = reinterpret_cast<std::uint8_t *>(planes[plane]);
    Bytes in = reinterpret_cast<Bytes>(source);
    for (std::uint64_t unit = 0; unit < units; ++unit) {
        switch (layout.type) {
        case TensorType::Q8_0:
            repackQ8_0(in, out[0], out[3]);
            break;
        case TensorType::Q4_0:
            repackQ4_0(in, out[0], out[3]);
            break;
        case TensorType::Q4_K:
            repackQ4_K(in, out[0], out[2]);
            break;
        case TensorType::Q5_K:
            repackQ5_K(in, out[0], out[1], out[2]);
            break;
        case TensorType::Q6_K:
            repackQ6_K(in, out[0], out[1], out[2], out[3]);
            break;
        default:
            std::memcpy(out[0], in, layout.sourceUnitBytes);
            std::memset(out[0] + layout.sourceUnitBytes, 0,
                        layout.unitBytes[0] - layout.sourceUnitBytes);
            break;
        }
        in += layout.sourceUnitBytes;
        for (std::uint32_t plane = 0; plane < kPlanes; ++plane) {
            if (out[plane])
                out[plane] += layout.unitBytes[plane];
        }
    }
}

} // namespace alcove::gpu
