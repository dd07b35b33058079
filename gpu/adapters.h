// GpuAdapters: what LoRA adapters add to a model's products on the device, y += scale * B (A x).
//
// Owns the adapters' matrices, their kernels and the room for A x; the model's weights stay as they
// are. In a decode step a product that is changed becomes three stages: A x, then B of that (with
// the product's own bias), then the product itself with the result as its bias. In a batch B's
// results are added behind it. All adapters of a matrix count as one, their ranks side by side. Of
// the embedding A is a table that is looked up like the model's own.
//
// StepContext and BatchContext ask for it where they record a product. One thread.
#pragma once

#include "core/llm/adapter.h"
#include "gpu/batch_context.h"
#include "gpu/gpu_model.h"

#include <array>
#include <memory>
#include <unordered_map>
#include <vector>

namespace alcove::gpu {

class GpuAdapters
{
public:
    // For the model as it was planned with `batch` and, unless it is an encoder, `step`.
    // Unsupported when an adapter changes what the device cannot; OutOfDeviceMemory.
    static Result<std::unique_ptr<GpuAdapters>> make(const std::shared_ptr<Device> &device,
                                                     const llm::AdapterSet &adapters,
                                                     const GpuModel &model, StepContext *step,
                                                     BatchContext &batch,
                                                     const std::string &pipelineCacheFolder);

    bool changes(const GpuMatrix &matrix) const { return m_changes.count(&matrix) != 0; }
    bool changesEmbedding() const { return m_embedding.rank > 0; }
    std::uint64_t bytes() const { return m_memory.allocated(); }

    // Records what the product needs before it; sets its bias. Returns the kernel to use for it.
    VkPipeline recordStep(Recorder &recorder, const StepContext::Matvec &kernel,
                          const GpuMatrix &matrix, MatvecPush &push) const;
    // Adds to the results of a product that was just done with `push`.
    Result<> addBatch(BatchContext &batch, const GpuMatrix &matrix, const MatmulPush &push,
                      std::uint32_t tokens) const;
    Result<> addExperts(BatchContext &batch, const GpuMatrix &matrix, const MatmulPush &push,
                        const ExpertTiles &tiles) const;
    // Logits are scaled and capped behind the sum: their product gets a bias of each token's own.
    Result<> prepareLogits(BatchContext &batch, const GpuMatrix &matrix, Address x,
                           BatchProduct &logits) const;

    // What the embedding gains. recordLookup goes into the stage of the model's own lookup of the
    // token in `state`; recordEmbedding is a stage of its own and leaves the residual as `end`
    // says.
    void recordLookup(Recorder &recorder, Address state) const;
    void recordEmbedding(Recorder &recorder, StepEnd end) const;
    // To x [count][stride], of the tokens at `tokens`.
    Result<> addEmbedding(BatchContext &batch, Address tokens, Address x, std::uint32_t stride,
                          std::uint32_t count) const;

private:
    struct EmbeddingChange {
        std::uint32_t rank = 0; // 0: none
        std::vector<llm::LowRank> parts;
        float scale = 1; // of embeddings
        llm::Tensor aTensor; // as in Change
        llm::Tensor bTensor;
        GpuMatrix a; // [vocabulary][rank]
        GpuMatrix b; // [width][rank]
        PipelineId lookup = 0;
        StepContext::Matvec end;
        PipelineId batchLookup = 0;
        PipelineId batchAdd = 0;
    };
    struct Change {
        Changeable target;
        std::vector<std::vector<llm::LowRank>> parts; // of each source
        std::uint32_t rank = 0; // of all together
        std::uint32_t rows = 0; // of one expert, or of all
        llm::Tensor aTensor; // F32, as the planner wants it; data while it is uploaded
        llm::Tensor bTensor;
        llm::Tensor biasTensor;
        GpuMatrix a; // [experts][rank][inputs]
        GpuMatrix b; // [experts][rows][rank], with the product's own bias
        std::array<StepContext::Matvec, 2> inner; // of an input that is Ready, and ScalePending
        StepContext::Matvec delta;
        PipelineId batchInner = 0;
        PipelineId batchAdd = 0;
        PipelineId batchDelta = 0; // of logits

        std::uint32_t experts() const { return target.experts ? target.experts : 1; }
        std::uint32_t innerStride() const { return paddedColumns(rank); }
    };

    GpuAdapters(const std::shared_ptr<Device> &device, const GpuModel &model, StepContext *step,
                const BatchContext &batch, const std::string &pipelineCacheFolder);
    Result<> plan(const llm::AdapterSet &adapters, const GpuModel &model, StepContext *step,
                  BatchContext &batch);
    Result<> planEmbedding(const llm::AdapterSet &adapters, const GpuModel &model,
                           const BatchContext &batch, WeightPlanner &weights);
    Result<> planChange(const llm::AdapterSet &adapters, const Changeable &target,
                        WeightPlanner &weights);
    void planStep(Change &change);
    void planBatch(Change &change, const BatchContext &batch, bool logits);
    PipelineId matmulKernel(const GpuMatrix &matrix, const Tuning &tuning,
                            std::vector<Constant> more);
    Result<> upload(const std::shared_ptr<Device> &device);
    Result<> uploadEmbedding(WeightUploader &weights);
    static std::vector<float> valuesOfA(const Change &change);
    static std::vector<float> valuesOfB(const Change &change);
    static std::vector<float> biasOf(const Change &change);
    const Change &of(const GpuMatrix &matrix) const { return *m_changes.at(&matrix); }
    BatchProduct product(PipelineId kernel, const GpuMatrix &matrix, std::uint32_t tokens,
                         std::uint32_t experts) const;
    Address innerAt() const { return m_step.at(m_inner); }
    Address deltaAt() const { return m_step.at(m_delta); }

    const Pipelines *m_mainStep = nullptr; // the model's own kernels
    DeviceMemory m_memory;
    Pipelines m_pipelines;
    StepContext m_step; // for the products with A and B
    ScratchId m_inner = 0;
    ScratchId m_delta = 0;
    PipelineId m_logits = 0;
    EmbeddingChange m_embedding;
    std::vector<std::unique_ptr<Change>> m_all;
    std::unordered_map<const GpuMatrix *, Change *> m_changes;
    std::unordered_map<PipelineId, PipelineId> m_biased; // of the model's products of one token
};

} // namespace alcove::gpu
