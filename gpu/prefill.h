// Prefill: a batch of tokens through the model, keys and values into the KV cache.
//
// The constructor asks for kernels and memory; run() computes at most batchTokens() tokens in
// submissions of bounded length. One thread.
#pragma once

#include "gpu/bounded_submits.h"
#include "gpu/gpu_model.h"
#include "gpu/pipelines.h"

#include <functional>
#include <span>

namespace alcove::gpu {

class Prefill
{
public:
    // `model` outlives this.
    Prefill(const GpuModel &model, std::shared_ptr<Device> device, const Tuning &tuning,
            Pipelines &pipelines, DeviceMemory &memory);

    Result<> open() { return m_submits.open(); }
    std::vector<SliceId> zeroed() const { return {m_x, m_normed, m_attended, m_hidden}; }
    std::uint32_t batchTokens() const { return m_tuning.batchTokens; }

    // Evaluates the tokens at `position` on. `fraction` is told how much is done. Cancelled:
    // nothing of this batch counts.
    Result<> run(std::span<const llm::Token> tokens, std::uint32_t position,
                 const CancelToken &cancel, const std::function<void(double)> &fraction);

    // Of the batch that ran last: hidden values of a token after the last layer.
    Address hiddenOf(std::uint32_t token) const;

    // Of the batch that ran last: all logits, [tokens][vocabulary], appended to `out`; those of its
    // last token are left in `lastLogits` too.
    Result<> logits(std::uint32_t tokens, SliceId lastLogits, const CancelToken &cancel,
                    std::vector<float> &out);

    double longestSubmitMs() const { return m_submits.longestMs(); }

private:
    struct LayerKernels {
        std::vector<PipelineId> projections;
        PipelineId store = 0;
        PipelineId attention = 0;
        PipelineId output = 0;
        std::vector<PipelineId> gateUp;
        PipelineId activation = 0;
        PipelineId down = 0;
    };
    enum class Output { Plain, Residual };

    PipelineId matmulKernel(const GpuMatrix &matrix, Output output);
    void planLayer(const GpuLayer &layer);
    Result<> runLayer(std::size_t index, std::uint32_t tokens, std::uint32_t position);
    Result<> runAttention(const GpuLayer &layer, const LayerKernels &kernels, std::uint32_t tokens,
                          std::uint32_t position);
    Result<> runNorm(const GpuNorm &norm, std::uint32_t tokens);
    Result<> runMatmul(PipelineId kernel, const GpuMatrix &matrix, Address x, Address y,
                       std::uint32_t yStride, std::uint32_t tokens);
    Address at(SliceId id) const { return m_memory->operator[](id).address; }

    const GpuModel *m_model;
    Tuning m_tuning;
    std::uint32_t m_maxWorkgroups;
    Pipelines *m_pipelines;
    const DeviceMemory *m_memory;
    BoundedSubmits m_submits;

    std::vector<LayerKernels> m_layers;
    PipelineId m_embed = 0;
    PipelineId m_norm = 0;
    PipelineId m_output = 0;
    std::uint32_t m_width = 0; // strides of the buffers, in floats
    std::uint32_t m_qkvWidth = 0;
    std::uint32_t m_queryWidth = 0;
    std::uint32_t m_hiddenWidth = 0;

    SliceId m_tokens = 0;
    SliceId m_x = 0;
    SliceId m_normed = 0;
    SliceId m_qkv = 0;
    SliceId m_attended = 0;
    SliceId m_gateUp = 0;
    SliceId m_hidden = 0;
    SliceId m_logits = 0; // [logitRows][vocabulary]
    SliceId m_readback = 0; // the same, seen by the host
};

} // namespace alcove::gpu
