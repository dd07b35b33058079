// The push constants of the kernels and the numbers of their specialization constants; both mirror
// the shaders of the same names. Plain values; shapes are written in the shaders.
#pragma once

#include "core/llm/model_spec.h"
#include "gpu/weight_layout.h"

#include <vulkan/vulkan_core.h>

#include <array>
#include <cstdint>
#include <string>

namespace alcove::gpu {

using Address = VkDeviceAddress;

// Where a matrix's planes are; `Matrix` in shaders/formats/matrix.glsl.
using MatrixAddress = std::array<Address, kPlanes>;

struct MatvecPush {
    MatrixAddress matrix{};
    Address x = 0;
    Address y = 0;
    Address bias = 0;
    Address sumsIn = 0;
    Address gain = 0;
    Address normed = 0;
    Address sumsOut = 0;
    Address choice = 0;
    Address sharedSum = 0;
    Address sharedGate = 0;
    std::uint32_t sumCount = 0;
    float epsilon = 0;
    float scale = 1;
    float softCap = 0;
};
namespace matvec {
enum : std::uint32_t {
    Rows = 1,
    Chunks,
    Outputs,
    Gated,
    Normed,
    Residual,
    Bias,
    Width,
    LeavesNext,
    Logits,
    Experts,
    Used,
    SlotStride,
    Shared,
    SharedGate,
    SlotInput,
    SlotBias
};
enum : std::uint32_t { NoExperts, EachExpert, ExpertSum }; // values of Experts
} // namespace matvec

// Shared by matvec and gated_activation (shaders/activation.glsl).
namespace activation {
enum : std::uint32_t { Kind = 30 };
enum : std::uint32_t { None, Silu, Gelu, GeluTanh, ClampedSwiglu }; // values of Kind
} // namespace activation
constexpr std::uint32_t activationOf(llm::Activation kind)
{
    switch (kind) {
    case llm::Activation::Silu:
        return activation::Silu;
    case llm::Activation::Gelu:
        return activation::Gelu;
    case llm::Activation::GeluTanh:
        return activation::GeluTanh;
    case llm::Activation::ClampedSwiglu:
        return activation::ClampedSwiglu;
    }
    return activation::None;
}

struct MatmulPush {
    MatrixAddress matrix{};
    Address x = 0;
    Address y = 0;
    Address bias = 0;
    Address tiles = 0;
    Address order = 0;
    std::uint32_t yStride = 0;
    std::uint32_t tokens = 0;
    std::uint32_t firstRow = 0;
    std::uint32_t endRow = 0;
    float scale = 1;
    float softCap = 0;
    std::uint32_t expertRows = 0;
    std::uint32_t unused = 0;
};
namespace matmul {
enum : std::uint32_t {
    Rows = 1,
    Tokens,
    Chunks,
    Bias,
    Residual,
    Logits,
    Experts,
    Used,
    BiasStride
};
enum : std::uint32_t { NoExperts, FromTokens, ToChoices, AtPlaces }; // values of Experts
} // namespace matmul

struct EmbedPush {
    MatrixAddress matrix{};
    Address tokens = 0;
    Address state = 0;
    Address x = 0;
    Address gain = 0;
    Address normed = 0;
    Address sumsOut = 0;
    Address addend = 0;
    float scale = 1;
    std::uint32_t position = 0;
};
namespace embed {
enum : std::uint32_t { Chunks = 1, Step, LeavesNext, Addend };
enum : std::uint32_t { NoAddend, OneAddend, AddendOfPosition }; // values of Addend
} // namespace embed

struct NormPush {
    Address x = 0;
    Address update = 0;
    Address y = 0;
    Address postWeight = 0;
    Address postBias = 0;
    Address outWeight = 0;
    Address outBias = 0;
    Address nextWeight = 0;
    Address nextBias = 0;
    std::uint32_t stride = 0;
    float postEpsilon = 0;
    float outEpsilon = 0;
    float nextEpsilon = 0;
    float scale = 1;
    std::uint32_t unused = 0;
};
namespace norm {
enum : std::uint32_t { Width = 1, Update, Post, Out, Next, PostBias, OutBias, NextBias };
enum : std::uint32_t { None, Rms, Layer }; // values of Post, Out and Next
} // namespace norm

struct GainPush {
    Address x = 0;
    Address gain = 0;
    Address normed = 0;
    Address sumsOut = 0;
};
namespace gain {
enum : std::uint32_t { Width = 1 };
}

struct GatedActivationPush {
    Address x = 0;
    Address y = 0;
    std::uint32_t xStride = 0;
    std::uint32_t yStride = 0;
};
namespace gatedActivation {
enum : std::uint32_t { Hidden = 1, Gated };
}

// Shared by attention and kv_store.
namespace head {
enum : std::uint32_t { Size = 10, RopeDims, RopeSplit };
enum : std::uint32_t { NoNorm, NormPerHead, NormWhole }; // values of QueryNorm and KeyNorm
} // namespace head
namespace kv {
enum : std::uint32_t { KeyFormat = 20, Stride, Capacity, ValueFormat, Rows, Ring };
enum : std::uint32_t { F16, F32, Q8_0, Q4_0 }; // values of KeyFormat and ValueFormat
} // namespace kv

struct KvStorePush {
    Address qkv = 0;
    Address keyNorm = 0;
    Address frequencies = 0;
    Address keys = 0;
    Address values = 0;
    std::uint32_t stride = 0;
    std::uint32_t position = 0;
    float epsilon = 0;
    float magnitude = 0;
};
namespace kvStore {
enum : std::uint32_t { QueryWidth = 1, Heads, KeyNorm };
}

struct KvShiftPush {
    Address frequencies = 0;
    Address keys = 0;
    Address values = 0;
    std::uint32_t position = 0;
    std::uint32_t shift = 0;
};

struct AttentionPush {
    Address qkv = 0;
    Address queryNorm = 0;
    Address keyNorm = 0;
    Address frequencies = 0;
    Address keys = 0;
    Address values = 0;
    Address y = 0;
    Address state = 0;
    Address parts = 0;
    Address counters = 0;
    Address extras = 0;
    std::uint32_t stride = 0;
    std::uint32_t yStride = 0;
    std::uint32_t tokens = 0;
    std::uint32_t position = 0;
    float scale = 0;
    float queryEpsilon = 0;
    float keyEpsilon = 0;
    float magnitude = 0;
    float softCap = 0;
    std::uint32_t end = 0;
};
namespace attention {
enum : std::uint32_t {
    Rows = 1,
    Group,
    Cluster,
    Octets,
    Heads,
    Gated,
    QueryNorm,
    KeyNorm,
    Step,
    Unroll = 13,
    Window,
    SoftCap,
    Sinks,
    Slopes,
    Both
};
}

// Floats of one split of a head; kPartQuads in the shader.
constexpr std::uint32_t attentionPart(std::uint32_t octets, std::uint32_t cluster)
{
    return octets * cluster * 8 + 4;
}

struct SamplePush {
    Address logits = 0;
    Address counts = 0;
    Address window = 0;
    Address ring = 0;
    Address list = 0;
    Address state = 0;
    Address maxima = 0;
    Address counter = 0;
    std::uint32_t advance = 0;
    std::uint32_t unused = 0;
};
namespace sample {
enum : std::uint32_t { Slice = 1, Vocabulary, Ring };
}

struct CountWindowPush {
    Address window = 0;
    Address counts = 0;
    std::uint32_t tokens = 0;
    std::uint32_t vocabulary = 0;
};

// Name of a kernel's variant for a weight format: "matvec_Q8_0".
inline std::string variant(const char *kernel, llm::TensorType type)
{
    return std::string(kernel) + '_' + formatName(type);
}

constexpr std::uint32_t ceilDivide(std::uint32_t a, std::uint32_t b)
{
    return a / b + (a % b != 0);
}

} // namespace alcove::gpu
