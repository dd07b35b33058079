#include "core/cpu/grid_tables.h"

#include "core/llm/formats/grids.h"

#include <bit>
#include <cstddef>

namespace alcove::cpu {
namespace {

// The vector kernels load words and mean bytes.
static_assert(std::endian::native == std::endian::little);

template <typename Word, std::size_t kCount, std::size_t kMagnitudes>
constexpr std::array<Word, kCount> widened(const std::array<std::uint16_t, kCount> &grid,
                                           const std::array<std::uint8_t, kMagnitudes> &magnitudes)
{
    constexpr std::size_t kDigitBits = 16 / sizeof(Word);
    std::array<Word, kCount> words{};
    for (std::size_t p = 0; p < kCount; ++p) {
        for (std::size_t i = 0; i < sizeof(Word); ++i) {
            const auto digit = (grid[p] >> (kDigitBits * i)) & ((1u << kDigitBits) - 1);
            words[p] |= Word{magnitudes[digit]} << (8 * i);
        }
    }
    return words;
}

} // namespace

constexpr std::array<std::uint64_t, 256> kPointsIQ2_XXS =
    widened<std::uint64_t>(llm::kGridIQ2_XXS, llm::kMagnitudesIQ2);
constexpr std::array<std::uint64_t, 512> kPointsIQ2_XS =
    widened<std::uint64_t>(llm::kGridIQ2_XS, llm::kMagnitudesIQ2);
constexpr std::array<std::uint64_t, 1024> kPointsIQ2_S =
    widened<std::uint64_t>(llm::kGridIQ2_S, llm::kMagnitudesIQ2);
constexpr std::array<std::uint32_t, 256> kPointsIQ3_XXS =
    widened<std::uint32_t>(llm::kGridIQ3_XXS, llm::kMagnitudesIQ3_XXS);
constexpr std::array<std::uint32_t, 512> kPointsIQ3_S =
    widened<std::uint32_t>(llm::kGridIQ3_S, llm::kMagnitudesIQ3_S);

} // namespace alcove::cpu
