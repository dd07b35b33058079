// SplitName: the name of one file of a model that was split into several,
// PREFIX-00001-of-00003.gguf (the naming of the hubs that publish such models). Plain value; any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace alcove::llm {

struct SplitName {
    std::string prefix; // of the path, up to the dash
    std::uint32_t part = 1; // from 1
    std::uint32_t count = 1;

    // nullopt for a path that is not named so, or whose part is not one of the count.
    static std::optional<SplitName> of(std::string_view path);
    std::string path(std::uint32_t other) const; // of the part `other`
};

} // namespace alcove::llm
