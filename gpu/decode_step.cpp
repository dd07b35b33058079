#include "gpu/decode_step.h"

#include "gpu/adapters.h"

#include <algorithm>

namespace alcove::gpu {

DecodeStep::DecodeStep(const GpuModel &model, StepContext &context, DeviceMemory &memory)
    : m_model(&model), m_context(&context)
{
    const llm::ModelSpec &spec = model.spec();
    const GpuMatrix &table = model.embedding();
    Pipelines &pipelines = context.pipelines();
    const std::vector<GpuJoin> &joins = model.joins();
    m_embed = pipelines.add(variant("embed", table.layout.type),
                            {{embed::Chunks, table.layout.chunks},
                             {embed::Step, 1},
                             {embed::LeavesNext, joins.front().folded()},
                             {embed::Addend, model.addend()}});
    m_embedWorkgroups = ceilDivide(table.layout.chunks, context.lanes());
    for (std::size_t i = 0; i < joins.size(); ++i)
        m_joins.push_back(joins[i].folded() ? 0
                                            : joinKernel(pipelines, joins[i], spec.width, i > 0));
    m_gain = pipelines.add("gain", {{gain::Width, spec.width}});
    StepContext::Finish finish;
    finish.logits = spec.logitScale != 1.0f || spec.logitSoftCap > 0;
    m_output = context.matvec(
        model.output(), joins.back().folded() ? InputForm::ScalePending : InputForm::Ready, finish);

    const std::uint64_t width = paddedColumns(spec.width);
    Scratch &scratch = context.scratch();
    m_x = scratch.need("residual", width);
    m_normed = scratch.need("normed", width);
    m_update = scratch.need("update", width);
    m_sums = scratch.need("sums", std::max(context.residualSums(), m_embedWorkgroups) + 3);
    m_logits = memory.plan(std::uint64_t(spec.vocabulary) * 4);
}

StepInput DecodeStep::inputOf(std::size_t join) const
{
    StepInput input;
    input.x = at(m_normed);
    input.sums = at(m_sums);
    // With adapters of the embedding, a product comes last.
    input.sumCount =
        join == 0 && !embeddingChanged() ? m_embedWorkgroups : m_context->residualSums();
    input.epsilon = m_model->joins()[join].next.source.epsilon;
    return input;
}

void DecodeStep::recordEmbedding(Recorder &recorder) const
{
    const GpuMatrix &table = m_model->embedding();
    const GpuJoin &join = m_model->joins().front();
    EmbedPush push;
    push.matrix = addressOf(table, m_context->memory());
    push.state = m_context->state();
    push.x = at(m_x);
    push.gain = join.folded() ? weightAt(join.next.weight) : 0;
    push.normed = at(m_normed);
    push.sumsOut = at(m_sums);
    push.scale = m_model->spec().embeddingScale;
    push.addend = m_model->addend() != embed::NoAddend ? weightAt(m_model->addendRows()) : 0;
    recorder.nextStage();
    recorder.dispatch(m_context->kernel(m_embed), push, m_embedWorkgroups);
    if (!embeddingChanged())
        return;
    m_context->adapters()->recordLookup(recorder, m_context->state());
    StepEnd end;
    end.y = push.x;
    end.gain = push.gain;
    end.normed = push.normed;
    end.sums = push.sumsOut;
    m_context->adapters()->recordEmbedding(recorder, end);
}

bool DecodeStep::embeddingChanged() const
{
    return m_context->adapters() && m_context->adapters()->changesEmbedding();
}

void DecodeStep::recordJoin(Recorder &recorder, std::size_t join) const
{
    const GpuJoin &one = m_model->joins()[join];
    if (one.folded())
        return;
    NormPush push = joinPush(one, m_context->memory());
    push.x = at(m_x);
    push.update = at(m_update);
    push.y = at(m_normed);
    recorder.nextStage();
    recorder.dispatch(m_context->kernel(m_joins[join]), push, 1);
}

void DecodeStep::record(Recorder &recorder) const
{
    const std::vector<GpuJoin> &joins = m_model->joins();
    recordEmbedding(recorder);
    recordJoin(recorder, 0);
    for (std::size_t i = 0; i < m_model->blocks().size(); ++i) {
        const GpuJoin &after = joins[i + 1];
        StepEnd end;
        end.y = at(after.post.there() ? m_update : m_x);
        end.scale = after.scale;
        end.gain = after.folded() ? weightAt(after.next.weight) : 0;
        end.normed = at(m_normed);
        end.sums = at(m_sums);
        m_model->blocks()[i]->recordStep(recorder, inputOf(i), end);
        recordJoin(recorder, i + 1);
    }
    recorder.nextStage();
    m_context->recordLogits(recorder, m_output, m_model->output(), inputOf(joins.size() - 1),
                            weightAt(m_logits));
}

void DecodeStep::recordLogits(Recorder &recorder, Address x, Address normed) const
{
    const GpuJoin &join = m_model->joins().back();
    StepInput input = inputOf(m_model->joins().size() - 1);
    if (join.folded()) {
        GainPush push;
        push.x = x;
        push.gain = weightAt(join.next.weight);
        push.normed = at(m_normed);
        push.sumsOut = at(m_sums);
        recorder.nextStage();
        recorder.dispatch(m_context->kernel(m_gain), push, 1);
        input.sumCount = 1;
    } else {
        input.x = normed;
    }
    recorder.nextStage();
    m_context->recordLogits(recorder, m_output, m_model->output(), input, weightAt(m_logits));
}

} // namespace alcove::gpu
