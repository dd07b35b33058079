// GpuSampler: the penalties, top-k, top-p, min-p, temperature and draw of llm::Sampler as one stage
// of the decode step. The constructor asks for kernels and memory. One thread.
#pragma once

#include "core/llm/sampling.h"
#include "gpu/gpu_model.h"
#include "gpu/pipelines.h"
#include "gpu/recorder.h"
#include "gpu/step_state.h"

#include <span>

namespace alcove::gpu {

enum class Advance : std::uint32_t { None = 0, OnePosition = 1 };

class GpuSampler
{
public:
    GpuSampler(std::uint32_t vocabulary, Pipelines &pipelines, DeviceMemory &memory);

    std::vector<SliceId> zeroed() const { return {m_counter}; }

    // False for what the kernel cannot do: top-k off or above kMaxTopK, a huge penalty window, and
    // what is the host's alone (SamplingParams::plain).
    static bool supports(const llm::SamplingParams &params);

    // Sets the state for a run at `position`, and the penalties' counts from the history.
    void recordStart(Recorder &recorder, const llm::SamplingParams &params,
                     std::span<const llm::Token> history, std::uint32_t position,
                     const Slice &state) const;

    // Draws from `logits` into the ring and the state.
    void record(Recorder &recorder, Address logits, Address state, Advance advance) const;

    // The n-th token of the run, once its submission is done and until kRingTokens more are drawn.
    llm::Token drawn(std::uint64_t n) const;

private:
    Address at(SliceId id) const { return m_memory->operator[](id).address; }

    std::uint32_t m_vocabulary;
    std::uint32_t m_slices;
    Pipelines *m_pipelines;
    const DeviceMemory *m_memory;
    PipelineId m_sample = 0;
    PipelineId m_count = 0;
    SliceId m_counts = 0;
    SliceId m_window = 0;
    SliceId m_ring = 0;
    SliceId m_list = 0;
    SliceId m_maxima = 0;
    SliceId m_counter = 0;
};

} // namespace alcove::gpu
