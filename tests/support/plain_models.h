// Tiny models with random weights of the families that no fixture is of, and what each computes by
// its published definition, token by token in double precision.
#pragma once

#include "tests/support/gguf_writer.h"
#include "tests/support/plain_math.h"

#include <map>
#include <random>
#include <string>
#include <vector>

namespace alcove::test {

class PlainModel
{
public:
    virtual ~PlainModel() = default;

    const GgufWriter &file() const { return m_file; }
    GgufWriter &file() { return m_file; }
    // A decoder's logits, an encoder's last hidden values: one row a token.
    virtual plain::Rows compute(const std::vector<int> &tokens) const = 0;

protected:
    PlainModel(std::string family, std::uint32_t seed) : m_family(std::move(family)), m_random(seed)
    {
        m_file.text("general.architecture", m_family);
        u32("embedding_length", std::uint32_t(kWidth));
        u32("context_length", 128);
        u32("attention.head_count", std::uint32_t(kHeads));
        matrix("token_embd", kWidth, kVocabulary);
    }

    void u32(const std::string &key, std::uint32_t value)
    {
        m_file.u32(m_family + "." + key, value);
    }
    void f32(const std::string &key, double value)
    {
        m_file.f32(m_family + "." + key, float(value));
    }
    // [outputs][inputs], or with `count` of them one after the other.
    void matrix(const std::string &name, std::size_t inputs, std::size_t outputs,
                std::size_t count = 1)
    {
        std::vector<std::uint64_t> shape = {inputs, outputs};
        if (count > 1)
            shape.push_back(count);
        add(name + ".weight", std::move(shape), 0, 2 / std::sqrt(double(inputs)));
    }
    void vector(const std::string &name, std::size_t size, double middle, double spread = 0.5)
    {
        add(name, {size}, middle, spread);
    }
    void add(const std::string &name, std::vector<std::uint64_t> shape, double middle,
             double spread)
    {
        std::size_t count = 1;
        for (const std::uint64_t size : shape)
            count *= size;
        std::uniform_real_distribution<float> draw{float(middle - spread), float(middle + spread)};
        std::vector<float> values(count);
        for (float &value : values)
            value = draw(m_random);
        m_values[name] = plain::Vector(values.begin(), values.end());
        m_file.floats(name, std::move(shape), values);
    }

    const plain::Vector &at(const std::string &name) const { return m_values.at(name); }
    const plain::Vector &w(const std::string &name) const { return at(name + ".weight"); }
    plain::Vector row(const std::string &name, std::size_t index) const
    {
        const auto first = w(name).begin() + std::ptrdiff_t(index * kWidth);
        return {first, first + std::ptrdiff_t(kWidth)};
    }
    // The names of a layer begin so.
    static std::string block(std::size_t layer) { return "blk." + std::to_string(layer) + "."; }

    // Gate, up and down matrices as in Shazeer 2020 with SiLU; `expert`: which of several.
    plain::Vector swiglu(const std::string &begin, const std::string &end, const plain::Vector &x,
                         std::size_t hidden, std::size_t expert = 0) const
    {
        using namespace plain;
        const std::size_t first = expert * hidden * kWidth;
        return product(w(begin + "ffn_down" + end),
                       times(silu(product(w(begin + "ffn_gate" + end), x, hidden, first)),
                             product(w(begin + "ffn_up" + end), x, hidden, first)),
                       kWidth, first);
    }

    static constexpr std::size_t kWidth = 48;
    static constexpr std::size_t kHeads = 6;
    static constexpr std::size_t kHeadSize = 8;
    static constexpr std::size_t kVocabulary = 40;

