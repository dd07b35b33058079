// ModelSpec: what a model computes, as one plain value. Both executors run any specification; only
// the functions that build one from GGUF metadata know architectures by name.
//
// Tensors point into the GgufFile that the specification was read from; matrices have any runnable
// type, norms and biases are F32. Immutable; any thread.
#pragma once

#include "core/base/result.h"
#include "core/llm/gguf.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace alcove::llm {

enum class NormKind { Rms, Layer };

struct Norm {
    NormKind kind = NormKind::Rms;
    const Tensor *weight = nullptr; // [width]
    const Tensor *bias = nullptr;   // [width] or none
    float epsilon = 1e-5f;
};

struct Linear {
    const Tensor *weight = nullptr; // [outputs][inputs]
    const Tensor *bias = nullptr;   // [outputs] or none

    std::uint32_t inputs() const { return static_cast<std::uint32_t>(weight->shape[0]); }
    std::uint32_t outputs() const { return static_cast<std::uint32_t>(weight->shape[1]); }
};

enum class RopePairs {
    Adjacent,  // rotates (x[2i], x[2i+1]): llama's files
    SplitHalf, // rotates (x[i], x[i + dims/2]): NeoX, qwen
};

// Every kind of RoPE scaling (linear, YaRN, llama 3's factors) is folded into the two last fields
// when the specification is read, so an executor only rotates pair i by position * frequencies[i].
struct Rope {
    RopePairs pairs = RopePairs::Adjacent;
    std::uint32_t dims = 0;         // leading dimensions of a head that rotate; even; 0: no RoPE
    std::vector<float> frequencies; // [dims / 2], radians per position
    float magnitude = 1.0f;         // scales cos and sin (YaRN's attention factor)
};

struct Attention {
    std::uint32_t heads = 0;
    std::uint32_t kvHeads = 0;
    std::uint32_t headSize = 0; // of q, k and v
    Linear query;               // [heads * headSize][width]
    Linear key;                 // [kvHeads * headSize][width]
    Linear value;               // [kvHeads * headSize][width]
    Linear output;              // [width][heads * headSize]
    std::optional<Norm> queryNorm; // per head, weight [headSize]
    std::optional<Norm> keyNorm;   // per head, weight [headSize]
    Rope rope;
    float scale = 1.0f; // of q.k before the softmax
};

enum class Activation { Silu };

struct DenseFeedForward {
    Activation activation = Activation::Silu;
    Linear gate; // [hidden][width]
    Linear up;   // [hidden][width]
    Linear down; // [width][hidden]
};

using Mixer = std::variant<Attention>;
using FeedForward = std::variant<DenseFeedForward>;

// x += mixer(mixerNorm(x)); x += feedForward(feedForwardNorm(x))
struct Layer {
    Norm mixerNorm;
    Mixer mixer;
    Norm feedForwardNorm;
    FeedForward feedForward;
};

struct ModelSpec {
    std::string architecture; // for display only
    std::string name;         // general.name, or the file's name
    std::uint32_t width = 0;
    std::uint32_t vocabulary = 0;
    // Positions the model was made for; no more than its sliding window, where it has one, because up
    // to there all of its attention is plain.
    std::uint32_t trainedContext = 0;
    const Tensor *embedding = nullptr; // [vocabulary][width]
    std::vector<Layer> layers;
    Norm outputNorm;
    Linear output;             // [vocabulary][width]; the embedding when tied
    bool tiedEmbedding = false;

    std::uint64_t parameterCount() const;
    std::uint64_t weightBytes() const; // as stored in the file, a tied embedding once
    // Bytes of K and V for one position in all layers, at `bytesPerElement` each (2 for f16).
    std::uint64_t kvBytesPerPosition(std::uint32_t bytesPerElement) const;
};

// Unsupported (architecture, tensor type, a scaling we do not know: named) or InvalidFile (missing
// tensor, wrong shape, sizes out of bounds: named).
Result<ModelSpec> readModelSpec(const GgufFile &file);

// A file and its specification, kept together because the one points into the other.
class Model
{
public:
    static Result<std::shared_ptr<const Model>> open(const std::string &path);

    const GgufFile &file() const { return m_file; }
    const ModelSpec &spec() const { return m_spec; }

private:
    GgufFile m_file;
    ModelSpec m_spec;
};

} // namespace alcove::llm
