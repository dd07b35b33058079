#include "gpu/prefill.h"

#include <algorithm>
#include <cstring>

namespace alcove::gpu {

namespace {

// Time of one position and dimension of attention in multiply-adds of a matrix product: two
// products, an exponential and the cache's conversion.
constexpr double kAttentionCost = 6;

} // namespace

Prefill::Prefill(const GpuModel &model, std::shared_ptr<Device> device, const Tuning &tuning,
                 Pipelines &pipelines, DeviceMemory &memory)
    : m_model(&model), m_tuning(tuning), m_maxWorkgroups(device->limits().maxWorkgroups),
      m_pipelines(&pipelines), m_memory(&memory), m_submits(std::move(device), tuning)
{
    const llm::ModelSpec &spec = model.spec();
    const GpuMatrix &table = model.embedding();
    m_embed = pipelines.add(variant("embed", table.layout.type),
                            {{embed::Chunks, table.layout.chunks}, {embed::Step, 0}});
    m_norm = pipelines.add("norm", {{norm::Width, spec.width}});
    for (const GpuLayer &layer : model.layers())
        planLayer(layer);
    m_output = matmulKernel(model.output(), Output::Plain);

    m_width = paddedColumns(spec.width);
    m_qkvWidth = model.maxProjectionWidth();
    m_queryWidth = paddedColumns(model.maxQueryWidth());
    m_hiddenWidth = paddedColumns(model.maxHidden());
    const std::uint64_t tokens = tuning.batchTokens;
    m_tokens = memory.plan(tokens * 4);
    m_x = memory.plan(tokens * m_width * 4);
    m_normed = memory.plan(tokens * m_width * 4);
    m_qkv = memory.plan(tokens * m_qkvWidth * 4);
    m_attended = memory.plan(tokens * m_queryWidth * 4);
    m_gateUp = memory.plan(tokens * model.maxHidden() * 8);
    m_hidden = memory.plan(tokens * m_hiddenWidth * 4);
    m_logits = memory.plan(std::uint64_t(tuning.logitRows) * spec.vocabulary * 4);
    m_readback =
        memory.plan(std::uint64_t(tuning.logitRows) * spec.vocabulary * 4, MemoryUse::Readback);
}

PipelineId Prefill::matmulKernel(const GpuMatrix &matrix, Output output)
{
    return m_pipelines->add(variant("matmul", matrix.layout.type),
                            {{matmul::Rows, m_tuning.matmulRows},
                             {matmul::Tokens, m_tuning.matmulTokens},
                             {matmul::Chunks, matrix.layout.chunks},
                             {matmul::Bias, matrix.bias.has_value()},
                             {matmul::Residual, output == Output::Residual}});
}

void Prefill::planLayer(const GpuLayer &layer)
{
    const llm::Attention &shape = *layer.attention;
    const std::uint32_t cluster = attentionCluster(shape.headSize, m_tuning);
    const bool split = shape.rope.pairs == llm::RopePairs::SplitHalf;
    const bool float32 = m_model->kvFormat() == llm::KvFormat::F32;
    LayerKernels kernels;
    for (const ProjectionPart &part : layer.projections)
        kernels.projections.push_back(matmulKernel(part.matrix, Output::Plain));
    kernels.store = m_pipelines->add("kv_store",
                                     {{kvStore::QueryWidth, layer.queryWidth()},
                                      {kvStore::KeyWidth, layer.keyWidth()},
                                      {kvStore::KeyNorm, layer.keyNorm.has_value()},
                                      {head::Size, shape.headSize},
                                      {head::RopeDims, shape.rope.dims},
                                      {head::RopeSplit, split},
                                      {kv::Float32, float32},
                                      {kv::Stride, kvStride(shape.headSize)},
                                      {kv::Capacity, m_model->capacity()}});
    kernels.attention =
        m_pipelines->add("attention",
                         {{attention::Rows, m_tuning.attentionRows},
                          {attention::Group, shape.heads / shape.kvHeads},
                          {attention::Cluster, cluster},
                          {attention::Octets, ceilDivide(shape.headSize, cluster * 8)},
                          {attention::QueryWidth, layer.queryWidth()},
                          {attention::KeyWidth, layer.keyWidth()},
                          {attention::QueryNorm, layer.queryNorm.has_value()},
                          {attention::KeyNorm, layer.keyNorm.has_value()},
                          {attention::Step, 0},
                          {attention::Unroll, m_tuning.attentionUnroll},
                          {head::Size, shape.headSize},
                          {head::RopeDims, shape.rope.dims},
                          {head::RopeSplit, split},
                          {kv::Float32, float32},
                          {kv::Stride, kvStride(shape.headSize)},
                          {kv::Capacity, m_model->capacity()}});
    kernels.output = matmulKernel(layer.output, Output::Residual);
    for (const ProjectionPart &part : layer.gateUp)
        kernels.gateUp.push_back(matmulKernel(part.matrix, Output::Plain));
    kernels.activation =
        m_pipelines->add("gated_activation", {{gatedActivation::Hidden, layer.hidden()}});
    kernels.down = matmulKernel(layer.down, Output::Residual);
    m_layers.push_back(std::move(kernels));
}

Address Prefill::hiddenOf(std::uint32_t token) const
{
    return at(m_x) + std::uint64_t(token) * m_width * 4;
}

Result<> Prefill::run(std::span<const llm::Token> tokens, std::uint32_t position,
                      const CancelToken &cancel, const std::function<void(double)> &fraction)
{
    const auto count = static_cast<std::uint32_t>(tokens.size());
    m_submits.begin(cancel);
    const auto setTokens = [&](Recorder &recorder, std::uint32_t, std::uint32_t) {
        recorder.update((*m_memory)[m_tokens], 0, tokens.size_bytes(), tokens.data());
    };
    if (auto done = m_submits.add({1, 1, setTokens}); !done)
        return done;

    const GpuMatrix &table = m_model->embedding();
    const auto embed = [&](Recorder &recorder, std::uint32_t first, std::uint32_t part) {
        EmbedPush push;
        push.matrix = addressOf(table, *m_memory);
        push.tokens = at(m_tokens) + std::uint64_t(first) * 4;
        push.x = hiddenOf(first);
        recorder.dispatch(m_pipelines->get(m_embed), push,
                          ceilDivide(table.layout.chunks, m_tuning.lanes), part);
    };
    if (auto done = m_submits.add({count, double(m_width), embed}); !done)
        return done;
    for (std::size_t i = 0; i < m_layers.size(); ++i) {
        if (auto done = runLayer(i, count, position); !done)
            return done;
        fraction(double(i + 1) / double(m_layers.size()));
    }
    return m_submits.finish();
}

Result<> Prefill::runNorm(const GpuNorm &norm, std::uint32_t tokens)
{
    return m_submits.add({tokens, double(m_width),
                          [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
                              const std::uint64_t offset = std::uint64_t(first) * m_width * 4;
                              NormPush push;
                              push.x = at(m_x) + offset;
                              push.weight = at(norm.weight);
                              push.y = at(m_normed) + offset;
                              push.stride = m_width;
                              push.epsilon = norm.epsilon;
                              recorder.dispatch(m_pipelines->get(m_norm), push, count);
                          }});
}

Result<> Prefill::runMatmul(PipelineId kernel, const GpuMatrix &matrix, Address x, Address y,
                            std::uint32_t yStride, std::uint32_t tokens)
{
    const std::uint32_t rows = m_tuning.matmulRows;
    BoundedStage stage;
    stage.items = ceilDivide(matrix.rows(), rows);
    stage.macsPerItem = double(rows) * matrix.layout.columns * tokens;
    stage.record = [&, this](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
        MatmulPush push;
        push.matrix = addressOf(matrix, *m_memory);
        push.x = x;
        push.y = y;
        push.bias = matrix.bias ? at(*matrix.bias) : 0;
        push.yStride = yStride;
        push.tokens = tokens;
        while (count > 0) {
            const std::uint32_t part = std::min(count, m_maxWorkgroups);
            push.firstRow = first * rows;
            push.endRow = std::min(matrix.rows(), (first + part) * rows);
            recorder.dispatch(m_pipelines->get(kernel), push, part,
                              ceilDivide(tokens, m_tuning.matmulTokens));
            first += part;
            count -= part;
        }
    };
    return m_submits.add(stage);
}

Result<> Prefill::runAttention(const GpuLayer &layer, const LayerKernels &kernels,
                               std::uint32_t tokens, std::uint32_t position)
{
    const llm::Attention &shape = *layer.attention;
    const auto store = [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
        KvStorePush push;
        push.qkv = at(m_qkv) + std::uint64_t(first) * m_qkvWidth * 4;
        push.keyNorm = layer.keyNorm ? at(layer.keyNorm->weight) : 0;
        push.frequencies = at(layer.frequencies);
        push.keys = at(layer.keys);
        push.values = at(layer.values);
        push.stride = m_qkvWidth;
        push.position = position + first;
        push.epsilon = layer.keyNorm ? layer.keyNorm->epsilon : 0;
        push.magnitude = shape.rope.magnitude;
        recorder.dispatch(m_pipelines->get(kernels.store), push, shape.kvHeads, count);
    };
    if (auto done = m_submits.add({tokens, 2.0 * layer.keyWidth(), store}); !done)
        return done;

    const std::uint32_t group = shape.heads / shape.kvHeads;
    const auto attend = [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
        AttentionPush push;
        push.qkv = at(m_qkv) + std::uint64_t(first) * m_qkvWidth * 4;
        push.queryNorm = layer.queryNorm ? at(layer.queryNorm->weight) : 0;
        push.frequencies = at(layer.frequencies);
        push.keys = at(layer.keys);
        push.values = at(layer.values);
        push.y = at(m_attended) + std::uint64_t(first) * m_queryWidth * 4;
        push.stride = m_qkvWidth;
        push.yStride = m_queryWidth;
        push.tokens = count;
        push.position = position + first;
        push.scale = shape.scale;
        push.queryEpsilon = layer.queryNorm ? layer.queryNorm->epsilon : 0;
        push.magnitude = shape.rope.magnitude;
        recorder.dispatch(m_pipelines->get(kernels.attention), push, shape.kvHeads,
                          ceilDivide(count * group, m_tuning.attentionRows));
    };
    const double macs = kAttentionCost * layer.queryWidth() * (position + tokens);
    return m_submits.add({tokens, macs, attend});
}

Result<> Prefill::runLayer(std::size_t index, std::uint32_t tokens, std::uint32_t position)
{
    const GpuLayer &layer = m_model->layers()[index];
    const LayerKernels &kernels = m_layers[index];
    Result<> done = runNorm(layer.mixerNorm, tokens);
    for (std::size_t i = 0; done && i < layer.projections.size(); ++i) {
        const ProjectionPart &part = layer.projections[i];
        done = runMatmul(kernels.projections[i], part.matrix, at(m_normed),
                         at(m_qkv) + std::uint64_t(part.firstOutput) * 4, m_qkvWidth, tokens);
    }
    if (done)
        done = runAttention(layer, kernels, tokens, position);
    if (done)
        done = runMatmul(kernels.output, layer.output, at(m_attended), at(m_x), m_width, tokens);
    if (done)
        done = runNorm(layer.feedForwardNorm, tokens);
    const std::uint32_t gateUpWidth = 2 * layer.hidden();
    for (std::size_t i = 0; done && i < layer.gateUp.size(); ++i) {
        const ProjectionPart &part = layer.gateUp[i];
        done = runMatmul(kernels.gateUp[i], part.matrix, at(m_normed),
                         at(m_gateUp) + std::uint64_t(part.firstOutput) * 4, gateUpWidth, tokens);
    }
    if (!done)
        return done;
    const auto activate = [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
        GatedActivationPush push;
        push.x = at(m_gateUp) + std::uint64_t(first) * gateUpWidth * 4;
        push.y = at(m_hidden) + std::uint64_t(first) * m_hiddenWidth * 4;
        push.xStride = gateUpWidth;
        push.yStride = m_hiddenWidth;
        recorder.dispatch(m_pipelines->get(kernels.activation), push,
                          ceilDivide(layer.hidden(), m_tuning.lanes), count);
    };
    if (done = m_submits.add({tokens, 4.0 * layer.hidden(), activate}); !done)
        return done;
    return runMatmul(kernels.down, layer.down, at(m_hidden), at(m_x), m_width, tokens);
}

Result<> Prefill::logits(std::uint32_t tokens, SliceId lastLogits, const CancelToken &cancel,
                         std::vector<float> &out)
{
    const std::uint32_t vocabulary = m_model->spec().vocabulary;
    m_submits.begin(cancel);
    if (auto done = runNorm(m_model->outputNorm(), tokens); !done)
        return done;
    for (std::uint32_t first = 0; first < tokens; first += m_tuning.logitRows) {
        const std::uint32_t count = std::min(m_tuning.logitRows, tokens - first);
        const Address x = at(m_normed) + std::uint64_t(first) * m_width * 4;
        if (auto done = runMatmul(m_output, m_model->output(), x, at(m_logits), vocabulary, count);
            !done)
            return done;
        const std::uint64_t bytes = std::uint64_t(count) * vocabulary * 4;
        const auto copy = [&](Recorder &recorder, std::uint32_t, std::uint32_t) {
            const Slice &from = (*m_memory)[m_logits];
            recorder.copy(from, 0, (*m_memory)[m_readback], 0, bytes);
            recorder.copy(from, bytes - std::uint64_t(vocabulary) * 4, (*m_memory)[lastLogits], 0,
                          std::uint64_t(vocabulary) * 4);
        };
        if (auto done = m_submits.add({1, 1, copy}); !done)
            return done;
        if (auto done = m_submits.finish(); !done)
            return done;
        const std::size_t size = out.size();
        out.resize(size + std::size_t(count) * vocabulary);
        std::memcpy(out.data() + size, (*m_memory)[m_readback].mapped, bytes);
    }
    return {};
}

} // namespace alcove::gpu