    std::string m_family;
    GgufWriter m_file;

private:
    std::mt19937 m_random;
    std::map<std::string, plain::Vector> m_values; // rows one after the other
};

// Granite 3.0's mixture of experts: factors on embedding, scores, residuals and logits; experts
// weighted by a softmax over the chosen ones' logits; in later ones an expert that every token
// passes.
class PlainGraniteMoe : public PlainModel
{
public:
    explicit PlainGraniteMoe(bool shared) : PlainModel("granitemoe", 11), m_shared(shared)
    {
        u32("block_count", kLayers);
        u32("feed_forward_length", kHidden);
        u32("attention.head_count_kv", kKvHeads);
        f32("attention.layer_norm_rms_epsilon", 1e-6);
        f32("attention.scale", kScoreScale);
        f32("embedding_scale", kEmbeddingScale);
        f32("residual_scale", kResidualScale);
        f32("logit_scale", kLogitScale);
        f32("rope.freq_base", kBase);
        u32("expert_count", kExperts);
        u32("expert_used_count", kUsed);
        if (shared)
            u32("expert_shared_feed_forward_length", kSharedHidden);
        for (std::size_t i = 0; i < kLayers; ++i) {
            const std::string b = block(i);
            vector(b + "attn_norm.weight", kWidth, 1);
            vector(b + "ffn_norm.weight", kWidth, 1);
            matrix(b + "attn_q", kWidth, kHeads * kHeadSize);
            matrix(b + "attn_k", kWidth, kKvHeads * kHeadSize);
            matrix(b + "attn_v", kWidth, kKvHeads * kHeadSize);
            matrix(b + "attn_output", kHeads * kHeadSize, kWidth);
            matrix(b + "ffn_gate_inp", kWidth, kExperts);
            matrix(b + "ffn_gate_exps", kWidth, kHidden, kExperts);
            matrix(b + "ffn_up_exps", kWidth, kHidden, kExperts);
            matrix(b + "ffn_down_exps", kHidden, kWidth, kExperts);
            if (shared) {
                matrix(b + "ffn_gate_shexp", kWidth, kSharedHidden);
                matrix(b + "ffn_up_shexp", kWidth, kSharedHidden);
                matrix(b + "ffn_down_shexp", kSharedHidden, kWidth);
            }
        }
        vector("output_norm.weight", kWidth, 1);
    }

    plain::Rows compute(const std::vector<int> &tokens) const override
    {
        using namespace plain;
        Rows x;
        for (const int token : tokens)
            x.push_back(
                sum(Vector(kWidth), row("token_embd", std::size_t(token)), kEmbeddingScale));
        for (std::size_t i = 0; i < kLayers; ++i) {
            const std::string b = block(i);
            Rows q, k, v;
            for (std::size_t t = 0; t < x.size(); ++t) {
                const Vector normed = rmsNorm(x[t], w(b + "attn_norm"), 1e-6);
                q.push_back(product(w(b + "attn_q"), normed, kHeads * kHeadSize));
                k.push_back(product(w(b + "attn_k"), normed, kKvHeads * kHeadSize));
                v.push_back(product(w(b + "attn_v"), normed, kKvHeads * kHeadSize));
                // Files of llama's kin have the two halves of a head woven into each other.
                rotate(q.back(), kHeadSize, t, kBase, Pairs::Neighbours);
                rotate(k.back(), kHeadSize, t, kBase, Pairs::Neighbours);
            }
            const Rows mixed =
                attend({kHeads, kKvHeads, kHeadSize, kScoreScale, true, {}}, q, k, v);
            for (std::size_t t = 0; t < x.size(); ++t) {
                x[t] = sum(x[t], product(w(b + "attn_output"), mixed[t], kWidth), kResidualScale);
                const Vector normed = rmsNorm(x[t], w(b + "ffn_norm"), 1e-6);
                x[t] = sum(x[t], feedForward(b, normed), kResidualScale);
            }
        }
        Rows logits;
        for (const Vector &one : x) {
            // Tied: the embedding's rows are the output's.
            const Vector last =
                product(w("token_embd"), rmsNorm(one, w("output_norm"), 1e-6), kVocabulary);
            logits.push_back(sum(Vector(kVocabulary), last, 1 / kLogitScale));
        }
        return logits;
    }

private:
    plain::Vector feedForward(const std::string &b, const plain::Vector &x) const
    {
        using namespace plain;
        const Vector router = product(w(b + "ffn_gate_inp"), x, kExperts);
        const auto chosen = largest(router, kUsed);
        Vector logits;
        for (const std::size_t expert : chosen)
            logits.push_back(router[expert]);
        const Vector shares = softmax(logits);
        Vector y(kWidth);
        for (std::size_t i = 0; i < kUsed; ++i)
            y = sum(y, swiglu(b, "_exps", x, kHidden, chosen[i]), shares[i]);
        if (m_shared)
            y = sum(y, swiglu(b, "_shexp", x, kSharedHidden));
        return y;
    }

