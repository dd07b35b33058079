#include "gpu/vulkan_executor.h"

#include "gpu/adapters.h"
#include "gpu/checkpoints.h"
#include "gpu/decode_step.h"
#include "gpu/gpu_sampler.h"
#include "gpu/memory_budget.h"
#include "gpu/prefill.h"
#include "gpu/text_embedder.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace alcove::gpu {

namespace {

using llm::ExecutorInfo;
using llm::ForwardHooks;
using llm::LogitRows;
using llm::ModelSpec;
using llm::SamplingParams;
using llm::Token;

// Whether a layer's positions see those behind them.
bool seesBehind(const ModelSpec &spec)
{
    return std::any_of(spec.layers.begin(), spec.layers.end(), [](const llm::Layer &layer) {
        const auto *attention = std::get_if<llm::Attention>(&layer.mixer);
        return attention && attention->direction == llm::Direction::Both;
    });
}

class VulkanExecutor final : public llm::Executor
{
public:
    static Result<std::unique_ptr<llm::Executor>> create(std::shared_ptr<const llm::Model> model,
                                                         const DeviceInfo &device,
                                                         const llm::ExecutorOptions &options,
                                                         const llm::LoadHooks &hooks,
                                                         const VulkanOptions &vulkan);
    ~VulkanExecutor() override;

    const ModelSpec &spec() const override { return m_model->spec(); }
    ExecutorInfo info() const override;
    std::uint32_t capacity() const override { return m_capacity; }
    std::uint32_t length() const override { return m_length; }
    Result<> truncate(std::uint32_t length) override;
    std::uint32_t restorable(std::uint32_t wanted) const override;
    Result<> discard(std::uint32_t first, std::uint32_t count) override;
    Result<std::vector<float>> embed(std::span<const Token> tokens, llm::Pooling pooling,
                                     const ForwardHooks &hooks) override;
    Result<std::vector<std::vector<float>>> embedAll(std::span<const std::vector<Token>> texts,
                                                     llm::Pooling pooling,
                                                     const ForwardHooks &hooks) override;
    Result<> setAdapters(std::span<const llm::AdapterUse> adapters) override;
    Result<std::vector<float>> forward(std::span<const Token> tokens, LogitRows rows,
                                       const ForwardHooks &hooks) override;
    Result<> startSampling(const SamplingParams &params, std::span<const Token> history) override;
    Result<Token> sampleNext() override;

private:
    VulkanExecutor(std::shared_ptr<const llm::Model> model, std::shared_ptr<Device> device)
        : m_model(std::move(model)), m_device(std::move(device)), m_memory(m_device),
          m_tuning(tuningFor(*m_device))
    { }

    enum class Run { None, Device, Host }; // where the sampling run draws

    Result<> load(const llm::ExecutorOptions &options, const llm::LoadHooks &hooks,
                  const VulkanOptions &vulkan);
    Result<> upload(const llm::LoadHooks &hooks);
    Result<> recordSteps();
    Result<> use(const GpuAdapters *adapters);
    Result<> endRun();
    void grow(std::uint32_t count);
    Result<> checkTokens(std::span<const Token> tokens) const;
    Result<std::uint64_t> submitWithPrologue(VkCommandBuffer step, std::uint32_t position,
                                             Token token);
    Result<> evaluate(Token token);
    Result<> evaluateBatches(std::span<const Token> tokens, LogitRows rows,
                             const ForwardHooks &hooks, std::vector<float> &logits);
    Result<std::vector<float>> readLogits();
    Result<Token> sampleOnDevice();
    Result<Token> sampleOnHost();

