// AttentionBlock: attention over a KV cache: projections, attention, output. Three stages of a
// decode step.
#pragma once

#include "gpu/block.h"
#include "gpu/kv_layout.h"

namespace alcove::gpu {

enum class AttentionMode { Batch, Step };

// Lanes and rows of the kernels, and what of attention they do.
std::vector<Constant> attentionConstants(const llm::Attention &attention, const KvLayout &layout,
                                         const Tuning &tuning, std::uint32_t rows,
                                         AttentionMode mode);
std::vector<Constant> kvStoreConstants(const llm::Attention &attention, const KvLayout &layout);
std::vector<Constant> kvShiftConstants(const llm::Attention &attention, const KvLayout &layout);
// [heads][2]: each head's sink and its slope (ALiBi), zero where there is none.
std::vector<float> attentionExtras(const llm::Attention &attention);

class AttentionBlock final : public Block
{
public:
    // `attention` outlives the block.
    static Result<std::unique_ptr<Block>> make(const llm::Attention &attention,
                                               const BlockPlan &plan);

    void list(std::vector<Changeable> &matrices) const override;
    Result<> upload(WeightUploader &uploader) const override;
    void recordStep(Recorder &recorder, const StepInput &input, const StepEnd &end) const override;
    Result<> runBatch(const Batch &batch, const BatchEnd &end) const override;
    bool takesTexts() const override { return m_layout.isPlain() && !m_layout.ring; }
    bool canDiscard(const Gap &gap, std::uint32_t reach) const override;
    Result<> discard(const Gap &gap) const override;
    std::uint32_t restorable(std::uint32_t wanted, std::uint32_t reach) const override;

private:
    AttentionBlock(const llm::Attention &attention, const BlockPlan &plan);

    Result<> planWeights(const BlockPlan &plan);
    void planStep(const BlockPlace &place);
    void planBatch(const BlockPlace &place);
    AttentionPush pushOf() const;
    std::uint32_t shiftStep(const Gap &gap) const;
    // Some tokens of a batch that are one text's.
    struct BatchPart {
        Address qkv = 0;
        Address y = 0;
        std::uint64_t keyOffset = 0; // bytes
        std::uint64_t valueOffset = 0;
        std::uint32_t tokens = 0;
        std::uint32_t position = 0; // of the first
        std::uint32_t end = 0; // of the text, as far as it is there
    };
    BatchPart partOf(const Batch &batch, std::uint32_t first, std::uint32_t count,
                     std::uint32_t position) const;
    void recordStore(Recorder &recorder, const BatchPart &part) const;
    void recordAttention(Recorder &recorder, const BatchPart &part) const;
    Result<> runAttention(const Batch &batch) const;
    std::uint32_t group() const { return m_attention->heads / m_attention->kvHeads; }
    std::uint32_t queryWidth() const { return m_attention->heads * m_attention->headSize; }
    std::uint32_t keyWidth() const { return m_attention->kvHeads * m_attention->headSize; }
    std::uint32_t projectionWidth() const { return m_attention->query.outputs() + 2 * keyWidth(); }
    bool hasExtras() const { return m_attention->sinks || m_attention->maxAlibiBias > 0; }
    Address weightAt(SliceId id) const { return m_batch->memory()[id].address; }

    const llm::Attention *m_attention;
    StepContext *m_step;
    BatchContext *m_batch;
    KvLayout m_layout;
    std::uint32_t m_slack = 0; // positions kept behind the window
    std::vector<float> m_frequencies; // [rope dims / 2]

    std::vector<ProjectionPart> m_projections; // query, key, value: one to three
    GpuNorm m_queryNorm;
    GpuNorm m_keyNorm;
    SliceId m_frequencySlice = 0;
    SliceId m_extras = 0; // [heads][2]
    GpuMatrix m_output;
    SliceId m_keys = 0; // KvLayout
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
        PipelineId shift = 0;
        PipelineId attention = 0;
        PipelineId output = 0;
        ScratchId qkv = 0; // [tokens][projectionWidth]
        ScratchId attended = 0; // [tokens][padded queryWidth]
    } m_batchKernels;
};

} // namespace alcove::gpu
