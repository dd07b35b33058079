// LowRankChanges: what LoRA adapters add to the products of the fast path, y += scale * B (A x).
//
// Owns the adapters' matrices in float32 and the room for A x, sized at creation: adding allocates
// nothing. For a product, first want() its weights and project(), then add() to rows of the result.
// One ForwardPass at a time. Creation may throw std::bad_alloc.
#pragma once

#include "core/cpu/buffer.h"
#include "core/cpu/kernels.h"
#include "core/cpu/prepared_model.h"
#include "core/cpu/thread_pool.h"
#include "core/llm/adapter.h"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace alcove::cpu {

class LowRankChanges
{
public:
    LowRankChanges() = default; // none
    // `batch`: tokens of a product at most.
    LowRankChanges(llm::AdapterSet adapters, const llm::ModelSpec &spec, const PreparedModel &model,
                   std::size_t batch);

    bool empty() const { return m_adapters.empty(); }

    // Begins the list of products that project() prepares.
    void begin() { m_wanted.clear(); }
    // Of `weights` (of a PreparedLinear, or of one expert) with x; its results are the rows from
    // `row` on of what add() is asked for.
    void want(const llm::Tensor &weights, const Activations &x, std::size_t row = 0);
    // A x of the wanted. `scratch`: one for each thread.
    void project(ThreadPool &pool, const KernelTable &kernels, KernelScratch *scratch);
    // out[t * stride + r] += for t < tokens and r in [firstRow, lastRow).
    void add(const llm::Tensor &weights, std::size_t row, std::size_t tokens, std::size_t firstRow,
             std::size_t lastRow, const KernelTable &kernels, float *out, std::size_t stride) const;
    // Of the embedding's row of a token, before its scale. y: [width].
    void addEmbedding(llm::Token token, const KernelTable &kernels, float *y) const;

    std::uint64_t bytes() const;

private:
    struct Change {
        std::size_t rank = 0;
        std::size_t outputs = 0;
        Buffer<float> a; // [rank][inputs]
        llm::Tensor aTensor; // the same
        Buffer<float> b; // [rank][outputs], times the scale
        std::size_t room = 0; // where its A x begins in m_inner, [rows][rank]
    };
    struct Embedding {
        const llm::Tensor *a = nullptr; // [vocabulary][rank]
        Buffer<float> b; // [rank][width], times the scale
    };
    struct Wanted {
        const Change *change = nullptr;
        Activations x;
        std::size_t row = 0;
    };

    void addMatrix(const llm::Tensor *source, const llm::Tensor &weights, std::uint64_t expert,
                   std::size_t room);
    std::size_t roomOf(const llm::Tensor *source, std::size_t rows);

    llm::AdapterSet m_adapters;
    std::unordered_map<const llm::Tensor *, std::vector<Change>> m_changes; // by weights
    std::vector<Embedding> m_embedding;
    std::vector<Wanted> m_wanted;
    std::size_t m_room = 0; // floats of m_inner
    Buffer<float> m_inner;
};

} // namespace alcove::cpu
