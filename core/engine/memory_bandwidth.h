// Memory bandwidth of the processor: the physical limit that decoding on it is compared with.
// Takes about half a second and up to 1 GiB; any thread, but the threads it starts want an idle
// machine.
#pragma once

#include "core/base/result.h"

#include <cstdint>

namespace alcove::engine {

// Bytes per second that `threads` threads (0: one per core) read from memory, each its own part of
// a buffer far larger than the caches: the best of several passes. OutOfMemory when there is no
// room.
Result<double> measureReadBandwidth(std::uint32_t threads);

} // namespace alcove::engine
