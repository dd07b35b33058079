#include "core/cpu/reference_executor.h"

#include "core/cpu/sequence.h"
#include "core/llm/adapter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>

namespace alcove::cpu {

namespace {

using namespace alcove::llm;

// Rounds to the nearest half-precision value, ties to even; out of range becomes infinity.
float roundToHalf(float value)
{
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude >= 0x477ff000u) // 65520 and above, infinities, NaN
        return magnitude > 0x7f800000u ? value : std::copysign(INFINITY, value);
    if (magnitude < 0x38800000u) // below 2^-14: multiples of 2^-24
        return std::copysign(std::nearbyint(std::fabs(value) * 0x1p24f) * 0x1p-24f, value);
    const std::uint32_t rounded = bits + 0xfffu + ((bits >> 13) & 1u);
    return std::bit_cast<float>(rounded & 0xffffe000u);
}

void applyNorm(const Norm &norm, std::span<const float> x, std::span<float> y)
{
    const std::size_t n = x.size();
    std::vector<float> weight(n);
    dequantise(*norm.weight, 0, n, weight.data());
    double mean = 0;
    double squares = 0;
    for (const float v : x) {
        mean += v;
        squares += double(v) * v;
    }
    mean /= double(n);
    squares /= double(n);
    const bool centred = norm.kind == NormKind::Layer;
    const double variance = centred ? squares - mean * mean : squares;
    const auto factor = float(1.0 / std::sqrt(variance + double(norm.epsilon)));
    const auto shift = centred ? float(mean) : 0.0f;
    for (std::size_t i = 0; i < n; ++i)
        y[i] = (x[i] - shift) * factor * weight[i];
    if (norm.bias) {
        dequantise(*norm.bias, 0, n, weight.data());
        for (std::size_t i = 0; i < n; ++i)
            y[i] += weight[i];
    }
}

// Leaves y incomplete when `cancel` is set: whoever set it does not want the result.
void applyLinear(const Linear &linear, std::span<const float> x, std::span<float> y,
                 const CancelToken &cancel)
{
    const std::uint32_t inputs = linear.inputs();
    std::vector<float> row(inputs);
    for (std::uint32_t r = 0; r < linear.outputs() && !cancel.cancelled(); ++r) {
        dequantise(*linear.weight, std::uint64_t(r) * inputs, inputs, row.data());
        double sum = 0;
        for (std::uint32_t i = 0; i < inputs; ++i)
            sum += double(row[i]) * double(x[i]);
        y[r] = float(sum);
    }
    if (linear.bias) {
        row.resize(linear.outputs());
        dequantise(*linear.bias, 0, linear.outputs(), row.data());
        for (std::uint32_t r = 0; r < linear.outputs(); ++r)
            y[r] += row[r];
    }
}

void applyRope(const Rope &rope, std::uint32_t position, std::span<float> head)
{
    const std::uint32_t half = rope.dims / 2;
    for (std::uint32_t i = 0; i < half; ++i) {
        const std::uint32_t a = rope.pairs == RopePairs::Adjacent ? 2 * i : i;
        const std::uint32_t b = rope.pairs == RopePairs::Adjacent ? 2 * i + 1 : i + half;
        const double angle = double(position) * double(rope.frequencies[i]);
        const float c = float(std::cos(angle)) * rope.magnitude;
        const float s = float(std::sin(angle)) * rope.magnitude;
        const float x = head[a];
        const float y = head[b];
        head[a] = x * c - y * s;
        head[b] = x * s + y * c;
    }
}

// K and V of one layer, [capacity][kvHeads * headSize] each.
struct LayerCache {
    std::vector<float> keys;
    std::vector<float> values;
};

class ReferenceExecutor final : public Executor
{
public:
    ReferenceExecutor(std::shared_ptr<const Model> model, const ExecutorOptions &options)
        : m_model(std::move(model)), m_capacity(cpu::contextLength(m_model->spec(), options)),
          m_kvFormat(options.kvFormat)
    {
        for (const Layer &layer : spec().layers) {
            const auto &attention = std::get<Attention>(layer.mixer);
            const std::size_t size =
                std::size_t(m_capacity) * attention.kvHeads * attention.headSize;
            m_cache.push_back({std::vector<float>(size), std::vector<float>(size)});
        }
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

    Result<> setAdapters(std::span<const AdapterUse> adapters) override
    {
        auto set = AdapterSet::bind(*m_model, adapters);
        if (!set)
            return fail(set.error());
        m_adapters = std::move(*set);
        return truncate(0);
    }

    Result<> truncate(std::uint32_t length) override
    {
        if (length > m_length)
            return fail(ErrorCode::InvalidArgument, "The context is shorter than that.");
        endRun();
        m_logits.clear();
        m_length = length;
        return {};
    }

    Result<std::vector<float>> forward(std::span<const Token> tokens, LogitRows rows,
                                       const ForwardHooks &hooks) override
    {
        if (auto valid = checkTokens(spec(), tokens, m_length, m_capacity); !valid)
            return fail(valid.error());
        endRun();
        m_logits.clear();
        try {
            return evaluateAll(tokens, rows, hooks);
        } catch (const std::bad_alloc &) {
            m_logits.clear();
            return fail(noMemory());
        } catch (const std::length_error &) {
            m_logits.clear();
            return fail(noMemory());
        }
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
        try {
            if (m_pending) {
                const Token token = *m_pending;
                if (auto valid = checkTokens(spec(), {&token, 1}, m_length, m_capacity); !valid)
                    return fail(valid.error());
                evaluate(token, true, CancelToken());
                ++m_length;
            }
            m_pending = m_sampler->sample(m_logits);
        } catch (const std::bad_alloc &) {
            endRun();
            return fail(noMemory());
        }
        return *m_pending;
    }

private:
    static Error noMemory()
    {
        return {ErrorCode::OutOfMemory, "There is not enough memory to evaluate these tokens.", {}};
    }

    void endRun()
    {
        m_sampler.reset();
        m_pending.reset();
    }

    Result<std::vector<float>> evaluateAll(std::span<const Token> tokens, LogitRows rows,
                                           const ForwardHooks &hooks)
    {
        std::vector<float> result;
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            if (hooks.cancel.cancelled())
                return fail(ErrorCode::Cancelled, "Stopped.");
            const bool last = i + 1 == tokens.size();
            evaluate(tokens[i], last || rows == LogitRows::All, hooks.cancel);
            if (hooks.cancel.cancelled()) {
                m_logits.clear();
                return fail(ErrorCode::Cancelled, "Stopped.");
            }
            ++m_length;
            if (rows == LogitRows::All)
                result.insert(result.end(), m_logits.begin(), m_logits.end());
            if (hooks.progress)
                hooks.progress(i + 1, tokens.size());
        }
        if (rows == LogitRows::Last)
            result = m_logits;
        return result;
    }

