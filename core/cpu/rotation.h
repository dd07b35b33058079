// RoPE: angles of a position, and turning one head by them. Pure.
#pragma once

#include "core/llm/model_spec.h"

#include <cmath>
#include <cstddef>

namespace alcove::cpu {

// Pairs of cos and sin, times `magnitude`: [dims / 2][2].
inline void anglesAt(const llm::Rope &rope, double position, float magnitude, float *angles)
{
    for (std::size_t i = 0; i < rope.dims / 2; ++i) {
        const double angle = position * double(rope.frequencies[i]);
        angles[2 * i] = static_cast<float>(std::cos(angle)) * magnitude;
        angles[2 * i + 1] = static_cast<float>(std::sin(angle)) * magnitude;
    }
}

inline void rotate(const llm::Rope &rope, const float *angles, float *head)
{
    const std::size_t pairs = rope.dims / 2;
    if (rope.pairs == llm::RopePairs::Adjacent) {
        for (std::size_t i = 0; i < pairs; ++i) {
            const float x = head[2 * i];
            const float y = head[2 * i + 1];
            head[2 * i] = x * angles[2 * i] - y * angles[2 * i + 1];
            head[2 * i + 1] = x * angles[2 * i + 1] + y * angles[2 * i];
        }
        return;
    }
    for (std::size_t i = 0; i < pairs; ++i) {
        const float x = head[i];
        const float y = head[i + pairs];
        head[i] = x * angles[2 * i] - y * angles[2 * i + 1];
        head[i + pairs] = x * angles[2 * i + 1] + y * angles[2 * i];
    }
}

} // namespace alcove::cpu
