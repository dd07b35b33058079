// The layers of the reference executor: what one layer remembers, and how it computes a slice of
// tokens. Plain functions over plain state; one thread; no failure.
#pragma once

#include "core/cpu/reference_math.h"
#include "core/llm/executor.h"
#include "core/llm/model_spec.h"

#include <cstdint>
#include <span>
#include <vector>

namespace alcove::cpu::reference {

// What a recurrent layer carries from one token to the next; zero at the start.
struct RecurrentState {
    std::vector<float> recent; // [taps - 1][channels] of the convolution, the newest last
    std::vector<float> matrix; // [heads][...] of the delta rule or the state space
};

struct LayerState {
    std::vector<float> keys; // [capacity][kvHeads * headSize]; empty in a recurrent layer
    std::vector<float> values; // likewise
    RecurrentState recurrent;
};

LayerState emptyState(const llm::Layer &layer, std::uint32_t capacity);

// A slice of consecutive positions. `x` [count][width] is changed in place.
struct LayerSlice {
    std::uint32_t first = 0; // its first position
    std::uint32_t count = 0;
    std::uint32_t contextLength = 0; // as configured
    llm::KvFormat keyFormat = llm::KvFormat::F32;
    llm::KvFormat valueFormat = llm::KvFormat::F32;
    const Compute &compute;
};
void computeLayer(const llm::Layer &layer, LayerState &state, const LayerSlice &slice,
                  std::span<float> x);

// The mixers: `in` [count][width] -> the same shape.
std::vector<float> mix(const llm::Attention &attention, LayerState &state, const LayerSlice &slice,
                       std::span<const float> in);
std::vector<float> mix(const llm::ShortConvolution &convolution, LayerState &state,
                       const LayerSlice &slice, std::span<const float> in);
std::vector<float> mix(const llm::GatedDeltaNet &delta, LayerState &state, const LayerSlice &slice,
                       std::span<const float> in);
std::vector<float> mix(const llm::Mamba2 &mamba, LayerState &state, const LayerSlice &slice,
                       std::span<const float> in);

// Moves the keys and values from position `first + count` on to `first`; the keys are rotated
// back by as much.
void discardPositions(const llm::Attention &attention, LayerState &state, const LayerSlice &removed,
                      std::uint32_t length);

// The feed-forwards of one token.
std::vector<float> feedForward(const llm::DenseFeedForward &dense, std::span<const float> in,
                               const Compute &compute);
std::vector<float> feedForward(const llm::ExpertFeedForward &experts, std::span<const float> in,
                               const Compute &compute);

} // namespace alcove::cpu::reference
