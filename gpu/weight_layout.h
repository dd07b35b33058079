// How weights lie on the device: the file's blocks taken apart into planes, each aligned for wide
// loads, with the bits in the order that the kernels unpack (shaders/formats).
//
// Pure functions; any thread. Sizes are those of the file, but that float rows are padded to 16
// columns. Block layouts of the source: the GGUF specification (ggml docs/gguf.md).
#pragma once

#include "core/llm/tensor.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace alcove::gpu {

constexpr std::uint32_t kChunkColumns = 16; // what a kernel loads at a time
constexpr std::uint32_t kPlanes = 4; // quants, high bits, scales, units

constexpr std::uint32_t paddedColumns(std::uint32_t columns)
{
    return (columns + kChunkColumns - 1) / kChunkColumns * kChunkColumns;
}

// The kernels' suffix, "Q4_K"; nullptr for a type that they do not know.
const char *formatName(llm::TensorType type);

struct WeightLayout {
    llm::TensorType type = llm::TensorType::F32;
    std::uint32_t columns = 0;
    std::uint32_t chunks = 0; // of a row, padding included
    std::uint64_t rows = 0;
    // A unit is what is moved at a time: a block, or a row of a float format.
    std::uint64_t units = 0;
    std::uint32_t sourceUnitBytes = 0;
    std::array<std::uint32_t, kPlanes> unitBytes{}; // in each plane; 0: no such plane
    std::array<std::uint64_t, kPlanes> planeOffset{}; // multiples of 256
    std::uint64_t bytes = 0;

    std::uint64_t unitsPerRow() const { return units / rows; }
};

// `type` has a formatName and `columns` is a multiple of its block.
WeightLayout weightLayout(llm::TensorType type, std::uint32_t columns, std::uint64_t rows);

// Converts `units` units from `source` to consecutive units in each plane.
void repack(const WeightLayout &layout, const std::byte *source, std::uint64_t units,
            const std::array<std::byte *, kPlanes> &planes);

} // namespace alcove::gpu
