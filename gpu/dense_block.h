// DenseBlock: a feed-forward with one set of weights, down(activation(gate x) * up x), with or
// without a gate. Two stages of a decode step; three where gate and up differ in format.
#pragma once

#include "gpu/block.h"

namespace alcove::gpu {

class DenseBlock final : public Block
{
public:
    static Result<std::unique_ptr<Block>> make(const llm::DenseFeedForward &dense,
                                               const BlockPlan &plan);

    void list(std::vector<Changeable> &matrices) const override;
    Result<> upload(WeightUploader &uploader) const override;
    void recordStep(Recorder &recorder, const StepInput &input, const StepEnd &end) const override;
    Result<> runBatch(const Batch &batch, const BatchEnd &end) const override;

private:
    DenseBlock(const BlockPlan &plan) : m_step(plan.step), m_batch(plan.batch) { }
    void planStep(const llm::DenseFeedForward &dense, const BlockPlace &place);
    void planBatch(const llm::DenseFeedForward &dense, const BlockPlace &place);

    StepContext *m_step;
    BatchContext *m_batch;
    std::uint32_t m_hidden = 0;
    std::vector<ProjectionPart> m_in; // gate, then up: one matrix, or two when their formats differ
    std::uint32_t m_inWidth = 0; // outputs of m_in
    GpuMatrix m_down;

    struct {
        std::vector<StepContext::Matvec> in;
        PipelineId activation = 0; // when gate and up are apart
        StepContext::Matvec down;
        ScratchId apart = 0; // [inWidth]
        ScratchId hidden = 0; // [padded hidden]
    } m_stepKernels;
    struct {
        std::vector<PipelineId> in;
        PipelineId activation = 0;
        PipelineId down = 0;
        ScratchId apart = 0; // [tokens][inWidth]
        ScratchId hidden = 0; // [tokens][padded hidden]
    } m_batchKernels;
};

} // namespace alcove::gpu
