// PreparedModel: a specification as the fast path wants it - biases and norm weights as float32,
// equal RoPE tables once, every expert's matrix as a tensor of its own. Weights stay in the mapped
// file. Immutable; may throw std::bad_alloc.
#pragma once

#include "core/llm/model_spec.h"

#include <cstddef>
#include <optional>
#include <variant>
#include <vector>

namespace alcove::cpu {

// No weight: the value passes as it is.
struct PreparedNorm {
    llm::NormKind kind = llm::NormKind::Rms;
    std::vector<float> weight; // [width] or empty
    std::vector<float> bias; // [width] or empty
    float epsilon = 0;

    bool there() const { return !weight.empty(); }
};

struct PreparedLinear {
    const llm::Tensor *weight = nullptr; // [rows][columns], or not there
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::vector<float> bias; // [rows] or empty

    bool there() const { return weight != nullptr; }
};

struct PreparedAttention {
    std::size_t heads = 0;
    std::size_t kvHeads = 0;
    std::size_t headSize = 0;
    PreparedLinear query;
    PreparedLinear key;
    PreparedLinear value;
    PreparedLinear output;
    llm::HeadNorms headNorms = llm::HeadNorms::PerHead;
    PreparedNorm queryNorm;
    PreparedNorm keyNorm;
    std::size_t rope = 0; // index into PreparedModel::ropes
    float scale = 1;
    llm::Direction direction = llm::Direction::Causal;
    std::uint32_t window = 0;
    float softCap = 0;
    std::vector<float> sinks; // [heads] or empty
    std::vector<float> slopes; // [heads] or empty: ALiBi's
    bool outputGate = false;

    std::size_t queryWidth() const { return heads * headSize; }
    // From one head's query to the next one's.
    std::size_t queryStride() const { return outputGate ? 2 * headSize : headSize; }
};

// What the recurrent mixers share: a depthwise causal convolution.
struct PreparedConvolution {
    std::size_t channels = 0;
    std::size_t taps = 0;
    std::vector<float> kernel; // [taps][channels], the newest position last
    std::vector<float> bias; // [channels] or empty

    std::size_t stateSize() const { return (taps - 1) * channels; } // floats
};

struct PreparedShortConvolution {
    PreparedLinear in;
    PreparedConvolution convolution;
    PreparedLinear out;
};

struct PreparedDeltaNet {
    std::size_t keyHeads = 0;
    std::size_t valueHeads = 0;
    std::size_t keySize = 0;
    std::size_t valueSize = 0;
    PreparedLinear qkv;
    PreparedLinear gate;
    PreparedLinear alpha;
    PreparedLinear beta;
    PreparedConvolution convolution;
    std::vector<float> dtBias; // [valueHeads]
    std::vector<float> a; // [valueHeads]
    PreparedNorm norm;
    PreparedLinear out;
};

struct PreparedMamba2 {
    std::size_t heads = 0;
    std::size_t headSize = 0;
    std::size_t stateSize = 0;
    std::size_t groups = 0;
    PreparedLinear in;
    PreparedConvolution convolution;
    std::vector<float> dtBias; // [heads]
    std::vector<float> a; // [heads]
    std::vector<float> d; // [heads]
    PreparedNorm norm; // weight [groups][inner / groups]
    PreparedLinear out;

    std::size_t inner() const { return heads * headSize; }
};

struct PreparedDense {
    llm::Activation activation = llm::Activation::Silu;
    PreparedLinear gate; // or not there
    PreparedLinear up;
    PreparedLinear down;
};

struct PreparedExpertMatrices {
    std::vector<llm::Tensor> weights; // [experts] of [rows][columns]
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::vector<float> bias; // [experts][rows] or empty
};

struct PreparedExperts {
    llm::Activation activation = llm::Activation::Silu;
    std::size_t experts = 0;
    std::size_t used = 0;
    llm::ExpertWeights weights = llm::ExpertWeights::Softmax;
    bool renormalise = false;
    float weightScale = 1;
    PreparedLinear router;
    std::vector<float> choiceBias; // [experts] or empty
    PreparedExpertMatrices gate; // or no weights
    PreparedExpertMatrices up;
    PreparedExpertMatrices down;
    std::optional<PreparedDense> shared;
    std::vector<float> sharedGate; // [width] or empty
};

using PreparedMixer =
    std::variant<PreparedAttention, PreparedShortConvolution, PreparedDeltaNet, PreparedMamba2>;
using PreparedFeedForward = std::variant<PreparedDense, PreparedExperts>;

// What becomes of a block's result: x += scale * postNorm(result); x = outNorm(x).
struct PreparedEnd {
    PreparedNorm postNorm;
    PreparedNorm outNorm;
    float scale = 1;
};

struct PreparedLayer {
    PreparedNorm mixerNorm;
    PreparedMixer mixer;
    PreparedEnd mixerEnd;
    PreparedNorm feedForwardNorm;
    PreparedFeedForward feedForward;
    PreparedEnd feedForwardEnd;
    // Whether a matrix that reads the normed value wants it in 8 bits.
    bool mixerInt8 = false;
    bool feedForwardInt8 = false;

    const PreparedAttention *attention() const { return std::get_if<PreparedAttention>(&mixer); }
};

struct PreparedModel {
    // `context`: the positions that it will be run with.
    PreparedModel(const llm::ModelSpec &spec, std::uint32_t context);

    std::vector<PreparedLayer> layers;
    std::vector<llm::Rope> ropes; // each kind once; `frequencies` are those of this context
    PreparedNorm embeddingNorm;
    PreparedNorm outputNorm;
    PreparedLinear output; // not there in an encoder
    std::vector<float> segment; // [width] or empty: what every position gains

    // The largest over all layers.
    std::size_t queryRows = 0; // of the projection
    std::size_t kvWidth = 0; // kvHeads * headSize
    std::size_t hidden = 0; // of a dense feed-forward or a shared expert
    std::size_t headSize = 0;
    std::size_t mixed = 0; // columns of the mixer's output projection
    std::size_t projected = 0; // outputs of a recurrent mixer's projections together
    std::size_t experts = 0;
    std::size_t expertsUsed = 0;
    std::size_t expertHidden = 0;
};

} // namespace alcove::cpu
