// Device: one opened Vulkan device with its compute queue, and the order of what is submitted to
// it.
//
// Every submission gets the next number of one timeline, and wait(n) returns when all up to n are
// done. One thread at a time, except handle(), vk() and the limits, which do not change. Freed when
// the last user lets go of it; all work must be done by then (waitIdle).
#pragma once

#include "gpu/instance.h"

#include <cstdint>
#include <memory>
#include <span>

namespace alcove::gpu {

struct DeviceLimits {
    std::uint32_t lanes = 0; // subgroup size, and size of every workgroup
    bool fixedLanes = false; // the size can be demanded of a pipeline
    std::uint32_t maxWorkgroups = 0; // in x and in y
    std::uint64_t maxAllocation = 0; // bytes
};

class Device
{
public:
    // DeviceUnavailable when the device is gone or cannot run the kernels.
    static Result<std::shared_ptr<Device>> open(const DeviceInfo &info);
    ~Device();
    Device(const Device &) = delete;
    Device &operator=(const Device &) = delete;

    VkDevice handle() const { return m_device; }
    VkPhysicalDevice physical() const { return m_physical; }
    const VolkDeviceTable &vk() const { return m_vk; }
    const DeviceInfo &info() const { return m_info; } // the budget as it was before opening
    const DeviceLimits &limits() const { return m_limits; }
    const VkPhysicalDeviceMemoryProperties &memory() const { return m_memory; }
    VkPipelineLayout pipelineLayout() const { return m_layout; } // 128 bytes of push constants

    Result<VkCommandBuffer> newCommandBuffer();

    // Submits the buffers in this order as one submission; its number.
    Result<std::uint64_t> submit(std::span<const VkCommandBuffer> buffers);
    Result<> wait(std::uint64_t submission);
    Result<bool> finished(std::uint64_t submission);
    std::uint64_t submissions() const { return m_submissions; } // since the device was opened
    void waitIdle();

private:
    Device() = default;
    Result<> openHandle();
    Result<> openObjects();
    Error failed(VkResult result, const char *what);

    std::shared_ptr<const Instance> m_instance;
    DeviceInfo m_info;
    DeviceLimits m_limits;
    VkPhysicalDeviceMemoryProperties m_memory{};
    VkPhysicalDevice m_physical = VK_NULL_HANDLE;
    VkDevice m_device = VK_NULL_HANDLE;
    VolkDeviceTable m_vk{};
    std::uint32_t m_family = 0;
    VkQueue m_queue = VK_NULL_HANDLE;
    VkCommandPool m_commands = VK_NULL_HANDLE;
    VkPipelineLayout m_layout = VK_NULL_HANDLE;
    VkSemaphore m_timeline = VK_NULL_HANDLE;
    std::uint64_t m_submissions = 0;
    bool m_lost = false;
};

} // namespace alcove::gpu
