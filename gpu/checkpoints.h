// Checkpoints: copies of a model's recurrent states, so that the executor can go back. A recurrent
// state, unlike a KV cache, cannot be cut: it is where it is, or where it was when it was copied.
//
// Copies are kept at the end of every forward call and, while an answer is written, every kInterval
// tokens; at most kMost of them, or fewer, but at least two, where they would take more than
// kMostBytes. When all are taken, the one goes that is missed least: the end is covered more
// densely than the beginning. One more copy, the guard, is of the state before the batch that is
// being computed, for a batch that is stopped halfway.
//
// Does nothing, and takes no memory, for a model without recurrent layers. One thread; every call
// returns when the device is done.
#pragma once

#include "gpu/recorder.h"

#include <functional>
#include <memory>
#include <vector>

namespace alcove::gpu {

class Checkpoints
{
public:
    static constexpr std::uint32_t kInterval = 256;
    static constexpr std::size_t kMost = 8;
    static constexpr std::uint64_t kMostBytes = 256u << 20;

    // Before DeviceMemory::commit(). `states`: all that must be copied.
    Checkpoints(std::shared_ptr<Device> device, std::vector<SliceId> states, DeviceMemory &memory);

    bool needed() const { return !m_states.empty(); }
    std::uint64_t bytes() const { return m_bytes; } // of all copies

    // The largest position that restore() can go to and that is no more than `wanted`.
    std::uint32_t restorable(std::uint32_t wanted) const;

    // The state is that of `position`, larger than any before it: keeps it.
    Result<> keep(std::uint32_t position);
    // The same, if the newest is at least kInterval tokens old.
    Result<> keepSometimes(std::uint32_t position);

    // Goes back to a position that restorable() gave; what was kept of later ones is forgotten.
    Result<> restore(std::uint32_t position);

    Result<> setGuard();
    Result<> restoreGuard();

private:
    struct Kept {
        std::uint32_t position = 0;
        std::size_t copy = 0;
    };

    Result<> run(const std::function<void(Recorder &)> &record);
    Result<> copyTo(std::size_t copy);
    Result<> copyFrom(std::size_t copy);
    std::size_t leastMissed(std::uint32_t position) const;

    std::shared_ptr<Device> m_device;
    const DeviceMemory *m_memory;
    VkCommandBuffer m_commands = VK_NULL_HANDLE; // made when it is first needed
    std::vector<SliceId> m_states;
    std::vector<std::vector<SliceId>> m_copies; // [copies][states]; the last is the guard
    std::vector<Kept> m_kept; // by position
    std::uint64_t m_bytes = 0;
};

} // namespace alcove::gpu
