// Recorder: writes kernels into a command buffer and counts the stages that the device will run.
//
// A stage is what runs between two barriers: its kernels may run at the same time. One thread.
#pragma once

#include "gpu/memory.h"

#include <cstdint>

namespace alcove::gpu {

enum class Reuse {
    Once, // submitted once, then recorded anew
    Many, // submitted any number of times, also before an earlier submission is done
};

class Recorder
{
public:
    explicit Recorder(const Device &device) : m_device(&device) { }

    // The first stage waits for all that was submitted before.
    Result<> begin(VkCommandBuffer buffer, Reuse reuse);
    Result<> end();

    // What follows sees what came before.
    void nextStage() { m_pending = true; }

    template <typename Push>
    void dispatch(VkPipeline pipeline, const Push &push, std::uint32_t x, std::uint32_t y = 1,
                  std::uint32_t z = 1)
    {
        static_assert(sizeof(Push) <= 128 && sizeof(Push) % 4 == 0);
        dispatch(pipeline, &push, sizeof(Push), x, y, z);
    }

    void fill(const Slice &slice, std::uint32_t word);
    void copy(const Slice &from, VkDeviceSize fromOffset, const Slice &to, VkDeviceSize toOffset,
              VkDeviceSize bytes);
    void update(const Slice &slice, VkDeviceSize offset, VkDeviceSize bytes, const void *data);

    std::uint32_t stages() const { return m_stages; } // that hold at least one kernel
    VkCommandBuffer buffer() const { return m_buffer; }

private:
    void dispatch(VkPipeline pipeline, const void *push, std::uint32_t bytes, std::uint32_t x,
                  std::uint32_t y, std::uint32_t z);
    void synchronise();

    const Device *m_device;
    VkCommandBuffer m_buffer = VK_NULL_HANDLE;
    VkPipeline m_bound = VK_NULL_HANDLE;
    bool m_pending = false;
    bool m_counted = false; // the running stage
    std::uint32_t m_stages = 0;
};

} // namespace alcove::gpu
