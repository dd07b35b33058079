// Reads of single numbers out of a block's bytes, which need not be aligned. Little-endian, as the
// file is. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace alcove::llm {

inline unsigned u8(const std::byte *at)
{
    return std::to_integer<unsigned>(*at);
}

inline std::uint16_t load16(const std::byte *at)
{
    std::uint16_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

inline std::uint32_t load32(const std::byte *at)
{
    std::uint32_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

} // namespace alcove::llm
