#include "gpu/device_info.h"

#include "gpu/instance.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace alcove::gpu {

namespace {

std::string vendorName(std::uint32_t id)
{
    switch (id) {
    case 0x1002:
        return "AMD";
    case 0x10de:
        return "NVIDIA";
    case 0x8086:
        return "Intel";
    case 0x13b5:
        return "Arm";
    case 0x5143:
        return "Qualcomm";
    case 0x106b:
        return "Apple";
    case 0x1010:
        return "Imagination";
    case VK_VENDOR_ID_MESA:
        return "Mesa";
    default: {
        char text[16];
        std::snprintf(text, sizeof(text), "0x%04x", static_cast<unsigned>(id));
        return text;
    }
    }
}

DeviceKind kindOf(VkPhysicalDeviceType type)
{
    switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return DeviceKind::Discrete;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return DeviceKind::Integrated;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return DeviceKind::Virtual;
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
        return DeviceKind::Cpu;
    default:
        return DeviceKind::Other;
    }
}

std::string versionText(std::uint32_t version)
{
    return std::to_string(VK_API_VERSION_MAJOR(version)) + '.'
        + std::to_string(VK_API_VERSION_MINOR(version)) + '.'
        + std::to_string(VK_API_VERSION_PATCH(version));
}

void readMemory(VkPhysicalDevice device, DeviceInfo &info)
{
    auto budget = vkStruct<VkPhysicalDeviceMemoryBudgetPropertiesEXT>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT);
    auto memory = vkStruct<VkPhysicalDeviceMemoryProperties2>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2);
    info.budgetMeasured = hasDeviceExtension(device, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
    if (info.budgetMeasured)
        memory.pNext = &budget;
    vkGetPhysicalDeviceMemoryProperties2(device, &memory);
    for (std::uint32_t i = 0; i < memory.memoryProperties.memoryHeapCount; ++i) {
        const VkMemoryHeap &heap = memory.memoryProperties.memoryHeaps[i];
        if (!(heap.flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) || heap.size <= info.memoryBytes)
            continue;
        info.memoryBytes = heap.size;
        info.budgetBytes = info.budgetMeasured
            ? budget.heapBudget[i] - std::min(budget.heapBudget[i], budget.heapUsage[i])
            : heap.size / 10 * 9;
    }
}

bool hasComputeQueue(VkPhysicalDevice device)
{
    std::uint32_t count = 0;
    vkGetPhysicalDeviceQueueFamilyProperties(device, &count, nullptr);
    std::vector<VkQueueFamilyProperties> families(count);
    vkGetPhysicalDeviceQueueFamilyProperties(device, &count, families.data());
    return std::any_of(families.begin(), families.end(), [](const VkQueueFamilyProperties &family) {
        return (family.queueFlags & VK_QUEUE_COMPUTE_BIT) != 0;
    });
}

// Why the kernels cannot run on this device, or empty.
std::string missingFeature(VkPhysicalDevice device, const VkPhysicalDeviceProperties &properties,
                           const VkPhysicalDeviceSubgroupProperties &subgroup)
{
    if (properties.apiVersion < VK_API_VERSION_1_2)
        return "Its driver implements Vulkan " + versionText(properties.apiVersion)
            + ", and 1.2 is needed; a newer driver may help.";
    auto features12 = vkStruct<VkPhysicalDeviceVulkan12Features>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES);
    auto features11 = vkStruct<VkPhysicalDeviceVulkan11Features>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, &features12);
    auto features = vkStruct<VkPhysicalDeviceFeatures2>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &features11);
    vkGetPhysicalDeviceFeatures2(device, &features);
    if (!hasComputeQueue(device))
        return "It cannot run compute programs.";
    if (!features12.bufferDeviceAddress)
        return "Its driver lacks buffer device addresses, which the model's weights need.";
    if (!features11.storageBuffer16BitAccess)
        return "Its driver lacks 16-bit storage, which the model's weights need.";
    if (!features12.timelineSemaphore)
        return "Its driver lacks timeline semaphores.";
    const VkSubgroupFeatureFlags needed = VK_SUBGROUP_FEATURE_BASIC_BIT
        | VK_SUBGROUP_FEATURE_ARITHMETIC_BIT | VK_SUBGROUP_FEATURE_BALLOT_BIT
        | VK_SUBGROUP_FEATURE_SHUFFLE_BIT;
    if (!(subgroup.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT)
        || (subgroup.supportedOperations & needed) != needed || subgroup.subgroupSize < 8)
        return "Its driver lacks the subgroup operations that the kernels are built on.";
    return {};
}

} // namespace

