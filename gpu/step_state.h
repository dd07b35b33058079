// What the decode step keeps on the device from token to token; mirrors shaders/state.glsl.
#pragma once

#include <cstdint>

namespace alcove::gpu {

struct StepState {
    std::uint32_t position = 0;
    std::int32_t token = 0;
    std::uint32_t drawnLow = 0;
    std::uint32_t drawnHigh = 0;
    std::uint32_t seedLow = 0;
    std::uint32_t seedHigh = 0;
    std::uint32_t topK = 1;
    std::uint32_t flags = 0;
    float temperature = 0;
    float topP = 1;
    float minP = 0;
    float repeatPenalty = 1;
    float presencePenalty = 0;
    float frequencyPenalty = 0;
    std::uint32_t window = 0;
    std::uint32_t windowCount = 0;
    std::uint32_t windowNext = 0;
    std::uint32_t unused[3] = {};
};
static_assert(sizeof(StepState) == 80);

constexpr std::uint32_t kFlagPenalties = 1;
constexpr std::uint32_t kFlagGreedy = 2;
constexpr std::uint32_t kMaxTopK = 128; // candidates that the kernel can hold
constexpr std::uint32_t kMaxPenaltyWindow = 4096; // tokens
constexpr std::uint32_t kRingTokens = 64; // drawn tokens that the host has yet to read

} // namespace alcove::gpu
