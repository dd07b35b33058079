// The plain arithmetic of the reference executor: float32 values, sums in double, weights expanded
// a row at a time. Stateless; any thread; no failure.
#pragma once

#include "core/base/cancellation.h"
#include "core/llm/adapter.h"
#include "core/llm/executor.h"
#include "core/llm/model_spec.h"

#include <cstdint>
#include <span>
#include <vector>

namespace alcove::cpu::reference {

// What goes with every product.
struct Compute {
    const llm::AdapterSet &adapters;
    const CancelToken &cancel;
};

// All elements of a tensor.
std::vector<float> expand(const llm::Tensor &tensor);

// y = norm(x), of the same length; x as it is when the norm is not there. May work in place.
void applyNorm(const llm::Norm &norm, std::span<const float> x, std::span<float> y);

// y = W x + b, with what the adapters add. Leaves y incomplete when it is cancelled: whoever did
// that does not want the result.
void applyLinear(const llm::Linear &linear, std::span<const float> x, std::span<float> y,
                 const Compute &compute);
std::vector<float> applyLinear(const llm::Linear &linear, std::span<const float> x,
                               const Compute &compute);
// The same with one expert's matrix.
std::vector<float> applyExpert(const llm::ExpertMatrices &matrices, std::uint32_t expert,
                               std::span<const float> x, const Compute &compute);

// Rotates a head by `positions` (below zero: back), scaled by `magnitude`.
void rotate(const llm::Rope &rope, const std::vector<float> &frequencies, double positions,
            float magnitude, std::span<float> head);

float sigmoid(float x);
float silu(float x);
float softplus(float x);

// gate := activation(gate) * up; without `up` (empty) activation(gate).
void activate(llm::Activation activation, std::span<float> gate, std::span<const float> up);

// What is left of values that were stored in a KV cache's format. Blocks are 32 values.
void roundTo(llm::KvFormat format, std::span<float> values);

} // namespace alcove::cpu::reference
