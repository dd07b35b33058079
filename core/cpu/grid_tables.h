// The grids of the IQ2 and IQ3 formats with a byte for each magnitude, as the vector kernels load
// them: element i of a point is byte i of its word. Constants; any thread.
#pragma once

#include <array>
#include <cstdint>

namespace alcove::cpu {

extern const std::array<std::uint64_t, 256> kPointsIQ2_XXS;
extern const std::array<std::uint64_t, 512> kPointsIQ2_XS;
extern const std::array<std::uint64_t, 1024> kPointsIQ2_S;
extern const std::array<std::uint32_t, 256> kPointsIQ3_XXS;
extern const std::array<std::uint32_t, 512> kPointsIQ3_S;

} // namespace alcove::cpu
