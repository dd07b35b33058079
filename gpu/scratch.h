// Scratch: buffers for what one stage leaves for the next ones, shared by all blocks of a model.
//
// need() collects, plan() asks the device memory for them, and afterwards at() tells where they
// are. What a block has put into a shared buffer is gone when the next block begins. One thread.
#pragma once

#include "gpu/kernels.h"
#include "gpu/memory.h"

#include <string>
#include <string_view>
#include <vector>

namespace alcove::gpu {

using ScratchId = std::uint32_t;

class Scratch
{
public:
    explicit Scratch(DeviceMemory &memory) : m_memory(&memory) { }

    // A buffer of at least `floats` numbers; everyone who asks for the name gets the same.
    ScratchId need(std::string_view name, std::uint64_t floats);

    void plan(); // after the last need()
    Address at(ScratchId id) const { return slice(id).address; }
    const Slice &slice(ScratchId id) const { return (*m_memory)[m_items[id].slice]; }
    // All are cleared once: what is behind a value's end may be multiplied by zero.
    std::vector<SliceId> slices() const;

private:
    struct Item {
        std::string name;
        std::uint64_t floats = 0;
        SliceId slice = 0;
    };

    DeviceMemory *m_memory;
    std::vector<Item> m_items;
};

} // namespace alcove::gpu
