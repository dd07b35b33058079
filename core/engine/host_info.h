// Host: what the operating system says of this computer and this process.
// Stateless; any thread. A value that cannot be learned is 0 or empty, never an error.
#pragma once

#include <cstdint>
#include <string>

namespace alcove::engine {

std::string processorName(); // "AMD Ryzen 7 5800X 8-Core Processor"
std::uint64_t physicalMemoryBytes(); // of the computer
std::uint64_t availableMemoryBytes(); // that a new program could use without swapping
std::uint64_t peakResidentBytes(); // of this process since it started

} // namespace alcove::engine
