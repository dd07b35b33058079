#include "gpu/device.h"

#include <algorithm>
#include <limits>

namespace alcove::gpu {

namespace {

constexpr std::uint32_t kPushBytes = 128; // what every device has

// A family that computes without drawing leaves the desktop's queue alone.
bool findFamily(VkPhysicalDevice device, std::uint32_t &family)
{
    std::uint32_t count = 0;
    vkGetPhysicalDeviceQueueFamilyProperties(device, &count, nullptr);
    std::vector<VkQueueFamilyProperties> families(count);
    vkGetPhysicalDeviceQueueFamilyProperties(device, &count, families.data());
    bool found = false;
    for (std::uint32_t i = 0; i < count; ++i) {
        const VkQueueFlags flags = families[i].queueFlags;
        if (!(flags & VK_QUEUE_COMPUTE_BIT))
            continue;
        if (!found || !(flags & VK_QUEUE_GRAPHICS_BIT)) {
            family = i;
            found = true;
        }
        if (!(flags & VK_QUEUE_GRAPHICS_BIT))
            break;
    }
    return found;
}

} // namespace

Result<std::shared_ptr<Device>> Device::open(const DeviceInfo &info)
{
    auto instance = Instance::create();
    if (!instance)
        return fail(instance.error());
    auto handles = (*instance)->physicalDevices();
    if (!handles)
        return fail(handles.error());
    std::shared_ptr<Device> device(new Device);
    device->m_instance = *instance;
    for (std::uint32_t i = 0; i < handles->size(); ++i) {
        DeviceInfo now = describeDevice((*handles)[i], i);
        // Two cards of a kind may carry one identity; then the place in the list decides.
        if (now.deviceUuid != info.deviceUuid || now.name != info.name)
            continue;
        if (!device->m_physical || i == info.index) {
            device->m_physical = (*handles)[i];
            device->m_info = std::move(now);
        }
    }
    if (!device->m_physical)
        return fail(ErrorCode::DeviceUnavailable,
                    "The graphics device \"" + info.name + "\" is no longer there.");
    if (!device->m_info.usable())
        return fail(ErrorCode::DeviceUnavailable,
                    "\"" + info.name + "\" cannot run models. " + device->m_info.unusable);
    if (auto opened = device->openHandle(); !opened)
        return fail(opened.error());
    if (auto opened = device->openObjects(); !opened)
        return fail(opened.error());
    return device;
}

Result<> Device::openHandle()
{
    if (!findFamily(m_physical, m_family))
        return fail(ErrorCode::DeviceUnavailable,
                    "\"" + m_info.name + "\" cannot run compute programs.");
    const float priority = 1.0f;
    auto queue = vkStruct<VkDeviceQueueCreateInfo>(VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO);
    queue.queueFamilyIndex = m_family;
    queue.queueCount = 1;
    queue.pQueuePriorities = &priority;

    std::vector<const char *> extensions;
    const char *const kPortability = "VK_KHR_portability_subset";
    if (hasDeviceExtension(m_physical, kPortability))
        extensions.push_back(kPortability); // must be enabled where it is offered
    const bool sizeControl =
        hasDeviceExtension(m_physical, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME);

    auto sizeFeatures = vkStruct<VkPhysicalDeviceSubgroupSizeControlFeatures>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES);
    auto sizeProperties = vkStruct<VkPhysicalDeviceSubgroupSizeControlProperties>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES);
    if (sizeControl) {
        extensions.push_back(VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME);
        auto features = vkStruct<VkPhysicalDeviceFeatures2>(
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &sizeFeatures);
        vkGetPhysicalDeviceFeatures2(m_physical, &features);
        auto properties = vkStruct<VkPhysicalDeviceProperties2>(
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &sizeProperties);
        vkGetPhysicalDeviceProperties2(m_physical, &properties);
    }
    m_limits.lanes = m_info.subgroupSize;
    m_limits.fixedLanes = sizeControl && sizeFeatures.subgroupSizeControl
        && (sizeProperties.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT)
        && m_limits.lanes >= sizeProperties.minSubgroupSize
        && m_limits.lanes <= sizeProperties.maxSubgroupSize;
    // Only what is used is asked for, since drivers may pay for a feature.
    sizeFeatures.computeFullSubgroups = VK_FALSE;
    sizeFeatures.pNext = nullptr;

    auto features12 = vkStruct<VkPhysicalDeviceVulkan12Features>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES);
    features12.bufferDeviceAddress = VK_TRUE;
    features12.timelineSemaphore = VK_TRUE;
    if (m_limits.fixedLanes)
        features12.pNext = &sizeFeatures;
    auto features11 = vkStruct<VkPhysicalDeviceVulkan11Features>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, &features12);
    features11.storageBuffer16BitAccess = VK_TRUE;

    auto create = vkStruct<VkDeviceCreateInfo>(VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, &features11);
    create.queueCreateInfoCount = 1;
    create.pQueueCreateInfos = &queue;
    create.enabledExtensionCount = static_cast<std::uint32_t>(extensions.size());
    create.ppEnabledExtensionNames = extensions.data();
    if (VkResult result = vkCreateDevice(m_physical, &create, nullptr, &m_device); result)
        return fail(vulkanError(result, "vkCreateDevice"));
    volkLoadDeviceTable(&m_vk, m_device);
    m_vk.vkGetDeviceQueue(m_device, m_family, 0, &m_queue);
    return {};
}

