// RecurrentState: what the recurrent layers remember of the text so far, and checkpoints of it.
//
// A state cannot be rolled back, so truncate() goes to lengths of which a checkpoint was saved:
// before each batch of a forward call, at its end, and every kCheckpointEvery positions of a
// sampling run. There is room for a few only; when it is used up, the checkpoint goes whose
// neighbours are closest to each other, so that those left are spread over the text and dense
// nowhere but at its end. The empty text needs none. One thread at a time; throws std::bad_alloc
// when made.
#pragma once

#include "core/cpu/buffer.h"
#include "core/cpu/prepared_model.h"

#include <cstdint>
#include <vector>

namespace alcove::cpu {

class RecurrentState
{
public:
    static constexpr std::uint32_t kCheckpointEvery = 256;

    explicit RecurrentState(const PreparedModel &model);

    static std::uint64_t bytesFor(const PreparedModel &model);
    std::uint64_t bytes() const { return m_memory.bytes(); }
    bool there() const { return m_size > 0; }

    // First the convolution's [taps - 1][channels], the oldest position first; then the delta
    // rule's [valueHeads][valueSize][keySize] or Mamba 2's [heads][headSize][stateSize].
    float *layer(std::size_t index) { return m_memory.data() + m_offsets[index]; }

    void save(std::uint32_t length);
    // Takes up a checkpoint and forgets those of longer texts. Only for a length that has one.
    void restore(std::uint32_t length);
    bool has(std::uint32_t length) const;
    // Lengths of the checkpoints, ascending.
    const std::vector<std::uint32_t> &lengths() const { return m_lengths; }

private:
    std::size_t freeSlot();

    std::vector<std::size_t> m_offsets; // for each layer of the model
    std::size_t m_size = 0; // floats
    std::size_t m_slots = 0;
    Buffer<float> m_memory; // the state, then the checkpoints' slots
    std::vector<std::uint32_t> m_lengths;
    std::vector<std::size_t> m_slotOf; // for each of m_lengths
};

} // namespace alcove::cpu
