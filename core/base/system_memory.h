// How much memory the machine has. Stateless; any thread; does not fail: what cannot be found out
// is 0.
#pragma once

#include <cstdint>
#include <string>

namespace alcove {

struct SystemMemory {
    std::uint64_t totalBytes = 0; // physical memory; 0: unknown
    std::uint64_t availableBytes =
        0; // usable now without swapping, file cache included; 0: unknown
};

SystemMemory systemMemory();

// "640 KiB", "3.5 MiB", "12.0 GiB": for sentences shown to a user.
std::string readableBytes(std::uint64_t bytes);

} // namespace alcove
