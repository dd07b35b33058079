#include "gpu/attention_block.h"

#include <algorithm>
#include <cmath>

namespace alcove::gpu {

namespace {

// Time of one position and dimension of attention in multiply-adds of a matrix product: two
// products, an exponential and the cache's conversion.
constexpr double kAttentionCost = 6;

constexpr std::uint32_t kMostShiftSteps = 64; // stages of one layer

std::uint32_t normKind(const llm::Attention &shape, const std::optional<llm::Norm> &norm)
{
    if (!norm || !norm->there())
        return head::NoNorm;
    return shape.headNorms == llm::HeadNorms::Whole ? head::NormWhole : head::NormPerHead;
}

void addHead(const llm::Attention &shape, std::vector<Constant> &constants)
{
    constants.push_back({head::Size, shape.headSize});
    constants.push_back({head::RopeDims, shape.rope.dims});
    constants.push_back({head::RopeSplit, shape.rope.pairs == llm::RopePairs::SplitHalf});
}

} // namespace

std::vector<Constant> attentionConstants(const llm::Attention &attention, const KvLayout &layout,
                                         const Tuning &tuning, std::uint32_t rows,
                                         AttentionMode mode)
{
    const std::uint32_t cluster = attentionCluster(attention.headSize, tuning);
    std::vector<Constant> constants = {
        {attention::Rows, rows},
        {attention::Group, attention.heads / attention.kvHeads},
        {attention::Cluster, cluster},
        {attention::Octets, ceilDivide(attention.headSize, cluster * 8)},
        {attention::Heads, attention.kvHeads},
        {attention::Gated, attention.outputGate},
        {attention::QueryNorm, normKind(attention, attention.queryNorm)},
        {attention::KeyNorm, normKind(attention, attention.keyNorm)},
        {attention::Step, mode == AttentionMode::Step},
        {attention::Unroll, tuning.attentionUnroll},
        {attention::Window, attention.window},
        {attention::SoftCap, attention.softCap > 0},
        {attention::Sinks, attention.sinks != nullptr},
        {attention::Slopes, attention.maxAlibiBias > 0},
        {attention::Both, attention.direction == llm::Direction::Both}};
    addHead(attention, constants);
    layout.addTo(constants);
    return constants;
}

std::vector<Constant> kvStoreConstants(const llm::Attention &attention, const KvLayout &layout)
{
    std::vector<Constant> constants = {
        {kvStore::QueryWidth,
         attention.heads * attention.headSize * (attention.outputGate ? 2 : 1)},
        {kvStore::Heads, attention.kvHeads},
        {kvStore::KeyNorm, normKind(attention, attention.keyNorm)}};
    addHead(attention, constants);
    layout.addTo(constants);
    return constants;
}

std::vector<Constant> kvShiftConstants(const llm::Attention &attention, const KvLayout &layout)
{
    std::vector<Constant> constants;
    addHead(attention, constants);
    layout.addTo(constants);
    return constants;
}

std::vector<float> attentionExtras(const llm::Attention &attention)
{
    std::vector<float> extras(std::size_t(attention.heads) * 2, 0.0f);
    std::vector<float> sinks(attention.heads, 0.0f);
    if (attention.sinks)
        llm::dequantise(*attention.sinks, 0, attention.heads, sinks.data());
    // Press et al. 2022: a geometric row for the largest power of two of heads, and every other
    // term of the next finer row for the rest.
    std::uint32_t power = 1;
    while (power * 2 <= attention.heads)
        power *= 2;
    for (std::uint32_t h = 0; h < attention.heads; ++h) {
        extras[h * 2] = sinks[h];
        if (attention.maxAlibiBias > 0) {
            const double step = double(attention.maxAlibiBias) / power;
            extras[h * 2 + 1] =
                static_cast<float>(h < power ? std::exp2(-step * (h + 1))
                                             : std::exp2(-step / 2 * (2 * (h - power) + 1)));
        }
    }
    return extras;
}

AttentionBlock::AttentionBlock(const llm::Attention &attention, const BlockPlan &plan)
    : m_attention(&attention), m_step(plan.step), m_batch(plan.batch),
      m_slack(plan.batch->tuning().windowSlack),
      m_frequencies(attention.rope.frequenciesFor(plan.capacity))
{
    m_layout.kvHeads = attention.kvHeads;
    m_layout.headSize = attention.headSize;
    m_layout.positions = plan.capacity;
    m_layout.keys = plan.keyFormat;
    m_layout.values = plan.valueFormat;
    const std::uint64_t ring = std::uint64_t(attention.window) + m_slack;
    if (attention.window > 0 && ring < plan.capacity) {
        m_layout.ring = true;
        m_layout.positions = static_cast<std::uint32_t>(ring);
    }
}

Result<std::unique_ptr<Block>> AttentionBlock::make(const llm::Attention &attention,
                                                    const BlockPlan &plan)
{
    if (attention.headSize % 2 != 0 || attention.headSize > 512)
        return fail(unsupported("attention heads of a size"));
    if (attention.direction == llm::Direction::Both && attention.window > 0)
        return fail(unsupported("a window in both directions"));
    if (attention.outputGate && attention.headNorms == llm::HeadNorms::Whole && attention.queryNorm)
        return fail(unsupported("a kind of attention"));
    for (const std::optional<llm::Norm> *norm : {&attention.queryNorm, &attention.keyNorm}) {
        if (*norm && ((*norm)->kind != llm::NormKind::Rms || (*norm)->bias))
            return fail(unsupported("a kind of normalisation of attention heads"));
    }
    std::unique_ptr<AttentionBlock> block(new AttentionBlock(attention, plan));
    if (auto planned = block->planWeights(plan); !planned)
        return fail(planned.error());
    if (plan.step)
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
    if (hasExtras())
        m_extras = plan.weights->floats(std::uint64_t(shape.heads) * 2);
    m_keys = plan.weights->state(m_layout.bytes(m_layout.keys), m_layout.elements());
    m_values = plan.weights->state(m_layout.bytes(m_layout.values), m_layout.elements());
    return {};
}

void AttentionBlock::planStep(const BlockPlace &place)
{
    const llm::Attention &shape = *m_attention;
    const Tuning &tuning = m_step->tuning();
    auto &kernels = m_stepKernels;
    for (const ProjectionPart &part : m_projections)
        kernels.projections.push_back(m_step->matvec(part.matrix, place.input));
    kernels.blocks = ceilDivide(group(), tuning.attentionRows);
    kernels.attention = m_step->pipelines().add(
        "attention",
        attentionConstants(shape, m_layout, tuning, ceilDivide(group(), kernels.blocks),
                           AttentionMode::Step));
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
    kernels.store = m_batch->pipelines().add("kv_store", kvStoreConstants(shape, m_layout));
    if (shape.direction == llm::Direction::Causal)
        kernels.shift = m_batch->pipelines().add("kv_shift", kvShiftConstants(shape, m_layout));
    kernels.attention = m_batch->pipelines().add(
        "attention",
        attentionConstants(shape, m_layout, tuning, tuning.attentionRows, AttentionMode::Batch));
    kernels.output = m_batch->endMatmul(m_output, place.end);
    const std::uint64_t tokens = m_batch->maxTokens();
    kernels.qkv = m_batch->scratch().need("qkv", tokens * projectionWidth());
    kernels.attended = m_batch->scratch().need("attended", tokens * paddedColumns(queryWidth()));
}

void AttentionBlock::list(std::vector<Changeable> &matrices) const
{
    for (const ProjectionPart &part : m_projections)
        matrices.push_back(changeableOf(part.matrix));
    matrices.push_back(changeableOf(m_output));
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
    if (done && hasExtras())
        done = uploader.floats(m_extras, attentionExtras(*m_attention));
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
    push.extras = hasExtras() ? weightAt(m_extras) : 0;
    push.softCap = m_attention->softCap;
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

void AttentionBlock::recordStore(Recorder &recorder, const BatchPart &part) const
{
    KvStorePush push;
    push.qkv = part.qkv;
    push.keyNorm = m_keyNorm.there() ? weightAt(m_keyNorm.weight) : 0;
    push.frequencies = weightAt(m_frequencySlice);
    push.keys = weightAt(m_keys) + part.keyOffset;
    push.values = weightAt(m_values) + part.valueOffset;
    push.stride = projectionWidth();
    push.position = part.position;
    push.epsilon = m_keyNorm.source.epsilon;
    push.magnitude = m_attention->rope.magnitude;
    recorder.dispatch(m_batch->kernel(m_batchKernels.store), push, m_attention->kvHeads,
                      part.tokens);
}

void AttentionBlock::recordAttention(Recorder &recorder, const BatchPart &part) const
{
    AttentionPush push = pushOf();
    push.qkv = part.qkv;
    push.y = part.y;
    push.keys += part.keyOffset;
    push.values += part.valueOffset;
    push.stride = projectionWidth();
    push.yStride = paddedColumns(queryWidth());
    push.tokens = part.tokens;
    push.position = part.position;
    push.end = part.end;
    recorder.dispatch(m_batch->kernel(m_batchKernels.attention), push, m_attention->kvHeads,
                      ceilDivide(part.tokens * group(), m_batch->tuning().attentionRows));
}

// Tokens [first, first + count) of the batch, at `position` on.
AttentionBlock::BatchPart AttentionBlock::partOf(const Batch &batch, std::uint32_t first,
                                                 std::uint32_t count, std::uint32_t position) const
{
    BatchPart part;
    part.qkv = m_batch->at(m_batchKernels.qkv) + std::uint64_t(first) * projectionWidth() * 4;
    part.y = m_batch->at(m_batchKernels.attended)
        + std::uint64_t(first) * paddedColumns(queryWidth()) * 4;
    part.tokens = count;
    part.position = position;
    part.end = batch.position + batch.tokens;
    return part;
}

Result<> AttentionBlock::runAttention(const Batch &batch) const
{
    using Record = void (AttentionBlock::*)(Recorder &, const BatchPart &) const;
    const auto run = [&](Record record, double macsPerToken) {
        const auto whole = [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
            (this->*record)(recorder, partOf(batch, first, count, batch.position + first));
        };
        // A text's cache begins at its first token's place: no kernel sees that there are others.
        const auto texts = [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
            for (const BatchText &text : batch.texts.subspan(first, count)) {
                BatchPart part = partOf(batch, text.first, text.tokens, 0);
                part.end = text.tokens;
                part.keyOffset = m_layout.offsetOf(m_layout.keys, text.first);
                part.valueOffset = m_layout.offsetOf(m_layout.values, text.first);
                (this->*record)(recorder, part);
            }
        };
        if (batch.texts.empty())
            return m_batch->submits().add({batch.tokens, macsPerToken, whole});
        const auto count = static_cast<std::uint32_t>(batch.texts.size());
        return m_batch->submits().add({count, macsPerToken * batch.tokens / count, texts});
    };
    if (auto done = run(&AttentionBlock::recordStore, 2.0 * keyWidth()); !done)
        return done;
    const std::uint32_t seen = batch.position + batch.tokens;
    const std::uint32_t window = m_attention->window;
    return run(&AttentionBlock::recordAttention,
               kAttentionCost * queryWidth() * (window > 0 ? std::min(seen, window) : seen));
}

// As many positions at a time as leave room for themselves, so that none is written over before it
// has moved.
std::uint32_t AttentionBlock::shiftStep(const Gap &gap) const
{
    return std::max(1u, std::min(gap.count, m_batch->maxWorkgroups()));
}

// A ring whose places have been taken twice has lost what would have to move to its window. Of very
// many small steps reading again is no slower.
bool AttentionBlock::canDiscard(const Gap &gap, std::uint32_t reach) const
{
    const std::uint32_t behind = gap.length - gap.first - gap.count;
    return m_attention->direction == llm::Direction::Causal
        && (!m_layout.ring || reach <= m_layout.positions)
        && behind / shiftStep(gap) < kMostShiftSteps;
}

Result<> AttentionBlock::discard(const Gap &gap) const
{
    const std::uint32_t step = shiftStep(gap);
    for (std::uint32_t from = gap.first + gap.count; from < gap.length;) {
        const std::uint32_t now = std::min(step, gap.length - from);
        const auto move = [&](Recorder &recorder, std::uint32_t begin, std::uint32_t some) {
            KvShiftPush push;
            push.frequencies = weightAt(m_frequencySlice);
            push.keys = weightAt(m_keys);
            push.values = weightAt(m_values);
            push.position = from + begin;
            push.shift = gap.count;
            recorder.dispatch(m_batch->kernel(m_batchKernels.shift), push, m_attention->kvHeads,
                              some);
        };
        if (auto done = m_batch->submits().add({now, 4.0 * keyWidth(), move}); !done)
            return done;
        from += now;
    }
    return {};
}

std::uint32_t AttentionBlock::restorable(std::uint32_t wanted, std::uint32_t reach) const
{
    // Position p lies where p - positions lay; the window of `wanted` must not have been touched.
    if (!m_layout.ring || reach <= m_layout.positions || wanted + m_slack >= reach)
        return wanted;
    return 0;
}

} // namespace alcove::gpu
