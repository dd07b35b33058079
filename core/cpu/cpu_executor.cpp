#include "core/cpu/cpu_executor.h"

#include "core/cpu/forward_pass.h"
#include "core/cpu/processor.h"
#include "core/cpu/runnable.h"
#include "core/cpu/sequence.h"

#include <algorithm>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>

namespace alcove::cpu {
namespace {

using namespace alcove::llm;

class CpuExecutor final : public Executor
{
public:
    CpuExecutor(const KernelTable &kernels, std::shared_ptr<const Model> model,
                std::uint32_t positions, const ExecutorOptions &options)
        : m_model(std::move(model)), m_capacity(positions),
          m_pass(m_model->spec(), kernels, positions, options.kvFormat,
                 options.threads ? options.threads : usableCores()),
          m_logits(m_model->spec().vocabulary)
    { }

    const ModelSpec &spec() const override { return m_model->spec(); }
    std::uint32_t capacity() const override { return m_capacity; }
    std::uint32_t length() const override { return m_length; }

    ExecutorInfo info() const override
    {
        ExecutorInfo info;
        info.device = "Processor";
        info.weightBytes = spec().weightBytes();
        info.kvBytes = m_pass.kvBytes();
        info.scratchBytes = m_pass.scratchBytes() + m_logits.size() * sizeof(float);
        return info;
    }

    Result<> truncate(std::uint32_t length) override
    {
        if (length > m_length)
            return fail(ErrorCode::InvalidArgument,
                        "The context holds " + std::to_string(m_length)
                            + " tokens and cannot be cut to " + std::to_string(length) + ".");
        endRun();
        m_length = length;
        return {};
    }

    Result<std::vector<float>> forward(std::span<const Token> tokens, LogitRows rows,
                                       const ForwardHooks &hooks) override
    {
        if (auto valid = checkTokens(spec(), tokens, m_length, m_capacity); !valid)
            return fail(valid.error());
        endRun();
        try {
            return evaluateAll(tokens, rows, hooks);
        } catch (const std::bad_alloc &) {
            return fail(ErrorCode::OutOfMemory,
                        "There is not enough memory for the results of "
                            + std::to_string(tokens.size()) + " tokens; evaluate fewer at a time.");
        } catch (const std::length_error &) {
            return fail(ErrorCode::OutOfMemory,
                        "There is not enough memory for the results of "
                            + std::to_string(tokens.size()) + " tokens; evaluate fewer at a time.");
        }
    }

    Result<> startSampling(const SamplingParams &params, std::span<const Token> history) override
    {
        if (m_lastLogits == LastLogits::None)
            return fail(ErrorCode::InvalidArgument,
                        "There is nothing to continue from: evaluate the prompt first.");
        m_sampler.reset();
        m_pending.reset();
        if (m_lastLogits == LastLogits::NotComputed) {
            m_pass.logits(1, m_logits.data(), CancelToken());
            m_lastLogits = LastLogits::Computed;
        }
        try {
            m_sampler.emplace(params, history);
        } catch (const std::bad_alloc &) {
            return fail(ErrorCode::OutOfMemory, "There is not enough memory to start an answer.");
        }
        return {};
    }

    Result<Token> sampleNext() override
    {
        if (!m_sampler)
            return fail(ErrorCode::InvalidArgument, "No sampling run was started.");
        if (m_pending) {
            const Token token = *m_pending;
            if (auto valid = checkTokens(spec(), {&token, 1}, m_length, m_capacity); !valid)
                return fail(valid.error());
            const CancelToken never;
            m_pass.evaluate({&token, 1}, m_length, never);
            ++m_length;
            m_pass.logits(1, m_logits.data(), never);
        }
        try {
            m_pending = m_sampler->sample(m_logits);
        } catch (const std::bad_alloc &) {
            m_pending.reset();
            m_sampler.reset();
            return fail(ErrorCode::OutOfMemory,
                        "There is not enough memory to continue the answer.");
        }
        return *m_pending;
    }

private:
    enum class LastLogits { None, NotComputed, Computed };

    void endRun()
    {
        m_sampler.reset();
        m_pending.reset();
        m_lastLogits = LastLogits::None;
    }

