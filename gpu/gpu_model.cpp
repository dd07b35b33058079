#include "gpu/gpu_model.h"

#include <algorithm>

namespace alcove::gpu {

namespace {

std::uint32_t kindOf(const GpuNorm &norm)
{
    if (!norm.there())
        return norm::None;
    return norm.source.kind == llm::NormKind::Rms ? norm::Rms : norm::Layer;
}

std::uint32_t addendRowsOf(const llm::ModelSpec &spec, std::uint32_t capacity)
{
    if (spec.positionEmbedding)
        return static_cast<std::uint32_t>(
            std::min<std::uint64_t>(capacity, spec.positionEmbedding->shape[1]));
    return spec.segmentEmbedding ? 1 : 0;
}

Result<> checkFormats(const llm::ModelSpec &spec, const llm::ExecutorOptions &options)
{
    if (options.kvFormat == llm::KvFormat::Q4_0)
        return fail(ErrorCode::InvalidArgument, "Keys cannot be kept as Q4_0; only values can.");
    const auto inBlocks = [](llm::KvFormat format) {
        return format == llm::KvFormat::Q8_0 || format == llm::KvFormat::Q4_0;
    };
    if (!inBlocks(options.kvFormat) && !inBlocks(options.valueFormat.value_or(options.kvFormat)))
        return {};
    for (const llm::Layer &layer : spec.layers) {
        const auto *attention = std::get_if<llm::Attention>(&layer.mixer);
        if (attention && attention->headSize % 32 != 0)
            return fail(ErrorCode::InvalidArgument,
                        "This model's heads do not divide into blocks of 32, as a quantised KV "
                        "cache needs; choose F16.");
    }
    return {};
}

std::vector<GpuJoin> planJoins(const llm::ModelSpec &spec, WeightPlanner &weights)
{
    std::vector<GpuJoin> joins(1);
    joins.back().out = weights.norm(spec.embeddingNorm);
    const auto block = [&](const llm::Norm &before, const llm::Norm &post, const llm::Norm &out,
                           float scale) {
        joins.back().next = weights.norm(before);
        joins.emplace_back();
        joins.back().post = weights.norm(post);
        joins.back().out = weights.norm(out);
        joins.back().scale = scale;
    };
    for (const llm::Layer &layer : spec.layers) {
        block(layer.mixerNorm, layer.mixerPostNorm, layer.mixerOutNorm, layer.residualScale);
        block(layer.feedForwardNorm, layer.feedForwardPostNorm, layer.feedForwardOutNorm,
              layer.residualScale);
    }
    joins.back().next = weights.norm(spec.outputNorm);
    return joins;
}

} // namespace

PipelineId joinKernel(Pipelines &pipelines, const GpuJoin &join, std::uint32_t width,
                      bool afterBlock)
{
    return pipelines.add("norm",
                         {{norm::Width, width},
                          {norm::Update, afterBlock && join.post.there()},
                          {norm::Post, kindOf(join.post)},
                          {norm::Out, kindOf(join.out)},
                          {norm::Next, kindOf(join.next)},
                          {norm::PostBias, join.post.source.bias != nullptr},
                          {norm::OutBias, join.out.source.bias != nullptr},
                          {norm::NextBias, join.next.source.bias != nullptr}});
}

NormPush joinPush(const GpuJoin &join, const DeviceMemory &memory)
{
    const auto weight = [&](const GpuNorm &norm) {
        return norm.there() ? memory[norm.weight].address : 0;
    };
    const auto bias = [&](const GpuNorm &norm) {
        return norm.there() && norm.source.bias ? memory[norm.bias].address : 0;
    };
    NormPush push;
    push.postWeight = weight(join.post);
    push.postBias = bias(join.post);
    push.outWeight = weight(join.out);
    push.outBias = bias(join.out);
    push.nextWeight = weight(join.next);
    push.nextBias = bias(join.next);
    push.postEpsilon = join.post.source.epsilon;
    push.outEpsilon = join.out.source.epsilon;
    push.nextEpsilon = join.next.source.epsilon;
    push.scale = join.scale;
    return push;
}

Result<> GpuModel::planBlocks(BlockPlan plan)
{
    const auto place = [&](std::size_t block) {
        BlockPlace one;
        one.input = m_joins[block].folded() ? InputForm::ScalePending : InputForm::Ready;
        one.end = m_joins[block + 1].post.there() ? EndForm::Update : EndForm::Residual;
        one.leavesNext = m_joins[block + 1].folded();
        return one;
    };
    const auto add = [&](const auto &part) -> Result<> {
        plan.place = place(m_blocks.size());
        auto block = makeBlock(part, plan);
        if (!block)
            return fail(block.error());
        m_blocks.push_back(std::move(*block));
        return {};
    };
    for (const llm::Layer &layer : m_spec->layers) {
        if (auto added = add(layer.mixer); !added)
            return added;
        if (auto added = add(layer.feedForward); !added)
            return added;
    }
    return {};
}

Result<GpuModel> GpuModel::plan(const llm::ModelSpec &spec, std::uint32_t capacity,
                                const llm::ExecutorOptions &options, DeviceMemory &memory,
                                StepContext *step, BatchContext &batch)
{
    if (auto known = checkFormats(spec, options); !known)
        return fail(known.error());
    GpuModel model;
    model.m_spec = &spec;
    model.m_capacity = capacity;
    WeightPlanner weights(memory);
    llm::Linear table;
    table.weight = spec.embedding;
    if (spec.tiedEmbedding)
        table.bias = spec.output.bias;
    auto embedding = weights.matrix({table});
    if (!embedding)
        return fail(embedding.error());
    model.m_embedding = std::move(*embedding);
    if (const std::uint32_t rows = addendRowsOf(spec, capacity); rows > 0)
        model.m_addend = weights.floats(std::uint64_t(rows) * paddedColumns(spec.width));
    model.m_joins = planJoins(spec, weights);
    BlockPlan blocks;
    blocks.spec = &spec;
    blocks.weights = &weights;
    blocks.step = step;
    blocks.batch = &batch;
    blocks.capacity = capacity;
    blocks.keyFormat = options.kvFormat;
    blocks.valueFormat = options.valueFormat.value_or(options.kvFormat);
    if (auto planned = model.planBlocks(blocks); !planned)
        return fail(planned.error());
    if (!spec.tiedEmbedding && !spec.isEncoder()) {
        auto output = weights.matrix({spec.output});
        if (!output)
            return fail(output.error());
        model.m_output = std::move(*output);
    }
    model.m_weightBytes = weights.weightBytes();
    model.m_kvBytes = weights.stateBytes();
    model.m_recurrentBytes = weights.recurrentBytes();
    model.m_largestState = weights.largestState();
    return model;
}

std::vector<SliceId> GpuModel::recurrentStates() const
{
    std::vector<SliceId> states;
    for (const std::unique_ptr<Block> &block : m_blocks) {
        const std::vector<SliceId> own = block->recurrentState();
        states.insert(states.end(), own.begin(), own.end());
    }
    return states;
}

std::vector<Changeable> GpuModel::changeable() const
{
    std::vector<Changeable> matrices;
    for (const std::unique_ptr<Block> &block : m_blocks)
        block->list(matrices);
    if (m_output)
        matrices.push_back(changeableOf(*m_output));
    return matrices;
}

std::uint32_t GpuModel::addend() const
{
    if (m_spec->positionEmbedding)
        return embed::AddendOfPosition;
    return m_spec->segmentEmbedding ? embed::OneAddend : embed::NoAddend;
}

std::vector<float> GpuModel::addendValues() const
{
    const std::uint32_t width = m_spec->width;
    const std::uint32_t rows = addendRowsOf(*m_spec, m_capacity);
    std::vector<float> values(std::size_t(rows) * paddedColumns(width), 0.0f);
    std::vector<float> one(width);
    for (const llm::Tensor *table : {m_spec->positionEmbedding, m_spec->segmentEmbedding}) {
        for (std::uint32_t row = 0; table && row < rows; ++row) {
            // Every token is of the first segment.
            const std::uint64_t first = table == m_spec->positionEmbedding ? row : 0;
            llm::dequantise(*table, first * width, width, one.data());
            for (std::uint32_t i = 0; i < width; ++i)
                values[std::size_t(row) * paddedColumns(width) + i] += one[i];
        }
    }
    return values;
}

std::uint32_t GpuModel::restorable(std::uint32_t wanted, std::uint32_t reach) const
{
    // A block that goes further back may ask another to do so too.
    for (std::uint32_t before = wanted + 1; wanted < before;) {
        before = wanted;
        for (const std::unique_ptr<Block> &block : m_blocks)
            wanted = block->restorable(wanted, reach);
    }
    return wanted;
}

bool GpuModel::takesTexts() const
{
    return std::all_of(m_blocks.begin(), m_blocks.end(),
                       [](const auto &block) { return block->takesTexts(); });
}

bool GpuModel::canDiscard(const Block::Gap &gap, std::uint32_t reach) const
{
    return !m_spec->isEncoder() && !m_spec->isRecurrent() && !m_spec->positionEmbedding
        && std::all_of(m_blocks.begin(), m_blocks.end(),
                       [&](const auto &block) { return block->canDiscard(gap, reach); });
}

Result<> GpuModel::discard(const Block::Gap &gap) const
{
    for (const std::unique_ptr<Block> &block : m_blocks) {
        if (auto done = block->discard(gap); !done)
            return done;
    }
    return {};
}

std::uint64_t GpuModel::uploadBytes(const llm::ModelSpec &spec)
{
    return spec.weightBytes();
}

Result<> GpuModel::upload(const DeviceMemory &memory, Uploader &uploader) const
{
    WeightUploader weights(memory, uploader);
    Result<> done = weights.matrix(m_embedding);
    if (done && addend() != embed::NoAddend)
        done = weights.floats(m_addend, addendValues());
    for (const GpuJoin &join : m_joins) {
        for (const GpuNorm *one : {&join.post, &join.out, &join.next}) {
            if (done)
                done = weights.norm(*one);
        }
    }
    for (const std::unique_ptr<Block> &block : m_blocks) {
        if (done)
            done = block->upload(weights);
    }
    if (done && m_output)
        done = weights.matrix(*m_output);
    return done;
}

} // namespace alcove::gpu
