// BatchContext: what the blocks share when a batch of tokens is evaluated: products with matrices,
// scratch buffers, and submissions of bounded length.
//
// First it plans (kernels, scratch), then, once memory is there, it runs. One thread.
#pragma once

#include "gpu/bounded_submits.h"
#include "gpu/step_context.h"

namespace alcove::gpu {

// One of several texts of a batch, which see nothing of each other.
struct BatchText {
    std::uint32_t first = 0; // of its tokens, in the batch
    std::uint32_t tokens = 0;
};

// A batch as a block gets it.
struct Batch {
    std::uint32_t tokens = 0; // at most BatchContext::maxTokens()
    std::uint32_t position = 0; // of the first; those before it are in the block's state
    Address x = 0; // [tokens][padded width], normed
    // All tokens, in order; each text begins at position 0, and what it leaves behind in a block's
    // state lies at its tokens' places in the batch.
    std::span<const BatchText> texts;
};

// Where the results r go. Residual: y[t] += scale * r[t]. Update: y[t] = r[t].
struct BatchEnd {
    Address y = 0; // [tokens][stride]
    std::uint32_t stride = 0;
    float scale = 1;
};

// Products of a batch with matrices of experts, [experts][rows]: which rows of x and y they read
// and write (shaders/matmul.comp).
enum class ExpertRows {
    FromTokens, // x[token] to y[place]
    ToChoices, // x[place] to y[choice]
    AtPlaces, // x[place] to y[place]
};

std::uint32_t expertRowsConstant(ExpertRows rows); // the value of matmul::Experts

// A batch's choices of experts, grouped by expert (shaders/expert_groups.comp): a place holds one.
struct ExpertTiles {
    Address tiles = 0;
    Address order = 0;
    std::uint32_t choices = 0;
    std::uint32_t experts = 0;
};

// A product of a batch, whoever's matrix and kernel.
struct BatchProduct {
    VkPipeline kernel = VK_NULL_HANDLE;
    MatrixAddress matrix{};
    Address bias = 0;
    std::uint32_t columns = 0;
    std::uint32_t rows = 0; // of one expert, where there are experts
    std::uint32_t tokens = 0; // or choices of experts
    const ExpertTiles *experts = nullptr;
};

class BatchContext
{
public:
    // All kernels of a batch are of at most `maxTokens` tokens.
    BatchContext(const llm::ModelSpec &spec, std::shared_ptr<Device> device, const Tuning &tuning,
                 Pipelines &pipelines, DeviceMemory &memory, std::uint32_t maxTokens);

    // --- planning
    PipelineId matmul(const GpuMatrix &matrix);
    PipelineId endMatmul(const GpuMatrix &matrix, EndForm end);
    PipelineId logitsMatmul(const GpuMatrix &matrix);
    PipelineId expertMatmul(const GpuMatrix &matrix, ExpertRows rows, std::uint32_t used);
    Scratch &scratch() { return m_scratch; }
    Pipelines &pipelines() { return *m_pipelines; }
    const Tuning &tuning() const { return m_tuning; }
    std::uint32_t maxTokens() const { return m_maxTokens; }
    std::uint32_t maxWorkgroups() const { return m_maxWorkgroups; } // in a dimension
    Result<> open() { return m_submits.open(); }
    // Adapters that change products from now on, or none; they outlive their use here.
    void use(const GpuAdapters *adapters) { m_adapters = adapters; }
    const GpuAdapters *adapters() const { return m_adapters; }

    // --- running
    // y[t] = matrix * x[t]; x has the matrix' padded columns as its stride.
    Result<> run(PipelineId kernel, const GpuMatrix &matrix, Address x, Address y,
                 std::uint32_t yStride, std::uint32_t tokens);
    Result<> runEnd(PipelineId kernel, const GpuMatrix &matrix, Address x, const BatchEnd &end,
                    std::uint32_t tokens);
    Result<> runLogits(PipelineId kernel, const GpuMatrix &matrix, Address x, Address y,
                       std::uint32_t tokens);
    Result<> runExperts(PipelineId kernel, const GpuMatrix &matrix, Address x, Address y,
                        std::uint32_t yStride, const ExpertTiles &tiles);
    Result<> run(const BatchProduct &product, MatmulPush push);
    BoundedSubmits &submits() { return m_submits; }
    VkPipeline kernel(PipelineId id) const { return m_pipelines->get(id); }
    Address at(ScratchId id) const { return m_scratch.at(id); }
    const DeviceMemory &memory() const { return *m_memory; }

private:
    PipelineId matmulKernel(const GpuMatrix &matrix, EndForm end, bool logits);
    BatchProduct product(PipelineId kernel, const GpuMatrix &matrix, std::uint32_t tokens) const;

    const llm::ModelSpec *m_spec;
    Tuning m_tuning;
    std::uint32_t m_maxTokens;
    std::uint32_t m_maxWorkgroups;
    Pipelines *m_pipelines;
    const DeviceMemory *m_memory;
    Scratch m_scratch;
    BoundedSubmits m_submits;
    const GpuAdapters *m_adapters = nullptr;
};

} // namespace alcove::gpu
