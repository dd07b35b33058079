// ForwardPass: computes a batch of tokens through all layers with a team of threads.
//
// Owns the threads, the KV cache, the recurrent layers' state and the working memory, all sized at
// creation: evaluating allocates nothing. It does not know how many positions are valid; its caller
// does. One thread at a time. Creation may throw std::bad_alloc.
//
// The sources are by subject: attention_pass.cpp, feed_forward_pass.cpp, expert_pass.cpp,
// recurrent_pass.cpp; forward_pass.cpp holds what they share and the way through the layers.
#pragma once

#include "core/base/cancellation.h"
#include "core/cpu/buffer.h"
#include "core/cpu/input_buffer.h"
#include "core/cpu/kernels.h"
#include "core/cpu/kv_cache.h"
#include "core/cpu/low_rank.h"
#include "core/cpu/prepared_model.h"
#include "core/cpu/recurrent_state.h"
#include "core/cpu/thread_pool.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace alcove::cpu {

enum class Outcome { Done, Cancelled };

class ForwardPass
{
public:
    ForwardPass(const llm::ModelSpec &spec, const KernelTable &kernels, std::uint32_t positions,
                KvFormats formats, std::uint32_t threads);
    ForwardPass(const ForwardPass &) = delete;
    ForwardPass &operator=(const ForwardPass &) = delete;

    // Tokens that one call of evaluate() takes at most.
    std::size_t batch() const { return m_batch; }

    // A decoder: evaluates tokens at `position` and after; writes their K and V and moves recurrent
    // states on. Cancelled: those of these positions are undefined.
    Outcome evaluate(std::span<const llm::Token> tokens, std::uint32_t position,
                     const CancelToken &cancel);
    // Logits [tokens][vocabulary] of the last `tokens` tokens of the last evaluate().
    Outcome logits(std::size_t tokens, float *out, const CancelToken &cancel);

    // An encoder: evaluates whole texts, layer by layer; `layerDone` hears of each. Their tokens
    // are no more than the positions, all together; they see nothing of each other.
    Outcome encode(std::span<const std::vector<llm::Token>> texts,
                   const std::function<void()> &layerDone, const CancelToken &cancel);
    // The hidden values behind the output norm, [count][width], of tokens [first, first + count) of
    // the last evaluate() or encode(), whose texts follow one another; count <= batch(). Valid
    // until the next call.
    const float *hidden(std::size_t first, std::size_t count);

    KvCache &cache() { return m_cache; }
    const KvCache &cache() const { return m_cache; }
    RecurrentState &state() { return m_state; }
    const RecurrentState &state() const { return m_state; }

    // What adapters add from now on.
    void setAdapters(llm::AdapterSet adapters);

    std::uint32_t threads() const { return m_pool.size(); }
    std::uint64_t scratchBytes() const;

private:
    struct Product {
        const PreparedLinear *linear = nullptr;
        float *out = nullptr; // [tokens][linear->rows]
    };
    // Some rows of the residual stream that are computed together.
    struct Slice {
        float *x = nullptr; // [tokens][width]
        std::size_t tokens = 0;
        std::size_t row = 0; // of the first, in m_x
        std::uint32_t position = 0; // of the first, in the cache
    };
    // Where a block's result is added up.
    struct Target {
        float *sum = nullptr; // [tokens][width]
        float scale = 1;
        const float *factors = nullptr; // [tokens], or none
    };
    // The pairs of a token and an expert that it chose, by expert.
    struct ExpertGroup {
        std::size_t expert = 0;
        std::size_t first = 0; // pair
        std::size_t count = 0;
    };

    // forward_pass.cpp
    Slice sliceAt(std::size_t row, std::size_t tokens, std::uint32_t firstPosition);
    // The rows from `row` on, of tokens at `position` and after.
    void embed(std::span<const llm::Token> tokens, std::uint32_t position, std::size_t row = 0);
    void applyNorm(const PreparedNorm &norm, const float *x, std::size_t width, float *out) const;
    // Normalises rows of x into m_normed, in 8 bits too where asked.
    void normalise(const PreparedNorm &norm, const float *x, std::size_t tokens, bool int8);
    void multiplyRows(const PreparedLinear &linear, std::size_t firstRow, std::size_t lastRow,
                      const Activations &x, float *out, std::uint32_t thread);
    // `place`: of x's first row among those given to LowRankChanges::want().
    void multiplyRows(const llm::Tensor &weights, const float *bias, std::size_t firstRow,
                      std::size_t lastRow, const Activations &x, float *out, std::uint32_t thread,
                      std::size_t place = 0);
    // Before multiplyRows() of these: what adapters need of x.
    void projectChanges(std::initializer_list<const PreparedLinear *> linears,
                        const Activations &x);
    // All products of the same input in one stage.
    void multiply(std::initializer_list<Product> products, const Activations &x,
                  const CancelToken &cancel);
    // target += linear * input
    void multiplyAndAdd(const PreparedLinear &linear, const Activations &x, const Target &target,
                        const CancelToken &cancel);
    Target startBlock(const PreparedEnd &end, const Slice &slice);
    void endBlock(const PreparedEnd &end, const Slice &slice);
    void quantiseMixed(std::size_t tokens, std::size_t width, const PreparedLinear &user);
    Outcome feedForwardOf(const PreparedLayer &layer, const Slice &slice,
                          const CancelToken &cancel);

