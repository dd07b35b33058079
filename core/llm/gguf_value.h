// The scalar types of GGUF metadata as they lie in a file. Plain functions; any thread; no failure.
#pragma once

#include "core/llm/gguf.h"

#include <bit>
#include <cstddef>
#include <cstring>
#include <string_view>

static_assert(std::endian::native == std::endian::little,
              "GGUF is read in place; a big-endian host would have to swap");

namespace alcove::llm {

// Bytes of one scalar; 0 for strings, arrays and numbers that are no type.
std::size_t scalarBytes(GgufValueType type);

// "u32", "string", "array"; "unknown" for a number that is no type.
std::string_view typeName(GgufValueType type);

// The value at `at`, of any alignment. The caller has checked that it is there.
template <typename T>
T loadValue(const std::byte *at)
{
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

} // namespace alcove::llm
