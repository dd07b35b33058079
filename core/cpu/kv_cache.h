// KvCache: keys and values of every layer and KV head, in the layout that the attention kernels
// read. Zeroed memory that the system hands out as it is first written. Throws std::bad_alloc.
#pragma once

#include "core/cpu/buffer.h"
#include "core/cpu/kernels.h"
#include "core/cpu/prepared_model.h"

#include <vector>

namespace alcove::cpu {

class KvCache
{
public:
    KvCache(const PreparedModel &model, std::uint32_t positions, llm::KvFormat format);

    // Bytes that a cache of `positions` would take.
    static std::uint64_t bytesFor(const PreparedModel &model, std::uint32_t positions,
                                  llm::KvFormat format);

    KvHead head(std::size_t layer, std::size_t kvHead);
    std::uint64_t bytes() const { return m_memory.bytes(); }

private:
    struct LayerPlace {
        std::size_t offset = 0; // bytes, of the layer's first head
        std::size_t headSize = 0;
        std::size_t valueStride = 0;
        std::size_t keyBytes = 0; // of one head
        std::size_t headBytes = 0; // keys and values of one head
    };

    llm::KvFormat m_format;
    std::vector<LayerPlace> m_layers;
    Buffer<std::byte> m_memory;
};

} // namespace alcove::cpu