const char *describe(DeviceKind kind)
{
    switch (kind) {
    case DeviceKind::Discrete:
        return "discrete graphics card";
    case DeviceKind::Integrated:
        return "integrated graphics";
    case DeviceKind::Virtual:
        return "virtual graphics";
    case DeviceKind::Cpu:
        return "software renderer";
    case DeviceKind::Other:
        break;
    }
    return "device";
}

bool hasDeviceExtension(VkPhysicalDevice device, const char *name)
{
    std::uint32_t count = 0;
    if (vkEnumerateDeviceExtensionProperties(device, nullptr, &count, nullptr) != VK_SUCCESS)
        return false;
    std::vector<VkExtensionProperties> extensions(count);
    if (vkEnumerateDeviceExtensionProperties(device, nullptr, &count, extensions.data()) < 0)
        return false;
    for (const VkExtensionProperties &extension : extensions) {
        if (std::strcmp(extension.extensionName, name) == 0)
            return true;
    }
    return false;
}

DeviceInfo describeDevice(VkPhysicalDevice device, std::uint32_t index)
{
    DeviceInfo info;
    info.index = index;
    VkPhysicalDeviceProperties plain{};
    vkGetPhysicalDeviceProperties(device, &plain);
    info.name = plain.deviceName;
    info.vendor = vendorName(plain.vendorID);
    info.kind = kindOf(plain.deviceType);
    info.apiVersion = versionText(plain.apiVersion);

    auto subgroup = vkStruct<VkPhysicalDeviceSubgroupProperties>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES);
    if (plain.apiVersion >= VK_API_VERSION_1_2) {
        auto driver = vkStruct<VkPhysicalDeviceDriverProperties>(
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES, &subgroup);
        auto id = vkStruct<VkPhysicalDeviceIDProperties>(
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES, &driver);
        auto properties = vkStruct<VkPhysicalDeviceProperties2>(
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &id);
        vkGetPhysicalDeviceProperties2(device, &properties);
        info.driver = driver.driverName;
        info.driverVersion = driver.driverInfo;
        std::copy(std::begin(id.deviceUUID), std::end(id.deviceUUID), info.deviceUuid.begin());
        std::copy(std::begin(id.driverUUID), std::end(id.driverUUID), info.driverUuid.begin());
        readMemory(device, info);
    }
    if (info.driverVersion.empty())
        info.driverVersion = versionText(plain.driverVersion);
    info.subgroupSize = subgroup.subgroupSize;
    info.unusable = missingFeature(device, plain, subgroup);
    return info;
}

Result<std::vector<DeviceInfo>> listDevices()
{
    auto instance = Instance::create();
    if (!instance)
        return fail(instance.error());
    auto handles = (*instance)->physicalDevices();
    if (!handles)
        return fail(handles.error());
    std::vector<DeviceInfo> devices;
    for (std::uint32_t i = 0; i < handles->size(); ++i)
        devices.push_back(describeDevice((*handles)[i], i));
    return devices;
}

const DeviceInfo *preferredDevice(const std::vector<DeviceInfo> &devices)
{
    for (const DeviceKind kind :
         {DeviceKind::Discrete, DeviceKind::Integrated, DeviceKind::Virtual}) {
        const DeviceInfo *best = nullptr;
        for (const DeviceInfo &device : devices) {
            if (device.kind == kind && device.usable()
                && (!best || device.memoryBytes > best->memoryBytes))
                best = &device;
        }
        if (best)
            return best;
    }
    return nullptr;
}

} // namespace alcove::gpu
