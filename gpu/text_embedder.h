// TextEmbedder: texts through a model, each to one vector: the values behind the output norm,
// pooled.
//
// Owns nothing; what it is made with outlives it. The KV cache is empty before, and what it leaves
// in blocks' states is nobody's. Fails with what Prefill fails with. One thread.
#pragma once

#include "core/llm/executor.h"
#include "gpu/prefill.h"

#include <span>
#include <vector>

namespace alcove::gpu {

class TextEmbedder
{
public:
    TextEmbedder(const GpuModel &model, BatchContext &context, Prefill &prefill)
        : m_model(&model), m_context(&context), m_prefill(&prefill)
    { }

    // One text, of any number of batches where the model can.
    Result<std::vector<float>> embed(std::span<const llm::Token> tokens, llm::Pooling pooling,
                                     const llm::ForwardHooks &hooks);
    // Several, as many in a batch as fit; for a model that takesTexts(), none longer than a batch.
    Result<std::vector<std::vector<float>>> embedAll(std::span<const std::vector<llm::Token>> texts,
                                                     llm::Pooling pooling,
                                                     const llm::ForwardHooks &hooks);

private:
    llm::Pooling chosen(llm::Pooling pooling) const
    {
        return pooling == llm::Pooling::None ? m_model->spec().pooling : pooling;
    }
    Result<> embedTogether(std::span<const std::vector<llm::Token>> texts, llm::Pooling pooling,
                           const CancelToken &cancel, std::vector<std::vector<float>> &all);

    const GpuModel *m_model;
    BatchContext *m_context;
    Prefill *m_prefill;
};

} // namespace alcove::gpu
