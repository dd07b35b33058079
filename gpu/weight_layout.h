// How weights lie on the device: the file's blocks taken apart into planes, each aligned for wide
// loads, with the bits in the order that the kernels unpack (shaders/formats).
//
// Pure functions; any thread. Sizes are those of the file, but that float rows are padded to 16
// columns and that a matrix of a grid format carries the grid (at most 2 KiB) in its second plane.
#pragma once

#include "core/llm/tensor.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace alcove::gpu {

constexpr std::uint32_t kChunkColumns = 16; // what a kernel loads at a time
constexpr std::uint32_t kPlanes = 4; // quants, high bits (or the grid), scales, units

constexpr std::uint32_t paddedColumns(std::uint32_t columns)
{
    return (columns + kChunkColumns - 1) / kChunkColumns * kChunkColumns;
}

// The kernels' suffix, "Q4_K"; nullptr for a type that they do not know.
const char *formatName(llm::TensorType type);

// All types that have a formatName.
std::vector<llm::TensorType> weightFormats();

struct WeightLayout {
    llm::TensorType type = llm::TensorType::F32;
    std::uint32_t columns = 0;
    std::uint32_t chunks = 0; // of a row, padding included
    std::uint64_t rows = 0;
    // A unit is what is moved at a time: a block, or a row of a float format.
    std::uint64_t units = 0;
    std::uint32_t sourceUnitBytes = 0;
    std::array<std::uint32_t, kPlanes> unitBytes{}; // in each plane; 0: nothing of a unit there
    std::array<std::uint64_t, kPlanes> planeOffset{}; // multiples of 256
    std::uint32_t gridPoints = 0; // of 2 bytes, in the plane of high bits
    std::uint64_t bytes = 0;

    std::uint64_t unitsPerRow() const { return units / rows; }
    std::uint64_t gridOffset() const { return planeOffset[1]; }
};

// `type` has a formatName and `columns` is a multiple of its block.
WeightLayout weightLayout(llm::TensorType type, std::uint32_t columns, std::uint64_t rows);

// Converts `units` units from `source` to consecutive units in each plane.
void repack(const WeightLayout &layout, const std::byte *source, std::uint64_t units,
            const std::array<std::byte *, kPlanes> &planes);

// What lies at gridOffset() of a layout with gridPoints, as the kernels read it.
std::vector<std::uint16_t> gridEntries(llm::TensorType type);

} // namespace alcove::gpu
