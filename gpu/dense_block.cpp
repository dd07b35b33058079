#include "gpu/dense_block.h"

namespace alcove::gpu {

Result<std::unique_ptr<Block>> DenseBlock::make(const llm::DenseFeedForward &dense,
                                                const BlockPlan &plan)
{
    std::unique_ptr<DenseBlock> block(new DenseBlock(plan));
    auto in = plan.weights->projections(dense.gate.there()
                                            ? std::vector<llm::Linear>{dense.gate, dense.up}
                                            : std::vector<llm::Linear>{dense.up});
    if (!in)
        return fail(in.error());
    auto down = plan.weights->matrix({dense.down});
    if (!down)
        return fail(down.error());
    block->m_in = std::move(*in);
    block->m_down = std::move(*down);
    block->m_hidden = dense.up.outputs();
    for (const ProjectionPart &part : block->m_in)
        block->m_inWidth += part.matrix.rows();
    if (plan.step)
        block->planStep(dense, plan.place);
    block->planBatch(dense, plan.place);
    return block;
}

void DenseBlock::planStep(const llm::DenseFeedForward &dense, const BlockPlace &place)
{
    auto &kernels = m_stepKernels;
    const bool apart = m_in.size() > 1;
    StepContext::Finish finish;
    if (!apart) {
        finish.activation = activationOf(dense.activation);
        finish.gated = dense.gate.there();
    }
    for (const ProjectionPart &part : m_in)
        kernels.in.push_back(m_step->matvec(part.matrix, place.input, finish));
    if (apart) {
        kernels.activation =
            m_step->pipelines().add("gated_activation",
                                    {{gatedActivation::Hidden, m_hidden},
                                     {gatedActivation::Gated, 1},
                                     {activation::Kind, activationOf(dense.activation)}});
        kernels.apart = m_step->scratch().need("gate and up", m_inWidth);
    }
    kernels.down = m_step->endMatvec(m_down, place);
    kernels.hidden = m_step->scratch().need("hidden", paddedColumns(m_hidden));
}

void DenseBlock::planBatch(const llm::DenseFeedForward &dense, const BlockPlace &place)
{
    auto &kernels = m_batchKernels;
    const std::uint64_t tokens = m_batch->maxTokens();
    for (const ProjectionPart &part : m_in)
        kernels.in.push_back(m_batch->matmul(part.matrix));
    kernels.activation =
        m_batch->pipelines().add("gated_activation",
                                 {{gatedActivation::Hidden, m_hidden},
                                  {gatedActivation::Gated, dense.gate.there()},
                                  {activation::Kind, activationOf(dense.activation)}});
    kernels.down = m_batch->endMatmul(m_down, place.end);
    kernels.apart = m_batch->scratch().need("gate and up", tokens * m_inWidth);
    kernels.hidden = m_batch->scratch().need("hidden", tokens * paddedColumns(m_hidden));
}

void DenseBlock::list(std::vector<Changeable> &matrices) const
{
    for (const ProjectionPart &part : m_in)
        matrices.push_back(changeableOf(part.matrix));
    matrices.push_back(changeableOf(m_down));
}

Result<> DenseBlock::upload(WeightUploader &uploader) const
{
    if (auto done = uploader.projections(m_in); !done)
        return done;
    return uploader.matrix(m_down);
}

void DenseBlock::recordStep(Recorder &recorder, const StepInput &input, const StepEnd &end) const
{
    const auto &kernels = m_stepKernels;
    const bool apart = m_in.size() > 1;
    recorder.nextStage();
    for (std::size_t i = 0; i < m_in.size(); ++i) {
        const Address y = m_step->at(apart ? kernels.apart : kernels.hidden);
        m_step->record(recorder, kernels.in[i], m_in[i].matrix, input,
                       y + std::uint64_t(m_in[i].firstOutput) * 4);
    }
    if (apart) {
        GatedActivationPush push;
        push.x = m_step->at(kernels.apart);
        push.y = m_step->at(kernels.hidden);
        recorder.nextStage();
        recorder.dispatch(m_step->kernel(kernels.activation), push,
                          ceilDivide(m_hidden, m_step->lanes()));
    }
    recorder.nextStage();
    m_step->recordEnd(recorder, kernels.down, m_down, m_step->at(kernels.hidden), end);
}

Result<> DenseBlock::runBatch(const Batch &batch, const BatchEnd &end) const
{
    const auto &kernels = m_batchKernels;
    const Address in = m_batch->at(kernels.apart);
    const Address hidden = m_batch->at(kernels.hidden);
    for (std::size_t i = 0; i < m_in.size(); ++i) {
        if (auto done =
                m_batch->run(kernels.in[i], m_in[i].matrix, batch.x,
                             in + std::uint64_t(m_in[i].firstOutput) * 4, m_inWidth, batch.tokens);
            !done)
            return done;
    }
    const std::uint32_t stride = paddedColumns(m_hidden);
    const auto activate = [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
        GatedActivationPush push;
        push.x = in + std::uint64_t(first) * m_inWidth * 4;
        push.y = hidden + std::uint64_t(first) * stride * 4;
        push.xStride = m_inWidth;
        push.yStride = stride;
        recorder.dispatch(m_batch->kernel(kernels.activation), push,
                          ceilDivide(m_hidden, m_batch->tuning().lanes), count);
    };
    if (auto done = m_batch->submits().add({batch.tokens, 4.0 * m_hidden, activate}); !done)
        return done;
    return m_batch->runEnd(kernels.down, m_down, hidden, end, batch.tokens);
}

} // namespace alcove::gpu
