// Whether a model fits a device, and what to say when it does not. Pure functions; any thread.
#pragma once

#include "core/base/result.h"
#include "gpu/device_info.h"

#include <cstdint>

namespace alcove::gpu {

struct MemoryNeed {
    std::uint64_t bytes = 0; // all that would be allocated on the device
    std::uint64_t kvBytes = 0; // of it, for the KV cache
    std::uint32_t contextLength = 0; // positions that kvBytes are for
};

// OutOfDeviceMemory: needed, available, and the longest context that would fit, if any would.
Result<> checkBudget(const DeviceInfo &device, const MemoryNeed &need);

// "512 MB", "7.8 GB" (powers of 1000, as disks and memory are sold).
std::string sizeText(std::uint64_t bytes);

} // namespace alcove::gpu
