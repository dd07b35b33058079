#include "gpu/gpu_model.h"

namespace alcove::gpu {

namespace {

std::uint32_t kindOf(const GpuNorm &norm)
{
    if (!norm.there())
        return norm::None;
    return norm.source.kind == llm::NormKind::Rms ? norm::Rms : norm::Layer;
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
                                StepContext &step, BatchContext &batch)
{
    if (spec.isEncoder() || spec.positionEmbedding || spec.segmentEmbedding)
        return fail(unsupported("learned positions"));
    if (options.kvFormat == llm::KvFormat::Q8_0 || options.kvFormat == llm::KvFormat::Q4_0
        || options.valueFormat.value_or(options.kvFormat) != options.kvFormat)
        return fail(ErrorCode::Unsupported,
                    "The graphics kernels keep the conversation's keys and values as numbers of 16 "
                    "or 32 bits only.");
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
    model.m_joins = planJoins(spec, weights);
    BlockPlan blocks;
    blocks.spec = &spec;
    blocks.weights = &weights;
    blocks.step = &step;
    blocks.batch = &batch;
    blocks.capacity = capacity;
    blocks.keyFormat = options.kvFormat;
    blocks.valueFormat = options.valueFormat.value_or(options.kvFormat);
    if (auto planned = model.planBlocks(blocks); !planned)
        return fail(planned.error());
    if (!spec.tiedEmbedding) {
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

std::uint64_t GpuModel::uploadBytes(const llm::ModelSpec &spec)
{
    return spec.weightBytes();
}

Result<> GpuModel::upload(const DeviceMemory &memory, Uploader &uploader) const
{
    WeightUploader weights(memory, uploader);
    Result<> done = weights.matrix(m_embedding);
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
