// KvCache: keys and values of every layer and KV head, in the layout that the attention kernels
// read. Zeroed memory that the system hands out as it is first written. Throws std::bad_alloc.
//
// A layer with a sliding window keeps a ring: its window, and as much before it as lets a batch be
// written and an answer of usual length be taken back. The layers of an encoder share one place,
// since each is computed for the whole text before the next. One thread at a time.
#pragma once

#include "core/cpu/buffer.h"
#include "core/cpu/kernels.h"
#include "core/cpu/prepared_model.h"

#include <vector>

namespace alcove::cpu {

struct KvFormats {
    llm::KvFormat keys = llm::KvFormat::F16;
    llm::KvFormat values = llm::KvFormat::F16;
};

class KvCache
{
public:
    KvCache(const PreparedModel &model, std::uint32_t positions, KvFormats formats);

    // Bytes that a cache of `positions` would take.
    static std::uint64_t bytesFor(const PreparedModel &model, std::uint32_t positions,
                                  KvFormats formats);

    KvHead head(std::size_t layer, std::size_t kvHead);
    std::uint64_t bytes() const { return m_memory.bytes(); }

    // Positions up to `end` have been written; rings have lost what they overwrote.
    void wrote(std::uint32_t end);
    void clear();
    // Whether a text of `length` positions can be continued with what is still held.
    bool holds(std::uint32_t length) const;

    // Whether discard() of these positions of `length` leaves all that the next position sees.
    bool canDiscard(std::uint32_t first, std::uint32_t count, std::uint32_t length) const;
    // Forgets [first, first + count) of `length` positions and moves the rest forward; keys are
    // rotated anew in their format. May throw std::bad_alloc, before anything has changed.
    void discard(std::uint32_t first, std::uint32_t count, std::uint32_t length);

private:
    struct LayerPlace {
        std::uint64_t offset = 0; // bytes, of the layer's first head
        std::size_t kvHeads = 0; // 0: the layer has no keys
        std::size_t headSize = 0;
        std::size_t valueStride = 0;
        std::size_t ring = 0; // positions, or 0: all of them
        std::uint32_t window = 0; // with a ring
        std::uint64_t keyBytes = 0; // of one head
        std::uint64_t headBytes = 0; // keys and values of one head
        std::uint32_t lost = 0; // positions before this one have been overwritten
    };

    static std::vector<LayerPlace> plan(const PreparedModel &model, std::uint32_t positions,
                                        KvFormats formats, std::uint64_t &bytes);
    // What a shift needs aside from the cache.
    struct ShiftRoom {
        Buffer<std::byte> copy; // of the largest ring
        std::vector<float> key;
        std::vector<std::vector<float>> angles; // of each rope
    };
    void move(const PreparedAttention &attention, LayerPlace &place, std::uint32_t first,
              std::uint32_t count, std::uint32_t length, ShiftRoom &room);
    KvHead headAt(const LayerPlace &place, std::byte *memory) const;

    const PreparedModel &m_model;
    KvFormats m_formats;
    std::vector<LayerPlace> m_layers;
    Buffer<std::byte> m_memory;
};

} // namespace alcove::cpu
