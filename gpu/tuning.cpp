#include "gpu/tuning.h"

#include <algorithm>

namespace alcove::gpu {

Tuning tuningFor(const Device &device)
{
    Tuning tuning;
    tuning.lanes = device.limits().lanes;
    if (device.info().kind == DeviceKind::Cpu) {
        // Loads are dear and workgroups are cheap to keep few: large tiles, nothing in advance.
        tuning.matvecRows = std::min(8u, tuning.lanes);
        tuning.gatedRows = std::min(4u, tuning.lanes);
        tuning.matmulRows = 8;
        tuning.matmulTokens = 4;
        tuning.attentionRows = 4;
        tuning.recurrenceColumns = std::min(8u, tuning.lanes);
        tuning.leastCluster = tuning.lanes; // values move between lanes one by one
        tuning.attentionUnroll = 1;
        tuning.splits = 4;
        tuning.batchTokens = 64;
        tuning.windowSlack = 96;
        tuning.logitRows = 8;
        tuning.stepsAhead = 0;
        // llvmpipe ends all loops of an invocation after 65535 turns together.
        tuning.maxContext = 32768;
        tuning.startMacsPerMs = 2e5;
        return tuning;
    }
    tuning.startMacsPerMs = device.info().kind == DeviceKind::Discrete ? 2e7 : 2e6;
    return tuning;
}

std::uint32_t attentionCluster(std::uint32_t headSize, const Tuning &tuning)
{
    std::uint32_t cluster = tuning.leastCluster;
    while (cluster * 8 < headSize && cluster < tuning.lanes)
        cluster *= 2;
    return cluster;
}

} // namespace alcove::gpu
