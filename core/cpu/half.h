// IEEE 754 half precision in software, for code that must not use vector instructions. Pure.
#pragma once

#include "core/llm/formats/block_formats.h"

#include <bit>
#include <cstdint>

namespace alcove::cpu {

using llm::halfToFloat;

// To the nearest half, ties to even; beyond the range becomes infinity; a NaN stays one.
inline std::uint16_t floatToHalf(float value)
{
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = (bits >> 16) & 0x8000u;
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return static_cast<std::uint16_t>(sign | 0x7e00u);
    if (magnitude >= 0x477ff000u) // 65520: rounds past the largest half
        return static_cast<std::uint16_t>(sign | 0x7c00u);
    if (magnitude < 0x38800000u) {
        // Subnormal halves are multiples of 2^-24, the last bit of a float of 0.5: adding 0.5
        // rounds there, ties to even.
        const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
        return static_cast<std::uint16_t>(sign
                                          | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
    }
    const std::uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u) - 0x38000000u;
    return static_cast<std::uint16_t>(sign | (rounded >> 13));
}

} // namespace alcove::cpu
