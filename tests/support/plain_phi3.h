// Phi 3 with factors per pair of its positions' frequencies: the short ones up to the context that
// it was first trained for, the long ones in a longer.
#pragma once

#include "tests/support/plain_models.h"

namespace alcove::test {

class PlainPhi3 : public PlainModel
{
public:
    static constexpr std::uint32_t kOriginalContext = 32;
    enum class Factors { Short, Long }; // that compute() takes

    explicit PlainPhi3(Factors factors) : PlainModel("phi3", 14), m_factors(factors)
    {
        u32("block_count", kLayers);
        u32("feed_forward_length", kHidden);
        u32("attention.head_count_kv", kKvHeads);
        f32("attention.layer_norm_rms_epsilon", kEpsilon);
        u32("rope.dimension_count", std::uint32_t(kHeadSize));
        f32("rope.freq_base", kBase);
        u32("rope.scaling.original_context_length", kOriginalContext);
        f32("rope.scaling.attn_factor", kMagnitude);
        // Around numbers as published: near 1, and growing along the head.
        add("rope_factors_short.weight", {kHeadSize / 2}, 1.3, 0.25);
        add("rope_factors_long.weight", {kHeadSize / 2}, 6, 4);
        for (std::size_t i = 0; i < kLayers; ++i) {
            const std::string b = block(i);
            vector(b + "attn_norm.weight", kWidth, 1);
            vector(b + "ffn_norm.weight", kWidth, 1);
            matrix(b + "attn_qkv", kWidth, (kHeads + 2 * kKvHeads) * kHeadSize);
            matrix(b + "attn_output", kHeads * kHeadSize, kWidth);
            matrix(b + "ffn_up", kWidth, 2 * kHidden);
            matrix(b + "ffn_down", kHidden, kWidth);
        }
        vector("output_norm.weight", kWidth, 1);
        matrix("output", kWidth, kVocabulary);
    }

    plain::Rows compute(const std::vector<int> &tokens) const override
    {
        using namespace plain;
        const std::size_t kvWidth = kKvHeads * kHeadSize;
        const AttentionShape shape{kHeads, kKvHeads, kHeadSize, 1 / std::sqrt(double(kHeadSize)),
                                   true,   {}};
        Rows x;
        for (const int token : tokens)
            x.push_back(row("token_embd", std::size_t(token)));
        for (std::size_t i = 0; i < kLayers; ++i) {
            const std::string b = block(i);
            const Vector &fused = w(b + "attn_qkv"); // rows of q, of k, of v
            Rows q, k, v;
            for (std::size_t t = 0; t < x.size(); ++t) {
                const Vector normed = rmsNorm(x[t], w(b + "attn_norm"), kEpsilon);
                q.push_back(product(fused, normed, kWidth));
                k.push_back(product(fused, normed, kvWidth, kWidth * kWidth));
                v.push_back(product(fused, normed, kvWidth, (kWidth + kvWidth) * kWidth));
                turnHeads(q.back(), t);
                turnHeads(k.back(), t);
            }
            const Rows mixed = attend(shape, q, k, v);
            for (std::size_t t = 0; t < x.size(); ++t) {
                x[t] = sum(x[t], product(w(b + "attn_output"), mixed[t], kWidth));
                const Vector normed = rmsNorm(x[t], w(b + "ffn_norm"), kEpsilon);
                const Vector gate = silu(product(w(b + "ffn_up"), normed, kHidden));
                const Vector up = product(w(b + "ffn_up"), normed, kHidden, kHidden * kWidth);
                x[t] = sum(x[t], product(w(b + "ffn_down"), times(gate, up), kWidth));
            }
        }
        Rows logits;
        for (const Vector &one : x)
            logits.push_back(
                product(w("output"), rmsNorm(one, w("output_norm"), kEpsilon), kVocabulary));
        return logits;
    }

private:
    void turnHeads(plain::Vector &x, std::size_t position) const
    {
        const plain::Vector &factors =
            w(m_factors == Factors::Short ? "rope_factors_short" : "rope_factors_long");
        const std::size_t half = kHeadSize / 2;
        for (std::size_t head = 0; head < x.size(); head += kHeadSize) {
            for (std::size_t i = 0; i < half; ++i) {
                const double frequency =
                    1 / (factors[i] * std::pow(kBase, double(2 * i) / double(kHeadSize)));
                plain::turn(x[head + i], x[head + half + i], double(position) * frequency);
                x[head + i] *= kMagnitude;
                x[head + half + i] *= kMagnitude;
            }
        }
    }

    static constexpr std::uint32_t kLayers = 2, kHidden = 20, kKvHeads = 3;
    static constexpr double kEpsilon = 1e-5, kBase = 100, kMagnitude = 1.1875; // floats hold it
    Factors m_factors;
};

} // namespace alcove::test
