// ExpertBlock: a mixture of experts. The router's choice stays on the device, in a decode step and
// in a batch.
//
// Four stages of a decode step: router; choice; gate and up of the chosen experts (five stages
// where those differ in format); down, added up by weight. A shared expert runs beside them in the
// same stages. In a batch the tokens are grouped by expert, so that a chunk of weights is expanded
// once for several tokens.
#pragma once

#include "gpu/block.h"
#include "gpu/expert_kernels.h"

#include <list>

namespace alcove::gpu {

class ExpertBlock final : public Block
{
public:
    // `experts` outlives the block.
    static Result<std::unique_ptr<Block>> make(const llm::ExpertFeedForward &experts,
                                               const BlockPlan &plan);

    void list(std::vector<Changeable> &matrices) const override;
    Result<> upload(WeightUploader &uploader) const override;
    void recordStep(Recorder &recorder, const StepInput &input, const StepEnd &end) const override;
    Result<> runBatch(const Batch &batch, const BatchEnd &end) const override;

private:
    // The expert that every token uses beside the chosen ones.
    struct Shared {
        const llm::DenseFeedForward *spec = nullptr; // none: there is no such expert
        std::uint32_t hidden = 0;
        std::vector<ProjectionPart> in; // gate, then up
        std::uint32_t inWidth = 0;
        GpuMatrix down;

        bool there() const { return spec != nullptr; }
        bool apart() const { return in.size() > 1; }
    };

    ExpertBlock(const llm::ExpertFeedForward &experts, const BlockPlan &plan);

    Result<> planWeights(const BlockPlan &plan);
    Result<GpuMatrix> planExperts(const std::vector<const llm::ExpertMatrices *> &together,
                                  WeightPlanner &weights);
    void planStep(const BlockPlace &place);
    void planBatch(const BlockPlace &place);
    PipelineId choiceKernel(Pipelines &pipelines) const;
    PipelineId activationKernel(Pipelines &pipelines, std::uint32_t hidden, bool gated,
                                llm::Activation kind) const;

    Result<> runRouter(const Batch &batch) const;
    Result<> runExperts(const Batch &batch) const;
    Result<> runShared(const Batch &batch) const;
    Result<> runActivation(PipelineId kernel, Address x, std::uint32_t xStride, Address y,
                           std::uint32_t hidden, std::uint32_t rows) const;

    bool gated() const { return m_spec->gate.weight != nullptr; }
    bool apart() const { return m_in.size() > 1; }
    bool sharedGate() const { return m_shared.there() && m_spec->sharedGate; }
    Address weightAt(SliceId id) const { return m_step->memory()[id].address; }

    const llm::ExpertFeedForward *m_spec;
    StepContext *m_step;
    BatchContext *m_batch;
    std::uint32_t m_width = 0;
    std::uint32_t m_experts = 0;
    std::uint32_t m_hidden = 0;
    std::uint32_t m_inWidth = 0; // outputs of one expert's gate and up

    std::list<llm::Tensor> m_views; // single experts' parts of the file's tensors
    std::vector<ProjectionPart> m_router; // experts, then the logit of the shared expert's gate
    std::uint32_t m_routerWidth = 0;
    std::optional<SliceId> m_choiceBias; // [experts]
    // [experts][gate, then up][inputs], or gate and up apart where their formats differ.
    std::vector<GpuMatrix> m_in;
    GpuMatrix m_down; // [experts][width][hidden]
    Shared m_shared;

    struct {
        std::vector<StepContext::Matvec> router;
        PipelineId choice = 0;
        std::vector<StepContext::Matvec> in;
        PipelineId activation = 0; // when gate and up are apart
        StepContext::Matvec down;
        std::vector<StepContext::Matvec> sharedIn;
        PipelineId sharedActivation = 0;
        StepContext::Matvec sharedDown;
        ScratchId logits = 0; // [routerWidth]
        ScratchId chosen = 0; // [used]: expert, weight
        ScratchId apart = 0; // [used][inWidth]
        ScratchId hidden = 0; // [used][padded hidden]
        ScratchId sharedApart = 0; // [inWidth]
        ScratchId sharedHidden = 0; // [padded hidden]
        ScratchId sharedSum = 0; // [width]
    } m_stepKernels;
    struct {
        std::vector<PipelineId> router;
        PipelineId choice = 0;
        PipelineId groups = 0;
        std::vector<PipelineId> in;
        PipelineId activation = 0;
        PipelineId down = 0;
        PipelineId sum = 0;
        std::vector<PipelineId> sharedIn;
        PipelineId sharedActivation = 0;
        PipelineId sharedDown = 0;
        ScratchId logits = 0; // [tokens][routerWidth]
        ScratchId chosen = 0; // [tokens][used]: expert, weight
        ScratchId order = 0; // [tokens * used]
        ScratchId tiles = 0;
        ScratchId apart = 0; // [tokens * used][inWidth]
        ScratchId hidden = 0; // [tokens * used][padded hidden]
        ScratchId results = 0; // [tokens * used][width]
        ScratchId sharedApart = 0; // [tokens][inWidth]
        ScratchId sharedHidden = 0; // [tokens][padded hidden]
        ScratchId sharedSum = 0; // [tokens][width]
    } m_batchKernels;
};

} // namespace alcove::gpu