    Result<std::vector<float>> evaluateAll(std::span<const Token> tokens, LogitRows rows,
                                           const ForwardHooks &hooks)
    {
        const std::size_t vocabulary = spec().vocabulary;
        std::vector<float> result;
        if (rows == LogitRows::All)
            result.resize(tokens.size() * vocabulary);
        for (std::size_t done = 0; done < tokens.size();) {
            const std::size_t count = std::min(m_pass.batch(), tokens.size() - done);
            if (hooks.cancel.cancelled()
                || m_pass.evaluate(tokens.subspan(done, count), m_length, hooks.cancel)
                    == Outcome::Cancelled)
                return cancelled();
            if (rows == LogitRows::All
                && m_pass.logits(count, result.data() + done * vocabulary, hooks.cancel)
                    == Outcome::Cancelled)
                return cancelled();
            done += count;
            m_length += static_cast<std::uint32_t>(count);
            if (hooks.progress)
                hooks.progress(done, tokens.size());
        }
        m_lastLogits = LastLogits::NotComputed;
        if (rows == LogitRows::None)
            return result;
        if (rows == LogitRows::All)
            std::copy(result.end() - static_cast<std::ptrdiff_t>(vocabulary), result.end(),
                      m_logits.begin());
        else
            m_pass.logits(1, m_logits.data(), CancelToken());
        m_lastLogits = LastLogits::Computed;
        if (rows == LogitRows::Last)
            result = m_logits;
        return result;
    }

    Result<std::vector<float>> cancelled() const
    {
        return fail(ErrorCode::Cancelled,
                    "Stopped; " + std::to_string(m_length) + " tokens are evaluated.");
    }

    std::shared_ptr<const Model> m_model;
    std::uint32_t m_capacity;
    std::uint32_t m_length = 0;
    ForwardPass m_pass;
    std::vector<float> m_logits; // of the last position, when m_lastLogits says so
    LastLogits m_lastLogits = LastLogits::None;
    std::optional<Sampler> m_sampler;
    std::optional<Token> m_pending; // drawn, not evaluated
};

Result<> checkKvFormats(const ExecutorOptions &options)
{
    const auto runs = [](KvFormat format) {
        return format == KvFormat::F32 || format == KvFormat::F16;
    };
    if (!runs(options.kvFormat)
        || options.valueFormat.value_or(options.kvFormat) != options.kvFormat)
        return fail(ErrorCode::Unsupported,
                    "The processor keeps keys and values as 16-bit or 32-bit numbers only.");
    return {};
}

// Reads a byte of every page, so that the file is in memory before the first token needs it.
Outcome readWeights(const GgufFile &file, const LoadHooks &hooks)
{
    constexpr std::size_t kPage = 4096;
    constexpr std::size_t kPiece = std::size_t{16} << 20;
    std::uint64_t total = 0;
    for (const Tensor &tensor : file.tensors())
        total += tensor.data.size();
    std::uint64_t done = 0;
    unsigned sum = 0;
    for (const Tensor &tensor : file.tensors()) {
        for (std::size_t at = 0; at < tensor.data.size();) {
            if (hooks.cancel.cancelled())
                return Outcome::Cancelled;
            const std::size_t end = std::min(tensor.data.size(), at + kPiece);
            done += end - at;
            for (; at < end; at += kPage)
                sum += std::to_integer<unsigned>(tensor.data[at]);
            at = end;
            if (hooks.progress)
                hooks.progress(done, total);
        }
    }
    // The reads must not be optimised away.
    volatile unsigned keep = sum;
    static_cast<void>(keep);
    return Outcome::Done;
}

} // namespace

Result<std::unique_ptr<Executor>> createCpuExecutor(std::shared_ptr<const Model> model,
                                                    const ExecutorOptions &options,
                                                    const LoadHooks &hooks)
{
    return createCpuExecutorWith(bestKernels(), std::move(model), options, hooks);
}

Result<std::unique_ptr<Executor>> createCpuExecutorWith(const KernelTable &kernels,
                                                        std::shared_ptr<const Model> model,
                                                        const ExecutorOptions &options,
                                                        const LoadHooks &hooks)
{
    if (!model)
        return fail(ErrorCode::InvalidArgument, "There is no model to run.");
    if (auto runs = checkRunnable(model->spec()); !runs)
        return fail(runs.error());
    if (auto runs = checkKvFormats(options); !runs)
        return fail(runs.error());
    const std::uint32_t positions = contextLength(model->spec(), options);
    if (auto fits = checkMemory(model->spec(), positions, options.kvFormat); !fits)
        return fail(fits.error());
    try {
        auto executor = std::make_unique<CpuExecutor>(kernels, model, positions, options);
        if (readWeights(model->file(), hooks) == Outcome::Cancelled)
            return fail(ErrorCode::Cancelled, "Loading was stopped.");
        return executor;
    } catch (const std::bad_alloc &) {
        return fail(outOfMemory(model->spec(), positions, options.kvFormat));
    } catch (const std::length_error &) {
        return fail(outOfMemory(model->spec(), positions, options.kvFormat));
    }
}

} // namespace alcove::cpu
