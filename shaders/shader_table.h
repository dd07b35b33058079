// The compiled kernels, embedded in the program.
//
// Plain constant data; any thread. The names are those of the manifest in shaders/CMakeLists.txt:
// "matvec_Q4_K", "attention".
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace alcove::shaders {

struct Shader {
    std::string_view name;
    std::span<const std::uint32_t> words; // SPIR-V
};

std::span<const Shader> all();

// Empty when there is no kernel of that name.
std::span<const std::uint32_t> find(std::string_view name);

} // namespace alcove::shaders
