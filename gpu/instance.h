// Instance: the Vulkan loader, one VkInstance and, when asked for, the validation layer.
//
// ALCOVE_VULKAN_VALIDATION=1 in the environment turns the validation layer on where it is
// installed; its warnings and errors go to stderr and are counted. Any thread may create one;
// shared by what was made from it. DeviceUnavailable when there is no loader or it refuses.
#pragma once

#include "core/base/result.h"
#include "gpu/device_info.h"

#include <volk.h>

#include <memory>
#include <string>
#include <vector>

namespace alcove::gpu {

// A Vulkan structure with its type and chain set and all else zero.
template <typename T>
T vkStruct(VkStructureType type, void *next = nullptr)
{
    T value{};
    value.sType = type;
    value.pNext = next;
    return value;
}

class Instance
{
public:
    static Result<std::shared_ptr<const Instance>> create();
    ~Instance();
    Instance(const Instance &) = delete;
    Instance &operator=(const Instance &) = delete;

    VkInstance handle() const { return m_instance; }
    bool validated() const { return m_messenger != VK_NULL_HANDLE; }

    Result<std::vector<VkPhysicalDevice>> physicalDevices() const;

private:
    Instance() = default;

    VkInstance m_instance = VK_NULL_HANDLE;
    VkDebugUtilsMessengerEXT m_messenger = VK_NULL_HANDLE;
};

// Warnings and errors that the validation layer has reported in this process.
std::uint64_t validationMessages();
// The layer was asked for (ALCOVE_VULKAN_VALIDATION=1), is there, and is on in what was made last.
bool validationActive();

// Describes one device; `index` is its place in the loader's order.
DeviceInfo describeDevice(VkPhysicalDevice device, std::uint32_t index);

bool hasDeviceExtension(VkPhysicalDevice device, const char *name);

// The name of a result: "VK_ERROR_DEVICE_LOST".
std::string resultName(VkResult result);

// DeviceLost, OutOfMemory, OutOfDeviceMemory or DeviceUnavailable, with a sentence for the user;
// `what` (the call that failed) goes into the detail.
Error vulkanError(VkResult result, const char *what);

} // namespace alcove::gpu
