// The arithmetic of the fast path, as one table of functions for each set of vector instructions.
//
// Tables are constants: any thread, nothing owned, nothing fails. Kernels allocate nothing; what
// they need to write aside lies in a KernelScratch that each thread brings. The scalar table is
// plain C++ and defines what the others compute; they differ from it in rounding only.
//
// Weights of 8 bits and fewer are multiplied with activations in 8 bits: groups of 32 share one
// scale, whatever the weights' format, so that one buffer serves matrices of mixed formats.
#pragma once

#include "core/llm/executor.h"
#include "core/llm/tensor.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace alcove::cpu {

// Activations share a scale over as many elements.
inline constexpr std::size_t kActivationGroup = 32;
// Positions whose keys are interleaved in the cache, so that a vector holds one dimension of many.
inline constexpr std::size_t kKeyTile = 16;
// Queries that one call of `attend` serves at most.
inline constexpr std::size_t kAttentionQueries = 8;
// Row ranges given to `matMul` start at multiples of this.
inline constexpr std::size_t kRowPanel = 16;
// Tokens in one call of `matMul` at most.
inline constexpr std::size_t kMaxBatch = 64;

// Inputs of a matrix product: `tokens` rows of `columns`, one after another. The quantised part is
// only read for formats of which usesInt8Activations() is true.
struct Activations {
    std::size_t tokens = 0;
    std::size_t columns = 0;
    const float *values = nullptr; // [tokens][columns]
    const std::int8_t *quants = nullptr; // [tokens][columns], -127 .. 127
    const float *scales = nullptr; // [tokens][columns / 32]
    const float *sums16 = nullptr; // [tokens][columns / 16]: scale * sum of 16 quants
    const float *sums32 = nullptr; // [tokens][columns / 32]
};

struct alignas(64) KernelScratch {
    static constexpr std::size_t kChunk = 512; // columns unpacked at a time
    alignas(64) std::uint8_t panel[kRowPanel * kChunk * sizeof(float)];
    alignas(64) float panelScales[kChunk / 16][kRowPanel];
    alignas(64) float panelOffsets[kChunk / 16][kRowPanel];
    alignas(64) float sums[kMaxBatch][kRowPanel];
    alignas(64) float scores[kAttentionQueries][8 * kKeyTile];
};

// One KV head's part of the cache of a layer; core/cpu/kv_layout.h says where an element lies.
//   keys   tiles of kKeyTile positions, interleaved:
//          F32, F16: [headSize][kKeyTile]
//          Q8_0: blocks of 32 dimensions, each [32][kKeyTile] bytes, then kKeyTile scales (half)
//   values one row a position, headSize rounded up to kKeyTile (F32, F16) or to 32; the rest is 0
//          F32, F16: plain; Q8_0, Q4_0: GGUF's blocks
struct KvHead {
    llm::KvFormat keyFormat = llm::KvFormat::F16;
    llm::KvFormat valueFormat = llm::KvFormat::F16;
    std::byte *keys = nullptr;
    std::byte *values = nullptr;
    std::size_t headSize = 0;
    std::size_t valueStride = 0; // elements of a value's row, padding included
    // Position p lies at p % ring, a multiple of kKeyTile; 0: at p.
    std::size_t ring = 0;

    std::size_t place(std::size_t position) const { return ring ? position % ring : position; }
};

struct AttentionQueries {
    std::size_t count = 0; // 1 .. kAttentionQueries
    const float *query[kAttentionQueries] = {}; // each [headSize]
    float *output[kAttentionQueries] = {}; // each [headSize]
    // Each sees positions [begin, end), at least one of them; a ring holds them all.
    std::uint32_t begin[kAttentionQueries] = {};
    std::uint32_t end[kAttentionQueries] = {};
    float scale = 1.0f;
    float softCap = 0.0f; // scaled scores s become softCap * tanh(s / softCap); 0: they stay
    const float *sinks[kAttentionQueries] = {}; // one more logit, without a value; null: none
    // Then scores lose slope * |position - query's position|.
    float slope[kAttentionQueries] = {};
    std::uint32_t position[kAttentionQueries] = {};
    float *sums = nullptr; // room for kAttentionQueries * valueStride floats, 64-byte aligned
};

struct KernelTable {
    const char *name; // "AVX-512 VNNI"

    // out[t * outStride + r] = dot(row r, activations t) for r in [firstRow, lastRow).
    void (*matMul)(const llm::Tensor &weights, std::size_t firstRow, std::size_t lastRow,
                   const Activations &x, float *out, std::size_t outStride, KernelScratch &scratch);

    // Quantises count (a multiple of 32) values; the outputs as in Activations.
    void (*quantise)(const float *x, std::size_t count, std::int8_t *quants, float *scales,
                     float *sums16, float *sums32);

    // out = x / sqrt(mean(x^2) + epsilon) * weight. x and out may be the same.
    void (*rmsNorm)(const float *x, const float *weight, float epsilon, std::size_t count,
                    float *out);
    // out = activation(gate) * up, ClampedSwiglu as in the specification; without `up` (null) the
    // activation alone. out may be gate.
    void (*activate)(llm::Activation activation, const float *gate, const float *up,
                     std::size_t count, float *out);
    // x += factor * y
    void (*addScaled)(float *x, const float *y, float factor, std::size_t count);

    // Writes one position's key and value, each [headSize].
    void (*storeKv)(const KvHead &head, std::size_t position, const float *key, const float *value);
    // output = softmax(scores) . values, over each query's positions.
    void (*attend)(const KvHead &head, const AttentionQueries &queries, KernelScratch &scratch);

    // One step of the gated delta rule for some columns of a head's state, each a row of
    // `state` [rows][size]: row *= decay; row += beta * (v - row . k) * k; out = row . q.
    void (*deltaRows)(float *state, std::size_t rows, std::size_t size, float decay, float beta,
                      const float *k, const float *q, const float *v, float *out);
    // One step of Mamba 2 for some rows of a head's state [rows][size]:
    // row = decay * row + dt * x * b; out = row . c.
    void (*ssmRows)(float *state, std::size_t rows, std::size_t size, float decay, float dt,
                    const float *b, const float *c, const float *x, float *out);
};

bool usesInt8Activations(llm::TensorType type);

const KernelTable &scalarKernels();
// The best table that this processor runs.
const KernelTable &bestKernels();
// Every table that this processor runs, the scalar one first.
std::span<const KernelTable *const> runnableKernels();

} // namespace alcove::cpu