    // In the order in which they must go: what uses the device before the device.
    std::shared_ptr<const llm::Model> m_model;
    std::shared_ptr<Device> m_device;
    DeviceMemory m_memory;
    Tuning m_tuning;
    std::unique_ptr<Pipelines> m_pipelines;
    std::unique_ptr<StepContext> m_stepContext;
    std::unique_ptr<BatchContext> m_batchContext;
    std::unique_ptr<GpuModel> m_gpuModel;
    std::unique_ptr<Checkpoints> m_checkpoints; // of the recurrent states at m_length or before
    std::unique_ptr<DecodeStep> m_step;
    std::unique_ptr<Prefill> m_prefill;
    std::unique_ptr<GpuSampler> m_sampler;
    std::unique_ptr<GpuAdapters> m_adapters; // none: null
    std::string m_pipelineCacheFolder;
    SliceId m_readback = 0; // [vocabulary]

    VkCommandBuffer m_evaluate = VK_NULL_HANDLE; // a step without a draw, logits to the host
    VkCommandBuffer m_decode = VK_NULL_HANDLE; // a step and a draw
    VkCommandBuffer m_draw = VK_NULL_HANDLE; // a draw from the logits that are there
    VkCommandBuffer m_prologue = VK_NULL_HANDLE; // recorded anew each time
    std::uint32_t m_stages = 0; // of m_decode

    std::uint32_t m_capacity = 0;
    std::uint32_t m_length = 0;
    std::uint32_t m_reach = 0; // the longest that it was since it was empty
    bool m_logitsThere = false; // of the last forward, untouched

