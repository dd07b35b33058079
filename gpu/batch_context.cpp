#include "gpu/batch_context.h"

#include "gpu/adapters.h"
#include "gpu/expert_kernels.h"

#include <algorithm>

namespace alcove::gpu {

std::uint32_t expertRowsConstant(ExpertRows rows)
{
    switch (rows) {
    case ExpertRows::FromTokens:
        return matmul::FromTokens;
    case ExpertRows::ToChoices:
        return matmul::ToChoices;
    case ExpertRows::AtPlaces:
        return matmul::AtPlaces;
    }
    return matmul::NoExperts;
}

BatchContext::BatchContext(const llm::ModelSpec &spec, std::shared_ptr<Device> device,
                           const Tuning &tuning, Pipelines &pipelines, DeviceMemory &memory,
                           std::uint32_t maxTokens)
    : m_spec(&spec), m_tuning(tuning), m_maxTokens(maxTokens),
      m_maxWorkgroups(device->limits().maxWorkgroups), m_pipelines(&pipelines), m_memory(&memory),
      m_scratch(memory), m_submits(std::move(device), tuning)
{ }

PipelineId BatchContext::matmul(const GpuMatrix &matrix)
{
    return matmulKernel(matrix, EndForm::Update, false);
}

PipelineId BatchContext::endMatmul(const GpuMatrix &matrix, EndForm end)
{
    return matmulKernel(matrix, end, false);
}

PipelineId BatchContext::logitsMatmul(const GpuMatrix &matrix)
{
    return matmulKernel(matrix, EndForm::Update, true);
}

PipelineId BatchContext::expertMatmul(const GpuMatrix &matrix, ExpertRows rows, std::uint32_t used)
{
    return m_pipelines->add(variant("matmul", matrix.layout.type),
                            {{matmul::Rows, m_tuning.matmulRows},
                             {matmul::Tokens, m_tuning.matmulTokens},
                             {matmul::Chunks, matrix.layout.chunks},
                             {matmul::Bias, matrix.bias.has_value()},
                             {matmul::Experts, expertRowsConstant(rows)},
                             {matmul::Used, used}});
}

PipelineId BatchContext::matmulKernel(const GpuMatrix &matrix, EndForm end, bool logits)
{
    return m_pipelines->add(variant("matmul", matrix.layout.type),
                            {{matmul::Rows, m_tuning.matmulRows},
                             {matmul::Tokens, m_tuning.matmulTokens},
                             {matmul::Chunks, matrix.layout.chunks},
                             {matmul::Bias, matrix.bias.has_value()},
                             {matmul::Residual, end == EndForm::Residual},
                             {matmul::Logits, logits}});
}

BatchProduct BatchContext::product(PipelineId kernel, const GpuMatrix &matrix,
                                   std::uint32_t tokens) const
{
    BatchProduct product;
    product.kernel = m_pipelines->get(kernel);
    product.matrix = addressOf(matrix, *m_memory);
    product.bias = matrix.bias ? (*m_memory)[*matrix.bias].address : 0;
    product.columns = matrix.layout.columns;
    product.rows = matrix.rows();
    product.tokens = tokens;
    return product;
}

Result<> BatchContext::run(PipelineId kernel, const GpuMatrix &matrix, Address x, Address y,
                           std::uint32_t yStride, std::uint32_t tokens)
{
    return runEnd(kernel, matrix, x, {y, yStride, 1.0f}, tokens);
}

Result<> BatchContext::runEnd(PipelineId kernel, const GpuMatrix &matrix, Address x,
                              const BatchEnd &end, std::uint32_t tokens)
{
    MatmulPush push;
    push.x = x;
    push.y = end.y;
    push.yStride = end.stride;
    // Of a result that is not added to another, the scale is not this product's business.
    push.scale = m_pipelines->constant(kernel, matmul::Residual) ? end.scale : 1.0f;
    Result<> done = run(product(kernel, matrix, tokens), push);
    if (done && m_adapters && m_adapters->changes(matrix))
        done = m_adapters->addBatch(*this, matrix, push, tokens);
    return done;
}

Result<> BatchContext::runLogits(PipelineId kernel, const GpuMatrix &matrix, Address x, Address y,
                                 std::uint32_t tokens)
{
    MatmulPush push;
    push.x = x;
    push.y = y;
    push.yStride = m_spec->vocabulary;
    push.scale = m_spec->logitScale;
    push.softCap = m_spec->logitSoftCap;
    BatchProduct logits = product(kernel, matrix, tokens);
    if (m_adapters && m_adapters->changes(matrix)) {
        if (auto done = m_adapters->prepareLogits(*this, matrix, x, logits); !done)
            return done;
    }
    return run(logits, push);
}

Result<> BatchContext::runExperts(PipelineId kernel, const GpuMatrix &matrix, Address x, Address y,
                                  std::uint32_t yStride, const ExpertTiles &tiles)
{
    MatmulPush push;
    push.x = x;
    push.y = y;
    push.yStride = yStride;
    BatchProduct experts = product(kernel, matrix, tiles.choices);
    experts.rows /= tiles.experts;
    experts.experts = &tiles;
    Result<> done = run(experts, push);
    if (done && m_adapters && m_adapters->changes(matrix))
        done = m_adapters->addExperts(*this, matrix, push, tiles);
    return done;
}

Result<> BatchContext::run(const BatchProduct &product, MatmulPush push)
{
    const std::uint32_t block = m_tuning.matmulRows;
    const std::uint32_t columns = product.experts
        ? expertTiles(product.tokens, product.experts->experts, m_tuning.matmulTokens)
        : ceilDivide(product.tokens, m_tuning.matmulTokens);
    push.matrix = product.matrix;
    push.bias = product.bias;
    push.tokens = product.tokens;
    if (product.experts) {
        push.tiles = product.experts->tiles;
        push.order = product.experts->order;
        push.expertRows = product.rows;
    }
    BoundedStage stage;
    stage.items = ceilDivide(product.rows, block);
    stage.macsPerItem = double(block) * product.columns * product.tokens;
    stage.record = [&, this](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
        while (count > 0) {
            const std::uint32_t part = std::min(count, m_maxWorkgroups);
            push.firstRow = first * block;
            push.endRow = std::min(product.rows, (first + part) * block);
            recorder.dispatch(product.kernel, push, part, columns);
            first += part;
            count -= part;
        }
    };
    return m_submits.add(stage);
}

} // namespace alcove::gpu
