// ShortConvolutionBlock: a depthwise convolution over the last few positions, between two gates
// (LFM2). Three stages of a decode step.
//
// Its state is a ring of the positions that the convolution looks back on.
#pragma once

#include "gpu/block.h"

namespace alcove::gpu {

// [channels][taps + 1]: a channel's taps, the newest position last, then its bias.
std::vector<float> convolutionKernel(const llm::Tensor &kernel, const llm::Tensor *bias);

class ShortConvolutionBlock final : public Block
{
public:
    // `convolution` outlives the block.
    static Result<std::unique_ptr<Block>> make(const llm::ShortConvolution &convolution,
                                               const BlockPlan &plan);

    void list(std::vector<Changeable> &matrices) const override;
    Result<> upload(WeightUploader &uploader) const override;
    void recordStep(Recorder &recorder, const StepInput &input, const StepEnd &end) const override;
    bool takesTexts() const override { return false; }
    Result<> runBatch(const Batch &batch, const BatchEnd &end) const override;
    std::vector<SliceId> recurrentState() const override { return {m_history}; }

private:
    enum class Mode { Batch, Step, Store };

    ShortConvolutionBlock(const llm::ShortConvolution &convolution, const BlockPlan &plan)
        : m_spec(&convolution), m_step(plan.step), m_batch(plan.batch), m_width(plan.spec->width)
    { }
    PipelineId kernel(Pipelines &pipelines, Mode mode) const;
    Address addressAt(SliceId id) const { return m_step->memory()[id].address; }

    const llm::ShortConvolution *m_spec;
    StepContext *m_step;
    BatchContext *m_batch;
    std::uint32_t m_width;

    GpuMatrix m_in; // [3 * width][width]
    SliceId m_kernel = 0; // [width][taps + 1]
    GpuMatrix m_out;
    SliceId m_history = 0; // [taps][width]

    struct {
        StepContext::Matvec in;
        PipelineId convolution = 0;
        StepContext::Matvec out;
        ScratchId projected = 0; // [3 * width]
        ScratchId mixed = 0; // [padded width]
    } m_stepKernels;
    struct {
        PipelineId in = 0;
        PipelineId convolution = 0;
        PipelineId store = 0;
        PipelineId out = 0;
        ScratchId projected = 0; // [tokens][3 * width]
        ScratchId mixed = 0; // [tokens][padded width]
    } m_batchKernels;
};

} // namespace alcove::gpu
