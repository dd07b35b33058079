// DecodeStep: one token through the whole model, as few stages: embedding; the blocks' stages and,
// where they cost any, the joins between them; the logits.
//
// The constructor asks for kernels and memory; record() writes the step, which reads position and
// token from the state and can therefore be submitted again and again. One thread.
#pragma once

#include "gpu/gpu_model.h"

namespace alcove::gpu {

class DecodeStep
{
public:
    // `model` and `context` outlive this.
    DecodeStep(const GpuModel &model, StepContext &context, DeviceMemory &memory);

    // From the token at state.token, evaluated at state.position, to the logits.
    void record(Recorder &recorder) const;

    // Only the end, of a token whose last hidden values are at `x` and, normed, at `normed`.
    void recordLogits(Recorder &recorder, Address x, Address normed) const;

    SliceId logits() const { return m_logits; } // [vocabulary]

private:
    StepInput inputOf(std::size_t join) const;
    void recordEmbedding(Recorder &recorder) const;
    bool embeddingChanged() const; // by adapters
    void recordJoin(Recorder &recorder, std::size_t join) const;
    Address at(ScratchId id) const { return m_context->at(id); }
    Address weightAt(SliceId id) const { return m_context->memory()[id].address; }

    const GpuModel *m_model;
    StepContext *m_context;
    PipelineId m_embed = 0;
    std::uint32_t m_embedWorkgroups = 0;
    PipelineId m_gain = 0;
    std::vector<PipelineId> m_joins; // of those that are not folded
    StepContext::Matvec m_output;

    ScratchId m_x = 0; // [padded width] the residual
    ScratchId m_normed = 0; // [padded width] a block's input
    ScratchId m_update = 0; // [padded width] a block's result that a norm comes after
    ScratchId m_sums = 0; // partial sums of squares of the residual
    SliceId m_logits = 0; // [vocabulary]
};

} // namespace alcove::gpu
