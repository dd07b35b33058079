#include "gpu/recurrence_block.h"

#include "gpu/recurrent_kernels.h"
#include "gpu/short_convolution_block.h"

#include <algorithm>
#include <limits>

namespace alcove::gpu {

namespace {

constexpr std::uint32_t kMostKeySize = 1024; // of which each lane holds its part in registers

std::vector<float> floatsOf(const llm::Tensor *tensor, std::size_t count)
{
    std::vector<float> values(count, 0.0f);
    if (tensor)
        llm::dequantise(*tensor, 0, std::min<std::uint64_t>(count, tensor->elements()),
                        values.data());
    return values;
}

PipelineId convolutionOf(Pipelines &pipelines, const RecurrenceShape &shape, bool store)
{
    return pipelines.add("convolution",
                         {{convolution::Taps, shape.taps},
                          {convolution::Channels, shape.channels()},
                          {convolution::Store, store}});
}

} // namespace

Result<std::unique_ptr<Block>> RecurrenceBlock::make(const llm::GatedDeltaNet &net,
                                                     const BlockPlan &plan)
{
    RecurrenceShape shape;
    shape.delta = true;
    shape.heads = net.valueHeads;
    shape.keyHeads = net.keyHeads;
    shape.keySize = net.keySize;
    shape.valueSize = net.valueSize;
    shape.taps = net.taps();
    shape.normGroups = net.valueHeads;
    shape.queries = 0;
    shape.keys = net.keyHeads * net.keySize;
    shape.values = 2 * shape.keys;
    shape.channelsAt = 0;
    shape.gatesAt = shape.channels();
    shape.timesAt = shape.gatesAt + shape.inner();
    shape.betasAt = shape.timesAt + shape.heads;
    shape.projected = shape.betasAt + shape.heads;
    Parts parts;
    parts.in = {net.qkv, net.gate, net.alpha, net.beta};
    parts.kernel = net.kernel;
    parts.a = net.a;
    parts.dtBias = net.dtBias;
    parts.norm = net.norm;
    parts.out = net.out;
    return make(shape, std::move(parts), plan);
}

Result<std::unique_ptr<Block>> RecurrenceBlock::make(const llm::Mamba2 &mamba,
                                                     const BlockPlan &plan)
{
    RecurrenceShape shape;
    shape.heads = mamba.heads;
    shape.keyHeads = mamba.groups;
    shape.keySize = mamba.stateSize;
    shape.valueSize = mamba.headSize;
    shape.taps = mamba.taps();
    shape.normGroups = mamba.groups;
    shape.values = 0;
    shape.keys = shape.inner();
    shape.queries = shape.keys + mamba.groups * mamba.stateSize;
    shape.gatesAt = 0;
    shape.channelsAt = shape.inner();
    shape.timesAt = shape.channelsAt + shape.channels();
    shape.projected = shape.timesAt + shape.heads;
    Parts parts;
    parts.in = {mamba.in};
    parts.kernel = mamba.kernel;
    parts.kernelBias = mamba.kernelBias;
    parts.a = mamba.a;
    parts.dtBias = mamba.dtBias;
    parts.d = mamba.d;
    parts.norm = mamba.norm;
    parts.out = mamba.out;
    return make(shape, std::move(parts), plan);
}

Result<std::unique_ptr<Block>> RecurrenceBlock::make(const RecurrenceShape &shape, Parts parts,
                                                     const BlockPlan &plan)
{
    if (shape.keySize > kMostKeySize)
        return fail(unsupported("recurrent heads of a size"));
    if (parts.norm.kind != llm::NormKind::Rms || parts.norm.bias || !parts.norm.there())
        return fail(unsupported("a kind of normalisation of recurrent heads"));
    if (std::uint64_t(shape.inner()) * shape.keySize
        > std::uint64_t(std::numeric_limits<std::int32_t>::max()))
        return fail(unsupported("a recurrent state of more than two thousand million numbers"));
    std::unique_ptr<RecurrenceBlock> block(new RecurrenceBlock(shape, std::move(parts), plan));
    if (auto planned = block->planWeights(*plan.weights); !planned)
        return fail(planned.error());
    if (plan.step)
        block->planStep(plan.place);
    block->planBatch(plan.place);
    return block;
}

Result<> RecurrenceBlock::planWeights(WeightPlanner &weights)
{
    auto in = weights.projections(m_parts.in);
    auto out = weights.matrix({m_parts.out});
    if (!in)
        return fail(in.error());
    if (!out)
        return fail(out.error());
    m_in = std::move(*in);
    m_out = std::move(*out);
    m_kernel = weights.floats(std::uint64_t(m_shape.channels()) * (m_shape.taps + 1));
    m_heads = weights.floats(std::uint64_t(m_shape.heads) * 3);
    m_norm = weights.norm(m_parts.norm);
    m_history = weights.recurrentState(std::uint64_t(m_shape.taps) * m_shape.channels() * 4);
    m_states = weights.recurrentState(std::uint64_t(m_shape.inner()) * m_shape.keySize * 4);
    return {};
}

PipelineId RecurrenceBlock::recurrenceKernel(Pipelines &pipelines, const Tuning &tuning,
                                             Mode mode) const
{
    return pipelines.add("recurrence",
                         {{recurrence::Delta, m_shape.delta},
                          {recurrence::Step, mode == Mode::Step},
                          {recurrence::Heads, m_shape.heads},
                          {recurrence::Rows, m_shape.keySize},
                          {recurrence::Columns, m_shape.valueSize},
                          {recurrence::Block, tuning.recurrenceColumns},
                          {recurrence::KeyHeads, m_shape.keyHeads},
                          {recurrence::Taps, m_shape.taps},
                          {recurrence::Channels, m_shape.channels()},
                          {recurrence::Queries, m_shape.queries},
                          {recurrence::Keys, m_shape.keys},
                          {recurrence::Values, m_shape.values},
                          {recurrence::In, m_shape.channelsAt},
                          {recurrence::Gate, m_shape.gatesAt},
                          {recurrence::Time, m_shape.timesAt},
                          {recurrence::Beta, m_shape.betasAt},
                          {recurrence::Groups, m_shape.normGroups}});
}

void RecurrenceBlock::planStep(const BlockPlace &place)
{
    auto &kernels = m_stepKernels;
    for (const ProjectionPart &part : m_in)
        kernels.in.push_back(m_step->matvec(part.matrix, place.input));
    kernels.recurrence = recurrenceKernel(m_step->pipelines(), m_step->tuning(), Mode::Step);
    kernels.out = m_step->endMatvec(m_out, place);
    Scratch &scratch = m_step->scratch();
    kernels.projected = scratch.need("projected", m_shape.projected);
    kernels.mixed = scratch.need("mixed", paddedColumns(m_shape.inner()));
    kernels.counters = scratch.need("recurrence counters", m_shape.normGroups);
}

void RecurrenceBlock::planBatch(const BlockPlace &place)
{
    auto &kernels = m_batchKernels;
    Pipelines &pipelines = m_batch->pipelines();
    for (const ProjectionPart &part : m_in)
        kernels.in.push_back(m_batch->matmul(part.matrix));
    kernels.convolution = convolutionOf(pipelines, m_shape, false);
    kernels.store = convolutionOf(pipelines, m_shape, true);
    kernels.recurrence = recurrenceKernel(pipelines, m_batch->tuning(), Mode::Batch);
    kernels.norm = pipelines.add("gated_norm",
                                 {{gatedNorm::Width, m_shape.inner() / m_shape.normGroups},
                                  {gatedNorm::GateFirst, !m_shape.delta},
                                  {gatedNorm::SharedWeight, m_shape.delta}});
    kernels.out = m_batch->endMatmul(m_out, place.end);
    Scratch &scratch = m_batch->scratch();
    const std::uint64_t tokens = m_batch->maxTokens();
    kernels.projected = scratch.need("projected", tokens * m_shape.projected);
    kernels.convolved = scratch.need("convolved", tokens * m_shape.channels());
    kernels.mixed = scratch.need("mixed", tokens * paddedColumns(m_shape.inner()));
}

void RecurrenceBlock::list(std::vector<Changeable> &matrices) const
{
    for (const ProjectionPart &part : m_in)
        matrices.push_back(changeableOf(part.matrix));
    matrices.push_back(changeableOf(m_out));
}

Result<> RecurrenceBlock::upload(WeightUploader &uploader) const
{
    const std::vector<float> a = floatsOf(m_parts.a, m_shape.heads);
    const std::vector<float> dtBias = floatsOf(m_parts.dtBias, m_shape.heads);
    const std::vector<float> d = floatsOf(m_parts.d, m_shape.heads);
    std::vector<float> heads;
    for (std::uint32_t head = 0; head < m_shape.heads; ++head)
        heads.insert(heads.end(), {a[head], dtBias[head], d[head]});
    Result<> done = uploader.projections(m_in);
    if (done)
        done = uploader.floats(m_kernel, convolutionKernel(*m_parts.kernel, m_parts.kernelBias));
    if (done)
        done = uploader.floats(m_heads, heads);
    if (done)
        done = uploader.norm(m_norm);
    if (done)
        done = uploader.matrix(m_out);
    for (const SliceId state : recurrentState()) {
        if (done)
            done = uploader.clear(state);
    }
    return done;
}

void RecurrenceBlock::recordStep(Recorder &recorder, const StepInput &input,
                                 const StepEnd &end) const
{
    const auto &kernels = m_stepKernels;
    const Address projected = m_step->at(kernels.projected);
    recorder.nextStage();
    for (std::size_t i = 0; i < m_in.size(); ++i)
        m_step->record(recorder, kernels.in[i], m_in[i].matrix, input,
                       projected + std::uint64_t(m_in[i].firstOutput) * 4);

    RecurrencePush push;
    push.projected = projected;
    push.history = addressAt(m_history);
    push.kernel = addressAt(m_kernel);
    push.heads = addressAt(m_heads);
    push.norm = addressAt(m_norm.weight);
    push.states = addressAt(m_states);
    push.y = m_step->at(kernels.mixed);
    push.counters = m_step->at(kernels.counters);
    push.state = m_step->state();
    push.epsilon = m_norm.source.epsilon;
    recorder.nextStage();
    recorder.dispatch(m_step->kernel(kernels.recurrence), push, m_shape.heads,
                      ceilDivide(m_shape.valueSize, m_step->tuning().recurrenceColumns));

    recorder.nextStage();
    m_step->recordEnd(recorder, kernels.out, m_out, push.y, end);
}

// Convolution; recurrence, and the ring made ready for the next batch; norm.
Result<> RecurrenceBlock::runRecurrence(const Batch &batch) const
{
    const auto &kernels = m_batchKernels;
    const Address projected = m_batch->at(kernels.projected);
    const Address mixed = m_batch->at(kernels.mixed);
    const std::uint32_t lanes = m_batch->tuning().lanes;
    ConvolutionPush convolution;
    convolution.x = projected + std::uint64_t(m_shape.channelsAt) * 4;
    convolution.history = addressAt(m_history);
    convolution.kernel = addressAt(m_kernel);
    convolution.y = m_batch->at(kernels.convolved);
    convolution.position = batch.position;
    convolution.xStride = m_shape.projected;
    convolution.yStride = m_shape.channels();
    const std::uint32_t channelGroups = ceilDivide(m_shape.channels(), lanes);
    const auto convolve = [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
        convolution.firstToken = first;
        recorder.dispatch(m_batch->kernel(kernels.convolution), convolution, channelGroups, count);
    };
    const double convolutionMacs = double(m_shape.channels()) * (m_shape.taps + 4);
    if (auto done = m_batch->submits().add({batch.tokens, convolutionMacs, convolve}); !done)
        return done;
    const std::uint32_t stored = std::min(batch.tokens, m_shape.taps);
    const auto store = [&](Recorder &recorder, std::uint32_t, std::uint32_t) {
        convolution.firstToken = batch.tokens - stored;
        recorder.dispatch(m_batch->kernel(kernels.store), convolution, channelGroups, stored);
    };
    if (auto done = m_batch->submits().add({1, convolutionMacs, store}); !done)
        return done;

    const std::uint32_t columns = m_batch->tuning().recurrenceColumns;
    const auto recur = [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
        RecurrencePush push;
        push.projected = projected;
        push.convolved = convolution.y;
        push.heads = addressAt(m_heads);
        push.states = addressAt(m_states);
        push.y = mixed;
        push.stride = m_shape.projected;
        push.yStride = paddedColumns(m_shape.inner());
        push.tokens = batch.tokens;
        push.epsilon = m_norm.source.epsilon;
        push.firstHead = first;
        recorder.dispatch(m_batch->kernel(kernels.recurrence), push, count,
                          ceilDivide(m_shape.valueSize, columns));
    };
    const double headMacs = 4.0 * m_shape.valueSize * m_shape.keySize * batch.tokens;
    if (auto done = m_batch->submits().add({m_shape.heads, headMacs, recur}); !done)
        return done;
    const auto normalise = [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
        GatedNormPush push;
        push.yStride = paddedColumns(m_shape.inner());
        push.gateStride = m_shape.projected;
        push.y = mixed + std::uint64_t(first) * push.yStride * 4;
        push.gate = projected + (std::uint64_t(first) * push.gateStride + m_shape.gatesAt) * 4;
        push.weight = addressAt(m_norm.weight);
        push.epsilon = m_norm.source.epsilon;
        recorder.dispatch(m_batch->kernel(kernels.norm), push, m_shape.normGroups, count);
    };
    return m_batch->submits().add({batch.tokens, 4.0 * m_shape.inner(), normalise});
}

Result<> RecurrenceBlock::runBatch(const Batch &batch, const BatchEnd &end) const
{
    const auto &kernels = m_batchKernels;
    const Address projected = m_batch->at(kernels.projected);
    for (std::size_t i = 0; i < m_in.size(); ++i) {
        if (auto done = m_batch->run(kernels.in[i], m_in[i].matrix, batch.x,
                                     projected + std::uint64_t(m_in[i].firstOutput) * 4,
                                     m_shape.projected, batch.tokens);
            !done)
            return done;
    }
    if (auto done = runRecurrence(batch); !done)
        return done;
    return m_batch->runEnd(kernels.out, m_out, m_batch->at(kernels.mixed), end, batch.tokens);
}

} // namespace alcove::gpu
