#include "core/cpu/reference_executor.h"

#include "core/cpu/reference_layers.h"
#include "core/cpu/reference_math.h"
#include "core/cpu/sequence.h"
#include "core/llm/adapter.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>

namespace alcove::cpu {

namespace {

using namespace alcove::llm;
using reference::Compute;
using reference::LayerSlice;
using reference::LayerState;
using reference::RecurrentState;

constexpr std::uint32_t kCheckpointEvery = 64; // positions
constexpr std::size_t kCheckpoints = 16;
constexpr std::uint32_t kKvBlock = 32; // values of a Q8_0 or Q4_0 block

// The recurrent layers' state after the first `length` positions.
struct Checkpoint {
    std::uint32_t length = 0;
    std::vector<RecurrentState> layers;
};

class ReferenceExecutor final : public Executor
{
public:
    ReferenceExecutor(std::shared_ptr<const Model> model, const ExecutorOptions &options,
                      std::uint32_t positions)
        : m_model(std::move(model)), m_capacity(positions), m_keyFormat(options.kvFormat),
          m_valueFormat(options.valueFormat.value_or(options.kvFormat))
    {
        for (const Layer &layer : spec().layers)
            m_states.push_back(reference::emptyState(layer, m_capacity));
    }

    const ModelSpec &spec() const override { return m_model->spec(); }

    ExecutorInfo info() const override
    {
        ExecutorInfo info;
        info.device = "Processor (reference)";
        info.weightBytes = spec().weightBytes();
        info.kvBytes = spec().kvBytesPerPosition(sizeof(float)) * m_capacity;
        return info;
    }

    std::uint32_t capacity() const override { return m_capacity; }
    std::uint32_t length() const override { return m_length; }

    std::uint32_t restorable(std::uint32_t wanted) const override
    {
        if (wanted >= m_length)
            return m_length;
        if (!spec().isRecurrent())
            return wanted;
        std::uint32_t best = 0; // the start needs no checkpoint
        for (const Checkpoint &one : m_checkpoints) {
            if (one.length <= wanted)
                best = std::max(best, one.length);
        }
        return best;
    }

    Result<> truncate(std::uint32_t length) override
    {
        if (length > m_length)
            return fail(ErrorCode::InvalidArgument, "The context is shorter than that.");
        if (restorable(length) != length)
            return fail(ErrorCode::InvalidArgument,
                        "This model's state cannot go back to that length.");
        try {
            restore(length);
        } catch (const std::bad_alloc &) {
            return fail(noMemory());
        }
        endRun();
        m_logits.clear();
        m_length = length;
        return {};
    }

    Result<> setAdapters(std::span<const AdapterUse> adapters) override
    {
        auto set = AdapterSet::bind(*m_model, adapters);
        if (!set)
            return fail(set.error());
        m_adapters = std::move(*set);
        return truncate(0);
    }

    Result<> discard(std::uint32_t first, std::uint32_t count) override
    {
        if (spec().isRecurrent() || spec().isEncoder() || spec().positionEmbedding)
            return Executor::discard(first, count);
        if (first > m_length || count > m_length - first)
            return fail(ErrorCode::InvalidArgument, "The context is shorter than that.");
        const CancelToken never;
        const Compute compute{m_adapters, never};
        for (std::size_t i = 0; i < m_states.size(); ++i)
            reference::discardPositions(std::get<Attention>(spec().layers[i].mixer), m_states[i],
                                        slice(first, count, compute), m_length);
        endRun();
        m_logits.clear();
        m_length -= count;
        return {};
    }

    Result<std::vector<float>> embed(std::span<const Token> tokens, Pooling pooling,
                                     const ForwardHooks &hooks) override
    {
        if (m_length > 0)
            return fail(ErrorCode::InvalidArgument, "Embeddings need an empty context.");
        if (auto valid = checkTokens(spec(), tokens, m_length, m_capacity); !valid)
            return fail(valid.error());
        endRun();
        m_logits.clear();
        auto result = guarded([&] { return pooled(tokens, pooling, hooks); });
        m_length = 0;
        m_checkpoints.clear();
        clearRecurrent();
        return result;
    }

