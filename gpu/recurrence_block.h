// RecurrenceBlock: mixers whose past is a matrix for each head, the gated delta rule and Mamba 2:
// projections, a short convolution, the recurrence, a gated norm, output. Three stages of a decode
// step.
//
// Its state: the heads' matrices, and a ring of the positions that the convolution looks back on.
#pragma once

#include "gpu/block.h"

namespace alcove::gpu {

// What the two kinds of recurrence have in common (shaders/recurrence.comp).
struct RecurrenceShape {
    bool delta = false; // the gated delta rule
    std::uint32_t heads = 0;
    std::uint32_t keyHeads = 0; // that keys and queries (B and C) have
    std::uint32_t keySize = 0;
    std::uint32_t valueSize = 0;
    std::uint32_t taps = 0;
    std::uint32_t normGroups = 0;
    // First channels of the convolution.
    std::uint32_t queries = 0;
    std::uint32_t keys = 0;
    std::uint32_t values = 0;
    // In a row of projections: the channels, the gates, the time steps, the logits of beta.
    std::uint32_t channelsAt = 0;
    std::uint32_t gatesAt = 0;
    std::uint32_t timesAt = 0;
    std::uint32_t betasAt = 0;
    std::uint32_t projected = 0; // numbers of such a row

    std::uint32_t inner() const { return heads * valueSize; }
    std::uint32_t channels() const { return 2 * keyHeads * keySize + inner(); }
};

class RecurrenceBlock final : public Block
{
public:
    // The specification outlives the block.
    static Result<std::unique_ptr<Block>> make(const llm::GatedDeltaNet &net,
                                               const BlockPlan &plan);
    static Result<std::unique_ptr<Block>> make(const llm::Mamba2 &mamba, const BlockPlan &plan);

    void list(std::vector<Changeable> &matrices) const override;
    Result<> upload(WeightUploader &uploader) const override;
    void recordStep(Recorder &recorder, const StepInput &input, const StepEnd &end) const override;
    bool takesTexts() const override { return false; }
    Result<> runBatch(const Batch &batch, const BatchEnd &end) const override;
    std::vector<SliceId> recurrentState() const override { return {m_history, m_states}; }

private:
    // The tensors, wherever the specification has them.
    struct Parts {
        std::vector<llm::Linear> in;
        const llm::Tensor *kernel = nullptr;
        const llm::Tensor *kernelBias = nullptr;
        const llm::Tensor *a = nullptr;
        const llm::Tensor *dtBias = nullptr;
        const llm::Tensor *d = nullptr;
        llm::Norm norm;
        llm::Linear out;
    };
    enum class Mode { Batch, Step };

    RecurrenceBlock(const RecurrenceShape &shape, Parts parts, const BlockPlan &plan)
        : m_shape(shape), m_parts(std::move(parts)), m_step(plan.step), m_batch(plan.batch)
    { }
    static Result<std::unique_ptr<Block>> make(const RecurrenceShape &shape, Parts parts,
                                               const BlockPlan &plan);
    Result<> planWeights(WeightPlanner &weights);
    void planStep(const BlockPlace &place);
    void planBatch(const BlockPlace &place);
    PipelineId recurrenceKernel(Pipelines &pipelines, const Tuning &tuning, Mode mode) const;
    Result<> runRecurrence(const Batch &batch) const;
    Address addressAt(SliceId id) const { return m_step->memory()[id].address; }

    RecurrenceShape m_shape;
    Parts m_parts;
    StepContext *m_step;
    BatchContext *m_batch;

    std::vector<ProjectionPart> m_in;
    SliceId m_kernel = 0; // [channels][taps + 1]
    SliceId m_heads = 0; // [heads][3]: a, dtBias, d
    GpuNorm m_norm;
    GpuMatrix m_out;
    SliceId m_history = 0; // [taps][channels]
    SliceId m_states = 0; // [heads][valueSize][keySize]

    struct {
        std::vector<StepContext::Matvec> in;
        PipelineId recurrence = 0;
        StepContext::Matvec out;
        ScratchId projected = 0; // [projected]
        ScratchId mixed = 0; // [padded inner]
        ScratchId counters = 0; // [normGroups], zero between stages
    } m_stepKernels;
    struct {
        std::vector<PipelineId> in;
        PipelineId convolution = 0;
        PipelineId store = 0;
        PipelineId recurrence = 0;
        PipelineId norm = 0;
        PipelineId out = 0;
        ScratchId projected = 0; // [tokens][projected]
        ScratchId convolved = 0; // [tokens][channels]
        ScratchId mixed = 0; // [tokens][padded inner]
    } m_batchKernels;
};

} // namespace alcove::gpu
