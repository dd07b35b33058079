// How work is cut for the threads. Pure.
#pragma once

#include "core/cpu/kernels.h"

#include <algorithm>
#include <cstddef>

namespace alcove::cpu {

// Rows of the feed-forward that belong together, so that whoever computed them quantises them.
inline constexpr std::size_t kHiddenStep = kActivationGroup;
static_assert(kHiddenStep % kRowPanel == 0);

inline constexpr std::size_t divideUp(std::size_t value, std::size_t by)
{
    return (value + by - 1) / by;
}

// Units for a thread to take at a time, out of `units` that read `unitBytes` of weights each: few
// enough to share out evenly, enough to stream. With many tokens the arithmetic is what counts, and
// small steps share it out better.
inline std::size_t unitsAtATime(std::size_t unitBytes, std::size_t units, std::size_t tokens,
                                std::size_t threads)
{
    constexpr std::size_t kStepBytes = std::size_t{128} << 10;
    if (tokens > 4)
        return 1;
    const std::size_t streaming = kStepBytes / std::max<std::size_t>(1, unitBytes);
    return std::max<std::size_t>(1, std::min(streaming, units / (threads * 4)));
}

inline std::size_t rowBytes(const llm::Tensor &weights)
{
    return weights.data.size() / static_cast<std::size_t>(weights.rows());
}

} // namespace alcove::cpu
