// Push constants and specialization constants of the kernels for recurrent mixers; they mirror the
// shaders of the same names. Plain values; shapes are written in the shaders.
#pragma once

#include "gpu/kernels.h"

namespace alcove::gpu {

struct ConvolutionPush {
    Address x = 0;
    Address history = 0;
    Address kernel = 0;
    Address y = 0;
    Address state = 0;
    std::uint32_t position = 0;
    std::uint32_t firstToken = 0;
    std::uint32_t xStride = 0;
    std::uint32_t yStride = 0;
};
namespace convolution {
enum : std::uint32_t { Taps = 1, Channels, Short, Step, Store };
} // namespace convolution

struct RecurrencePush {
    Address projected = 0;
    Address convolved = 0;
    Address history = 0;
    Address kernel = 0;
    Address heads = 0;
    Address norm = 0;
    Address states = 0;
    Address y = 0;
    Address counters = 0;
    Address state = 0;
    std::uint32_t stride = 0;
    std::uint32_t yStride = 0;
    std::uint32_t tokens = 0;
    std::uint32_t firstHead = 0;
    float epsilon = 0;
    std::uint32_t unused = 0;
};
namespace recurrence {
enum : std::uint32_t {
    Delta = 1,
    Step,
    Heads,
    Rows,
    Columns,
    Block,
    KeyHeads,
    Taps,
    Channels,
    Queries,
    Keys,
    Values,
    In,
    Gate,
    Time,
    Beta,
    Groups
};
} // namespace recurrence

struct GatedNormPush {
    Address y = 0;
    Address gate = 0;
    Address weight = 0;
    std::uint32_t yStride = 0;
    std::uint32_t gateStride = 0;
    float epsilon = 0;
    std::uint32_t unused = 0;
};
namespace gatedNorm {
enum : std::uint32_t { Width = 1, GateFirst, SharedWeight };
} // namespace gatedNorm

} // namespace alcove::gpu
