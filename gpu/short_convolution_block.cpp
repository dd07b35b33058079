#include "gpu/short_convolution_block.h"

#include "gpu/recurrent_kernels.h"

#include <algorithm>

namespace alcove::gpu {

std::vector<float> convolutionKernel(const llm::Tensor &kernel, const llm::Tensor *bias)
{
    const std::size_t taps = kernel.columns();
    const std::size_t channels = kernel.rows();
    std::vector<float> values(kernel.elements());
    std::vector<float> biases(channels, 0.0f);
    llm::dequantise(kernel, 0, kernel.elements(), values.data());
    if (bias)
        llm::dequantise(*bias, 0, channels, biases.data());
    std::vector<float> together;
    together.reserve(channels * (taps + 1));
    for (std::size_t channel = 0; channel < channels; ++channel) {
        const auto first = values.begin() + std::ptrdiff_t(channel * taps);
        together.insert(together.end(), first, first + std::ptrdiff_t(taps));
        together.push_back(biases[channel]);
    }
    return together;
}

Result<std::unique_ptr<Block>> ShortConvolutionBlock::make(const llm::ShortConvolution &convolution,
                                                           const BlockPlan &plan)
{
    std::unique_ptr<ShortConvolutionBlock> block(new ShortConvolutionBlock(convolution, plan));
    auto in = plan.weights->matrix({convolution.in});
    auto out = plan.weights->matrix({convolution.out});
    if (!in)
        return fail(in.error());
    if (!out)
        return fail(out.error());
    block->m_in = std::move(*in);
    block->m_out = std::move(*out);
    const std::uint64_t taps = convolution.taps();
    const std::uint64_t width = block->m_width;
    block->m_kernel = plan.weights->floats(width * (taps + 1));
    block->m_history = plan.weights->recurrentState(taps * width * 4);

    if (plan.step) {
        auto &step = block->m_stepKernels;
        step.in = plan.step->matvec(block->m_in, plan.place.input);
        step.convolution = block->kernel(plan.step->pipelines(), Mode::Step);
        step.out = plan.step->endMatvec(block->m_out, plan.place);
        step.projected = plan.step->scratch().need("projected", 3 * width);
        step.mixed = plan.step->scratch().need("mixed", paddedColumns(block->m_width));
    }

    auto &batch = block->m_batchKernels;
    const std::uint64_t tokens = plan.batch->maxTokens();
    batch.in = plan.batch->matmul(block->m_in);
    batch.convolution = block->kernel(plan.batch->pipelines(), Mode::Batch);
    batch.store = block->kernel(plan.batch->pipelines(), Mode::Store);
    batch.out = plan.batch->endMatmul(block->m_out, plan.place.end);
    batch.projected = plan.batch->scratch().need("projected", tokens * 3 * width);
    batch.mixed = plan.batch->scratch().need("mixed", tokens * paddedColumns(block->m_width));
    return block;
}

PipelineId ShortConvolutionBlock::kernel(Pipelines &pipelines, Mode mode) const
{
    return pipelines.add("convolution",
                         {{convolution::Taps, m_spec->taps()},
                          {convolution::Channels, m_width},
                          {convolution::Short, 1},
                          {convolution::Step, mode == Mode::Step},
                          {convolution::Store, mode == Mode::Store}});
}

void ShortConvolutionBlock::list(std::vector<Changeable> &matrices) const
{
    matrices.push_back(changeableOf(m_in));
    matrices.push_back(changeableOf(m_out));
}

Result<> ShortConvolutionBlock::upload(WeightUploader &uploader) const
{
    Result<> done = uploader.matrix(m_in);
    if (done)
        done = uploader.floats(m_kernel, convolutionKernel(*m_spec->kernel, nullptr));
    if (done)
        done = uploader.matrix(m_out);
    if (done)
        done = uploader.clear(m_history);
    return done;
}

void ShortConvolutionBlock::recordStep(Recorder &recorder, const StepInput &input,
                                       const StepEnd &end) const
{
    const auto &kernels = m_stepKernels;
    recorder.nextStage();
    m_step->record(recorder, kernels.in, m_in, input, m_step->at(kernels.projected));

    ConvolutionPush push;
    push.x = m_step->at(kernels.projected);
    push.history = addressAt(m_history);
    push.kernel = addressAt(m_kernel);
    push.y = m_step->at(kernels.mixed);
    push.state = m_step->state();
    recorder.nextStage();
    recorder.dispatch(m_step->kernel(kernels.convolution), push,
                      ceilDivide(m_width, m_step->lanes()));

    recorder.nextStage();
    m_step->recordEnd(recorder, kernels.out, m_out, m_step->at(kernels.mixed), end);
}

Result<> ShortConvolutionBlock::runBatch(const Batch &batch, const BatchEnd &end) const
{
    const auto &kernels = m_batchKernels;
    const Address mixed = m_batch->at(kernels.mixed);
    if (auto done = m_batch->run(kernels.in, m_in, batch.x, m_batch->at(kernels.projected),
                                 3 * m_width, batch.tokens);
        !done)
        return done;
    ConvolutionPush push;
    push.x = m_batch->at(kernels.projected);
    push.history = addressAt(m_history);
    push.kernel = addressAt(m_kernel);
    push.y = mixed;
    push.position = batch.position;
    push.xStride = 3 * m_width;
    push.yStride = paddedColumns(m_width);
    const std::uint32_t workgroups = ceilDivide(m_width, m_batch->tuning().lanes);
    const auto convolve = [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
        push.firstToken = first;
        recorder.dispatch(m_batch->kernel(kernels.convolution), push, workgroups, count);
    };
    const double macs = double(m_width) * (m_spec->taps() + 2);
    if (auto done = m_batch->submits().add({batch.tokens, macs, convolve}); !done)
        return done;
    const std::uint32_t stored = std::min(batch.tokens, m_spec->taps());
    const auto store = [&](Recorder &recorder, std::uint32_t, std::uint32_t) {
        push.firstToken = batch.tokens - stored;
        recorder.dispatch(m_batch->kernel(kernels.store), push, workgroups, stored);
    };
    if (auto done = m_batch->submits().add({1, macs, store}); !done)
        return done;
    return m_batch->runEnd(kernels.out, m_out, mixed, end, batch.tokens);
}

} // namespace alcove::gpu