    static constexpr std::uint32_t kLayers = 2, kHidden = 20, kKvHeads = 2, kExperts = 7, kUsed = 3,
                                   kSharedHidden = 28;
    static constexpr double kScoreScale = 0.25, kEmbeddingScale = 6, kResidualScale = 0.375,
                            kLogitScale = 4, kBase = 5000;
    bool m_shared;
};

// Liquid's LFM2 with experts: layers without key heads are short convolutions between two gates;
// the first layers are dense; experts are chosen by sigmoid and bias, and weighted without it.
class PlainLfm2Moe : public PlainModel
{
public:
    PlainLfm2Moe() : PlainModel("lfm2moe", 12)
    {
        u32("block_count", kLayers);
        u32("feed_forward_length", kDenseHidden);
        u32("expert_feed_forward_length", kHidden);
        m_file.numbers("lfm2moe.attention.head_count_kv", llm::GgufValueType::Int32,
                       std::vector<std::int32_t>(std::begin(kKvHeads), std::end(kKvHeads)));
        f32("attention.layer_norm_rms_epsilon", 1e-5);
        f32("rope.freq_base", kBase);
        u32("shortconv.l_cache", kTaps);
        u32("leading_dense_block_count", kDense);
        u32("expert_count", kExperts);
        u32("expert_used_count", kUsed);
        u32("expert_gating_func", 2); // sigmoid
        for (std::size_t i = 0; i < kLayers; ++i) {
            const std::string b = block(i);
            vector(b + "attn_norm.weight", kWidth, 1);
            vector(b + "ffn_norm.weight", kWidth, 1);
            if (kKvHeads[i] == 0) {
                matrix(b + "shortconv.in_proj", kWidth, 3 * kWidth);
                add(b + "shortconv.conv.weight", {kTaps, kWidth}, 0, 1);
                matrix(b + "shortconv.out_proj", kWidth, kWidth);
            } else {
                const std::size_t kv = std::size_t(kKvHeads[i]) * kHeadSize;
                matrix(b + "attn_q", kWidth, kHeads * kHeadSize);
                matrix(b + "attn_k", kWidth, kv);
                matrix(b + "attn_v", kWidth, kv);
                matrix(b + "attn_output", kHeads * kHeadSize, kWidth);
                vector(b + "attn_q_norm.weight", kHeadSize, 1.5);
                vector(b + "attn_k_norm.weight", kHeadSize, 1.5);
            }
            if (i < kDense) {
                matrix(b + "ffn_gate", kWidth, kDenseHidden);
                matrix(b + "ffn_up", kWidth, kDenseHidden);
                matrix(b + "ffn_down", kDenseHidden, kWidth);
            } else {
                matrix(b + "ffn_gate_inp", kWidth, kExperts);
                vector(b + "exp_probs_b.bias", kExperts, 0, 0.6);
                matrix(b + "ffn_gate_exps", kWidth, kHidden, kExperts);
                matrix(b + "ffn_up_exps", kWidth, kHidden, kExperts);
                matrix(b + "ffn_down_exps", kHidden, kWidth, kExperts);
            }
        }
        vector("token_embd_norm.weight", kWidth, 1);
    }

