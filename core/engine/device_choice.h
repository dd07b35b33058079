// Device choice: which of this machine's devices a model runs on, and why, in words.
//
// Pure functions over a list of devices (hardware.h makes the list), so that every machine's case
// can be tested on any other. Any thread. Fails with InvalidArgument for a choice that cannot be
// read, and DeviceUnavailable for one that does not exist or cannot be used.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::engine {

enum class DeviceKind {
    Discrete,
    Integrated,
    Virtual, // a graphics card lent to a virtual machine
    Other, // a Vulkan device that does not say what it is
    Software, // Vulkan on the processor (lavapipe, SwiftShader): slower than our own processor path
    Processor,
};

// "discrete", "integrated", "virtual", "other", "software", "processor": as the command line prints
// it.
const char *deviceKindName(DeviceKind kind);

struct DeviceOption {
    DeviceKind kind = DeviceKind::Processor;
    std::uint32_t vulkanIndex = 0; // the N of "vulkan:N"; unused for the processor
    std::string name; // "AMD Radeon RX 7600"
    std::string vendor; // "AMD"
    std::string driver; // "radv Mesa 23.2.1"; empty for the processor
    std::uint64_t memoryBytes = 0; // device memory; the computer's for the processor and Software
    std::uint64_t availableBytes = 0; // of it, what may be used now
    std::string problem; // empty, or why it cannot be used, as one sentence

    std::string id() const; // "cpu" or "vulkan:N": what --device takes
    bool usable() const { return problem.empty(); }
};

// The devices of one machine.
struct DeviceList {
    std::vector<DeviceOption> devices; // Vulkan devices by index, then the processor
    std::string vulkanProblem; // empty, or why there is no Vulkan device, as a sentence
};

struct DeviceRequest {
    enum class Kind { Auto, Processor, Vulkan };
    Kind kind = Kind::Auto;
    std::optional<std::uint32_t> vulkanIndex; // of "vulkan:N"

    // "auto" (also empty), "cpu", "vulkan" (the best Vulkan device), "vulkan:N".
    static Result<DeviceRequest> parse(std::string_view text);
};

struct DeviceSelection {
    DeviceOption device;
    std::string reason; // one sentence
};

// auto: discrete, integrated, virtual or other, then the processor; never a software renderer.
// "vulkan": the same order, a software renderer last. Of one kind the one with most memory.
Result<DeviceSelection> chooseDevice(const DeviceList &list, const DeviceRequest &request);

} // namespace alcove::engine
