#include "core/cpu/cpu_executor.h"

#include "core/cpu/forward_pass.h"
#include "core/cpu/processor.h"
#include "core/cpu/sequence.h"
#include "core/llm/pooling.h"

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
                std::uint32_t positions, KvFormats formats, std::uint32_t threads)
        : m_model(std::move(model)), m_capacity(positions),
          m_pass(m_model->spec(), kernels, positions, formats, threads),
          m_logits(m_model->spec().isEncoder() ? 0 : m_model->spec().vocabulary)
    { }

    const ModelSpec &spec() const override { return m_model->spec(); }
    std::uint32_t capacity() const override { return m_capacity; }
    std::uint32_t length() const override { return m_length; }

    ExecutorInfo info() const override
    {
        ExecutorInfo info;
        info.device = "Processor";
        info.weightBytes = spec().weightBytes();
        info.kvBytes = m_pass.cache().bytes() + m_pass.state().bytes();
        info.scratchBytes = m_pass.scratchBytes() + m_logits.size() * sizeof(float);
        return info;
    }

    Result<> truncate(std::uint32_t length) override
    {
        if (length > m_length)
            return fail(ErrorCode::InvalidArgument,
                        "The context holds " + std::to_string(m_length)
                            + " tokens and cannot be cut to " + std::to_string(length) + ".");
        if (const std::uint32_t nearest = restorable(length); nearest != length)
            return fail(ErrorCode::InvalidArgument,
                        "The context cannot be cut to " + std::to_string(length)
                            + " tokens, only to " + std::to_string(nearest) + ".");
        endRun();
        goBack(length);
        return {};
    }

    std::uint32_t restorable(std::uint32_t wanted) const override
    {
        if (wanted >= m_length)
            return m_length;
        const KvCache &cache = m_pass.cache();
        const RecurrentState &state = m_pass.state();
        if (!state.there())
            return cache.holds(wanted) ? wanted : 0;
        for (std::size_t i = state.lengths().size(); i-- > 0;) {
            const std::uint32_t length = state.lengths()[i];
            if (length <= wanted && cache.holds(length))
                return length;
        }
        return 0;
    }

    Result<> discard(std::uint32_t first, std::uint32_t count) override
    {
        if (first > m_length || count > m_length - first)
            return fail(ErrorCode::InvalidArgument,
                        "The context holds " + std::to_string(m_length) + " tokens; "
                            + std::to_string(count) + " from " + std::to_string(first)
                            + " on cannot be left out.");
        if (m_pass.state().there() || spec().positionEmbedding
            || !m_pass.cache().canDiscard(first, count, m_length))
            return fail(ErrorCode::Unsupported,
                        "This model's context cannot be shifted; evaluate the rest again.");
        try {
            m_pass.cache().discard(first, count, m_length);
        } catch (const std::bad_alloc &) {
            return fail(ErrorCode::OutOfMemory, "There is not enough memory to shift the context.");
        }
        endRun();
        m_length -= count;
        return {};
    }

    Result<> setAdapters(std::span<const AdapterUse> adapters) override
    {
        auto set = AdapterSet::bind(*m_model, adapters);
        if (!set)
            return fail(set.error());
        try {
            m_pass.setAdapters(std::move(*set));
        } catch (const std::bad_alloc &) {
            return fail(ErrorCode::OutOfMemory, "There is not enough memory for the adapters.");
        }
        return truncate(0);
    }

    Result<std::vector<float>> embed(std::span<const Token> tokens, Pooling pooling,
                                     const ForwardHooks &hooks) override
    {
        const std::vector<Token> text(tokens.begin(), tokens.end());
        auto all = embedAll({&text, 1}, pooling, hooks);
        if (!all)
            return fail(all.error());
        return std::move(all->front());
    }

    Result<std::vector<std::vector<float>>> embedAll(std::span<const std::vector<Token>> texts,
                                                     Pooling pooling,
                                                     const ForwardHooks &hooks) override
    {
        if (m_length > 0)
            return fail(ErrorCode::InvalidArgument,
                        "The context must be empty before a text is embedded.");
        std::size_t total = 0;
        for (const std::vector<Token> &text : texts) {
            if (auto valid = checkTokens(spec(), text, 0, m_capacity); !valid)
                return fail(valid.error());
            total += text.size();
        }
        endRun();
        if (pooling == Pooling::None)
            pooling = spec().pooling == Pooling::None ? Pooling::Mean : spec().pooling;
        std::vector<std::vector<float>> all;
        std::size_t before = 0; // tokens of the texts that are done
        ForwardHooks inner = hooks;
        if (hooks.progress)
            inner.progress = [&](std::size_t done, std::size_t) {
                hooks.progress(before + done, total);
            };
        try {
            while (all.size() < texts.size()) {
                const std::size_t first = all.size();
                // A decoder's KV cache belongs to one text.
                const std::size_t count =
                    spec().isEncoder() ? textsTogether(texts, first, m_capacity) : 1;
                if (spec().isEncoder()) {
                    if (auto done = encode(texts.subspan(first, count), pooling, inner, all); !done)
                        return fail(done.error());
                } else {
                    auto one = embedWithDecoder(texts[first], pooling, inner);
                    goBack(0);
                    if (!one)
                        return fail(one.error());
                    all.push_back(std::move(*one));
                }
                for (std::size_t i = first; i < all.size(); ++i)
                    before += texts[i].size();
            }
        } catch (const std::bad_alloc &) {
            goBack(0);
            return fail(ErrorCode::OutOfMemory, "There is not enough memory to embed this text.");
        }
        return all;
    }

    Result<std::vector<float>> forward(std::span<const Token> tokens, LogitRows rows,
                                       const ForwardHooks &hooks) override
    {
        if (spec().isEncoder())
            return fail(ErrorCode::Unsupported,
                        "This model computes embeddings only; it cannot write.");
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
            if (m_length % RecurrentState::kCheckpointEvery == 0)
                m_pass.state().save(m_length);
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
                || evaluateSlice(tokens.subspan(done, count), hooks) == Outcome::Cancelled)
                return cancelled();
            if (rows == LogitRows::All
                && m_pass.logits(count, result.data() + done * vocabulary, hooks.cancel)
                    == Outcome::Cancelled) {
                m_pass.state().restore(m_length);
                return cancelled();
            }
            done += count;
            m_length += static_cast<std::uint32_t>(count);
            if (hooks.progress)
                hooks.progress(done, tokens.size());
        }
        m_pass.state().save(m_length);
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

    // A slice that is cut off leaves a recurrent state somewhere in between: it goes back.
    Outcome evaluateSlice(std::span<const Token> tokens, const ForwardHooks &hooks)
    {
        m_pass.state().save(m_length);
        const Outcome outcome = m_pass.evaluate(tokens, m_length, hooks.cancel);
        if (outcome == Outcome::Cancelled)
            m_pass.state().restore(m_length);
        return outcome;
    }

    void goBack(std::uint32_t length)
    {
        if (length != m_length || length == 0)
            m_pass.state().restore(length);
        if (length == 0)
            m_pass.cache().clear();
        m_length = length;
    }

    // Texts that fit together.
    Result<> encode(std::span<const std::vector<Token>> texts, Pooling pooling,
                    const ForwardHooks &hooks, std::vector<std::vector<float>> &all)
    {
        std::size_t tokens = 0;
        for (const std::vector<Token> &text : texts)
            tokens += text.size();
        const std::size_t layers = spec().layers.size();
        std::size_t layersDone = 0;
        const auto layerDone = [&] {
            ++layersDone;
            if (hooks.progress)
                hooks.progress(tokens * layersDone / layers, tokens);
        };
        if (hooks.cancel.cancelled()
            || m_pass.encode(texts, layerDone, hooks.cancel) == Outcome::Cancelled)
            return fail(cancelled().error());
        std::size_t row = 0;
        for (const std::vector<Token> &text : texts) {
            PooledVector pooled(pooling, spec().width, text.size());
            for (std::size_t first = 0; first < text.size(); first += m_pass.batch()) {
                const std::size_t count = std::min(m_pass.batch(), text.size() - first);
                pooled.add({m_pass.hidden(row + first, count), count * spec().width});
            }
            row += text.size();
            all.push_back(pooled.result());
        }
        return {};
    }

    Result<std::vector<float>> embedWithDecoder(std::span<const Token> tokens, Pooling pooling,
                                                const ForwardHooks &hooks)
    {
        PooledVector pooled(pooling, spec().width, tokens.size());
        for (std::size_t done = 0; done < tokens.size();) {
            const std::size_t count = std::min(m_pass.batch(), tokens.size() - done);
            if (hooks.cancel.cancelled()
                || m_pass.evaluate(tokens.subspan(done, count), static_cast<std::uint32_t>(done),
                                   hooks.cancel)
                    == Outcome::Cancelled)
                return cancelled();
            pooled.add({m_pass.hidden(0, count), count * spec().width});
            done += count;
            if (hooks.progress)
                hooks.progress(done, tokens.size());
        }
        return pooled.result();
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
    const KvFormats formats{options.kvFormat, options.valueFormat.value_or(options.kvFormat)};
    if (formats.keys == KvFormat::Q4_0)
        return fail(ErrorCode::InvalidArgument,
                    "Keys cannot be kept in 4 bits, only values; choose 8 bits for the keys.");
    const std::uint32_t positions = contextLength(model->spec(), options);
    const std::uint32_t threads = options.threads ? options.threads : usableCores();
    std::uint64_t bytes = 0;
    try {
        const PreparedModel prepared(model->spec(), positions);
        bytes =
            KvCache::bytesFor(prepared, positions, formats) + RecurrentState::bytesFor(prepared);
        if (auto fits = checkMemory(positions, bytes); !fits)
            return fail(fits.error());
        auto executor = std::make_unique<CpuExecutor>(kernels, model, positions, formats, threads);
        if (readWeights(model->file(), hooks) == Outcome::Cancelled)
            return fail(ErrorCode::Cancelled, "Loading was stopped.");
        return executor;
    } catch (const std::bad_alloc &) {
        return fail(outOfMemory(positions, bytes));
    } catch (const std::length_error &) {
        return fail(outOfMemory(positions, bytes));
    }
}

} // namespace alcove::cpu
