#include "gpu/memory.h"

#include <algorithm>
#include <array>

namespace alcove::gpu {

namespace {

constexpr std::uint64_t kAlignment = 256;
constexpr std::uint64_t kBlockBytes = std::uint64_t(1) << 30;

std::uint64_t aligned(std::uint64_t bytes)
{
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// The memory types to try, best first, as property flags that must be there.
std::vector<VkMemoryPropertyFlags> preferences(MemoryUse use)
{
    constexpr VkMemoryPropertyFlags kHost =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    switch (use) {
    case MemoryUse::Device:
        return {VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT};
    case MemoryUse::Upload:
        return {kHost};
    case MemoryUse::Readback:
        return {kHost | VK_MEMORY_PROPERTY_HOST_CACHED_BIT, kHost};
    }
    return {};
}

} // namespace

DeviceMemory::~DeviceMemory()
{
    for (const Block &block : m_blocks) {
        if (block.buffer)
            m_device->vk().vkDestroyBuffer(m_device->handle(), block.buffer, nullptr);
        if (block.memory)
            m_device->vk().vkFreeMemory(m_device->handle(), block.memory, nullptr);
    }
}

SliceId DeviceMemory::plan(std::uint64_t bytes, MemoryUse use)
{
    Item item;
    item.bytes = aligned(std::max<std::uint64_t>(bytes, 1));
    item.use = use;
    m_items.push_back(item);
    return static_cast<SliceId>(m_items.size() - 1);
}

std::uint64_t DeviceMemory::planned() const
{
    std::uint64_t bytes = 0;
    for (const Item &item : m_items) {
        if (item.use == MemoryUse::Device)
            bytes += item.bytes;
    }
    return bytes;
}

Result<> DeviceMemory::commit()
{
    for (const MemoryUse use : {MemoryUse::Device, MemoryUse::Upload, MemoryUse::Readback}) {
        if (auto done = commitUse(use); !done)
            return done;
    }
    return {};
}

Result<> DeviceMemory::commitUse(MemoryUse use)
{
    std::size_t first = 0;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < m_items.size(); ++i) {
        Item &item = m_items[i];
        if (item.use != use)
            continue;
        if (bytes > 0 && bytes + item.bytes > kBlockBytes) {
            if (auto done = allocateBlock(bytes, use, first, i); !done)
                return done;
            bytes = 0;
        }
        if (bytes == 0)
            first = i;
        item.slice.offset = bytes;
        item.slice.bytes = item.bytes;
        bytes += item.bytes;
    }
    return bytes > 0 ? allocateBlock(bytes, use, first, m_items.size()) : Result<>{};
}

// One block for the items of `use` in [first, last), whose offsets are set.
Result<> DeviceMemory::allocateBlock(std::uint64_t bytes, MemoryUse use, std::size_t first,
                                     std::size_t last)
{
    const VolkDeviceTable &vk = m_device->vk();
    if (bytes > m_device->limits().maxAllocation)
        return fail(ErrorCode::OutOfDeviceMemory,
                    "A part of this model is larger than the graphics driver can hold in one "
                    "piece; choose a smaller model or a smaller quantisation.",
                    std::to_string(bytes) + " bytes");
    auto info = vkStruct<VkBufferCreateInfo>(VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO);
    info.size = bytes;
    info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT
        | VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;
    info.sharingMode = VK_SHARING_MODE_EXCLUSIVE;
    Block &block = m_blocks.emplace_back();
    if (VkResult result = vk.vkCreateBuffer(m_device->handle(), &info, nullptr, &block.buffer);
        result)
        return fail(vulkanError(result, "vkCreateBuffer"));
    VkMemoryRequirements needs{};
    vk.vkGetBufferMemoryRequirements(m_device->handle(), block.buffer, &needs);

    auto flags = vkStruct<VkMemoryAllocateFlagsInfo>(VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO);
    flags.flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT;
    auto allocate = vkStruct<VkMemoryAllocateInfo>(VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, &flags);
    allocate.allocationSize = needs.size;
    VkResult result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
    const VkPhysicalDeviceMemoryProperties &memory = m_device->memory();
    for (const VkMemoryPropertyFlags wanted : preferences(use)) {
        for (std::uint32_t type = 0; type < memory.memoryTypeCount && !block.memory; ++type) {
            const VkMemoryPropertyFlags has = memory.memoryTypes[type].propertyFlags;
            if (!(needs.memoryTypeBits & (1u << type)) || (has & wanted) != wanted)
                continue;
            allocate.memoryTypeIndex = type;
            result = vk.vkAllocateMemory(m_device->handle(), &allocate, nullptr, &block.memory);
        }
    }
    if (!block.memory)
        return fail(vulkanError(result, "vkAllocateMemory"));
    m_allocated += needs.size;
    result = vk.vkBindBufferMemory(m_device->handle(), block.buffer, block.memory, 0);
    if (result != VK_SUCCESS)
        return fail(vulkanError(result, "vkBindBufferMemory"));

    void *mapped = nullptr;
    if (use != MemoryUse::Device) {
        result = vk.vkMapMemory(m_device->handle(), block.memory, 0, VK_WHOLE_SIZE, 0, &mapped);
        if (result != VK_SUCCESS)
            return fail(vulkanError(result, "vkMapMemory"));
    }
    auto query = vkStruct<VkBufferDeviceAddressInfo>(VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO);
    query.buffer = block.buffer;
    const VkDeviceAddress address = vk.vkGetBufferDeviceAddress(m_device->handle(), &query);
    for (std::size_t i = first; i < last; ++i) {
        if (m_items[i].use != use)
            continue;
        Slice &slice = m_items[i].slice;
        slice.buffer = block.buffer;
        slice.address = address + slice.offset;
        if (mapped)
            slice.mapped = static_cast<std::byte *>(mapped) + slice.offset;
    }
    return {};
}

} // namespace alcove::gpu
