#include "core/cpu/recurrent_state.h"

#include <algorithm>
#include <cstring>

namespace alcove::cpu {
namespace {

constexpr std::uint64_t kCheckpointBytes = std::uint64_t{512} << 20;
constexpr std::size_t kFewestCheckpoints = 4;
constexpr std::size_t kMostCheckpoints = 32;

struct StateSize {
    std::size_t operator()(const PreparedAttention &) const { return 0; }
    std::size_t operator()(const PreparedShortConvolution &c) const
    {
        return c.convolution.stateSize();
    }
    std::size_t operator()(const PreparedDeltaNet &d) const
    {
        return d.convolution.stateSize() + d.valueHeads * d.valueSize * d.keySize;
    }
    std::size_t operator()(const PreparedMamba2 &m) const
    {
        return m.convolution.stateSize() + m.inner() * m.stateSize;
    }
};

std::size_t sizeOf(const PreparedModel &model)
{
    std::size_t size = 0;
    for (const PreparedLayer &layer : model.layers)
        size += std::visit(StateSize(), layer.mixer);
    return size;
}

std::size_t slotsFor(std::size_t size)
{
    const std::uint64_t fitting = kCheckpointBytes / (std::uint64_t(size) * sizeof(float));
    return std::clamp(static_cast<std::size_t>(fitting), kFewestCheckpoints, kMostCheckpoints);
}

} // namespace

std::uint64_t RecurrentState::bytesFor(const PreparedModel &model)
{
    const std::size_t size = sizeOf(model);
    return size ? std::uint64_t(size) * sizeof(float) * (1 + slotsFor(size)) : 0;
}

RecurrentState::RecurrentState(const PreparedModel &model) : m_size(sizeOf(model))
{
    std::size_t offset = 0;
    for (const PreparedLayer &layer : model.layers) {
        m_offsets.push_back(offset);
        offset += std::visit(StateSize(), layer.mixer);
    }
    if (m_size == 0)
        return;
    m_slots = slotsFor(m_size);
    m_memory = Buffer<float>(m_size * (1 + m_slots));
    m_lengths.reserve(m_slots);
    m_slotOf.reserve(m_slots);
}

bool RecurrentState::has(std::uint32_t length) const
{
    return length == 0 || std::binary_search(m_lengths.begin(), m_lengths.end(), length);
}

std::size_t RecurrentState::freeSlot()
{
    if (m_lengths.size() < m_slots) {
        for (std::size_t slot = 0;; ++slot) {
            if (std::find(m_slotOf.begin(), m_slotOf.end(), slot) == m_slotOf.end())
                return slot;
        }
    }
    std::size_t least = 0;
    std::uint32_t gap = 0;
    for (std::size_t i = 0; i + 1 < m_lengths.size(); ++i) {
        const std::uint32_t here = m_lengths[i + 1] - (i ? m_lengths[i - 1] : 0);
        if (i == 0 || here < gap) {
            least = i;
            gap = here;
        }
    }
    const std::size_t slot = m_slotOf[least];
    m_lengths.erase(m_lengths.begin() + static_cast<std::ptrdiff_t>(least));
    m_slotOf.erase(m_slotOf.begin() + static_cast<std::ptrdiff_t>(least));
    return slot;
}

void RecurrentState::save(std::uint32_t length)
{
    if (!there() || has(length))
        return;
    const std::size_t slot = freeSlot();
    std::memcpy(m_memory.data() + (1 + slot) * m_size, m_memory.data(), m_size * sizeof(float));
    // The text only grows between two calls of restore(), so this is the longest.
    m_lengths.push_back(length);
    m_slotOf.push_back(slot);
}

void RecurrentState::restore(std::uint32_t length)
{
    if (!there())
        return;
    while (!m_lengths.empty() && m_lengths.back() > length) {
        m_lengths.pop_back();
        m_slotOf.pop_back();
    }
    if (length == 0)
        std::fill_n(m_memory.data(), m_size, 0.0f);
    else
        std::memcpy(m_memory.data(), m_memory.data() + (1 + m_slotOf.back()) * m_size,
                    m_size * sizeof(float));
}

} // namespace alcove::cpu