    plain::Rows compute(const std::vector<int> &tokens) const override
    {
        using namespace plain;
        Rows x;
        for (const int token : tokens)
            x.push_back(row("token_embd", std::size_t(token)));
        for (std::size_t i = 0; i < kLayers; ++i) {
            const std::string b = block(i);
            Rows normed;
            for (const Vector &one : x)
                normed.push_back(rmsNorm(one, w(b + "attn_norm"), kEpsilon));
            const Rows mixed = kKvHeads[i] == 0 ? convolve(b, normed)
                                                : attention(b, std::size_t(kKvHeads[i]), normed);
            for (std::size_t t = 0; t < x.size(); ++t) {
                x[t] = sum(x[t], mixed[t]);
                const Vector in = rmsNorm(x[t], w(b + "ffn_norm"), kEpsilon);
                x[t] = sum(x[t], i < kDense ? swiglu(b, "", in, kDenseHidden) : experts(b, in));
            }
        }
        Rows logits;
        for (const Vector &one : x)
            logits.push_back(product(w("token_embd"), rmsNorm(one, w("token_embd_norm"), kEpsilon),
                                     kVocabulary));
        return logits;
    }

private:
    plain::Rows convolve(const std::string &b, const plain::Rows &x) const
    {
        using namespace plain;
        Rows gated;
        Rows out;
        for (std::size_t t = 0; t < x.size(); ++t) {
            const Vector in = product(w(b + "shortconv.in_proj"), x[t], 3 * kWidth);
            gated.emplace_back();
            Vector y(kWidth);
            for (std::size_t c = 0; c < kWidth; ++c) {
                gated[t].push_back(in[c] * in[2 * kWidth + c]);
                for (std::size_t back = 0; back < kTaps && back <= t; ++back)
                    y[c] +=
                        w(b + "shortconv.conv")[c * kTaps + kTaps - 1 - back] * gated[t - back][c];
                y[c] *= in[kWidth + c];
            }
            out.push_back(product(w(b + "shortconv.out_proj"), y, kWidth));
        }
        return out;
    }

    plain::Vector headNorms(const plain::Vector &x, const plain::Vector &weight) const
    {
        plain::Vector out;
        for (auto head = x.begin(); head != x.end(); head += kHeadSize) {
            const plain::Vector normed =
                plain::rmsNorm({head, head + std::ptrdiff_t(kHeadSize)}, weight, kEpsilon);
            out.insert(out.end(), normed.begin(), normed.end());
        }
        return out;
    }

    plain::Rows attention(const std::string &b, std::size_t kvHeads, const plain::Rows &x) const
    {
        using namespace plain;
        Rows q, k, v;
        for (std::size_t t = 0; t < x.size(); ++t) {
            q.push_back(headNorms(product(w(b + "attn_q"), x[t], kHeads * kHeadSize),
                                  w(b + "attn_q_norm")));
            k.push_back(headNorms(product(w(b + "attn_k"), x[t], kvHeads * kHeadSize),
                                  w(b + "attn_k_norm")));
            v.push_back(product(w(b + "attn_v"), x[t], kvHeads * kHeadSize));
            rotate(q.back(), kHeadSize, t, kBase, Pairs::Halves);
            rotate(k.back(), kHeadSize, t, kBase, Pairs::Halves);
        }
        Rows out;
        for (const Vector &one : attend(
                 {kHeads, kvHeads, kHeadSize, 1 / std::sqrt(double(kHeadSize)), true, {}}, q, k, v))
            out.push_back(product(w(b + "attn_output"), one, kWidth));
        return out;
    }

    plain::Vector experts(const std::string &b, const plain::Vector &x) const
    {
        using namespace plain;
        Vector shares = product(w(b + "ffn_gate_inp"), x, kExperts);
        for (double &share : shares)
            share = sigmoid(share);
        const auto chosen = largest(sum(shares, at(b + "exp_probs_b.bias")), kUsed);
        double total = 1e-6; // as its publisher's program has it
        for (const std::size_t expert : chosen)
            total += shares[expert];
        Vector y(kWidth);
        for (const std::size_t expert : chosen)
            y = sum(y, swiglu(b, "_exps", x, kHidden, expert), shares[expert] / total);
        return y;
    }

    static constexpr std::uint32_t kLayers = 4, kDense = 1, kDenseHidden = 36, kHidden = 20,
                                   kTaps = 3, kExperts = 7, kUsed = 3;
    static constexpr std::int32_t kKvHeads[kLayers] = {0, 2, 0, 2};
    static constexpr double kEpsilon = 1e-5, kBase = 1000;
};

// JinaBERT 2: no positions but ALiBi's, to both sides; norms behind the sums; GELU of a gate. Six
// heads: where their number is no power of two, slopes of twice as many are in between.
class PlainJinaBert : public PlainModel
{
public:
    enum class Gate { Apart, Fused };
    enum class HeadNorms { No, Yes };

