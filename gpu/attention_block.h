// AttentionBlock: attention over a KV cache: projections, attention, output. Three stages of a
// decode step.
#pragma once

#include "gpu/block.h"

namespace alcove::gpu {

// Dimensions of a head in the KV cache.
constexpr std::uint32_t kvStride(std::uint32_t headSize)
{
    return (headSize + 7) / 8 * 8;
}

class AttentionBlock final : public Block
{
public:
    // `attention` outlives the block.
    static Result<std::unique_ptr<Block>> make(const llm::Attention &attention,
                                               const BlockPlan &plan);

    Result<> upload(WeightUploader &uploader) const override;
    void recordStep(Recorder &recorder, const StepInput &input, const StepEnd &end) const override;
    Result<> runBatch(const Batch &batch, const BatchEnd &end) const override;

private:
    AttentionBlock(const llm::Attention &attention, const BlockPlan &plan)
        : m_attention(&attention), m_step(plan.step), m_batch(plan.batch),
          m_capacity(plan.capacity), m_kvFormat(plan.keyFormat),
          m_frequencies(attention.rope.frequenciesFor(plan.capacity))
    { }
    enum class Mode { Batch, Step };

    Result<> planWeights(const BlockPlan &plan);
    void planStep(const BlockPlace &place);
    void planBatch(const BlockPlace &place);
    PipelineId attentionKernel(Pipelines &pipelines, const Tuning &tuning, std::uint32_t rows,
                               Mode mode) const;
    AttentionPush pushOf() const;
    Result<> runAttention(const Batch &batch) const;
    std::uint32_t group() const { return m_attention->heads / m_attention->kvHeads; }
    std::uint32_t queryWidth() const { return m_attention->heads * m_attention->headSize; }
    std::uint32_t keyWidth() const { return m_attention->kvHeads * m_attention->headSize; }
    std::uint32_t projectionWidth() const { return queryWidth() + 2 * keyWidth(); }
    Address weightAt(SliceId id) const { return m_step->memory()[id].address; }

    const llm::Attention *m_attention;
    StepContext *m_step;
    BatchContext *m_batch;
    std::uint32_t m_capacity;
    llm::KvFormat m_kvFormat;
    std::vector<float> m_frequencies; // [rope dims / 2]

    std::vector<ProjectionPart> m_projections; // query, key, value: one to three
    GpuNorm m_queryNorm;
    GpuNorm m_keyNorm;
    SliceId m_frequencySlice = 0;
    GpuMatrix m_output;
    SliceId m_keys = 0; // [kvHeads][capacity][stride]
    SliceId m_values = 0;

    struct {
        std::vector<StepContext::Matvec> projections;
        PipelineId attention = 0;
        std::uint32_t blocks = 1; // of query rows of a KV head
        StepContext::Matvec output;
        ScratchId qkv = 0; // [projectionWidth]
        ScratchId attended = 0; // [padded queryWidth]
        ScratchId parts = 0; // [heads][splits][attentionPart]
        ScratchId counters = 0; // [kvHeads][blocks], zero between stages
    } m_stepKernels;
    struct {
        std::vector<PipelineId> projections;
        PipelineId store = 0;
        PipelineId attention = 0;
        PipelineId output = 0;
        ScratchId qkv = 0; // [tokens][projectionWidth]
        ScratchId attended = 0; // [tokens][padded queryWidth]
    } m_batchKernels;
};

} // namespace alcove::gpu
