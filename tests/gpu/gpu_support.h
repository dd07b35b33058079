// What the tests of the Vulkan side share: the device they run on, and messages of the validation
// layer as failures.
#pragma once

#include "gpu/device_info.h"
#include "gpu/instance.h"

#include <QTest>

#include <optional>

namespace alcove::test {

// Before anything of Vulkan is used.
inline void enableValidation()
{
    qputenv("ALCOVE_VULKAN_VALIDATION", "1");
}

// The first device that can run models, software renderers included.
inline std::optional<gpu::DeviceInfo> usableDevice()
{
    auto devices = gpu::listDevices();
    if (!devices)
        return std::nullopt;
    for (const gpu::DeviceInfo &device : *devices) {
        if (device.usable())
            return device;
    }
    return std::nullopt;
}

} // namespace alcove::test
