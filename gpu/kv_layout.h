// KvLayout: how one layer's keys and values lie on the device (shaders/kv_cache.glsl). Plain value.
#pragma once

#include "core/llm/executor.h"
#include "gpu/pipelines.h"

#include <cstdint>
#include <vector>

namespace alcove::gpu {

struct KvLayout {
    std::uint32_t kvHeads = 0;
    std::uint32_t headSize = 0;
    std::uint32_t positions = 0; // kept
    bool ring = false; // a position takes the place of the one `positions` before it
    llm::KvFormat keys = llm::KvFormat::F16;
    llm::KvFormat values = llm::KvFormat::F16;

    // Dimensions of a head in the cache: whole blocks, or whole loads.
    std::uint32_t stride() const;
    std::uint64_t elements() const { return std::uint64_t(kvHeads) * positions * stride(); }
    std::uint64_t bytes(llm::KvFormat format) const;
    // Bytes from a cache to where it would begin if its first `count` positions were not there; of
    // a plain format.
    std::uint64_t offsetOf(llm::KvFormat format, std::uint32_t count) const;
    bool isPlain() const; // neither keys nor values are in blocks
    void addTo(std::vector<Constant> &constants) const;
};

} // namespace alcove::gpu
