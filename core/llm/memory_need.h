// MemoryNeed: what running a model takes, from its specification alone. Pure functions.
//
// Weights and KV cache are counted; how many checkpoints of recurrent layers are kept, and how far
// sliding windows' layers reach back, differs a little between executors: the larger is counted.
// What an executor holds beside them is estimated.
#pragma once

#include "core/llm/executor.h"
#include "core/llm/model_spec.h"

#include <cstdint>
#include <optional>

namespace alcove::llm {

struct MemoryNeed {
    std::uint32_t contextLength = 0;
    KvFormat kvFormat = KvFormat::F16;
    KvFormat valueFormat = KvFormat::F16;
    std::uint64_t weightBytes = 0;
    std::uint64_t kvBytes = 0;
    std::uint64_t recurrentBytes = 0; // states that are not a KV cache, with their checkpoints
    std::uint64_t scratchBytes = 0;
    bool scratchEstimated = true;

    std::uint64_t total() const { return weightBytes + kvBytes + recurrentBytes + scratchBytes; }
};

// Of `options` the context length (0: as ExecutorOptions says) and the formats of the KV cache.
// `scratchBytes`: what an executor says it holds beside them; without it an estimate is made.
MemoryNeed memoryNeed(const ModelSpec &spec, const ExecutorOptions &options,
                      std::optional<std::uint64_t> scratchBytes = {});

// Of the KV cache of all layers for `positions` positions.
std::uint64_t kvCacheBytes(const ModelSpec &spec, std::uint32_t positions, KvFormat keys,
                           KvFormat values);

// Of one state of all recurrent layers, in float32.
std::uint64_t recurrentStateBytes(const ModelSpec &spec);

// Bytes of activations and logits of one prefill slice of 256 tokens in float32: an estimate of
// what an executor holds beside weights and KV cache.
std::uint64_t estimateScratchBytes(const ModelSpec &spec);

} // namespace alcove::llm