    Result<std::vector<float>> forward(std::span<const Token> tokens, LogitRows rows,
                                       const ForwardHooks &hooks) override
    {
        if (spec().isEncoder())
            return fail(ErrorCode::Unsupported,
                        "This model turns text into embeddings; it does not write text.");
        if (auto valid = checkTokens(spec(), tokens, m_length, m_capacity); !valid)
            return fail(valid.error());
        endRun();
        m_logits.clear();
        auto result = guarded([&] { return evaluateAll(tokens, rows, hooks); });
        if (!result)
            m_logits.clear();
        return result;
    }

    Result<> startSampling(const SamplingParams &params, std::span<const Token> history) override
    {
        if (m_logits.empty())
            return fail(ErrorCode::InvalidArgument, "There is nothing to continue from.");
        endRun();
        try {
            m_sampler.emplace(params, history);
        } catch (const std::bad_alloc &) {
            return fail(noMemory());
        }
        return {};
    }

    Result<Token> sampleNext() override
    {
        if (!m_sampler)
            return fail(ErrorCode::InvalidArgument, "No sampling run was started.");
        const auto next = guarded([&]() -> Result<std::vector<float>> {
            if (m_pending) {
                const Token token = *m_pending;
                if (auto valid = checkTokens(spec(), {&token, 1}, m_length, m_capacity); !valid)
                    return fail(valid.error());
                if (auto done = advance(token, CancelToken()); !done)
                    return fail(done.error());
                computeLogits(CancelToken());
            }
            m_pending = m_sampler->sample(m_logits);
            return {};
        });
        if (next)
            return *m_pending;
        if (next.error().code == ErrorCode::OutOfMemory)
            endRun();
        return fail(next.error());
    }

private:
    static Error noMemory()
    {
        return {ErrorCode::OutOfMemory, "There is not enough memory to evaluate these tokens.", {}};
    }

    template <typename Work>
    static Result<std::vector<float>> guarded(Work work)
    {
        try {
            return work();
        } catch (const std::bad_alloc &) {
            return fail(noMemory());
        } catch (const std::length_error &) {
            return fail(noMemory());
        }
    }

    void endRun()
    {
        m_sampler.reset();
        m_pending.reset();
    }

    LayerSlice slice(std::uint32_t first, std::uint32_t count, const Compute &compute) const
    {
        return {first, count, m_capacity, m_keyFormat, m_valueFormat, compute};
    }

    std::vector<RecurrentState> recurrentStates() const
    {
        std::vector<RecurrentState> states;
        if (spec().isRecurrent()) {
            for (const LayerState &state : m_states)
                states.push_back(state.recurrent);
        }
        return states;
    }

    void clearRecurrent()
    {
        for (LayerState &state : m_states) {
            std::fill(state.recurrent.recent.begin(), state.recurrent.recent.end(), 0.0f);
            std::fill(state.recurrent.matrix.begin(), state.recurrent.matrix.end(), 0.0f);
        }
    }

    // Takes the recurrent layers back to `length`, which restorable() gave.
    void restore(std::uint32_t length)
    {
        if (!spec().isRecurrent() || length == m_length)
            return;
        std::vector<RecurrentState> states;
        for (const Checkpoint &one : m_checkpoints) {
            if (one.length == length)
                states = one.layers;
        }
        if (states.empty())
            clearRecurrent();
        for (std::size_t i = 0; i < states.size(); ++i)
            m_states[i].recurrent = std::move(states[i]);
        m_checkpoints.erase(
            std::remove_if(m_checkpoints.begin(), m_checkpoints.end(),
                           [&](const Checkpoint &one) { return one.length > length; }),
            m_checkpoints.end());
    }

    // Keeps the state as it is now. The newest one and the rest, spread out, are kept.
    void keepCheckpoint()
    {
        if (!spec().isRecurrent()
            || (!m_checkpoints.empty() && m_checkpoints.back().length == m_length))
            return;
        m_checkpoints.push_back({m_length, recurrentStates()});
        if (m_checkpoints.size() <= kCheckpoints)
            return;
        std::size_t closest = 0;
        std::uint32_t smallest = m_checkpoints.back().length;
        for (std::size_t i = 0; i + 1 < m_checkpoints.size(); ++i) {
            const std::uint32_t before = i == 0 ? 0 : m_checkpoints[i - 1].length;
            const std::uint32_t gap = m_checkpoints[i + 1].length - before;
            if (gap < smallest) {
                smallest = gap;
                closest = i;
            }
        }
        m_checkpoints.erase(m_checkpoints.begin() + std::ptrdiff_t(closest));
    }

