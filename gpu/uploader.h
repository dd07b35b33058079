// Uploader: moves bytes to the device through two staging buffers, so that the host fills one while
// the device reads the other. One thread. Progress is told and cancelling noticed at each buffer.
#pragma once

#include "core/llm/executor.h"
#include "gpu/memory.h"
#include "gpu/recorder.h"
#include "gpu/weight_layout.h"

#include <span>

namespace alcove::gpu {

class Uploader
{
public:
    static constexpr std::uint64_t kStagingBytes = 16u << 20;

    Uploader(std::shared_ptr<Device> device, const llm::LoadHooks &hooks, std::uint64_t totalBytes);

    Result<> open();

    // Copies bytes to `to`, from its byte `offset` on.
    Result<> write(const Slice &to, std::uint64_t offset, std::span<const std::byte> bytes);

    // Converts the units of `source` and writes them to the planes at `to`, from unit `firstUnit`
    // on; with the first unit goes the format's grid.
    Result<> writeUnits(const WeightLayout &layout, const Slice &to, std::uint64_t firstUnit,
                        std::span<const std::byte> source);

    Result<> fill(const Slice &to, std::uint32_t word);

    // Waits until all is on the device.
    Result<> finish();

private:
    struct Buffer {
        SliceId slice = 0;
        VkCommandBuffer commands = VK_NULL_HANDLE;
        std::uint64_t submission = 0;
    };

    Result<> acquire(); // m_current is free and recording
    Result<> submit(std::uint64_t source); // `source` bytes of progress

    std::shared_ptr<Device> m_device;
    llm::LoadHooks m_hooks;
    DeviceMemory m_memory;
    Recorder m_recorder;
    Buffer m_buffers[2];
    std::size_t m_current = 0;
    std::uint64_t m_doneBytes = 0;
    std::uint64_t m_totalBytes = 0;
};

} // namespace alcove::gpu
