// ForwardPass: computes a batch of tokens through all layers with a team of threads.
//
// Owns the threads, the KV cache and the working memory, all sized at creation: evaluating
// allocates nothing. It does not know how many positions are valid; its caller does. One thread at
// a time. Creation may throw std::bad_alloc.
#pragma once

#include "core/base/cancellation.h"
#include "core/cpu/buffer.h"
#include "core/cpu/kernels.h"
#include "core/cpu/kv_cache.h"
#include "core/cpu/prepared_model.h"
#include "core/cpu/thread_pool.h"

#include <cstdint>
#include <span>
#include <vector>

namespace alcove::cpu {

enum class Outcome { Done, Cancelled };

// Inputs of a matrix product for a batch, in float32 and, where asked for, in 8 bits.
class InputBuffer
{
public:
    InputBuffer() = default;
    InputBuffer(std::size_t tokens, std::size_t columns);

    Activations view(std::size_t tokens, std::size_t columns) const;
    float *values() { return m_values.data(); }
    // Quantises columns [first, last), multiples of 32, of one token.
    void quantise(const KernelTable &kernels, std::size_t token, std::size_t columns,
                  std::size_t first, std::size_t last);
    std::uint64_t bytes() const;

private:
    Buffer<float> m_values;
    Buffer<std::int8_t> m_quants;
    Buffer<float> m_scales;
    Buffer<float> m_sums16;
    Buffer<float> m_sums32;
};

class ForwardPass
{
public:
    ForwardPass(const llm::ModelSpec &spec, const KernelTable &kernels, std::uint32_t positions,
                llm::KvFormat format, std::uint32_t threads);

    // Tokens that one call takes at most.
    std::size_t batch() const { return m_batch; }

    // Evaluates tokens at `position` and after; writes their K and V. Cancelled: the positions'
    // K and V are undefined.
    Outcome evaluate(std::span<const llm::Token> tokens, std::uint32_t position,
                     const CancelToken &cancel);
    // Logits [tokens][vocabulary] of the last `tokens` tokens of the last evaluate().
    Outcome logits(std::size_t tokens, float *out, const CancelToken &cancel);

    std::uint32_t threads() const { return m_pool.size(); }
    std::uint64_t kvBytes() const { return m_cache.bytes(); }
    std::uint64_t scratchBytes() const;

private:
    struct Product {
        const PreparedLinear *linear = nullptr;
        float *out = nullptr; // [tokens][linear->rows]
    };

    // Normalises rows of m_x, from `firstToken` on, into m_normed, in 8 bits where a product of
    // `users` asks for it.
    void normalise(const PreparedNorm &norm, std::size_t firstToken, std::size_t tokens,
                   std::initializer_list<const PreparedLinear *> users);
    void applyNorm(const PreparedNorm &norm, const float *x, std::size_t width, float *out) const;
    void multiplyRows(const PreparedLinear &linear, std::size_t firstRow, std::size_t lastRow,
                      const Activations &x, float *out, std::uint32_t thread);
    // All products of the same input in one stage.
    void multiply(std::initializer_list<Product> products, const Activations &x,
                  const CancelToken &cancel);
    // m_x += linear * input
    void multiplyAndAdd(const PreparedLinear &linear, const Activations &x,
                        const CancelToken &cancel);
    void attention(std::size_t layer, std::size_t tokens, std::uint32_t position,
                   const CancelToken &cancel);
    void rotateAndStore(std::size_t layer, std::size_t token, std::uint32_t position);
    void attend(std::size_t layer, std::size_t tokens, std::uint32_t position,
                const CancelToken &cancel);
    void feedForward(const PreparedFeedForward &feedForward, std::size_t tokens,
                     const CancelToken &cancel);
    void computeAngles(std::size_t tokens, std::uint32_t position);

    const llm::ModelSpec &m_spec;
    const KernelTable &m_kernels;
    PreparedModel m_model;
    std::size_t m_batch;
    ThreadPool m_pool;
    KvCache m_cache;
    std::size_t m_tokens = 0; // of the last evaluate()

    Buffer<float> m_x; // [tokens][width], the residual stream
    InputBuffer m_normed;
    InputBuffer m_mixed; // the attention's output
    InputBuffer m_hidden; // the feed-forward's inner values
    Buffer<float> m_query; // [tokens][heads * headSize]
    Buffer<float> m_key; // [tokens][kvHeads * headSize]
    Buffer<float> m_value; // [tokens][kvHeads * headSize]
    Buffer<float> m_up; // [tokens][hidden]
    Buffer<float> m_product; // [tokens][width]
    std::vector<Buffer<float>> m_angles; // for each rope: [tokens][dims / 2] pairs of cos, sin
    Buffer<KernelScratch> m_scratch; // for each thread
    Buffer<float> m_attentionSums; // for each thread
    std::size_t m_attentionSumsStride = 0;
};

} // namespace alcove::cpu
