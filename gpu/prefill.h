// Prefill: a batch of tokens through the model, keys and values into the KV cache.
//
// The constructor asks for kernels and memory; run() computes at most BatchContext::maxTokens()
// tokens in submissions of bounded length. One thread.
#pragma once

#include "gpu/gpu_model.h"

#include <functional>
#include <span>

namespace alcove::gpu {

class Prefill
{
public:
    // `model` and `context` outlive this.
    Prefill(const GpuModel &model, BatchContext &context, DeviceMemory &memory);

    // Evaluates the tokens at `position` on. `fraction` is told how much is done. Cancelled:
    // nothing of this batch counts.
    // `texts`: how the tokens are shared out; none: they are one text.
    Result<> run(std::span<const llm::Token> tokens, std::uint32_t position,
                 const CancelToken &cancel, const std::function<void(double)> &fraction,
                 std::span<const BatchText> texts = {});

    // Of the batch that ran last: values of a token after the last layer, and behind the output
    // norm.
    Address hiddenOf(std::uint32_t token) const;
    Address normedOf(std::uint32_t token) const;

    // Of the batch that ran last: all logits, [tokens][vocabulary], appended to `out`; those of its
    // last token are left in `lastLogits` too.
    Result<> logits(std::uint32_t tokens, SliceId lastLogits, const CancelToken &cancel,
                    std::vector<float> &out);

    // Of the batch that ran last: the values behind the output norm, [tokens][width], appended.
    Result<> normed(std::uint32_t tokens, const CancelToken &cancel, std::vector<float> &out);

private:
    Result<> runJoin(std::size_t join, std::uint32_t tokens);
    Address at(ScratchId id) const { return m_context->at(id); }

    const GpuModel *m_model;
    BatchContext *m_context;
    DeviceMemory *m_memory;
    PipelineId m_embed = 0;
    std::vector<PipelineId> m_joins;
    PipelineId m_output = 0;
    std::uint32_t m_width = 0; // strides of the buffers, in floats

    SliceId m_tokens = 0;
    ScratchId m_x = 0; // [tokens][padded width]
    ScratchId m_normed = 0;
    ScratchId m_update = 0;
    SliceId m_logits = 0; // [logitRows][vocabulary]
    SliceId m_readback = 0; // what the host reads: logits or values
    std::uint64_t m_readbackBytes = 0;
};

} // namespace alcove::gpu