    PlainJinaBert(Gate gate, HeadNorms norms)
        : PlainModel("jina-bert-v2", 13), m_gate(gate), m_norms(norms)
    {
        u32("block_count", kLayers);
        u32("feed_forward_length", kHidden);
        f32("attention.layer_norm_epsilon", kEpsilon);
        m_file.flag("jina-bert-v2.attention.causal", false);
        matrix("token_types", kWidth, 2);
        addNorm("token_embd_norm", kWidth);
        for (std::size_t i = 0; i < kLayers; ++i) {
            const std::string b = block(i);
            for (const char *name : {"attn_q", "attn_k", "attn_v", "attn_output"}) {
                matrix(b + name, kWidth, kWidth);
                vector(b + name + ".bias", kWidth, 0);
            }
            if (norms == HeadNorms::Yes) {
                addNorm(b + "attn_q_norm", kWidth);
                addNorm(b + "attn_k_norm", kWidth);
            }
            addNorm(b + "attn_output_norm", kWidth);
            if (gate == Gate::Apart)
                matrix(b + "ffn_gate", kWidth, kHidden);
            matrix(b + "ffn_up", kWidth, gate == Gate::Fused ? 2 * kHidden : kHidden);
            matrix(b + "ffn_down", kHidden, kWidth);
            vector(b + "ffn_down.bias", kWidth, 0);
            addNorm(b + "layer_output_norm", kWidth);
        }
    }

    plain::Rows compute(const std::vector<int> &tokens) const override
    {
        using namespace plain;
        // 2^-2, 2^-4, 2^-6, 2^-8 are those of four heads; 2^-1 and 2^-3 those of eight between.
        const Vector slopes = {0.25, 0.0625, 0.015625, 0.00390625, 0.5, 0.125};
        const AttentionShape shape{kHeads, kHeads, kHeadSize, 1 / std::sqrt(double(kHeadSize)),
                                   false,  slopes};
        Rows x;
        for (const int token : tokens)
            x.push_back(norm("token_embd_norm",
                             sum(row("token_embd", std::size_t(token)), row("token_types", 0))));
        for (std::size_t i = 0; i < kLayers; ++i) {
            const std::string b = block(i);
            Rows q, k, v;
            for (const Vector &one : x) {
                q.push_back(linear(b + "attn_q", one));
                k.push_back(linear(b + "attn_k", one));
                v.push_back(linear(b + "attn_v", one));
                if (m_norms == HeadNorms::Yes) {
                    q.back() = norm(b + "attn_q_norm", q.back());
                    k.back() = norm(b + "attn_k_norm", k.back());
                }
            }
            const Rows mixed = attend(shape, q, k, v);
            for (std::size_t t = 0; t < x.size(); ++t) {
                x[t] = norm(b + "attn_output_norm", sum(x[t], linear(b + "attn_output", mixed[t])));
                const Vector &gateMatrix = w(b + (m_gate == Gate::Fused ? "ffn_up" : "ffn_gate"));
                const Vector gate = gelu(product(gateMatrix, x[t], kHidden));
                const Vector up = product(w(b + "ffn_up"), x[t], kHidden,
                                          m_gate == Gate::Fused ? kHidden * kWidth : 0);
                x[t] = norm(b + "layer_output_norm",
                            sum(x[t], linear(b + "ffn_down", times(gate, up))));
            }
        }
        return x;
    }

private:
    void addNorm(const std::string &name, std::size_t size)
    {
        vector(name + ".weight", size, 1);
        vector(name + ".bias", size, 0);
    }
    plain::Vector norm(const std::string &name, const plain::Vector &x) const
    {
        return plain::layerNorm(x, w(name), at(name + ".bias"), kEpsilon);
    }
    plain::Vector linear(const std::string &name, const plain::Vector &x) const
    {
        return plain::sum(plain::product(w(name), x, kWidth), at(name + ".bias"));
    }

    static constexpr std::uint32_t kLayers = 2, kHidden = 20;
    static constexpr double kEpsilon = 1e-12;
    Gate m_gate;
    HeadNorms m_norms;
};

} // namespace alcove::test
