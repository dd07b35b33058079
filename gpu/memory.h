// DeviceMemory: everything that one model holds on a device, planned first and then allocated.
//
// plan() collects what is needed; commit() compares the sum with what the device has left and only
// then allocates, in blocks of at most 1 GiB (one larger item gets a block to itself). Freed as a
// whole. One thread.
#pragma once

#include "gpu/device.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace alcove::gpu {

enum class MemoryUse {
    Device, // fastest for kernels; not seen by the host
    Upload, // written by the host
    Readback, // read by the host
};

// A part of a buffer.
struct Slice {
    VkBuffer buffer = VK_NULL_HANDLE;
    VkDeviceSize offset = 0; // in the buffer; a multiple of 256
    VkDeviceSize bytes = 0;
    VkDeviceAddress address = 0;
    std::byte *mapped = nullptr; // Upload and Readback
};

using SliceId = std::uint32_t;

class DeviceMemory
{
public:
    explicit DeviceMemory(std::shared_ptr<Device> device) : m_device(std::move(device)) { }
    ~DeviceMemory();
    DeviceMemory(const DeviceMemory &) = delete;
    DeviceMemory &operator=(const DeviceMemory &) = delete;

    // Before commit().
    SliceId plan(std::uint64_t bytes, MemoryUse use = MemoryUse::Device);
    std::uint64_t planned() const; // bytes of MemoryUse::Device
    std::uint64_t planned(SliceId id) const { return m_items[id].bytes; }

    // Allocates what was planned. OutOfDeviceMemory or OutOfMemory: nothing stays allocated that
    // the destructor does not free.
    Result<> commit();

    const Slice &operator[](SliceId id) const { return m_items[id].slice; }
    std::uint64_t allocated() const { return m_allocated; } // bytes, really taken from the device

private:
    struct Item {
        std::uint64_t bytes = 0;
        MemoryUse use = MemoryUse::Device;
        Slice slice;
    };
    struct Block {
        VkBuffer buffer = VK_NULL_HANDLE;
        VkDeviceMemory memory = VK_NULL_HANDLE;
    };

    Result<> commitUse(MemoryUse use);
    Result<> allocateBlock(std::uint64_t bytes, MemoryUse use, std::size_t first, std::size_t last);

    std::shared_ptr<Device> m_device;
    std::vector<Item> m_items;
    std::vector<Block> m_blocks;
    std::uint64_t m_allocated = 0;
};

} // namespace alcove::gpu