    // With what the adapters add.
    void project(const Linear &linear, std::span<const float> x, std::span<float> y,
                 const CancelToken &cancel) const
    {
        applyLinear(linear, x, y, cancel);
        addLowRank(m_adapters.of(linear.weight), x, y);
    }

    // Computes the token at position m_length, which the caller then counts.
    void evaluate(Token token, bool wantsLogits, const CancelToken &cancel)
    {
        const ModelSpec &model = spec();
        std::vector<float> x(model.width);
        dequantise(*model.embedding, std::uint64_t(token) * model.width, model.width, x.data());
        addLowRankRow(m_adapters.embedding(), token, x);
        std::vector<float> normed(model.width);
        for (std::size_t i = 0; i < model.layers.size(); ++i) {
            const Layer &layer = model.layers[i];
            applyNorm(layer.mixerNorm, x, normed);
            attend(std::get<Attention>(layer.mixer), m_cache[i], normed, x, cancel);
            applyNorm(layer.feedForwardNorm, x, normed);
            feedForward(std::get<DenseFeedForward>(layer.feedForward), normed, x, cancel);
        }
        if (wantsLogits) {
            applyNorm(model.outputNorm, x, normed);
            m_logits.resize(model.vocabulary);
            project(model.output, normed, m_logits, cancel);
        }
    }

