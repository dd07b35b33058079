#include "gpu/weight_layout.h"

#include "core/llm/formats/grids.h"
#include "gpu/repack.h"

#include <cstring>
#include <span>

namespace alcove::gpu {

namespace {

using llm::TensorType;

struct Format {
    TensorType type;
    // Bytes of a block in the planes: quants, high, scales, units; none for floats.
    std::array<std::uint32_t, kPlanes> unitBytes;
    void (*repackUnit)(Bytes in, const PlaneBytes &out);
    std::uint32_t gridPoints = 0;
};

constexpr Format kFormats[] = {
    {TensorType::F32, {}, nullptr},
    {TensorType::F16, {}, nullptr},
    {TensorType::BF16, {}, nullptr},
    {TensorType::Q8_0, {32, 0, 0, 2}, repackQ8_0},
    {TensorType::Q4_0, {16, 0, 0, 2}, repackQ4_0},
    {TensorType::Q4_1, {16, 0, 0, 4}, repackQ4_1},
    {TensorType::Q5_0, {16, 4, 0, 2}, repackQ5_0},
    {TensorType::Q5_1, {16, 4, 0, 4}, repackQ5_1},
    {TensorType::IQ4_NL, {16, 0, 0, 2}, repackQ4_0},
    {TensorType::MXFP4, {16, 0, 0, 1}, repackMxfp4},
    {TensorType::Q2_K, {64, 0, 16, 4}, repackQ2_K},
    {TensorType::Q3_K, {64, 32, 12, 2}, repackQ3_K},
    {TensorType::Q4_K, {128, 0, 16, 0}, repackQ4_K},
    {TensorType::Q5_K, {128, 32, 16, 0}, repackQ5_K},
    {TensorType::Q6_K, {128, 64, 16, 2}, repackQ6_K},
    {TensorType::IQ4_XS, {128, 0, 8, 0}, repackIq4Xs},
    {TensorType::TQ2_0, {64, 0, 0, 2}, repackTq2_0},
    {TensorType::IQ2_XXS, {64, 0, 0, 2}, repackIq2Xxs, 256},
    {TensorType::IQ2_XS, {64, 0, 8, 2}, repackIq2Xs, 512},
    {TensorType::IQ2_S, {64, 0, 16, 2}, repackIq2S, 1024},
    {TensorType::IQ3_XXS, {64, 0, 32, 2}, repackIq3Xxs, 256},
    {TensorType::IQ3_S, {96, 0, 12, 2}, repackIq3S, 512},
};

const Format *formatOf(TensorType type)
{
    for (const Format &format : kFormats) {
        if (format.type == type)
            return &format;
    }
    return nullptr;
}

// Moves digit k of a point's digits of `bits` bits to bit places[k].
std::vector<std::uint16_t> moveDigits(std::span<const std::uint16_t> points, unsigned bits,
                                      std::span<const unsigned> places)
{
    std::vector<std::uint16_t> moved;
    for (const unsigned point : points) {
        unsigned entry = 0;
        for (unsigned k = 0; k < places.size(); ++k)
            entry |= ((point >> (k * bits)) & ((1u << bits) - 1)) << places[k];
        moved.push_back(static_cast<std::uint16_t>(entry));
    }
    return moved;
}

// shaders/formats/grid2.glsl, grid3.glsl
constexpr unsigned kEights[] = {0, 8, 2, 10, 4, 12, 6, 14};
constexpr unsigned kFours[] = {0, 8, 4, 12};

} // namespace

const char *formatName(TensorType type)
{
    return formatOf(type) ? llm::tensorTypeInfo(type)->name.data() : nullptr;
}

std::vector<TensorType> weightFormats()
{
    std::vector<TensorType> types;
    for (const Format &format : kFormats)
        types.push_back(format.type);
    return types;
}

WeightLayout weightLayout(TensorType type, std::uint32_t columns, std::uint64_t rows)
{
    const Format &format = *formatOf(type);
    const llm::TensorTypeInfo &info = *llm::tensorTypeInfo(type);
    WeightLayout layout;
    layout.type = type;
    layout.columns = columns;
    layout.chunks = paddedColumns(columns) / kChunkColumns;
    layout.rows = rows;
    layout.gridPoints = format.gridPoints;
    if (format.repackUnit) {
        layout.unitBytes = format.unitBytes;
        layout.sourceUnitBytes = info.blockBytes;
        layout.units = rows * (columns / info.blockElements);
    } else {
        layout.unitBytes = {layout.chunks * kChunkColumns * info.blockBytes, 0, 0, 0};
        layout.sourceUnitBytes = columns * info.blockBytes;
        layout.units = rows;
    }
    for (std::uint32_t plane = 0; plane < kPlanes; ++plane) {
        layout.planeOffset[plane] = layout.bytes;
        const std::uint64_t bytes = layout.units * layout.unitBytes[plane]
            + (plane == High ? std::uint64_t(layout.gridPoints) * 2 : 0);
        layout.bytes += (bytes + 255) / 256 * 256;
    }
    return layout;
}

void repack(const WeightLayout &layout, const std::byte *source, std::uint64_t units,
            const std::array<std::byte *, kPlanes> &planes)
{
    PlaneBytes out{};
    for (std::uint32_t plane = 0; plane < kPlanes; ++plane)
        out[plane] = reinterpret_cast<std::uint8_t *>(planes[plane]);
    const auto repackUnit = formatOf(layout.type)->repackUnit;
    Bytes in = reinterpret_cast<Bytes>(source);
    for (std::uint64_t unit = 0; unit < units; ++unit) {
        if (repackUnit) {
            repackUnit(in, out);
        } else {
            std::memcpy(out[Quants], in, layout.sourceUnitBytes);
            std::memset(out[Quants] + layout.sourceUnitBytes, 0,
                        layout.unitBytes[Quants] - layout.sourceUnitBytes);
        }
        in += layout.sourceUnitBytes;
        for (std::uint32_t plane = 0; plane < kPlanes; ++plane) {
            if (out[plane])
                out[plane] += layout.unitBytes[plane];
        }
    }
}

std::vector<std::uint16_t> gridEntries(TensorType type)
{
    switch (type) {
    case TensorType::IQ2_XXS:
        return moveDigits(llm::kGridIQ2_XXS, 2, kEights);
    case TensorType::IQ2_XS:
        return moveDigits(llm::kGridIQ2_XS, 2, kEights);
    case TensorType::IQ2_S:
        return moveDigits(llm::kGridIQ2_S, 2, kEights);
    case TensorType::IQ3_XXS:
        return moveDigits(llm::kGridIQ3_XXS, 4, kFours);
    case TensorType::IQ3_S:
        return moveDigits(llm::kGridIQ3_S, 4, kFours);
    default:
        return {};
    }
}

} // namespace alcove::gpu
