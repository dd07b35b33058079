// The Vulkan devices of this machine, as plain values.
//
// listDevices() opens the Vulkan loader at run time and may be called from any thread. That there
// is no loader or no driver is an ordinary error (DeviceUnavailable), not a fault: the processor
// runs.
#pragma once

#include "core/base/result.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace alcove::gpu {

enum class DeviceKind { Discrete, Integrated, Virtual, Cpu, Other };

struct DeviceInfo {
    std::uint32_t index = 0; // place in listDevices(): the N of "vulkan:N"
    std::string name; // "AMD Radeon RX 7600", "llvmpipe (LLVM 15.0.6, 256 bits)"
    std::string vendor; // "AMD", "NVIDIA", "Intel", "Mesa", ..., or the id in hexadecimal
    DeviceKind kind = DeviceKind::Other;
    std::string driver; // "radv", "NVIDIA"
    std::string driverVersion; // as the driver writes it: "Mesa 22.3.6"
    std::string apiVersion; // "1.3.230"
    std::uint64_t memoryBytes = 0; // the largest heap that is local to the device
    std::uint64_t budgetBytes = 0; // of it, what this process may still take (see budgetMeasured)
    bool budgetMeasured = false; // by VK_EXT_memory_budget; else nine tenths of the heap
    std::uint32_t subgroupSize = 0;
    std::array<std::uint8_t, 16> deviceUuid{};
    std::array<std::uint8_t, 16> driverUuid{};
    std::string unusable; // empty: can run models; else why not, as one sentence

    bool usable() const { return unusable.empty(); }
};

// "discrete graphics card", "integrated graphics", "virtual graphics", "software renderer",
// "device"
const char *describe(DeviceKind kind);

// In the order of the loader. An empty list when there is a loader but no driver.
Result<std::vector<DeviceInfo>> listDevices();

// The device that an automatic choice takes: the usable discrete one with most memory, else the
// integrated one, else a virtual one; never a software renderer. nullptr when there is none.
const DeviceInfo *preferredDevice(const std::vector<DeviceInfo> &devices);

} // namespace alcove::gpu