    Result<std::vector<float>> evaluateAll(std::span<const Token> tokens, LogitRows rows,
                                           const ForwardHooks &hooks)
    {
        std::vector<float> result;
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            if (auto done = advance(tokens[i], hooks.cancel); !done)
                return fail(done.error());
            const bool last = i + 1 == tokens.size();
            if (last)
                keepCheckpoint();
            if (last || rows == LogitRows::All)
                computeLogits(hooks.cancel);
            if (hooks.cancel.cancelled())
                return fail(ErrorCode::Cancelled, "Stopped.");
            if (rows == LogitRows::All)
                result.insert(result.end(), m_logits.begin(), m_logits.end());
            if (hooks.progress)
                hooks.progress(i + 1, tokens.size());
        }
        if (rows == LogitRows::Last)
            result = m_logits;
        return result;
    }

    // Evaluates one token and counts it; leaves its hidden values behind.
    Result<> advance(Token token, const CancelToken &cancel)
    {
        if (auto done = evaluate({&token, 1}, cancel); !done)
            return done;
        ++m_length;
        if (m_length % kCheckpointEvery == 0)
            keepCheckpoint();
        return {};
    }

    // Computes the hidden values of the positions from m_length on, which the caller then counts.
    // When it fails, the recurrent layers are as before.
    Result<> evaluate(std::span<const Token> tokens, const CancelToken &cancel)
    {
        if (cancel.cancelled())
            return fail(ErrorCode::Cancelled, "Stopped.");
        const ModelSpec &model = spec();
        std::vector<RecurrentState> before = recurrentStates();
        const auto undo = [&] {
            for (std::size_t i = 0; i < before.size(); ++i)
                m_states[i].recurrent = std::move(before[i]);
        };
        try {
            m_hidden = embeddings(tokens);
            const Compute compute{m_adapters, cancel};
            const LayerSlice part = slice(m_length, std::uint32_t(tokens.size()), compute);
            for (std::size_t i = 0; i < model.layers.size(); ++i)
                reference::computeLayer(model.layers[i], m_states[i], part, m_hidden);
        } catch (...) {
            undo();
            throw;
        }
        if (cancel.cancelled()) {
            undo();
            return fail(ErrorCode::Cancelled, "Stopped.");
        }
        return {};
    }

    std::vector<float> embeddings(std::span<const Token> tokens) const
    {
        const ModelSpec &model = spec();
        const std::uint64_t width = model.width;
        std::vector<float> all(tokens.size() * width);
        std::vector<float> row(width);
        for (std::size_t n = 0; n < tokens.size(); ++n) {
            const std::span x(all.data() + n * width, width);
            dequantise(*model.embedding, std::uint64_t(tokens[n]) * width, width, x.data());
            addLowRankRow(m_adapters.embedding(), tokens[n], x);
            for (float &value : x)
                value *= model.embeddingScale;
            const auto add = [&](const Tensor *table, std::uint64_t index) {
                if (!table)
                    return;
                dequantise(*table, index * width, width, row.data());
                for (std::size_t i = 0; i < width; ++i)
                    x[i] += row[i];
            };
            add(model.segmentEmbedding, 0);
            add(model.positionEmbedding, m_length + n);
            reference::applyNorm(model.embeddingNorm, x, x);
        }
        return all;
    }

    // Of the last position that was evaluated.
    void computeLogits(const CancelToken &cancel)
    {
        const ModelSpec &model = spec();
        std::vector<float> normed(model.width);
        reference::applyNorm(model.outputNorm, m_hidden, normed);
        m_logits.resize(model.vocabulary);
        reference::applyLinear(model.output, normed, m_logits, Compute{m_adapters, cancel});
        for (float &logit : m_logits) {
            logit *= model.logitScale;
            if (model.logitSoftCap != 0.0f)
                logit = model.logitSoftCap * std::tanh(logit / model.logitSoftCap);
        }
    }