Result<> Device::openObjects()
{
    auto maintenance = vkStruct<VkPhysicalDeviceMaintenance3Properties>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES);
    auto properties = vkStruct<VkPhysicalDeviceProperties2>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &maintenance);
    vkGetPhysicalDeviceProperties2(m_physical, &properties);
    const auto &limits = properties.properties.limits;
    m_limits.maxWorkgroups =
        std::min(limits.maxComputeWorkGroupCount[0], limits.maxComputeWorkGroupCount[1]);
    m_limits.maxAllocation = maintenance.maxMemoryAllocationSize;
    vkGetPhysicalDeviceMemoryProperties(m_physical, &m_memory);

    auto pool = vkStruct<VkCommandPoolCreateInfo>(VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO);
    pool.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
    pool.queueFamilyIndex = m_family;
    if (VkResult result = m_vk.vkCreateCommandPool(m_device, &pool, nullptr, &m_commands); result)
        return fail(vulkanError(result, "vkCreateCommandPool"));

    const VkPushConstantRange range{VK_SHADER_STAGE_COMPUTE_BIT, 0, kPushBytes};
    auto layout =
        vkStruct<VkPipelineLayoutCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO);
    layout.pushConstantRangeCount = 1;
    layout.pPushConstantRanges = &range;
    if (VkResult result = m_vk.vkCreatePipelineLayout(m_device, &layout, nullptr, &m_layout);
        result)
        return fail(vulkanError(result, "vkCreatePipelineLayout"));

    auto type = vkStruct<VkSemaphoreTypeCreateInfo>(VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO);
    type.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE;
    auto semaphore =
        vkStruct<VkSemaphoreCreateInfo>(VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, &type);
    if (VkResult result = m_vk.vkCreateSemaphore(m_device, &semaphore, nullptr, &m_timeline);
        result)
        return fail(vulkanError(result, "vkCreateSemaphore"));
    return {};
}

Device::~Device()
{
    if (!m_device)
        return;
    waitIdle();
    if (m_timeline)
        m_vk.vkDestroySemaphore(m_device, m_timeline, nullptr);
    if (m_layout)
        m_vk.vkDestroyPipelineLayout(m_device, m_layout, nullptr);
    if (m_commands)
        m_vk.vkDestroyCommandPool(m_device, m_commands, nullptr);
    m_vk.vkDestroyDevice(m_device, nullptr);
}

Error Device::failed(VkResult result, const char *what)
{
    if (result == VK_ERROR_DEVICE_LOST)
        m_lost = true;
    return vulkanError(result, what);
}

Result<VkCommandBuffer> Device::newCommandBuffer()
{
    auto info =
        vkStruct<VkCommandBufferAllocateInfo>(VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO);
    info.commandPool = m_commands;
    info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
    info.commandBufferCount = 1;
    VkCommandBuffer buffer = VK_NULL_HANDLE;
    if (VkResult result = m_vk.vkAllocateCommandBuffers(m_device, &info, &buffer); result)
        return fail(failed(result, "vkAllocateCommandBuffers"));
    return buffer;
}

Result<std::uint64_t> Device::submit(std::span<const VkCommandBuffer> buffers)
{
    if (m_lost)
        return fail(vulkanError(VK_ERROR_DEVICE_LOST, "vkQueueSubmit"));
    const std::uint64_t number = m_submissions + 1;
    auto timeline =
        vkStruct<VkTimelineSemaphoreSubmitInfo>(VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);
    timeline.signalSemaphoreValueCount = 1;
    timeline.pSignalSemaphoreValues = &number;
    auto info = vkStruct<VkSubmitInfo>(VK_STRUCTURE_TYPE_SUBMIT_INFO, &timeline);
    info.commandBufferCount = static_cast<std::uint32_t>(buffers.size());
    info.pCommandBuffers = buffers.data();
    info.signalSemaphoreCount = 1;
    info.pSignalSemaphores = &m_timeline;
    if (VkResult result = m_vk.vkQueueSubmit(m_queue, 1, &info, VK_NULL_HANDLE); result)
        return fail(failed(result, "vkQueueSubmit"));
    m_submissions = number;
    return number;
}

Result<> Device::wait(std::uint64_t submission)
{
    if (m_lost)
        return fail(vulkanError(VK_ERROR_DEVICE_LOST, "vkWaitSemaphores"));
    auto info = vkStruct<VkSemaphoreWaitInfo>(VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO);
    info.semaphoreCount = 1;
    info.pSemaphores = &m_timeline;
    info.pValues = &submission;
    const VkResult result =
        m_vk.vkWaitSemaphores(m_device, &info, std::numeric_limits<std::uint64_t>::max());
    if (result != VK_SUCCESS)
        return fail(failed(result, "vkWaitSemaphores"));
    return {};
}

Result<bool> Device::finished(std::uint64_t submission)
{
    std::uint64_t done = 0;
    const VkResult result = m_vk.vkGetSemaphoreCounterValue(m_device, m_timeline, &done);
    if (result != VK_SUCCESS)
        return fail(failed(result, "vkGetSemaphoreCounterValue"));
    return done >= submission;
}

void Device::waitIdle()
{
    // A lost device has nothing left to wait for, whatever it answers.
    m_vk.vkDeviceWaitIdle(m_device);
}

} // namespace alcove::gpu
