// InputBuffer: inputs of a matrix product for a batch, in float32 and, where asked for, in 8 bits.
// Throws std::bad_alloc when made.
#pragma once

#include "core/cpu/buffer.h"
#include "core/cpu/kernels.h"

#include <cstdint>

namespace alcove::cpu {

class InputBuffer
{
public:
    InputBuffer() = default;
    InputBuffer(std::size_t tokens, std::size_t columns);

    // The rows [first, first + tokens).
    Activations view(std::size_t tokens, std::size_t columns, std::size_t first = 0) const;
    float *values() { return m_values.data(); }
    // Quantises columns [first, last), multiples of 32, of one token.
    void quantise(const KernelTable &kernels, std::size_t token, std::size_t columns,
                  std::size_t first, std::size_t last);
    // Takes over one row of `other`.
    void copyRow(std::size_t to, const Activations &other, std::size_t from, bool quantised);
    std::uint64_t bytes() const;

private:
    Buffer<float> m_values;
    Buffer<std::int8_t> m_quants;
    Buffer<float> m_scales;
    Buffer<float> m_sums16;
    Buffer<float> m_sums32;
};

} // namespace alcove::cpu
