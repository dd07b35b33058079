// DecodeStep: one token through the whole model, as few stages: embedding; for each layer the
// projections, attention, its output, gate and up, down; the logits.
//
// The constructor asks for kernels and memory; record() writes the step, which reads position and
// token from the state and can therefore be submitted again and again. One thread.
#pragma once

#include "gpu/gpu_model.h"
#include "gpu/pipelines.h"
#include "gpu/recorder.h"
#include "gpu/tuning.h"

namespace alcove::gpu {

class DecodeStep
{
public:
    // `model` outlives this.
    DecodeStep(const GpuModel &model, const Device &device, const Tuning &tuning,
               Pipelines &pipelines, DeviceMemory &memory);

    // Buffers that must be zero before the first step.
    std::vector<SliceId> zeroed() const
    {
        return {m_x, m_normed, m_attended, m_hidden, m_counters};
    }

    // From the token at state.token, evaluated at state.position, to the logits.
    void record(Recorder &recorder) const;

    // Only the end: from a token's last hidden values at `x` to the logits.
    void recordLogits(Recorder &recorder, Address x) const;

    SliceId state() const { return m_state; } // StepState
    SliceId logits() const { return m_logits; } // [vocabulary]

private:
    struct Matvec {
        PipelineId pipeline = 0;
        std::uint32_t workgroups = 0;
    };
    enum class Input { Plain, Normed };
    enum class Output { Plain, Gated, Residual };

    struct LayerKernels {
        std::vector<Matvec> projections;
        PipelineId attention = 0;
        std::uint32_t attentionBlocks = 1; // of query rows of a KV head
        Matvec output;
        std::vector<Matvec> gateUp;
        PipelineId activation = 0; // when gate and up are apart
        Matvec down;
    };

    Matvec matvecKernel(const GpuMatrix &matrix, Input input, Output output);
    PipelineId attentionKernel(const GpuLayer &layer, std::uint32_t rows);
    void dispatch(Recorder &recorder, const Matvec &kernel, const MatvecPush &push) const;
    MatvecPush pushOf(const GpuMatrix &matrix, SliceId x, Address y) const;
    void recordLayer(Recorder &recorder, std::size_t index) const;
    void recordOutput(Recorder &recorder, std::uint32_t sumCount) const;
    Address at(SliceId id) const { return m_memory->operator[](id).address; }

    const GpuModel *m_model;
    Tuning m_tuning;
    std::uint32_t m_maxWorkgroups;
    Pipelines *m_pipelines;
    const DeviceMemory *m_memory;

    std::vector<LayerKernels> m_layers;
    PipelineId m_embed = 0;
    std::uint32_t m_embedWorkgroups = 0;
    PipelineId m_gain = 0;
    Matvec m_output;
    std::uint32_t m_residualSums = 0; // partial sums of squares that a residual stage leaves

    SliceId m_state = 0;
    SliceId m_x = 0; // [padded width] the residual
    SliceId m_normed = 0; // [padded width] times the next norm's weights
    SliceId m_sums = 0; // partial sums of squares of the residual
    SliceId m_qkv = 0; // [projection width]
    SliceId m_attended = 0; // [padded query width]
    SliceId m_gateUp = 0; // [2 * hidden], when gate and up are apart
    SliceId m_hidden = 0; // [padded hidden]
    SliceId m_logits = 0; // [vocabulary]
    SliceId m_parts = 0; // [heads][splits][attentionPart]
    SliceId m_counters = 0; // [KV heads][blocks]
};

} // namespace alcove::gpu