    // attention_pass.cpp
    enum class Sides { All, Queries, KeysAndValues };
    void attention(std::size_t layer, const Slice &slice, const CancelToken &cancel);
    void keysAndValues(std::size_t layer, const Slice &slice, const CancelToken &cancel);
    void attendAndProject(std::size_t layer, const Slice &slice, const CancelToken &cancel);
    void prepareHeads(std::size_t layer, const Slice &slice, Sides sides);
    void prepareHeads(const PreparedAttention &a, const PreparedNorm &norm, const float *angles,
                      std::size_t heads, std::size_t stride, float *first) const;
    void attend(std::size_t layer, const Slice &slice, const CancelToken &cancel);

    // feed_forward_pass.cpp
    void dense(const PreparedDense &f, std::size_t tokens, const Target &target,
               const CancelToken &cancel);

    // expert_pass.cpp
    void experts(const PreparedExperts &e, std::size_t tokens, const Target &target,
                 const CancelToken &cancel);
    void choose(const PreparedExperts &e, std::size_t token);
    void groupByExpert(const PreparedExperts &e, std::size_t tokens);
    void projectExpertChanges(const PreparedExpertMatrices &matrices,
                              const PreparedExpertMatrices *others, const InputBuffer &inputs);
    void expertHidden(const PreparedExperts &e, std::size_t tokens, const CancelToken &cancel);
    void expertOutputs(const PreparedExperts &e, std::size_t tokens, const Target &target,
                       const CancelToken &cancel);

    // recurrent_pass.cpp
    void mix(const PreparedShortConvolution &c, std::size_t layer, const Slice &slice,
             const Target &target, const CancelToken &cancel);
    void mix(const PreparedDeltaNet &d, std::size_t layer, const Slice &slice, const Target &target,
             const CancelToken &cancel);
    void mix(const PreparedMamba2 &m, std::size_t layer, const Slice &slice, const Target &target,
             const CancelToken &cancel);

    const llm::ModelSpec &m_spec;
    const KernelTable &m_kernels;
    PreparedModel m_model;
    std::size_t m_batch;
    std::size_t m_rows; // of m_x: a batch, or an encoder's whole text
    ThreadPool m_pool;
    KvCache m_cache;
    RecurrentState m_state;
    LowRankChanges m_changes;
    std::size_t m_tokens = 0; // of the last evaluate() or encode()
    // For each row of an encoder's texts: the cached positions of its text.
    struct Bounds {
        std::uint32_t begin = 0;
        std::uint32_t end = 0;
    };
    Buffer<Bounds> m_bounds; // [rows]

    Buffer<float> m_x; // [rows][width], the residual stream
    InputBuffer m_normed;
    InputBuffer m_mixed; // the mixer's output
    InputBuffer m_hidden; // the feed-forward's inner values
    Buffer<float> m_query; // [tokens][rows of the projection]
    Buffer<float> m_key; // [tokens][kvHeads * headSize]
    Buffer<float> m_value; // [tokens][kvHeads * headSize]
    Buffer<float> m_up; // [tokens][hidden]
    Buffer<float> m_product; // [tokens][width]
    Buffer<float> m_sum; // [tokens][width]: a block's result before its norm
    Buffer<float> m_projected; // [tokens][projected]: a recurrent mixer's inputs
    std::vector<Buffer<float>> m_angles; // for each rope: [rows][dims / 2] pairs of cos, sin
    Buffer<KernelScratch> m_scratch; // for each thread
    Buffer<float> m_attentionSums; // for each thread
    std::size_t m_attentionSumsStride = 0;

    // Experts; a pair is a token and an expert that it chose.
    Buffer<float> m_routed; // [tokens][experts]: the router's outputs
    Buffer<float> m_sharedFactors; // [tokens]
    Buffer<std::uint32_t> m_choice; // [tokens][used]: experts
    Buffer<float> m_choiceWeights; // [tokens][used]
    std::vector<ExpertGroup> m_groups; // of experts that were chosen
    std::size_t m_groupCount = 0;
    Buffer<std::uint32_t> m_pairToken; // [pairs], by expert
    Buffer<float> m_pairWeight; // [pairs]
    InputBuffer m_pairInput; // [pairs][width]
    InputBuffer m_pairHidden; // [pairs][expertHidden]
    Buffer<float> m_pairUp; // [pairs][expertHidden]
    Buffer<float> m_pairOutput; // [pairs][width]
};

} // namespace alcove::cpu
