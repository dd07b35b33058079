#include "gpu/expert_block.h"

namespace alcove::gpu {

namespace {

// Choices of a batch are rows of a grid of workgroups.
constexpr std::uint32_t kMostUsed = 128;

std::uint32_t outputsOf(const std::vector<ProjectionPart> &parts)
{
    std::uint32_t outputs = 0;
    for (const ProjectionPart &part : parts)
        outputs += part.matrix.rows();
    return outputs;
}

Address outputAt(Address row, const ProjectionPart &part)
{
    return row + std::uint64_t(part.firstOutput) * 4;
}

// A tensor [experts][outputs][inputs] as a matrix [experts * outputs][inputs]; a vector likewise.
llm::Tensor flat(const llm::Tensor &all, std::uint32_t rank)
{
    llm::Tensor matrix = all;
    matrix.rank = rank;
    matrix.shape = {all.shape[0], all.shape[1], 1, 1};
    if (rank > 1)
        matrix.shape[1] *= all.shape[2];
    else
        matrix.shape = {all.elements(), 1, 1, 1};
    return matrix;
}

// One expert's part of such a tensor.
llm::Tensor expertPart(const llm::Tensor &all, std::uint32_t rank, std::size_t experts,
                       std::size_t expert)
{
    llm::Tensor part = all;
    part.rank = rank;
    part.shape = {all.shape[0], rank > 1 ? all.shape[1] : 1, 1, 1};
    const std::size_t bytes = all.data.size() / experts;
    part.data = all.data.subspan(expert * bytes, bytes);
    return part;
}

} // namespace

ExpertBlock::ExpertBlock(const llm::ExpertFeedForward &experts, const BlockPlan &plan)
    : m_spec(&experts), m_step(plan.step), m_batch(plan.batch), m_width(plan.spec->width),
      m_experts(experts.up.experts()), m_hidden(experts.up.outputs())
{
    m_inWidth = gated() ? 2 * m_hidden : m_hidden;
}

Result<std::unique_ptr<Block>> ExpertBlock::make(const llm::ExpertFeedForward &experts,
                                                 const BlockPlan &plan)
{
    std::unique_ptr<ExpertBlock> block(new ExpertBlock(experts, plan));
    if (block->m_experts > expertChoice::kMostExperts)
        return fail(unsupported("more than four thousand experts"));
    if (experts.used > kMostUsed)
        return fail(unsupported("more than 128 experts for each token"));
    if (auto planned = block->planWeights(plan); !planned)
        return fail(planned.error());
    if (plan.step)
        block->planStep(plan.place);
    block->planBatch(plan.place);
    return block;
}

// The matrices of each expert follow one another: a kernel finds an expert's rows by its number.
Result<GpuMatrix> ExpertBlock::planExperts(const std::vector<const llm::ExpertMatrices *> &together,
                                           WeightPlanner &weights)
{
    const bool alone = together.size() == 1;
    const auto view = [&](const llm::Tensor &all, std::uint32_t rank, std::size_t expert) {
        return &m_views.emplace_back(alone ? flat(all, rank)
                                           : expertPart(all, rank, m_experts, expert));
    };
    std::vector<llm::Linear> parts;
    for (std::size_t expert = 0; expert < (alone ? 1 : m_experts); ++expert) {
        for (const llm::ExpertMatrices *one : together) {
            llm::Linear part;
            part.weight = view(*one->weight, 2, expert);
            if (one->bias)
                part.bias = view(*one->bias, 1, expert);
            parts.push_back(part);
        }
    }
    return weights.matrix(std::move(parts));
}

Result<> ExpertBlock::planWeights(const BlockPlan &plan)
{
    WeightPlanner &weights = *plan.weights;
    if (m_spec->shared)
        m_shared.spec = &*m_spec->shared;
    std::vector<llm::Linear> router{m_spec->router};
    if (sharedGate())
        router.push_back({m_spec->sharedGate, nullptr});
    auto routed = weights.projections(router);
    if (!routed)
        return fail(routed.error());
    m_router = std::move(*routed);
    m_routerWidth = outputsOf(m_router);
    if (m_spec->choiceBias)
        m_choiceBias = weights.floats(m_experts);

    std::vector<std::vector<const llm::ExpertMatrices *>> in;
    if (!gated())
        in = {{&m_spec->up}};
    else if (m_spec->gate.weight->type == m_spec->up.weight->type)
        in = {{&m_spec->gate, &m_spec->up}};
    else
        in = {{&m_spec->gate}, {&m_spec->up}};
    for (const auto &together : in) {
        auto matrix = planExperts(together, weights);
        if (!matrix)
            return fail(matrix.error());
        m_in.push_back(std::move(*matrix));
    }
    auto down = planExperts({&m_spec->down}, weights);
    if (!down)
        return fail(down.error());
    m_down = std::move(*down);

    if (!m_shared.there())
        return {};
    const llm::DenseFeedForward &shared = *m_shared.spec;
    auto sharedIn =
        weights.projections(shared.gate.there() ? std::vector<llm::Linear>{shared.gate, shared.up}
                                                : std::vector<llm::Linear>{shared.up});
    if (!sharedIn)
        return fail(sharedIn.error());
    auto sharedDown = weights.matrix({shared.down});
    if (!sharedDown)
        return fail(sharedDown.error());
    m_shared.hidden = shared.up.outputs();
    m_shared.in = std::move(*sharedIn);
    m_shared.inWidth = outputsOf(m_shared.in);
    m_shared.down = std::move(*sharedDown);
    return {};
}

PipelineId ExpertBlock::choiceKernel(Pipelines &pipelines) const
{
    return pipelines.add("expert_choice",
                         {{expertChoice::Experts, m_experts},
                          {expertChoice::Used, m_spec->used},
                          {expertChoice::Weights, static_cast<std::uint32_t>(m_spec->weights)},
                          {expertChoice::ChoiceBias, m_choiceBias.has_value()},
                          {expertChoice::Renormalise, m_spec->renormalise}});
}

PipelineId ExpertBlock::activationKernel(Pipelines &pipelines, std::uint32_t hidden, bool gated,
                                         llm::Activation kind) const
{
    return pipelines.add("gated_activation",
                         {{gatedActivation::Hidden, hidden},
                          {gatedActivation::Gated, gated},
                          {activation::Kind, activationOf(kind)}});
}

void ExpertBlock::planStep(const BlockPlace &place)
{
    auto &kernels = m_stepKernels;
    Scratch &scratch = m_step->scratch();
    for (const ProjectionPart &part : m_router)
        kernels.router.push_back(m_step->matvec(part.matrix, place.input));
    kernels.choice = choiceKernel(m_step->pipelines());

    ExpertUse use;
    use.experts = m_experts;
    use.used = m_spec->used;
    use.slotStride = apart() ? m_inWidth : paddedColumns(m_hidden);
    use.shared = m_shared.there();
    use.sharedGate = sharedGate();
    StepContext::Finish finish;
    if (!apart()) {
        finish.activation = activationOf(m_spec->activation);
        finish.gated = gated();
    } else {
        kernels.activation =
            activationKernel(m_step->pipelines(), m_hidden, true, m_spec->activation);
        kernels.apart =
            scratch.need("experts, gate and up", std::uint64_t(m_spec->used) * m_inWidth);
    }
    for (const GpuMatrix &matrix : m_in)
        kernels.in.push_back(m_step->expertMatvec(matrix, place.input, finish, use));
    kernels.down = m_step->expertEndMatvec(m_down, place, use);
    kernels.logits = scratch.need("experts, logits", m_routerWidth);
    kernels.chosen = scratch.need("experts, chosen", std::uint64_t(m_spec->used) * 2);
    kernels.hidden =
        scratch.need("experts, hidden", std::uint64_t(m_spec->used) * paddedColumns(m_hidden));
    if (!m_shared.there())
        return;

    StepContext::Finish sharedFinish;
    if (!m_shared.apart()) {
        sharedFinish.activation = activationOf(m_shared.spec->activation);
        sharedFinish.gated = m_shared.spec->gate.there();
    } else {
        kernels.sharedActivation =
            activationKernel(m_step->pipelines(), m_shared.hidden, true, m_shared.spec->activation);
        kernels.sharedApart = scratch.need("gate and up", m_shared.inWidth);
    }
    for (const ProjectionPart &part : m_shared.in)
        kernels.sharedIn.push_back(m_step->matvec(part.matrix, place.input, sharedFinish));
    kernels.sharedDown = m_step->matvec(m_shared.down, InputForm::Ready);
    kernels.sharedHidden = scratch.need("hidden", paddedColumns(m_shared.hidden));
    kernels.sharedSum = scratch.need("experts, shared", m_width);
}

void ExpertBlock::planBatch(const BlockPlace &place)
{
    auto &kernels = m_batchKernels;
    Pipelines &pipelines = m_batch->pipelines();
    Scratch &scratch = m_batch->scratch();
    const std::uint64_t tokens = m_batch->maxTokens();
    const std::uint64_t choices = tokens * m_spec->used;
    for (const ProjectionPart &part : m_router)
        kernels.router.push_back(m_batch->matmul(part.matrix));
    kernels.choice = choiceKernel(pipelines);
    const std::uint32_t tile = m_batch->tuning().matmulTokens;
    kernels.groups = pipelines.add(
        "expert_groups", {{expertGroups::Experts, m_experts}, {expertGroups::Tile, tile}});
    for (const GpuMatrix &matrix : m_in)
        kernels.in.push_back(m_batch->expertMatmul(matrix, ExpertRows::FromTokens, m_spec->used));
    kernels.activation = activationKernel(pipelines, m_hidden, gated(), m_spec->activation);
    kernels.down = m_batch->expertMatmul(m_down, ExpertRows::ToChoices, m_spec->used);
    kernels.sum = pipelines.add("expert_sum",
                                {{expertSum::Width, m_width},
                                 {expertSum::Used, m_spec->used},
                                 {expertSum::Shared, m_shared.there()},
                                 {expertSum::SharedGate, sharedGate()},
                                 {expertSum::Residual, place.end == EndForm::Residual}});
    kernels.logits = scratch.need("experts, logits", tokens * m_routerWidth);
    kernels.chosen = scratch.need("experts, chosen", choices * 2);
    kernels.order = scratch.need("experts, order", choices);
    kernels.tiles = scratch.need(
        "experts, tiles",
        4 * std::uint64_t(expertTiles(static_cast<std::uint32_t>(choices), m_experts, tile)));
    kernels.apart = scratch.need("experts, gate and up", choices * m_inWidth);
    kernels.hidden = scratch.need("experts, hidden", choices * paddedColumns(m_hidden));
    kernels.results = scratch.need("experts, results", choices * m_width);
    if (!m_shared.there())
        return;

    for (const ProjectionPart &part : m_shared.in)
        kernels.sharedIn.push_back(m_batch->matmul(part.matrix));
    kernels.sharedActivation = activationKernel(
        pipelines, m_shared.hidden, m_shared.spec->gate.there(), m_shared.spec->activation);
    kernels.sharedDown = m_batch->matmul(m_shared.down);
    kernels.sharedApart = scratch.need("gate and up", tokens * m_shared.inWidth);
    kernels.sharedHidden = scratch.need("hidden", tokens * paddedColumns(m_shared.hidden));
    kernels.sharedSum = scratch.need("experts, shared", tokens * m_width);
}

void ExpertBlock::list(std::vector<Changeable> &matrices) const
{
    for (const ProjectionPart &part : m_router)
        matrices.push_back(changeableOf(part.matrix));
    const auto add = [&](const GpuMatrix &matrix, std::vector<const llm::Tensor *> sources,
                         ExpertRows rows) {
        matrices.push_back({&matrix, std::move(sources), m_experts, m_spec->used, rows});
    };
    const llm::Tensor *gate = m_spec->gate.weight;
    const llm::Tensor *up = m_spec->up.weight;
    if (apart()) {
        add(m_in[0], {gate}, ExpertRows::FromTokens);
        add(m_in[1], {up}, ExpertRows::FromTokens);
    } else {
        add(m_in[0],
            gated() ? std::vector<const llm::Tensor *>{gate, up}
                    : std::vector<const llm::Tensor *>{up},
            ExpertRows::FromTokens);
    }
    add(m_down, {m_spec->down.weight}, ExpertRows::ToChoices);
    for (const ProjectionPart &part : m_shared.in)
        matrices.push_back(changeableOf(part.matrix));
    if (m_shared.there())
        matrices.push_back(changeableOf(m_shared.down));
}

Result<> ExpertBlock::upload(WeightUploader &uploader) const
{
    Result<> done = uploader.projections(m_router);
    if (done && m_choiceBias)
        done = uploader.tensor(*m_choiceBias, *m_spec->choiceBias);
    for (const GpuMatrix &matrix : m_in) {
        if (done)
            done = uploader.matrix(matrix);
    }
    if (done)
        done = uploader.matrix(m_down);
    if (done && m_shared.there())
        done = uploader.projections(m_shared.in);
    if (done && m_shared.there())
        done = uploader.matrix(m_shared.down);
    return done;
}

void ExpertBlock::recordStep(Recorder &recorder, const StepInput &input, const StepEnd &end) const
{
    const auto &kernels = m_stepKernels;
    const Address logits = m_step->at(kernels.logits);
    const Address hidden = m_step->at(kernels.hidden);
    const Address sharedHidden = m_shared.there() ? m_step->at(kernels.sharedHidden) : 0;
    const auto sharedDown = [&] {
        m_step->record(recorder, kernels.sharedDown, m_shared.down, {sharedHidden},
                       m_step->at(kernels.sharedSum));
    };

    recorder.nextStage();
    for (std::size_t i = 0; i < m_router.size(); ++i)
        m_step->record(recorder, kernels.router[i], m_router[i].matrix, input,
                       outputAt(logits, m_router[i]));
    for (std::size_t i = 0; i < m_shared.in.size(); ++i) {
        const ProjectionPart &part = m_shared.in[i];
        const Address y = m_shared.apart() ? m_step->at(kernels.sharedApart) : sharedHidden;
        m_step->record(recorder, kernels.sharedIn[i], part.matrix, input, outputAt(y, part));
    }

    ExpertChoicePush choice;
    choice.logits = logits;
    choice.choiceBias = m_choiceBias ? weightAt(*m_choiceBias) : 0;
    choice.choice = m_step->at(kernels.chosen);
    choice.stride = m_routerWidth;
    choice.weightScale = m_spec->weightScale;
    recorder.nextStage();
    recorder.dispatch(m_step->kernel(kernels.choice), choice, 1);
    if (m_shared.apart()) {
        GatedActivationPush push;
        push.x = m_step->at(kernels.sharedApart);
        push.y = sharedHidden;
        recorder.dispatch(m_step->kernel(kernels.sharedActivation), push,
                          ceilDivide(m_shared.hidden, m_step->lanes()));
    } else if (m_shared.there()) {
        sharedDown();
    }

    ExpertInputs experts;
    experts.choice = choice.choice;
    recorder.nextStage();
    for (std::size_t i = 0; i < m_in.size(); ++i) {
        const Address y =
            apart() ? m_step->at(kernels.apart) + std::uint64_t(i) * m_hidden * 4 : hidden;
        m_step->recordExperts(recorder, kernels.in[i], m_in[i], input, experts, y);
    }
    if (m_shared.apart())
        sharedDown();
    if (apart()) {
        GatedActivationPush push;
        push.x = m_step->at(kernels.apart);
        push.y = hidden;
        push.xStride = m_inWidth;
        push.yStride = paddedColumns(m_hidden);
        recorder.nextStage();
        recorder.dispatch(m_step->kernel(kernels.activation), push,
                          ceilDivide(m_hidden, m_step->lanes()), m_spec->used);
    }

    experts.sharedSum = m_shared.there() ? m_step->at(kernels.sharedSum) : 0;
    experts.sharedGate = logits + std::uint64_t(m_experts) * 4;
    recorder.nextStage();
    m_step->recordExpertEnd(recorder, kernels.down, m_down, hidden, experts, end);
}

Result<> ExpertBlock::runRouter(const Batch &batch) const
{
    const auto &kernels = m_batchKernels;
    const Address logits = m_batch->at(kernels.logits);
    for (std::size_t i = 0; i < m_router.size(); ++i) {
        if (auto done = m_batch->run(kernels.router[i], m_router[i].matrix, batch.x,
                                     outputAt(logits, m_router[i]), m_routerWidth, batch.tokens);
            !done)
            return done;
    }
    const auto choose = [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
        ExpertChoicePush push;
        push.logits = logits + std::uint64_t(first) * m_routerWidth * 4;
        push.choiceBias = m_choiceBias ? weightAt(*m_choiceBias) : 0;
        push.choice = m_batch->at(kernels.chosen) + std::uint64_t(first) * m_spec->used * 8;
        push.stride = m_routerWidth;
        push.weightScale = m_spec->weightScale;
        recorder.dispatch(m_batch->kernel(kernels.choice), push, count);
    };
    const double macs = double(m_experts) * (m_spec->used + 2);
    if (auto done = m_batch->submits().add({batch.tokens, macs, choose}); !done)
        return done;
    const auto group = [&](Recorder &recorder, std::uint32_t, std::uint32_t) {
        ExpertGroupsPush push;
        push.choice = m_batch->at(kernels.chosen);
        push.order = m_batch->at(kernels.order);
        push.tiles = m_batch->at(kernels.tiles);
        push.choices = batch.tokens * m_spec->used;
        push.tileCount = expertTiles(push.choices, m_experts, m_batch->tuning().matmulTokens);
        recorder.dispatch(m_batch->kernel(kernels.groups), push, 1);
    };
    return m_batch->submits().add({1, double(batch.tokens) * m_spec->used, group});
}

Result<> ExpertBlock::runActivation(PipelineId kernel, Address x, std::uint32_t xStride, Address y,
                                    std::uint32_t hidden, std::uint32_t rows) const
{
    const std::uint32_t yStride = paddedColumns(hidden);
    const auto activate = [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
        GatedActivationPush push;
        push.x = x + std::uint64_t(first) * xStride * 4;
        push.y = y + std::uint64_t(first) * yStride * 4;
        push.xStride = xStride;
        push.yStride = yStride;
        recorder.dispatch(m_batch->kernel(kernel), push,
                          ceilDivide(hidden, m_batch->tuning().lanes), count);
    };
    return m_batch->submits().add({rows, 4.0 * hidden, activate});
}

Result<> ExpertBlock::runExperts(const Batch &batch) const
{
    const auto &kernels = m_batchKernels;
    ExpertTiles tiles;
    tiles.tiles = m_batch->at(kernels.tiles);
    tiles.order = m_batch->at(kernels.order);
    tiles.choices = batch.tokens * m_spec->used;
    tiles.experts = m_experts;
    const Address in = m_batch->at(kernels.apart);
    const Address hidden = m_batch->at(kernels.hidden);
    for (std::size_t i = 0; i < m_in.size(); ++i) {
        if (auto done = m_batch->runExperts(kernels.in[i], m_in[i], batch.x,
                                            in + std::uint64_t(i) * m_hidden * 4, m_inWidth, tiles);
            !done)
            return done;
    }
    if (auto done =
            runActivation(kernels.activation, in, m_inWidth, hidden, m_hidden, tiles.choices);
        !done)
        return done;
    return m_batch->runExperts(kernels.down, m_down, hidden, m_batch->at(kernels.results), m_width,
                               tiles);
}

Result<> ExpertBlock::runShared(const Batch &batch) const
{
    const auto &kernels = m_batchKernels;
    const Address in = m_batch->at(kernels.sharedApart);
    const Address hidden = m_batch->at(kernels.sharedHidden);
    for (std::size_t i = 0; i < m_shared.in.size(); ++i) {
        const ProjectionPart &part = m_shared.in[i];
        if (auto done = m_batch->run(kernels.sharedIn[i], part.matrix, batch.x, outputAt(in, part),
                                     m_shared.inWidth, batch.tokens);
            !done)
            return done;
    }
    if (auto done = runActivation(kernels.sharedActivation, in, m_shared.inWidth, hidden,
                                  m_shared.hidden, batch.tokens);
        !done)
        return done;
    return m_batch->run(kernels.sharedDown, m_shared.down, hidden, m_batch->at(kernels.sharedSum),
                        m_width, batch.tokens);
}

Result<> ExpertBlock::runBatch(const Batch &batch, const BatchEnd &end) const
{
    const auto &kernels = m_batchKernels;
    Result<> done = runRouter(batch);
    if (done)
        done = runExperts(batch);
    if (done && m_shared.there())
        done = runShared(batch);
    if (!done)
        return done;
    const auto sum = [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
        const auto rowOf = [&](ScratchId id, std::uint64_t stride) {
            return m_batch->at(id) + first * stride * 4;
        };
        ExpertSumPush push;
        push.x = rowOf(kernels.results, std::uint64_t(m_spec->used) * m_width);
        push.choice = rowOf(kernels.chosen, std::uint64_t(m_spec->used) * 2);
        push.sharedSum = m_shared.there() ? rowOf(kernels.sharedSum, m_width) : 0;
        push.gate = rowOf(kernels.logits, m_routerWidth) + std::uint64_t(m_experts) * 4;
        push.y = end.y + std::uint64_t(first) * end.stride * 4;
        push.sharedStride = m_width;
        push.gateStride = m_routerWidth;
        push.yStride = end.stride;
        push.scale = end.scale;
        recorder.dispatch(m_batch->kernel(kernels.sum), push,
                          ceilDivide(m_width, m_batch->tuning().lanes), count);
    };
    const double macs = double(m_width) * (m_spec->used + 1);
    return m_batch->submits().add({batch.tokens, macs, sum});
}

} // namespace alcove::gpu