    void attend(const Attention &a, LayerCache &cache, std::span<const float> in,
                std::span<float> x, const CancelToken &cancel)
    {
        const std::size_t size = a.headSize;
        const std::size_t kvWidth = a.kvHeads * size;
        std::vector<float> query(a.heads * size);
        std::vector<float> key(kvWidth);
        std::vector<float> value(kvWidth);
        project(a.query, in, query, cancel);
        project(a.key, in, key, cancel);
        project(a.value, in, value, cancel);
        const auto prepare = [&](std::vector<float> &heads, const std::optional<Norm> &norm) {
            for (std::size_t h = 0; h < heads.size(); h += size) {
                const std::span<float> head(heads.data() + h, size);
                if (norm)
                    applyNorm(*norm, head, head);
                applyRope(a.rope, m_length, head);
            }
        };
        prepare(query, a.queryNorm);
        prepare(key, a.keyNorm);
        for (std::size_t i = 0; i < kvWidth; ++i) {
            const bool half = m_kvFormat == KvFormat::F16;
            cache.keys[m_length * kvWidth + i] = half ? roundToHalf(key[i]) : key[i];
            cache.values[m_length * kvWidth + i] = half ? roundToHalf(value[i]) : value[i];
        }
        std::vector<float> mixed(a.heads * size);
        std::vector<double> scores(m_length + 1);
        for (std::size_t h = 0; h < a.heads; ++h) {
            const std::size_t kvHead = h / (a.heads / a.kvHeads);
            double largest = -INFINITY;
            for (std::size_t t = 0; t <= m_length; ++t) {
                double dot = 0;
                for (std::size_t i = 0; i < size; ++i)
                    dot += double(query[h * size + i])
                        * double(cache.keys[t * kvWidth + kvHead * size + i]);
                scores[t] = dot * double(a.scale);
                largest = std::max(largest, scores[t]);
            }
            double total = 0;
            for (double &score : scores) {
                score = std::exp(score - largest);
                total += score;
            }
            for (std::size_t i = 0; i < size; ++i) {
                double sum = 0;
                for (std::size_t t = 0; t <= m_length; ++t)
                    sum += scores[t] * double(cache.values[t * kvWidth + kvHead * size + i]);
                mixed[h * size + i] = float(sum / total);
            }
        }
        std::vector<float> out(x.size());
        project(a.output, mixed, out, cancel);
        for (std::size_t i = 0; i < x.size(); ++i)
            x[i] += out[i];
    }

    void feedForward(const DenseFeedForward &f, std::span<const float> in, std::span<float> x,
                     const CancelToken &cancel) const
    {
        std::vector<float> gate(f.gate.outputs());
        std::vector<float> up(f.up.outputs());
        project(f.gate, in, gate, cancel);
        project(f.up, in, up, cancel);
        for (std::size_t i = 0; i < gate.size(); ++i)
            gate[i] = gate[i] / (1.0f + std::exp(-gate[i])) * up[i]; // SiLU
        std::vector<float> out(x.size());
        project(f.down, gate, out, cancel);
        for (std::size_t i = 0; i < x.size(); ++i)
            x[i] += out[i];
    }

    std::shared_ptr<const Model> m_model;
    AdapterSet m_adapters;
    std::uint32_t m_capacity;
    KvFormat m_kvFormat;
    std::uint32_t m_length = 0;
    std::vector<LayerCache> m_cache;
    std::vector<float> m_logits; // [vocabulary] of the last position, or empty
    std::optional<Sampler> m_sampler;
    std::optional<Token> m_pending; // drawn, not evaluated
};

} // namespace

Result<std::unique_ptr<Executor>> createReferenceExecutor(std::shared_ptr<const Model> model,
                                                          const ExecutorOptions &options,
                                                          const LoadHooks &hooks)
{
    if (!model)
        return fail(ErrorCode::InvalidArgument, "There is no model to run.");
    // It keeps float32 whatever the format, rounded to half where asked.
    const std::uint32_t positions = cpu::contextLength(model->spec(), options);
    if (auto fits = checkMemory(model->spec(), positions, KvFormat::F32); !fits)
        return fail(fits.error());
    if (hooks.cancel.cancelled())
        return fail(ErrorCode::Cancelled, "Loading was stopped.");
    try {
        return std::make_unique<ReferenceExecutor>(model, options);
    } catch (const std::bad_alloc &) {
        return fail(outOfMemory(model->spec(), positions, KvFormat::F32));
    } catch (const std::length_error &) {
        return fail(outOfMemory(model->spec(), positions, KvFormat::F32));
    }
}

} // namespace alcove::cpu
