#include "gpu/adapters.h"

#include <algorithm>

namespace alcove::gpu {

namespace {

llm::Tensor floatTensor(std::uint64_t columns, std::uint64_t rows)
{
    llm::Tensor tensor;
    tensor.type = llm::TensorType::F32;
    tensor.rank = 2;
    tensor.shape = {columns, rows, 1, 1};
    return tensor;
}

} // namespace

GpuAdapters::GpuAdapters(const std::shared_ptr<Device> &device, const GpuModel &model,
                         StepContext *step, const BatchContext &batch,
                         const std::string &pipelineCacheFolder)
    : m_mainStep(step ? &step->pipelines() : nullptr), m_memory(device),
      m_pipelines(device, pipelineCacheFolder),
      m_step(model.spec(), *device, batch.tuning(), m_pipelines, m_memory)
{ }

Result<std::unique_ptr<GpuAdapters>> GpuAdapters::make(const std::shared_ptr<Device> &device,
                                                       const llm::AdapterSet &adapters,
                                                       const GpuModel &model, StepContext *step,
                                                       BatchContext &batch,
                                                       const std::string &pipelineCacheFolder)
{
    std::unique_ptr<GpuAdapters> made(
        new GpuAdapters(device, model, step, batch, pipelineCacheFolder));
    if (auto planned = made->plan(adapters, model, step, batch); !planned)
        return fail(planned.error());
    made->m_pipelines.start();
    if (auto committed = made->m_memory.commit(); !committed)
        return fail(committed.error());
    if (auto uploaded = made->upload(device); !uploaded)
        return fail(uploaded.error());
    if (auto compiled = made->m_pipelines.finish(); !compiled)
        return fail(compiled.error());
    return made;
}

Result<> GpuAdapters::plan(const llm::AdapterSet &adapters, const GpuModel &model,
                           StepContext *step, BatchContext &batch)
{
    WeightPlanner weights(m_memory);
    for (const Changeable &target : model.changeable()) {
        if (auto planned = planChange(adapters, target, weights); !planned)
            return planned;
    }
    std::size_t covered = 0;
    for (const std::unique_ptr<Change> &change : m_all) {
        for (const auto &parts : change->parts)
            covered += !parts.empty();
    }
    if (covered != adapters.matrixCount())
        return fail(unsupported("an adapter of a matrix"));
    if (auto planned = planEmbedding(adapters, model, batch, weights); !planned)
        return planned;
    const GpuMatrix *output = model.isEncoder() ? nullptr : &model.output();
    for (const std::unique_ptr<Change> &change : m_all) {
        if (step)
            planStep(*change);
        planBatch(*change, batch, change->target.matrix == output);
    }
    if (output && changes(*output)) {
        const Constant changed[] = {{matmul::Bias, 1}, {matmul::BiasStride, of(*output).rows}};
        m_logits = m_pipelines.addLike(batch.pipelines(), batch.logitsMatmul(*output), changed);
    }
    for (PipelineId id = 0; step && id < m_mainStep->count(); ++id) {
        if (m_mainStep->shader(id).rfind("matvec_", 0) != 0)
            continue;
        const Constant changed[] = {{matvec::Bias, 1}, {matvec::SlotBias, 1}};
        m_biased[id] = m_pipelines.addLike(*m_mainStep, id, changed);
    }
    m_step.scratch().plan();
    return {};
}

Result<> GpuAdapters::planChange(const llm::AdapterSet &adapters, const Changeable &target,
                                 WeightPlanner &weights)
{
    auto change = std::make_unique<Change>();
    change->target = target;
    for (const llm::Tensor *source : target.sources) {
        const auto parts = adapters.of(source);
        change->parts.emplace_back(parts.begin(), parts.end());
        for (const llm::LowRank &part : parts)
            change->rank += part.rank();
    }
    if (change->rank == 0)
        return {};
    const std::uint32_t experts = change->experts();
    change->rows = target.matrix->rows() / experts;
    change->aTensor =
        floatTensor(target.matrix->layout.columns, std::uint64_t(experts) * change->rank);
    change->bTensor = floatTensor(change->rank, target.matrix->rows());
    llm::Linear b{&change->bTensor, nullptr};
    if (target.matrix->bias) {
        change->biasTensor = floatTensor(target.matrix->rows(), 1);
        b.bias = &change->biasTensor;
    }
    auto plannedA = weights.matrix({{&change->aTensor, nullptr}});
    if (!plannedA)
        return fail(plannedA.error());
    auto plannedB = weights.matrix({b});
    if (!plannedB)
        return fail(plannedB.error());
    change->a = std::move(*plannedA);
    change->b = std::move(*plannedB);
    m_changes[target.matrix] = change.get();
    m_all.push_back(std::move(change));
    return {};
}

Result<> GpuAdapters::planEmbedding(const llm::AdapterSet &adapters, const GpuModel &model,
                                    const BatchContext &batch, WeightPlanner &weights)
{
    EmbeddingChange &change = m_embedding;
    const llm::ModelSpec &spec = model.spec();
    change.parts.assign(adapters.embedding().begin(), adapters.embedding().end());
    for (const llm::LowRank &part : change.parts)
        change.rank += part.rank();
    if (change.rank == 0)
        return {};
    change.scale = spec.embeddingScale;
    change.aTensor = floatTensor(change.rank, spec.embedding->shape[1]);
    change.bTensor = floatTensor(change.rank, spec.width);
    auto a = weights.matrix({{&change.aTensor, nullptr}});
    if (!a)
        return fail(a.error());
    auto b = weights.matrix({{&change.bTensor, nullptr}});
    if (!b)
        return fail(b.error());
    change.a = std::move(*a);
    change.b = std::move(*b);
    const auto lookup = [&](bool step) {
        return m_pipelines.add(variant("embed", change.a.layout.type),
                               {{embed::Chunks, change.a.layout.chunks}, {embed::Step, step}});
    };
    if (m_mainStep) {
        BlockPlace place;
        place.leavesNext = model.joins().front().folded();
        change.lookup = lookup(true);
        change.end = m_step.endMatvec(change.b, place);
    }
    change.batchLookup = lookup(false);
    change.batchAdd = matmulKernel(change.b, batch.tuning(), {{matmul::Residual, 1}});
    m_inner = m_step.scratch().need("inner",
                                    std::uint64_t(batch.maxTokens()) * paddedColumns(change.rank));
    return {};
}

PipelineId GpuAdapters::matmulKernel(const GpuMatrix &matrix, const Tuning &tuning,
                                     std::vector<Constant> more)
{
    std::vector<Constant> constants = {{matmul::Rows, tuning.matmulRows},
                                       {matmul::Tokens, tuning.matmulTokens},
                                       {matmul::Chunks, matrix.layout.chunks}};
    constants.insert(constants.end(), more.begin(), more.end());
    return m_pipelines.add(variant("matmul", matrix.layout.type), std::move(constants));
}

void GpuAdapters::planStep(Change &change)
{
    const Changeable &target = change.target;
    const std::uint32_t slots = target.experts ? target.used : 1;
    m_inner = m_step.scratch().need("inner", std::uint64_t(slots) * change.innerStride());
    m_delta = m_step.scratch().need("delta", std::uint64_t(slots) * change.rows);
    constexpr InputForm kForms[] = {InputForm::Ready, InputForm::ScalePending};
    BlockPlace end;
    end.end = EndForm::Update;
    ExpertUse use;
    use.experts = target.experts;
    use.used = target.used;
    const bool fromTokens = target.rows == ExpertRows::FromTokens;
    for (std::size_t i = 0; i < change.inner.size(); ++i) {
        use.slotStride = change.innerStride();
        use.slotInput = !fromTokens;
        change.inner[i] = target.experts ? m_step.expertMatvec(change.a, kForms[i], {}, use)
                                         : m_step.matvec(change.a, kForms[i]);
    }
    if (!target.experts) {
        change.delta = m_step.matvec(change.b, InputForm::Ready);
    } else if (fromTokens) {
        use.slotStride = change.rows;
        use.slotInput = true;
        change.delta = m_step.expertMatvec(change.b, InputForm::Ready, {}, use);
    } else {
        use.slotInput = false;
        change.delta = m_step.expertEndMatvec(change.b, end, use);
    }
}

void GpuAdapters::planBatch(Change &change, const BatchContext &batch, bool logits)
{
    const Changeable &target = change.target;
    const Tuning &tuning = batch.tuning();
    const auto kernel = [&](const GpuMatrix &matrix, bool bias, bool residual, ExpertRows rows) {
        std::vector<Constant> constants = {{matmul::Bias, bias}, {matmul::Residual, residual}};
        if (target.experts) {
            constants.push_back({matmul::Experts, expertRowsConstant(rows)});
            constants.push_back({matmul::Used, target.used});
        }
        return matmulKernel(matrix, tuning, std::move(constants));
    };
    const bool fromTokens = target.rows == ExpertRows::FromTokens;
    change.batchInner =
        kernel(change.a, false, false, fromTokens ? ExpertRows::FromTokens : ExpertRows::AtPlaces);
    change.batchAdd =
        kernel(change.b, false, true, fromTokens ? ExpertRows::AtPlaces : ExpertRows::ToChoices);
    const std::uint64_t rows =
        std::uint64_t(batch.maxTokens()) * (target.experts ? target.used : 1);
    m_inner = m_step.scratch().need("inner", rows * change.innerStride());
    m_delta = m_step.scratch().need("delta", 1);
    if (!logits)
        return;
    change.batchDelta = kernel(change.b, change.b.bias.has_value(), false, target.rows);
    m_delta = m_step.scratch().need("delta", std::uint64_t(tuning.logitRows) * change.rows);
}

Result<> GpuAdapters::upload(const std::shared_ptr<Device> &device)
{
    Uploader uploader(device, {}, 0);
    if (auto opened = uploader.open(); !opened)
        return opened;
    WeightUploader weights(m_memory, uploader);
    Result<> done = uploadEmbedding(weights);
    for (const std::unique_ptr<Change> &change : m_all) {
        const std::vector<float> a = valuesOfA(*change);
        const std::vector<float> b = valuesOfB(*change);
        const std::vector<float> bias = biasOf(*change);
        change->aTensor.data = std::as_bytes(std::span(a));
        change->bTensor.data = std::as_bytes(std::span(b));
        change->biasTensor.data = std::as_bytes(std::span(bias));
        if (done)
            done = weights.matrix(change->a);
        if (done)
            done = weights.matrix(change->b);
    }
    // What is behind a row of A x may be multiplied by zero: it has to be a number.
    for (const SliceId slice : m_step.scratch().slices()) {
        if (done)
            done = uploader.fill(m_memory[slice], 0);
    }
    auto finished = uploader.finish();
    return done ? finished : done;
}

Result<> GpuAdapters::uploadEmbedding(WeightUploader &weights)
{
    EmbeddingChange &change = m_embedding;
    if (change.rank == 0)
        return {};
    // The adapters' columns side by side.
    const auto joined = [&](std::size_t rows, const llm::Tensor *llm::LowRank::*matrix,
                            bool scaled) {
        std::vector<float> values(rows * change.rank);
        std::vector<float> one;
        std::size_t column = 0;
        for (const llm::LowRank &part : change.parts) {
            const std::size_t rank = part.rank();
            one.resize(rows * rank);
            llm::dequantise(*(part.*matrix), 0, one.size(), one.data());
            for (std::size_t r = 0; r < rows; ++r) {
                for (std::size_t k = 0; k < rank; ++k)
                    values[r * change.rank + column + k] =
                        (scaled ? part.scale : 1.0f) * one[r * rank + k];
            }
            column += rank;
        }
        return values;
    };
    const std::vector<float> a = joined(change.a.rows(), &llm::LowRank::a, false);
    const std::vector<float> b = joined(change.b.rows(), &llm::LowRank::b, true);
    change.aTensor.data = std::as_bytes(std::span(a));
    change.bTensor.data = std::as_bytes(std::span(b));
    Result<> done = weights.matrix(change.a);
    return done ? weights.matrix(change.b) : done;
}

// [experts][rank][inputs]
std::vector<float> GpuAdapters::valuesOfA(const Change &change)
{
    const std::size_t inputs = change.target.matrix->layout.columns;
    std::vector<float> values(std::size_t(change.experts()) * change.rank * inputs);
    std::size_t at = 0;
    for (std::uint32_t expert = 0; expert < change.experts(); ++expert) {
        for (const auto &parts : change.parts) {
            for (const llm::LowRank &part : parts) {
                const std::size_t count = part.rank() * inputs;
                llm::dequantise(*part.a, expert * count, count, values.data() + at);
                at += count;
            }
        }
    }
    return values;
}

// [experts][rows][rank]: each source's rows have its own columns; the others are zero there.
std::vector<float> GpuAdapters::valuesOfB(const Change &change)
{
    std::vector<float> values(std::size_t(change.experts()) * change.rows * change.rank);
    std::vector<float> one;
    for (std::uint32_t expert = 0; expert < change.experts(); ++expert) {
        std::size_t row = std::size_t(expert) * change.rows;
        std::size_t column = 0;
        for (std::size_t i = 0; i < change.parts.size(); ++i) {
            const std::size_t outputs = std::size_t(change.target.sources[i]->shape[1]);
            for (const llm::LowRank &part : change.parts[i]) {
                const std::size_t rank = part.rank();
                one.resize(outputs * rank);
                llm::dequantise(*part.b, expert * one.size(), one.size(), one.data());
                for (std::size_t r = 0; r < outputs; ++r) {
                    for (std::size_t k = 0; k < rank; ++k)
                        values[(row + r) * change.rank + column + k] =
                            part.scale * one[r * rank + k];
                }
                column += rank;
            }
            row += outputs;
        }
    }
    return values;
}

std::vector<float> GpuAdapters::biasOf(const Change &change)
{
    std::vector<float> values(change.b.bias ? change.target.matrix->rows() : 0, 0.0f);
    std::size_t row = 0;
    for (const llm::Linear &part : change.target.matrix->parts) {
        if (!values.empty() && part.bias)
            llm::dequantise(*part.bias, 0, part.bias->elements(), values.data() + row);
        row += part.outputs();
    }
    return values;
}

void GpuAdapters::recordLookup(Recorder &recorder, Address state) const
{
    EmbedPush push;
    push.matrix = addressOf(m_embedding.a, m_memory);
    push.state = state;
    push.x = innerAt();
    recorder.dispatch(m_pipelines.get(m_embedding.lookup), push,
                      ceilDivide(m_embedding.a.layout.chunks, m_step.lanes()));
}

void GpuAdapters::recordEmbedding(Recorder &recorder, StepEnd end) const
{
    end.scale = m_embedding.scale;
    recorder.nextStage();
    m_step.recordEnd(recorder, m_embedding.end, m_embedding.b, innerAt(), end);
}

Result<> GpuAdapters::addEmbedding(BatchContext &batch, Address tokens, Address x,
                                   std::uint32_t stride, std::uint32_t count) const
{
    const std::uint32_t rowBytes = paddedColumns(m_embedding.rank) * 4;
    const auto lookup = [&](Recorder &recorder, std::uint32_t first, std::uint32_t some) {
        EmbedPush push;
        push.matrix = addressOf(m_embedding.a, m_memory);
        push.tokens = tokens + std::uint64_t(first) * 4;
        push.x = innerAt() + std::uint64_t(first) * rowBytes;
        recorder.dispatch(m_pipelines.get(m_embedding.batchLookup), push,
                          ceilDivide(m_embedding.a.layout.chunks, batch.tuning().lanes), some);
    };
    if (auto done = batch.submits().add({count, double(m_embedding.rank), lookup}); !done)
        return done;
    MatmulPush add;
    add.x = innerAt();
    add.y = x;
    add.yStride = stride;
    add.scale = m_embedding.scale;
    return batch.run(product(m_embedding.batchAdd, m_embedding.b, count, 1), add);
}

VkPipeline GpuAdapters::recordStep(Recorder &recorder, const StepContext::Matvec &kernel,
                                   const GpuMatrix &matrix, MatvecPush &push) const
{
    const Change &change = of(matrix);
    const bool pending = m_mainStep->constant(kernel.pipeline, matvec::Normed) != 0;
    const StepContext::Matvec &inner = change.inner[pending ? 1 : 0];
    const StepInput input{push.x, push.sumsIn, push.sumCount, push.epsilon};
    ExpertInputs experts;
    experts.choice = push.choice;
    if (change.target.experts)
        m_step.recordExperts(recorder, inner, change.a, input, experts, innerAt());
    else
        m_step.record(recorder, inner, change.a, input, innerAt());
    recorder.nextStage();
    if (!change.target.experts) {
        m_step.record(recorder, change.delta, change.b, {innerAt()}, deltaAt());
    } else if (change.target.rows == ExpertRows::FromTokens) {
        m_step.recordExperts(recorder, change.delta, change.b, {innerAt()}, experts, deltaAt());
    } else {
        StepEnd end;
        end.y = deltaAt();
        m_step.recordExpertEnd(recorder, change.delta, change.b, innerAt(), experts, end);
    }
    recorder.nextStage();
    push.bias = deltaAt();
    return m_pipelines.get(m_biased.at(kernel.pipeline));
}

BatchProduct GpuAdapters::product(PipelineId kernel, const GpuMatrix &matrix, std::uint32_t tokens,
                                  std::uint32_t experts) const
{
    BatchProduct product;
    product.kernel = m_pipelines.get(kernel);
    product.matrix = addressOf(matrix, m_memory);
    product.bias = matrix.bias ? m_memory[*matrix.bias].address : 0;
    product.columns = matrix.layout.columns;
    product.rows = matrix.rows() / experts;
    product.tokens = tokens;
    return product;
}

Result<> GpuAdapters::addBatch(BatchContext &batch, const GpuMatrix &matrix, const MatmulPush &push,
                               std::uint32_t tokens) const
{
    const Change &change = of(matrix);
    MatmulPush inner;
    inner.x = push.x;
    inner.y = innerAt();
    inner.yStride = change.innerStride();
    if (auto done = batch.run(product(change.batchInner, change.a, tokens, 1), inner); !done)
        return done;
    MatmulPush add = push; // where the results are, and how they are scaled
    add.x = innerAt();
    return batch.run(product(change.batchAdd, change.b, tokens, 1), add);
}

Result<> GpuAdapters::addExperts(BatchContext &batch, const GpuMatrix &matrix,
                                 const MatmulPush &push, const ExpertTiles &tiles) const
{
    const Change &change = of(matrix);
    MatmulPush inner;
    inner.x = push.x;
    inner.y = innerAt();
    inner.yStride = change.innerStride();
    BatchProduct first = product(change.batchInner, change.a, tiles.choices, tiles.experts);
    first.experts = &tiles;
    if (auto done = batch.run(first, inner); !done)
        return done;
    MatmulPush add = push;
    add.x = innerAt();
    BatchProduct second = product(change.batchAdd, change.b, tiles.choices, tiles.experts);
    second.experts = &tiles;
    return batch.run(second, add);
}

Result<> GpuAdapters::prepareLogits(BatchContext &batch, const GpuMatrix &matrix, Address x,
                                    BatchProduct &logits) const
{
    const Change &change = of(matrix);
    MatmulPush inner;
    inner.x = x;
    inner.y = innerAt();
    inner.yStride = change.innerStride();
    if (auto done = batch.run(product(change.batchInner, change.a, logits.tokens, 1), inner); !done)
        return done;
    MatmulPush delta;
    delta.x = innerAt();
    delta.y = deltaAt();
    delta.yStride = change.rows;
    if (auto done = batch.run(product(change.batchDelta, change.b, logits.tokens, 1), delta); !done)
        return done;
    logits.kernel = m_pipelines.get(m_logits);
    logits.bias = deltaAt();
    return {};
}

} // namespace alcove::gpu
