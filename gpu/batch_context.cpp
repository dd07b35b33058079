#include "gpu/batch_context.h"

#include "gpu/expert_kernels.h"

#include <algorithm>

namespace alcove::gpu {

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
    return m_pipelines->add(
        variant("matmul", matrix.layout.type),
        {{matmul::Rows, m_tuning.matmulRows},
         {matmul::Tokens, m_tuning.matmulTokens},
         {matmul::Chunks, matrix.layout.chunks},
         {matmul::Bias, matrix.bias.has_value()},
         {matmul::Experts, rows == ExpertRows::FromTokens ? matmul::FromTokens : matmul::ToChoices},
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

Result<> BatchContext::run(PipelineId kernel, const GpuMatrix &matrix, Address x, Address y,
                           std::uint32_t yStride, std::uint32_t tokens)
{
    MatmulPush push;
    push.x = x;
    push.y = y;
    push.yStride = yStride;
    push.tokens = tokens;
    return runMatmul(kernel, matrix, push, matrix.rows(), ceilDivide(tokens, m_tuning.matmulTokens),
                     tokens);
}

Result<> BatchContext::runEnd(PipelineId kernel, const GpuMatrix &matrix, Address x,
                              const BatchEnd &end, std::uint32_t tokens)
{
    MatmulPush push;
    push.x = x;
    push.y = end.y;
    push.yStride = end.stride;
    push.tokens = tokens;
    push.scale = end.scale;
    return runMatmul(kernel, matrix, push, matrix.rows(), ceilDivide(tokens, m_tuning.matmulTokens),
                     tokens);
}

Result<> BatchContext::runLogits(PipelineId kernel, const GpuMatrix &matrix, Address x, Address y,
                                 std::uint32_t tokens)
{
    MatmulPush push;
    push.x = x;
    push.y = y;
    push.yStride = m_spec->vocabulary;
    push.tokens = tokens;
    push.scale = m_spec->logitScale;
    push.softCap = m_spec->logitSoftCap;
    return runMatmul(kernel, matrix, push, matrix.rows(), ceilDivide(tokens, m_tuning.matmulTokens),
                     tokens);
}

Result<> BatchContext::runExperts(PipelineId kernel, const GpuMatrix &matrix, Address x, Address y,
                                  std::uint32_t yStride, const ExpertTiles &tiles)
{
    MatmulPush push;
    push.x = x;
    push.y = y;
    push.tiles = tiles.tiles;
    push.order = tiles.order;
    push.yStride = yStride;
    push.expertRows = matrix.rows() / tiles.experts;
    return runMatmul(kernel, matrix, push, push.expertRows,
                     expertTiles(tiles.choices, tiles.experts, m_tuning.matmulTokens),
                     tiles.choices);
}

Result<> BatchContext::runMatmul(PipelineId kernel, const GpuMatrix &matrix, MatmulPush push,
                                 std::uint32_t rows, std::uint32_t columns, std::uint32_t tokens)
{
    const std::uint32_t block = m_tuning.matmulRows;
    push.matrix = addressOf(matrix, *m_memory);
    push.bias = matrix.bias ? (*m_memory)[*matrix.bias].address : 0;
    BoundedStage stage;
    stage.items = ceilDivide(rows, block);
    stage.macsPerItem = double(block) * matrix.layout.columns * tokens;
    stage.record = [&, this](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
        while (count > 0) {
            const std::uint32_t part = std::min(count, m_maxWorkgroups);
            push.firstRow = first * block;
            push.endRow = std::min(rows, (first + part) * block);
            recorder.dispatch(m_pipelines->get(kernel), push, part, columns);
            first += part;
            count -= part;
        }
    };
    return m_submits.add(stage);
}

} // namespace alcove::gpu