    Result<std::vector<float>> pooled(std::span<const Token> tokens, Pooling pooling,
                                      const ForwardHooks &hooks)
    {
        const ModelSpec &model = spec();
        if (pooling == Pooling::None)
            pooling = model.pooling == Pooling::None ? Pooling::Mean : model.pooling;
        std::vector<float> hidden;
        if (model.isEncoder()) {
            if (auto done = evaluate(tokens, hooks.cancel); !done)
                return fail(done.error());
            hidden = m_hidden;
            if (hooks.progress)
                hooks.progress(tokens.size(), tokens.size());
        } else {
            for (std::size_t i = 0; i < tokens.size(); ++i) {
                if (auto done = advance(tokens[i], hooks.cancel); !done)
                    return fail(done.error());
                hidden.insert(hidden.end(), m_hidden.begin(), m_hidden.end());
                if (hooks.progress)
                    hooks.progress(i + 1, tokens.size());
            }
        }
        std::vector<double> sum(model.width);
        const std::size_t count = pooling == Pooling::Mean ? tokens.size() : 1;
        const std::size_t first = pooling == Pooling::Last ? tokens.size() - 1 : 0;
        for (std::size_t n = first; n < first + count; ++n) {
            const std::span x(hidden.data() + n * model.width, model.width);
            reference::applyNorm(model.outputNorm, x, x);
            for (std::size_t i = 0; i < x.size(); ++i)
                sum[i] += double(x[i]);
        }
        std::vector<float> result;
        for (const double value : sum)
            result.push_back(float(value / double(count)));
        return result;
    }

    std::shared_ptr<const Model> m_model;
    AdapterSet m_adapters;
    std::uint32_t m_capacity;
    KvFormat m_keyFormat;
    KvFormat m_valueFormat;
    std::uint32_t m_length = 0;
    std::vector<LayerState> m_states;
    std::vector<Checkpoint> m_checkpoints; // by length, the longest last
    std::vector<float> m_hidden; // [positions of the last slice][width]
    std::vector<float> m_logits; // [vocabulary] of the last position, or empty
    std::optional<Sampler> m_sampler;
    std::optional<Token> m_pending; // drawn, not evaluated
};

Result<> checkFormats(const ModelSpec &spec, const ExecutorOptions &options)
{
    if (options.kvFormat == KvFormat::Q4_0)
        return fail(ErrorCode::InvalidArgument, "Keys cannot be kept as Q4_0; only values can.");
    const auto blocks = [](KvFormat format) {
        return format == KvFormat::Q8_0 || format == KvFormat::Q4_0;
    };
    if (!blocks(options.kvFormat) && !blocks(options.valueFormat.value_or(KvFormat::F32)))
        return {};
    for (const Layer &layer : spec.layers) {
        const auto *attention = std::get_if<Attention>(&layer.mixer);
        if (attention && attention->headSize % kKvBlock != 0)
            return fail(ErrorCode::InvalidArgument,
                        "This model's heads do not divide into blocks of 32, as a quantised KV "
                        "cache needs; choose F16.");
    }
    return {};
}

} // namespace

Result<std::unique_ptr<Executor>> createReferenceExecutor(std::shared_ptr<const Model> model,
                                                          const ExecutorOptions &options,
                                                          const LoadHooks &hooks)
{
    if (!model)
        return fail(ErrorCode::InvalidArgument, "There is no model to run.");
    const ModelSpec &spec = model->spec();
    if (auto formats = checkFormats(spec, options); !formats)
        return fail(formats.error());
    const std::uint32_t positions = contextLength(spec, options);
    // It keeps float32 whatever the format, rounded as asked, and every position.
    const std::uint64_t bytes = spec.kvBytesPerPosition(sizeof(float)) * positions;
    if (auto fits = checkMemory(positions, bytes); !fits)
        return fail(fits.error());
    if (hooks.cancel.cancelled())
        return fail(ErrorCode::Cancelled, "Loading was stopped.");
    try {
        return std::make_unique<ReferenceExecutor>(model, options, positions);
    } catch (const std::bad_alloc &) {
        return fail(outOfMemory(positions, bytes));
    } catch (const std::length_error &) {
        return fail(outOfMemory(positions, bytes));
    }
}

} // namespace alcove::cpu
