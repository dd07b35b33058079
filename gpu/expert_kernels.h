// Push constants and specialization constants of the kernels for mixtures of experts; they mirror
// the shaders of the same names. Plain values; shapes are written in the shaders.
#pragma once

#include "gpu/kernels.h"

namespace alcove::gpu {

struct ExpertChoicePush {
    Address logits = 0;
    Address choiceBias = 0;
    Address choice = 0;
    std::uint32_t stride = 0;
    float weightScale = 1;
};
namespace expertChoice {
enum : std::uint32_t { Experts = 1, Used, Weights, ChoiceBias, Renormalise };
constexpr std::uint32_t kMostExperts = 4096; // whose scores fit into 16 KB of shared memory
} // namespace expertChoice

struct ExpertGroupsPush {
    Address choice = 0;
    Address order = 0;
    Address tiles = 0;
    std::uint32_t choices = 0;
    std::uint32_t tileCount = 0;
};
namespace expertGroups {
enum : std::uint32_t { Experts = 1, Tile };
} // namespace expertGroups

struct ExpertSumPush {
    Address x = 0;
    Address choice = 0;
    Address sharedSum = 0;
    Address gate = 0;
    Address y = 0;
    std::uint32_t sharedStride = 0;
    std::uint32_t gateStride = 0;
    std::uint32_t yStride = 0;
    float scale = 1;
};
namespace expertSum {
enum : std::uint32_t { Width = 1, Used, Shared, SharedGate, Residual };
} // namespace expertSum

// Tiles that are enough for `choices` choices, however they fall.
constexpr std::uint32_t expertTiles(std::uint32_t choices, std::uint32_t experts,
                                    std::uint32_t tile)
{
    return choices / tile + (choices < experts ? choices : experts);
}

} // namespace alcove::gpu
