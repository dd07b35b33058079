// The Vulkan executor: runs a model specification on one graphics device (core/llm/executor.h).
//
// Owns the device, the uploaded weights, the KV cache and the pipelines; keeps the model's file
// open. One thread at a time. After DeviceLost every call fails with DeviceLost; make a new
// executor.
#pragma once

#include "core/llm/executor.h"
#include "gpu/device_info.h"

#include <memory>
#include <string>

namespace alcove::gpu {

struct VulkanOptions {
    std::string pipelineCacheFolder; // where compiled pipelines are kept; empty: nowhere
};

// Uploads the weights and prepares the kernels. Before the first byte is moved, everything that the
// model needs is compared with what the device has left: OutOfDeviceMemory then says how much is
// missing and what would fit. Unsupported names what the kernels do not know; DeviceUnavailable
// when the device is gone or lacks a feature; Cancelled within one staging buffer of hooks.cancel.
Result<std::unique_ptr<llm::Executor>>
createVulkanExecutor(std::shared_ptr<const llm::Model> model, const DeviceInfo &device,
                     const llm::ExecutorOptions &options = {}, const llm::LoadHooks &hooks = {},
                     const VulkanOptions &vulkan = {});

} // namespace alcove::gpu
