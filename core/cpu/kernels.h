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

// One KV head's part of the cache of a layer. Elements are float or float16 by `format`.
//   keys   [positions / kKeyTile][headSize][kKeyTile]
//   values [positions][valueStride], valueStride = headSize rounded up to kKeyTile; the rest is 0
struct KvHead {
    llm::KvFormat format = llm::KvFormat::F16;
    std::byte *keys = nullptr;
    std::byte *values = nullptr;
    std::size_t headSize = 0;
    std::size_t valueStride = 0;
};

struct AttentionQueries {
    std::size_t count = 0; // 1 .. kAttentionQueries
    const float *query[kAttentionQueries] = {}; // each [headSize]
    float *output[kAttentionQueries] = {}; // each [headSize]
    std::uint32_t positions[kAttentionQueries] = {}; // each sees positions [0, this); at least 1
    float scale = 1.0f;
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
    // out = silu(gate) * up. out may be gate.
    void (*siluMultiply)(const float *gate, const float *up, std::size_t count, float *out);
    // x += y
    void (*add)(float *x, const float *y, std::size_t count);

    // Writes one position's key and value, each [headSize].
    void (*storeKv)(const KvHead &head, std::size_t position, const float *key, const float *value);
    // output = softmax(scale * query . keys) . values, over each query's positions.
    void (*attend)(const KvHead &head, const AttentionQueries &queries, KernelScratch &scratch);
};

bool usesInt8Activations(llm::TensorType type);

const KernelTable &scalarKernels();
// The best table that this processor runs.
const KernelTable &bestKernels();
// Every table that this processor runs, the scalar one first.
std::span<const KernelTable *const> runnableKernels();

} // namespace alcove::cpu
