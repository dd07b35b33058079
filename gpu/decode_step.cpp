#include "gpu/decode_step.h"

#include "gpu/step_state.h"

#include <algorithm>

namespace alcove::gpu {

DecodeStep::DecodeStep(const GpuModel &model, const Device &device, const Tuning &tuning,
                       Pipelines &pipelines, DeviceMemory &memory)
    : m_model(&model), m_tuning(tuning), m_maxWorkgroups(device.limits().maxWorkgroups),
      m_pipelines(&pipelines), m_memory(&memory)
{
    const llm::ModelSpec &spec = model.spec();
    const GpuMatrix &table = model.embedding();
    m_embed = pipelines.add(variant("embed", table.layout.type),
                            {{embed::Chunks, table.layout.chunks}, {embed::Step, 1}});
    m_embedWorkgroups = ceilDivide(table.layout.chunks, tuning.lanes);
    m_gain = pipelines.add("gain", {{gain::Width, spec.width}});
    m_residualSums = ceilDivide(spec.width, tuning.matvecRows);

    std::uint64_t parts = 0;
    std::uint32_t counters = 0;
    for (const GpuLayer &layer : model.layers()) {
        LayerKernels kernels;
        for (const ProjectionPart &part : layer.projections)
            kernels.projections.push_back(matvecKernel(part.matrix, Input::Normed, Output::Plain));
        const llm::Attention &attention = *layer.attention;
        const std::uint32_t group = attention.heads / attention.kvHeads;
        kernels.attentionBlocks = ceilDivide(group, tuning.attentionRows);
        kernels.attention = attentionKernel(layer, ceilDivide(group, kernels.attentionBlocks));
        kernels.output = matvecKernel(layer.output, Input::Plain, Output::Residual);
        const Output gateOutput = layer.gateUp.size() == 1 ? Output::Gated : Output::Plain;
        for (const ProjectionPart &part : layer.gateUp)
            kernels.gateUp.push_back(matvecKernel(part.matrix, Input::Normed, gateOutput));
        if (layer.gateUp.size() > 1)
            kernels.activation =
                pipelines.add("gated_activation", {{gatedActivation::Hidden, layer.hidden()}});
        kernels.down = matvecKernel(layer.down, Input::Plain, Output::Residual);
        m_layers.push_back(std::move(kernels));
        const std::uint32_t cluster = attentionCluster(attention.headSize, tuning);
        parts = std::max(parts,
                         std::uint64_t(attention.heads) * tuning.splits
                             * attentionPart(ceilDivide(attention.headSize, cluster * 8), cluster));
        counters = std::max(counters, attention.kvHeads * m_layers.back().attentionBlocks);
    }
    m_output = matvecKernel(model.output(), Input::Normed, Output::Plain);

    const std::uint64_t width = paddedColumns(spec.width);
    m_state = memory.plan(sizeof(StepState));
    m_x = memory.plan(width * 4);
    m_normed = memory.plan(width * 4);
    m_sums = memory.plan(std::uint64_t(std::max(m_residualSums, m_embedWorkgroups) + 3) * 4);
    m_qkv = memory.plan(std::uint64_t(model.maxProjectionWidth()) * 4);
    m_attended = memory.plan(std::uint64_t(paddedColumns(model.maxQueryWidth())) * 4);
    m_gateUp = memory.plan(std::uint64_t(model.maxHidden()) * 8);
    m_hidden = memory.plan(std::uint64_t(paddedColumns(model.maxHidden())) * 4);
    m_logits = memory.plan(std::uint64_t(spec.vocabulary) * 4);
    m_parts = memory.plan(parts * 4);
    m_counters = memory.plan(std::uint64_t(counters) * 4);
}

DecodeStep::Matvec DecodeStep::matvecKernel(const GpuMatrix &matrix, Input input, Output output)
{
    const bool gated = output == Output::Gated;
    const std::uint32_t outputs = gated ? matrix.rows() / 2 : matrix.rows();
    const std::uint32_t rows = gated ? m_tuning.gatedRows : m_tuning.matvecRows;
    Matvec kernel;
    kernel.pipeline = m_pipelines->add(variant("matvec", matrix.layout.type),
                                       {{matvec::Rows, rows},
                                        {matvec::Chunks, matrix.layout.chunks},
                                        {matvec::Outputs, outputs},
                                        {matvec::Gated, gated},
                                        {matvec::Normed, input == Input::Normed},
                                        {matvec::Residual, output == Output::Residual},
                                        {matvec::Bias, matrix.bias.has_value()},
                                        {matvec::Width, m_model->spec().width}});
    kernel.workgroups = ceilDivide(outputs, rows);
    return kernel;
}

PipelineId DecodeStep::attentionKernel(const GpuLayer &layer, std::uint32_t rows)
{
    const llm::Attention &shape = *layer.attention;
    const std::uint32_t cluster = attentionCluster(shape.headSize, m_tuning);
    return m_pipelines->add("attention",
                            {{attention::Rows, rows},
                             {attention::Group, shape.heads / shape.kvHeads},
                             {attention::Cluster, cluster},
                             {attention::Octets, ceilDivide(shape.headSize, cluster * 8)},
                             {attention::QueryWidth, layer.queryWidth()},
                             {attention::KeyWidth, layer.keyWidth()},
                             {attention::QueryNorm, layer.queryNorm.has_value()},
                             {attention::KeyNorm, layer.keyNorm.has_value()},
                             {attention::Step, 1},
                             {attention::Unroll, m_tuning.attentionUnroll},
                             {head::Size, shape.headSize},
                             {head::RopeDims, shape.rope.dims},
                             {head::RopeSplit, shape.rope.pairs == llm::RopePairs::SplitHalf},
                             {kv::Float32, m_model->kvFormat() == llm::KvFormat::F32},
                             {kv::Stride, kvStride(shape.headSize)},
                             {kv::Capacity, m_model->capacity()}});
}

MatvecPush DecodeStep::pushOf(const GpuMatrix &matrix, SliceId x, Address y) const
{
    MatvecPush push;
    push.matrix = addressOf(matrix, *m_memory);
    push.x = at(x);
    push.y = y;
    push.bias = matrix.bias ? at(*matrix.bias) : 0;
    push.sumsIn = at(m_sums);
    push.sumsOut = at(m_sums);
    push.normed = at(m_normed);
    return push;
}

void DecodeStep::dispatch(Recorder &recorder, const Matvec &kernel, const MatvecPush &push) const
{
    const std::uint32_t x = std::min(kernel.workgroups, m_maxWorkgroups);
    recorder.dispatch(m_pipelines->get(kernel.pipeline), push, x, ceilDivide(kernel.workgroups, x));
}

void DecodeStep::record(Recorder &recorder) const
{
    const GpuMatrix &table = m_model->embedding();
    const GpuNorm &firstNorm =
        m_layers.empty() ? m_model->outputNorm() : m_model->layers().front().mixerNorm;
    EmbedPush embed;
    embed.matrix = addressOf(table, *m_memory);
    embed.tokens = at(m_state) + kTokenOffset;
    embed.x = at(m_x);
    embed.gain = at(firstNorm.weight);
    embed.normed = at(m_normed);
    embed.sumsOut = at(m_sums);
    recorder.nextStage();
    recorder.dispatch(m_pipelines->get(m_embed), embed, m_embedWorkgroups);
    for (std::size_t i = 0; i < m_layers.size(); ++i)
        recordLayer(recorder, i);
    recordOutput(recorder, m_layers.empty() ? m_embedWorkgroups : m_residualSums);
}

void DecodeStep::recordLayer(Recorder &recorder, std::size_t index) const
{
    const GpuLayer &layer = m_model->layers()[index];
    const LayerKernels &kernels = m_layers[index];
    const llm::Attention &shape = *layer.attention;
    const bool last = index + 1 == m_layers.size();
    const GpuNorm &nextNorm = last ? m_model->outputNorm() : m_model->layers()[index + 1].mixerNorm;

    recorder.nextStage();
    for (std::size_t i = 0; i < layer.projections.size(); ++i) {
        const ProjectionPart &part = layer.projections[i];
        MatvecPush push =
            pushOf(part.matrix, m_normed, at(m_qkv) + std::uint64_t(part.firstOutput) * 4);
        push.sumCount = index == 0 ? m_embedWorkgroups : m_residualSums;
        push.epsilon = layer.mixerNorm.epsilon;
        dispatch(recorder, kernels.projections[i], push);
    }

    AttentionPush attention;
    attention.qkv = at(m_qkv);
    attention.queryNorm = layer.queryNorm ? at(layer.queryNorm->weight) : 0;
    attention.keyNorm = layer.keyNorm ? at(layer.keyNorm->weight) : 0;
    attention.frequencies = at(layer.frequencies);
    attention.keys = at(layer.keys);
    attention.values = at(layer.values);
    attention.y = at(m_attended);
    attention.state = at(m_state);
    attention.parts = at(m_parts);
    attention.counters = at(m_counters);
    attention.tokens = 1;
    attention.scale = shape.scale;
    attention.queryEpsilon = layer.queryNorm ? layer.queryNorm->epsilon : 0;
    attention.keyEpsilon = layer.keyNorm ? layer.keyNorm->epsilon : 0;
    attention.magnitude = shape.rope.magnitude;
    recorder.nextStage();
    recorder.dispatch(m_pipelines->get(kernels.attention), attention, shape.kvHeads,
                      kernels.attentionBlocks, m_tuning.splits);

    MatvecPush output = pushOf(layer.output, m_attended, at(m_x));
    output.gain = at(layer.feedForwardNorm.weight);
    recorder.nextStage();
    dispatch(recorder, kernels.output, output);

    const bool apart = layer.gateUp.size() > 1;
    recorder.nextStage();
    for (std::size_t i = 0; i < layer.gateUp.size(); ++i) {
        const ProjectionPart &part = layer.gateUp[i];
        const Address y = apart ? at(m_gateUp) + std::uint64_t(part.firstOutput) * 4 : at(m_hidden);
        MatvecPush push = pushOf(part.matrix, m_normed, y);
        push.sumCount = m_residualSums;
        push.epsilon = layer.feedForwardNorm.epsilon;
        dispatch(recorder, kernels.gateUp[i], push);
    }
    if (apart) {
        GatedActivationPush push;
        push.x = at(m_gateUp);
        push.y = at(m_hidden);
        recorder.nextStage();
        recorder.dispatch(m_pipelines->get(kernels.activation), push,
                          ceilDivide(layer.hidden(), m_tuning.lanes));
    }

    MatvecPush down = pushOf(layer.down, m_hidden, at(m_x));
    down.gain = at(nextNorm.weight);
    recorder.nextStage();
    dispatch(recorder, kernels.down, down);
}

void DecodeStep::recordOutput(Recorder &recorder, std::uint32_t sumCount) const
{
    MatvecPush push = pushOf(m_model->output(), m_normed, at(m_logits));
    push.sumCount = sumCount;
    push.epsilon = m_model->outputNorm().epsilon;
    recorder.nextStage();
    dispatch(recorder, m_output, push);
}

void DecodeStep::recordLogits(Recorder &recorder, Address x) const
{
    GainPush push;
    push.x = x;
    push.gain = at(m_model->outputNorm().weight);
    push.normed = at(m_normed);
    push.sumsOut = at(m_sums);
    recorder.nextStage();
    recorder.dispatch(m_pipelines->get(m_gain), push, 1);
    recordOutput(recorder, 1);
}

} // namespace alcove::gpu
