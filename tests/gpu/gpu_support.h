// What the tests of the Vulkan side share: the device they run on, and messages of the validation
// layer as failures.
#pragma once

#include "gpu/device_info.h"
#include "gpu/instance.h"
#include "gpu/vulkan_executor.h"

#include <QTest>

#include <memory>
#include <optional>
#include <string>
#include <vector>

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
    // Without the layer a test would say nothing about how Vulkan is used.
    if (qEnvironmentVariable("ALCOVE_VULKAN_VALIDATION") == QLatin1String("1")
        && !gpu::validationActive())
        qFatal("The Vulkan validation layer is not installed.");
    for (const gpu::DeviceInfo &device : *devices) {
        if (device.usable())
            return device;
    }
    return std::nullopt;
}

inline std::vector<llm::Token> someTokens(std::size_t count, std::uint32_t vocabulary)
{
    std::vector<llm::Token> tokens(count);
    for (std::size_t i = 0; i < count; ++i)
        tokens[i] = llm::Token((3 + i * 29 + i * i % 7) % vocabulary);
    return tokens;
}

// Null, with the reason in the log, when the model cannot be opened or run.
inline std::unique_ptr<llm::Executor> loadOn(const gpu::DeviceInfo &device, const std::string &path,
                                             const llm::ExecutorOptions &options = {})
{
    auto model = llm::Model::open(path);
    if (!model) {
        qWarning("%s", model.error().message.c_str());
        return nullptr;
    }
    auto executor = gpu::createVulkanExecutor(*model, device, options);
    if (!executor) {
        qWarning("%s (%s)", executor.error().message.c_str(), executor.error().detail.c_str());
        return nullptr;
    }
    return std::move(*executor);
}

} // namespace alcove::test
