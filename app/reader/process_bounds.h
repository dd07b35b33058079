// Bounds that a process gives itself before it opens what it cannot trust.
#pragma once

#include <cstdint>

namespace alcove {

// At most that much memory (address space), no file of its own, no picture of its memory when it
// falls. Where the system refuses a bound the others stand. Under a sanitizer memory is not bound:
// it maps more than any bound.
void bindProcess(std::uint64_t memoryBytes);

} // namespace alcove
