#include "core/cpu/input_buffer.h"

#include "core/cpu/work_shares.h"

#include <algorithm>

namespace alcove::cpu {

InputBuffer::InputBuffer(std::size_t tokens, std::size_t columns)
    : m_values(tokens * columns), m_quants(tokens * columns),
      m_scales(tokens * divideUp(columns, 32)), m_sums16(tokens * divideUp(columns, 16)),
      m_sums32(tokens * divideUp(columns, 32))
{ }

Activations InputBuffer::view(std::size_t tokens, std::size_t columns, std::size_t first) const
{
    const std::size_t at = first * columns;
    return {tokens,
            columns,
            m_values.data() + at,
            m_quants.data() + at,
            m_scales.data() + at / 32,
            m_sums16.data() + at / 16,
            m_sums32.data() + at / 32};
}

void InputBuffer::quantise(const KernelTable &kernels, std::size_t token, std::size_t columns,
                           std::size_t first, std::size_t last)
{
    const std::size_t at = token * columns + first;
    kernels.quantise(m_values.data() + at, last - first, m_quants.data() + at,
                     m_scales.data() + at / 32, m_sums16.data() + at / 16,
                     m_sums32.data() + at / 32);
}

void InputBuffer::copyRow(std::size_t to, const Activations &other, std::size_t from,
                          bool quantised)
{
    const std::size_t columns = other.columns;
    const auto copy = [&](const auto *source, std::size_t width, auto *target) {
        std::copy_n(source + from * width, width, target + to * width);
    };
    copy(other.values, columns, m_values.data());
    if (!quantised)
        return;
    copy(other.quants, columns, m_quants.data());
    copy(other.scales, columns / 32, m_scales.data());
    copy(other.sums16, columns / 16, m_sums16.data());
    copy(other.sums32, columns / 32, m_sums32.data());
}

std::uint64_t InputBuffer::bytes() const
{
    return m_values.bytes() + m_quants.bytes() + m_scales.bytes() + m_sums16.bytes()
        + m_sums32.bytes();
}

} // namespace alcove::cpu