    Run m_run = Run::None;
    std::unique_ptr<llm::Sampler> m_hostSampler;
    std::uint64_t m_given = 0; // tokens of the run that the caller has
    std::uint64_t m_firstDraw = 0; // the number of the run's first draw
    std::vector<std::uint64_t> m_drawing; // submissions of the draws that it has not, in order
    Token m_lastDrawn = 0;
    std::uint64_t m_runSubmissions = 0; // since the run's first draw
};

Result<std::unique_ptr<llm::Executor>>
VulkanExecutor::create(std::shared_ptr<const llm::Model> model, const DeviceInfo &device,
                       const llm::ExecutorOptions &options, const llm::LoadHooks &hooks,
                       const VulkanOptions &vulkan)
{
    auto opened = Device::open(device);
    if (!opened)
        return fail(opened.error());
    std::unique_ptr<VulkanExecutor> executor(
        new VulkanExecutor(std::move(model), std::move(*opened)));
    if (auto loaded = executor->load(options, hooks, vulkan); !loaded)
        return fail(loaded.error());
    return executor;
}

VulkanExecutor::~VulkanExecutor()
{
    m_device->waitIdle();
}

Result<> VulkanExecutor::load(const llm::ExecutorOptions &options, const llm::LoadHooks &hooks,
                              const VulkanOptions &vulkan)
{
    const ModelSpec &spec = m_model->spec();
    m_capacity = llm::contextLength(spec, options);
    m_pipelineCacheFolder = vulkan.pipelineCacheFolder;
    m_pipelines = std::make_unique<Pipelines>(m_device, m_pipelineCacheFolder);
    // Where positions see what is behind them, all tokens are one batch.
    m_batchContext =
        std::make_unique<BatchContext>(spec, m_device, m_tuning, *m_pipelines, m_memory,
                                       seesBehind(spec) ? m_capacity : m_tuning.batchTokens);
    if (!spec.isEncoder())
        m_stepContext =
            std::make_unique<StepContext>(spec, *m_device, m_tuning, *m_pipelines, m_memory);
    auto planned =
        GpuModel::plan(spec, m_capacity, options, m_memory, m_stepContext.get(), *m_batchContext);
    if (!planned)
        return fail(planned.error());
    m_gpuModel = std::make_unique<GpuModel>(std::move(*planned));
    m_checkpoints =
        std::make_unique<Checkpoints>(m_device, m_gpuModel->recurrentStates(), m_memory);
    // A recurrent state cannot take back what was computed ahead and is not wanted.
    if (m_checkpoints->needed())
        m_tuning.stepsAhead = 0;
    m_prefill = std::make_unique<Prefill>(*m_gpuModel, *m_batchContext, m_memory);
    m_batchContext->scratch().plan();
    if (m_stepContext) {
        m_step = std::make_unique<DecodeStep>(*m_gpuModel, *m_stepContext, m_memory);
        m_stepContext->scratch().plan();
        m_sampler = std::make_unique<GpuSampler>(spec.vocabulary, *m_pipelines, m_memory);
        m_readback = m_memory.plan(std::uint64_t(spec.vocabulary) * 4, MemoryUse::Readback);
    }

    if (auto fits =
            checkBudget(m_device->info(), {m_memory.planned(), m_gpuModel->kvBytes(), m_capacity});
        !fits)
        return fits;
    if (m_capacity > m_tuning.maxContext)
        return fail(ErrorCode::Unsupported,
                    "A software renderer computes contexts of at most "
                        + std::to_string(m_tuning.maxContext)
                        + " tokens; choose a shorter one, or run on the processor.");
    if (m_gpuModel->largestState() > std::uint64_t(std::numeric_limits<std::int32_t>::max()))
        return fail(ErrorCode::Unsupported,
                    "This context is longer than the graphics kernels can address; choose a "
                    "shorter one.");
    if (hooks.cancel.cancelled())
        return fail(ErrorCode::Cancelled, "Loading was stopped.");
    m_pipelines->start();
    if (auto committed = m_memory.commit(); !committed)
        return committed;
    if (auto uploaded = upload(hooks); !uploaded)
        return uploaded;
    if (auto compiled = m_pipelines->finish(); !compiled)
        return compiled;
    if (auto opened = m_batchContext->open(); !opened)
        return opened;
    return m_step ? recordSteps() : Result<>{};
}

Result<> VulkanExecutor::upload(const llm::LoadHooks &hooks)
{
    Uploader uploader(m_device, hooks, GpuModel::uploadBytes(m_model->spec()));
    if (auto opened = uploader.open(); !opened)
        return opened;
    Result<> done = m_gpuModel->upload(m_memory, uploader);
    std::vector<SliceId> slices = m_batchContext->scratch().slices();
    if (m_step) {
        for (const std::vector<SliceId> &more :
             {m_stepContext->scratch().slices(), m_sampler->zeroed()})
            slices.insert(slices.end(), more.begin(), more.end());
    }
    for (const SliceId slice : slices) {
        if (done)
            done = uploader.fill(m_memory[slice], 0);
    }
    // The staging buffers are freed on the way out, so what reads them must be done in any case.
    auto finished = uploader.finish();
    if (!done)
        return done;
    return finished;
}

Result<> VulkanExecutor::recordSteps()
{
    for (VkCommandBuffer *buffer : {&m_evaluate, &m_decode, &m_draw, &m_prologue}) {
        if (*buffer)
            continue;
        auto made = m_device->newCommandBuffer();
        if (!made)
            return fail(made.error());
        *buffer = *made;
    }
    const Slice &logits = m_memory[m_step->logits()];
    const Address state = m_stepContext->state();
    const std::uint64_t bytes = std::uint64_t(m_model->spec().vocabulary) * 4;
    Recorder recorder(*m_device);
    Result<> done = recorder.begin(m_evaluate, Reuse::Many);
    if (done) {
        m_step->record(recorder);
        recorder.nextStage();
        recorder.copy(logits, 0, m_memory[m_readback], 0, bytes);
        done = recorder.end();
    }
    if (done)
        done = recorder.begin(m_decode, Reuse::Many);
    if (done) {
        m_step->record(recorder);
        m_sampler->record(recorder, logits.address, state, Advance::OnePosition);
        m_stages = recorder.stages();
        done = recorder.end();
    }
    if (done)
        done = recorder.begin(m_draw, Reuse::Many);
    if (done) {
        m_sampler->record(recorder, logits.address, state, Advance::None);
        done = recorder.end();
    }
    return done;
}

// The device must be idle.
Result<> VulkanExecutor::use(const GpuAdapters *adapters)
{
    m_batchContext->use(adapters);
    if (!m_stepContext)
        return {};
    m_stepContext->use(adapters);
    return recordSteps();
}

Result<> VulkanExecutor::setAdapters(std::span<const llm::AdapterUse> adapters)
{
    auto set = llm::AdapterSet::bind(*m_model, adapters);
    if (!set)
        return fail(set.error());
    std::unique_ptr<GpuAdapters> made;
    if (!set->empty()) {
        auto created = GpuAdapters::make(m_device, *set, *m_gpuModel, m_stepContext.get(),
                                         *m_batchContext, m_pipelineCacheFolder);
        if (!created)
            return fail(created.error());
        made = std::move(*created);
    }
    if (auto emptied = truncate(0); !emptied)
        return emptied;
    m_device->waitIdle();
    if (auto used = use(made.get()); !used) {
        if (auto back = use(m_adapters.get()); !back)
            return fail(ErrorCode::DeviceLost, used.error().message, used.error().detail);
        return used;
    }
    m_adapters = std::move(made);
    return {};
}

ExecutorInfo VulkanExecutor::info() const
{
    ExecutorInfo info;
    info.device = m_device->info().name;
    info.weightBytes = m_gpuModel->weightBytes();
    info.kvBytes = m_gpuModel->kvBytes() + m_gpuModel->recurrentBytes() + m_checkpoints->bytes();
    info.scratchBytes = m_memory.allocated() - info.weightBytes - info.kvBytes
        + (m_adapters ? m_adapters->bytes() : 0);
    info.stagesPerToken = m_stages;
    // Of the run so far, rounded up; before the first, the one buffer that a step consists of.
    const std::uint64_t draws = m_given + m_drawing.size();
    info.submitsPerToken = draws > 0 && m_run != Run::None
        ? static_cast<std::uint32_t>((m_runSubmissions + draws - 1) / draws)
        : 1;
    return info;
}

Result<> VulkanExecutor::endRun()
{
    m_run = Run::None;
    m_hostSampler.reset();
    m_given = 0;
    // What was computed in advance has been written, seen or not.
    m_reach = std::max(m_reach, m_length + static_cast<std::uint32_t>(m_drawing.size()));
    if (m_drawing.empty())
        return {};
    const std::uint64_t last = m_drawing.back();
    m_drawing.clear();
    return m_device->wait(last); // steps in advance still use the state and the KV cache
}

Result<> VulkanExecutor::truncate(std::uint32_t length)
{
    if (length > m_length)
        return fail(ErrorCode::InvalidArgument, "The conversation cannot be cut behind its end.",
                    std::to_string(length) + " of " + std::to_string(m_length));
    if (restorable(length) != length)
        return fail(ErrorCode::InvalidArgument,
                    "This model cannot go back to that place in the conversation.",
                    std::to_string(length) + ", only to " + std::to_string(restorable(length)));
    if (length != m_length || m_run != Run::None)
        m_logitsThere = false;
    if (auto ended = endRun(); !ended)
        return ended;
    const bool back = length != m_length;
    m_length = length;
    m_reach = length == 0 ? 0 : m_reach;
    return back ? m_checkpoints->restore(length) : Result<>{};
}

// What is still being computed in advance counts as written.
std::uint32_t VulkanExecutor::restorable(std::uint32_t wanted) const
{
    if (wanted >= m_length)
        return m_length;
    const auto ahead = static_cast<std::uint32_t>(m_drawing.size()) + 1;
    const std::uint32_t reach = std::max(m_reach, m_length + ahead);
    if (!m_checkpoints->needed())
        return m_gpuModel->restorable(wanted, reach);
    // The blocks must be able to go where a checkpoint is, which may be further back than asked.
    for (std::uint32_t before = wanted + 1; wanted < before;) {
        before = wanted;
        wanted = m_checkpoints->restorable(m_gpuModel->restorable(wanted, reach));
    }
    return wanted;
}

Result<> VulkanExecutor::discard(std::uint32_t first, std::uint32_t count)
{
    if (first > m_length || count > m_length - first)
        return fail(ErrorCode::InvalidArgument, "The conversation is shorter than that.",
                    std::to_string(first) + " and " + std::to_string(count) + " of "
                        + std::to_string(m_length));
    if (auto ended = endRun(); !ended)
        return ended;
    const Block::Gap gap{first, count, m_length};
    if (!m_gpuModel->canDiscard(gap, std::max(m_reach, m_length)))
        return fail(ErrorCode::Unsupported,
                    "This model's context cannot be shifted; evaluate the rest again.");
    m_logitsThere = false;
    if (count > 0) {
        BoundedSubmits &submits = m_batchContext->submits();
        submits.begin({});
        Result<> done = m_gpuModel->discard(gap);
        if (done)
            done = submits.finish();
        if (!done) {
            m_length = first; // some layers have moved and some have not
            return done;
        }
    }
    m_length -= count;
    return {};
}

void VulkanExecutor::grow(std::uint32_t count)
{
    m_length += count;
    m_reach = std::max(m_reach, m_length);
}

Result<std::uint64_t> VulkanExecutor::submitWithPrologue(VkCommandBuffer step,
                                                         std::uint32_t position, Token token)
{
    Recorder recorder(*m_device);
    if (auto begun = recorder.begin(m_prologue, Reuse::Once); !begun)
        return fail(begun.error());
    const std::uint32_t values[2] = {position, static_cast<std::uint32_t>(token)};
    recorder.update(m_memory[m_stepContext->stateSlice()], 0, sizeof(values), values);
    if (auto ended = recorder.end(); !ended)
        return fail(ended.error());
    const VkCommandBuffer buffers[2] = {m_prologue, step};
    return m_device->submit(buffers);
}

// One token at the end of the KV cache; its logits are on the device and in the readback buffer.
Result<> VulkanExecutor::evaluate(Token token)
{
    auto submission = submitWithPrologue(m_evaluate, m_length, token);
    if (!submission)
        return fail(submission.error());
    if (auto done = m_device->wait(*submission); !done)
        return done;
    grow(1);
    return {};
}

Result<> VulkanExecutor::evaluateBatches(std::span<const Token> tokens, LogitRows rows,
                                         const ForwardHooks &hooks, std::vector<float> &logits)
{
    const std::size_t total = tokens.size();
    std::size_t done = 0;
    std::uint32_t count = 0;
    std::size_t told = 0;
    while (done < total) {
        count = static_cast<std::uint32_t>(
            std::min<std::size_t>(total - done, m_batchContext->maxTokens()));
        const auto fraction = [&](double part) {
            const std::size_t reached = done + static_cast<std::size_t>(part * count);
            if (hooks.progress && reached > told && reached < total)
                hooks.progress(told = reached, total);
        };
        if (auto kept = m_checkpoints->setGuard(); !kept)
            return kept;
        // Also when it is cut short: a window's ring may have been written to its end.
        m_reach = std::max(m_reach, m_length + count);
        if (auto ran =
                m_prefill->run(tokens.subspan(done, count), m_length, hooks.cancel, fraction);
            !ran) {
            // The states are somewhere within the batch.
            auto restored = m_checkpoints->restoreGuard();
            return restored ? ran : restored;
        }
        if (rows == LogitRows::All) {
            if (auto got = m_prefill->logits(count, m_step->logits(), hooks.cancel, logits); !got)
                return got;
        }
        grow(count);
        done += count;
    }
    if (hooks.progress)
        hooks.progress(total, total);
    if (rows == LogitRows::All)
        return {};

    Recorder recorder(*m_device);
    if (auto begun = recorder.begin(m_prologue, Reuse::Once); !begun)
        return begun;
    m_step->recordLogits(recorder, m_prefill->hiddenOf(count - 1), m_prefill->normedOf(count - 1));
    recorder.nextStage();
    recorder.copy(m_memory[m_step->logits()], 0, m_memory[m_readback], 0,
                  std::uint64_t(m_model->spec().vocabulary) * 4);
    if (auto ended = recorder.end(); !ended)
        return ended;
    auto submission = m_device->submit({&m_prologue, 1});
    if (!submission)
        return fail(submission.error());
    return m_device->wait(*submission);
}

Result<std::vector<float>> VulkanExecutor::readLogits()
{
    std::vector<float> logits(m_model->spec().vocabulary);
    std::memcpy(logits.data(), m_memory[m_readback].mapped, logits.size() * 4);
    return logits;
}

Result<> VulkanExecutor::checkTokens(std::span<const Token> tokens) const
{
    if (tokens.empty())
        return fail(ErrorCode::InvalidArgument, "There is nothing to compute.", "no tokens");
    const std::uint32_t vocabulary = m_model->spec().vocabulary;
    for (const Token token : tokens) {
        if (token < 0 || static_cast<std::uint32_t>(token) >= vocabulary)
            return fail(ErrorCode::InvalidArgument, "A token is not in the model's vocabulary.",
                        std::to_string(token));
    }
    if (tokens.size() > m_capacity - m_length)
        return fail(ErrorCode::ContextFull,
                    "The text is longer than the model's context of " + std::to_string(m_capacity)
                        + " tokens.");
    return {};
}

Result<std::vector<float>> VulkanExecutor::forward(std::span<const Token> tokens, LogitRows rows,
                                                   const ForwardHooks &hooks)
{
    if (!m_step)
        return fail(ErrorCode::Unsupported,
                    "This model turns text into embeddings; it does not write text.");
    if (auto ended = endRun(); !ended)
        return fail(ended.error());
    if (auto valid = checkTokens(tokens); !valid)
        return fail(valid.error());
    if (hooks.cancel.cancelled())
        return fail(ErrorCode::Cancelled, "The computation was stopped.");

    m_logitsThere = false;
    std::vector<float> logits;
    if (tokens.size() == 1) {
        if (auto done = evaluate(tokens.front()); !done)
            return fail(done.error());
        if (hooks.progress)
            hooks.progress(1, 1);
    } else {
        if (auto done = evaluateBatches(tokens, rows, hooks, logits); !done)
            return fail(done.error());
    }
    if (auto kept = m_checkpoints->keep(m_length); !kept)
        return fail(kept.error());
    m_logitsThere = true;
    if (rows == LogitRows::None || !logits.empty())
        return logits;
    return readLogits();
}

Result<std::vector<float>> VulkanExecutor::embed(std::span<const Token> tokens,
                                                 llm::Pooling pooling, const ForwardHooks &hooks)
{
    if (m_length > 0)
        return fail(ErrorCode::InvalidArgument, "Embeddings need an empty context.");
    if (auto valid = checkTokens(tokens); !valid)
        return fail(valid.error());
    if (auto ended = endRun(); !ended)
        return fail(ended.error());
    m_logitsThere = false;
    auto result =
        TextEmbedder(*m_gpuModel, *m_batchContext, *m_prefill).embed(tokens, pooling, hooks);
    m_reach = 0;
    // Recurrent states are to be empty again, whether or not it worked.
    if (auto cleared = m_checkpoints->restore(0); !cleared)
        return fail(cleared.error());
    return result;
}

Result<std::vector<std::vector<float>>>
VulkanExecutor::embedAll(std::span<const std::vector<Token>> texts, llm::Pooling pooling,
                         const ForwardHooks &hooks)
{
    // A decoder's batches are short, and most of its texts are not.
    if (!spec().isEncoder() || !m_gpuModel->takesTexts())
        return Executor::embedAll(texts, pooling, hooks);
    if (m_length > 0)
        return fail(ErrorCode::InvalidArgument, "Embeddings need an empty context.");
    for (const std::vector<Token> &text : texts) {
        if (auto valid = checkTokens(text); !valid)
            return fail(valid.error());
    }
    return TextEmbedder(*m_gpuModel, *m_batchContext, *m_prefill).embedAll(texts, pooling, hooks);
}

Result<> VulkanExecutor::startSampling(const SamplingParams &params, std::span<const Token> history)
{
    if (!m_logitsThere || m_run != Run::None)
        return fail(ErrorCode::InvalidArgument,
                    "There is nothing to go on from: the prompt must be computed first.");
    m_runSubmissions = 0;
    if (!GpuSampler::supports(params)) {
        m_hostSampler = std::make_unique<llm::Sampler>(params, history);
        m_run = Run::Host;
        // The logits of a batch whose rows were all asked for are on the device only.
        Recorder recorder(*m_device);
        if (auto begun = recorder.begin(m_prologue, Reuse::Once); !begun)
            return begun;
        recorder.copy(m_memory[m_step->logits()], 0, m_memory[m_readback], 0,
                      std::uint64_t(m_model->spec().vocabulary) * 4);
        if (auto ended = recorder.end(); !ended)
            return ended;
        auto submission = m_device->submit({&m_prologue, 1});
        return submission ? m_device->wait(*submission) : fail(submission.error());
    }
    Recorder recorder(*m_device);
    if (auto begun = recorder.begin(m_prologue, Reuse::Once); !begun)
        return begun;
    m_sampler->recordStart(recorder, params, history, m_length,
                           m_memory[m_stepContext->stateSlice()]);
    if (auto ended = recorder.end(); !ended)
        return ended;
    auto submission = m_device->submit({&m_prologue, 1});
    if (!submission)
        return fail(submission.error());
    // The prologue's buffer is recorded anew by whatever comes next.
    if (auto done = m_device->wait(*submission); !done)
        return done;
    m_run = Run::Device;
    m_firstDraw = params.firstDraw;
    return {};
}

Result<Token> VulkanExecutor::sampleNext()
{
    if (m_run == Run::None)
        return fail(ErrorCode::InvalidArgument, "No answer has been started.");
    m_logitsThere = false;
    auto token = m_run == Run::Device ? sampleOnDevice() : sampleOnHost();
    if (!token)
        return token;
    if (auto kept = m_checkpoints->keepSometimes(m_length); !kept)
        return fail(kept.error());
    return token;
}

Result<Token> VulkanExecutor::sampleOnDevice()
{
    // The n-th draw after the first evaluates the token drawn before it, at one more position.
    const std::uint64_t wanted = 1 + m_tuning.stepsAhead;
    while (m_drawing.size() < wanted) {
        const std::uint64_t draw = m_given + m_drawing.size();
        // Positions in use once this draw is done: the first draw of a run takes none.
        const std::uint64_t taken = m_given > 0 ? m_length + m_drawing.size() + 1 : m_length + draw;
        const bool first = draw == 0;
        if (taken > m_capacity)
            break;
        auto submission = m_device->submit({first ? &m_draw : &m_decode, 1});
        if (!submission)
            return fail(submission.error());
        ++m_runSubmissions;
        m_drawing.push_back(*submission);
    }
    if (m_drawing.empty())
        return fail(ErrorCode::ContextFull,
                    "The answer has reached the end of the model's context of "
                        + std::to_string(m_capacity) + " tokens.");
    if (auto done = m_device->wait(m_drawing.front()); !done)
        return fail(done.error());
    m_drawing.erase(m_drawing.begin());
    if (m_given > 0)
        grow(1);
    return m_sampler->drawn(m_firstDraw + m_given++);
}

Result<Token> VulkanExecutor::sampleOnHost()
{
    if (m_given > 0) {
        if (m_length >= m_capacity)
            return fail(ErrorCode::ContextFull,
                        "The answer has reached the end of the model's context of "
                            + std::to_string(m_capacity) + " tokens.");
        if (auto done = evaluate(m_lastDrawn); !done)
            return fail(done.error());
        ++m_runSubmissions;
    }
    auto logits = readLogits();
    if (!logits)
        return fail(logits.error());
    m_lastDrawn = m_hostSampler->sample(*logits);
    ++m_given;
    return m_lastDrawn;
}

} // namespace

Result<std::unique_ptr<llm::Executor>> createVulkanExecutor(std::shared_ptr<const llm::Model> model,
                                                            const DeviceInfo &device,
                                                            const llm::ExecutorOptions &options,
                                                            const llm::LoadHooks &hooks,
                                                            const VulkanOptions &vulkan)
{
    return VulkanExecutor::create(std::move(model), device, options, hooks, vulkan);
}

} // namespace alcove::gpu
