#include "gpu/attention_block.h"

namespace alcove::gpu {

namespace {

// Time of one position and dimension of attention in multiply-adds of a matrix product: two
// products, an exponential and the cache's conversion.
constexpr double kAttentionCost = 6;

} // namespace

Result<std::unique_ptr<Block>> AttentionBlock::make(const llm::Attention &attention,
                                                    const BlockPlan &plan)
{
    if (attention.headSize % 2 != 0 || attention.headSize > 512)
        return fail(unsupported("attention heads of a size"));
    if (attention.direction != llm::Direction::Causal || attention.window > 0
        || attention.softCap > 0 || attention.sinks || attention.maxAlibiBias > 0
        || attention.outputGate || attention.headNorms != llm::HeadNorms::PerHead)
        return fail(unsupported("a kind of attention"));
    for (const std::optional<llm::Norm> *norm : {&attention.queryNorm, &attention.keyNorm}) {
        if (*norm && ((*norm)->kind != llm::NormKind::Rms || (*norm)->bias))
            return fail(unsupported("a kind of normalisation of attention heads"));
    }
    std::unique_ptr<AttentionBlock> block(new AttentionBlock(attention, plan));
    if (auto planned = block->planWeights(plan); !planned)
        return fail(planned.error());
    block->planStep(plan.place);
    block->planBatch(plan.place);
    return block;
}

Result<> AttentionBlock::planWeights(const BlockPlan &plan)
{
    const llm::Attention &shape = *m_attention;
    auto projections = plan.weights->projections({shape.query, shape.key, shape.value});
    if (!projections)
        return fail(projections.error());
    auto output = plan.weights->matrix({shape.output});
    if (!output)
        return fail(output.error());
    m_projections = std::move(*projections);
    m_output = std::move(*output);
    m_queryNorm = plan.weights->norm(shape.queryNorm.value_or(llm::Norm{}));
    m_keyNorm = plan.weights->norm(shape.keyNorm.value_or(llm::Norm{}));
    m_frequencySlice = plan.weights->floats(m_frequencies.size());
    const std::uint64_t elements =
        std::uint64_t(shape.kvHeads) * m_capacity * kvStride(shape.headSize);
    const std::uint64_t bytes = elements * (m_kvFormat == llm::KvFormat::F32 ? 4 : 2);
    m_keys = plan.weights->state(bytes, elements);
    m_values = plan.weights->state(bytes, elements);
    return {};
}

PipelineId AttentionBlock::attentionKernel(Pipelines &pipelines, const Tuning &tuning,
                                           std::uint32_t rows, Mode mode) const
{
    const llm::Attention &shape = *m_attention;
    const std::uint32_t cluster = attentionCluster(shape.headSize, tuning);
    return pipelines.add("attention",
                         {{attention::Rows, rows},
                          {attention::Group, group()},
                          {attention::Cluster, cluster},
                          {attention::Octets, ceilDivide(shape.headSize, cluster * 8)},
                          {attention::QueryWidth, queryWidth()},
                          {attention::KeyWidth, keyWidth()},
                          {attention::QueryNorm, m_queryNorm.there()},
                          {attention::KeyNorm, m_keyNorm.there()},
                          {attention::Step, mode == Mode::Step},
                          {attention::Unroll, tuning.attentionUnroll},
                          {head::Size, shape.headSize},
                          {head::RopeDims, shape.rope.dims},
                          {head::RopeSplit, shape.rope.pairs == llm::RopePairs::SplitHalf},
                          {kv::Float32, m_kvFormat == llm::KvFormat::F32},
                          {kv::Stride, kvStride(shape.headSize)},
                          {kv::Capacity, m_capacity}});
}

void AttentionBlock::planStep(const BlockPlace &place)
{
    const llm::Attention &shape = *m_attention;
    const Tuning &tuning = m_step->tuning();
    auto &kernels = m_stepKernels;
    for (const ProjectionPart &part : m_projections)
        kernels.projections.push_back(m_step->matvec(part.matrix, place.input));
    kernels.blocks = ceilDivide(group(), tuning.attentionRows);
    kernels.attention = attentionKernel(m_step->pipelines(), tuning,
                                        ceilDivide(group(), kernels.blocks), Mode::Step);
    kernels.output = m_step->endMatvec(m_output, place);

    Scratch &scratch = m_step->scratch();
    const std::uint32_t cluster = attentionCluster(shape.headSize, tuning);
    kernels.qkv = scratch.need("qkv", projectionWidth());
    kernels.attended = scratch.need("attended", paddedColumns(queryWidth()));
    kernels.parts =
        scratch.need("attention parts",
                     std::uint64_t(shape.heads) * tuning.splits
                         * attentionPart(ceilDivide(shape.headSize, cluster * 8), cluster));
    kernels.counters =
        scratch.need("attention counters", std::uint64_t(shape.kvHeads) * kernels.blocks);
}

void AttentionBlock::planBatch(const BlockPlace &place)
{
    const llm::Attention &shape = *m_attention;
    const Tuning &tuning = m_batch->tuning();
    auto &kernels = m_batchKernels;
    for (const ProjectionPart &part : m_projections)
        kernels.projections.push_back(m_batch->matmul(part.matrix));
    kernels.store =
        m_batch->pipelines().add("kv_store",
                                 {{kvStore::QueryWidth, queryWidth()},
                                  {kvStore::KeyWidth, keyWidth()},
                                  {kvStore::KeyNorm, m_keyNorm.there()},
                                  {head::Size, shape.headSize},
                                  {head::RopeDims, shape.rope.dims},
                                  {head::RopeSplit, shape.rope.pairs == llm::RopePairs::SplitHalf},
                                  {kv::Float32, m_kvFormat == llm::KvFormat::F32},
                                  {kv::Stride, kvStride(shape.headSize)},
                                  {kv::Capacity, m_capacity}});
    kernels.attention =
        attentionKernel(m_batch->pipelines(), tuning, tuning.attentionRows, Mode::Batch);
    kernels.output = m_batch->endMatmul(m_output, place.end);
    const std::uint64_t tokens = m_batch->maxTokens();
    kernels.qkv = m_batch->scratch().need("qkv", tokens * projectionWidth());
    kernels.attended = m_batch->scratch().need("attended", tokens * paddedColumns(queryWidth()));
}

Result<> AttentionBlock::upload(WeightUploader &uploader) const
{
    Result<> done = uploader.projections(m_projections);
    if (done)
        done = uploader.norm(m_queryNorm);
    if (done)
        done = uploader.norm(m_keyNorm);
    if (done && !m_frequencies.empty())
        done = uploader.floats(m_frequencySlice, m_frequencies);
    if (done)
        done = uploader.matrix(m_output);
    // What is beyond a head's size must be zero, and nothing that was here before may be read.
    for (const SliceId cache : {m_keys, m_values}) {
        if (done)
            done = uploader.clear(cache);
    }
    return done;
}

AttentionPush AttentionBlock::pushOf() const
{
    AttentionPush push;
    push.queryNorm = m_queryNorm.there() ? weightAt(m_queryNorm.weight) : 0;
    push.keyNorm = m_keyNorm.there() ? weightAt(m_keyNorm.weight) : 0;
    push.frequencies = weightAt(m_frequencySlice);
    push.keys = weightAt(m_keys);
    push.values = weightAt(m_values);
    push.scale = m_attention->scale;
    push.queryEpsilon = m_queryNorm.source.epsilon;
    push.keyEpsilon = m_keyNorm.source.epsilon;
    push.magnitude = m_attention->rope.magnitude;
    return push;
}

void AttentionBlock::recordStep(Recorder &recorder, const StepInput &input,
                                const StepEnd &end) const
{
    const auto &kernels = m_stepKernels;
    const Address qkv = m_step->at(kernels.qkv);
    recorder.nextStage();
    for (std::size_t i = 0; i < m_projections.size(); ++i) {
        const ProjectionPart &part = m_projections[i];
        m_step->record(recorder, kernels.projections[i], part.matrix, input,
                       qkv + std::uint64_t(part.firstOutput) * 4);
    }

    AttentionPush push = pushOf();
    push.qkv = qkv;
    push.y = m_step->at(kernels.attended);
    push.state = m_step->state();
    push.parts = m_step->at(kernels.parts);
    push.counters = m_step->at(kernels.counters);
    push.tokens = 1;
    recorder.nextStage();
    recorder.dispatch(m_step->kernel(kernels.attention), push, m_attention->kvHeads, kernels.blocks,
                      m_step->tuning().splits);

    recorder.nextStage();
    m_step->recordEnd(recorder, kernels.output, m_output, m_step->at(kernels.attended), end);
}

Result<> AttentionBlock::runBatch(const Batch &batch, const BatchEnd &end) const
{
    const auto &kernels = m_batchKernels;
    const Address qkv = m_batch->at(kernels.qkv);
    Result<> done;
    for (std::size_t i = 0; done && i < m_projections.size(); ++i) {
        const ProjectionPart &part = m_projections[i];
        done = m_batch->run(kernels.projections[i], part.matrix, batch.x,
                            qkv + std::uint64_t(part.firstOutput) * 4, projectionWidth(),
                            batch.tokens);
    }
    if (done)
        done = runAttention(batch);
    if (done)
        done = m_batch->runEnd(kernels.output, m_output, m_batch->at(kernels.attended), end,
                               batch.tokens);
    return done;
}

Result<> AttentionBlock::runAttention(const Batch &batch) const
{
    const llm::Attention &shape = *m_attention;
    const auto &kernels = m_batchKernels;
    const std::uint32_t stride = projectionWidth();
    const Address qkv = m_batch->at(kernels.qkv);
    const auto store = [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
        KvStorePush push;
        push.qkv = qkv + std::uint64_t(first) * stride * 4;
        push.keyNorm = m_keyNorm.there() ? weightAt(m_keyNorm.weight) : 0;
        push.frequencies = weightAt(m_frequencySlice);
        push.keys = weightAt(m_keys);
        push.values = weightAt(m_values);
        push.stride = stride;
        push.position = batch.position + first;
        push.epsilon = m_keyNorm.source.epsilon;
        push.magnitude = shape.rope.magnitude;
        recorder.dispatch(m_batch->kernel(kernels.store), push, shape.kvHeads, count);
    };
    if (auto done = m_batch->submits().add({batch.tokens, 2.0 * keyWidth(), store}); !done)
        return done;

    const std::uint32_t yStride = paddedColumns(queryWidth());
    const auto attend = [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
        AttentionPush push = pushOf();
        push.qkv = qkv + std::uint64_t(first) * stride * 4;
        push.y = m_batch->at(kernels.attended) + std::uint64_t(first) * yStride * 4;
        push.stride = stride;
        push.yStride = yStride;
        push.tokens = count;
        push.position = batch.position + first;
        recorder.dispatch(m_batch->kernel(kernels.attention), push, shape.kvHeads,
                          ceilDivide(count * group(), m_batch->tuning().attentionRows));
    };
    const double macs = kAttentionCost * queryWidth() * (batch.position + batch.tokens);
    return m_batch->submits().add({batch.tokens, macs, attend});
}

} // namespace alcove::gpu
