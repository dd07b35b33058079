// Tuning: how the kernels divide their work on a class of devices. Plain values; none of them
// changes what is computed.
#pragma once

#include "gpu/device.h"

namespace alcove::gpu {

struct Tuning {
    std::uint32_t lanes = 0;
    std::uint32_t matvecRows = 4; // rows of a workgroup; at most lanes
    std::uint32_t gatedRows = 2; // the same, of gate and up each
    std::uint32_t matmulRows = 4; // rows and
    std::uint32_t matmulTokens = 8; // tokens of a workgroup
    std::uint32_t attentionRows = 4; // query rows of a workgroup
    std::uint32_t leastCluster = 1; // lanes that share a position of the KV cache
    std::uint32_t attentionUnroll = 2; // cached positions between rescalings
    std::uint32_t recurrenceColumns = 4; // of a head's state in a workgroup; at most lanes
    std::uint32_t splits = 32; // of the KV cache in a decode step
    std::uint32_t batchTokens = 256; // of a prompt, at a time
    // Positions kept behind a sliding window, so that a batch fits and an answer can be taken back;
    // at least batchTokens and stepsAhead.
    std::uint32_t windowSlack = 1024;
    std::uint32_t logitRows = 16; // of a batch whose logits are all asked for
    std::uint32_t stepsAhead = 1; // decode steps submitted before the host asks
    std::uint32_t maxContext = 0xffffffff; // positions
    double startMacsPerMs = 0; // multiply-adds; only until it has been measured
    double submitMs = 40; // aimed at; a cancel is noticed within two of them
};

Tuning tuningFor(const Device &device);

// Lanes that share one position in attention: a power of two, at most tuning.lanes.
std::uint32_t attentionCluster(std::uint32_t headSize, const Tuning &tuning);

} // namespace alcove::gpu
