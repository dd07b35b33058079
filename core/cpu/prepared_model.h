// PreparedModel: a specification as the fast path wants it - biases and norm weights as float32,
// equal RoPE tables once. Weights stay in the mapped file. Immutable; may throw std::bad_alloc.
#pragma once

#include "core/llm/model_spec.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace alcove::cpu {

struct PreparedNorm {
    llm::NormKind kind = llm::NormKind::Rms;
    std::vector<float> weight; // [width]
    std::vector<float> bias; // [width] or empty
    float epsilon = 0;
};

struct PreparedLinear {
    const llm::Tensor *weight = nullptr; // [rows][columns]
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::vector<float> bias; // [rows] or empty
};

struct PreparedAttention {
    std::size_t heads = 0;
    std::size_t kvHeads = 0;
    std::size_t headSize = 0;
    PreparedLinear query;
    PreparedLinear key;
    PreparedLinear value;
    PreparedLinear output;
    std::optional<PreparedNorm> queryNorm;
    std::optional<PreparedNorm> keyNorm;
    std::size_t rope = 0; // index into PreparedModel::ropes
    float scale = 1;
};

struct PreparedFeedForward {
    PreparedLinear gate;
    PreparedLinear up;
    PreparedLinear down;
};

struct PreparedLayer {
    PreparedNorm mixerNorm;
    PreparedAttention attention;
    PreparedNorm feedForwardNorm;
    PreparedFeedForward feedForward;
};

struct PreparedModel {
    explicit PreparedModel(const llm::ModelSpec &spec);

    std::vector<PreparedLayer> layers;
    std::vector<llm::Rope> ropes; // each kind once
    PreparedNorm outputNorm;
    PreparedLinear output;

    // The largest over all layers.
    std::size_t queryWidth = 0; // heads * headSize
    std::size_t kvWidth = 0; // kvHeads * headSize
    std::size_t hidden = 0;
    std::size_t headSize = 0;
};

} // namespace alcove::cpu
