// Adapter: a LoRA adapter file, low-rank changes to a model's matrices: W x becomes
// W x + scale * B (A x) (Hu et al. 2021, arXiv 2106.09685). AdapterSet: the adapters in use, bound
// to one model.
//
// The file is a GGUF with general.type "adapter", adapter.type "lora", adapter.lora.alpha and two
// tensors for each changed matrix NAME: NAME.lora_a [rank][inputs] and NAME.lora_b [outputs][rank];
// matrices of experts have both once an expert. For the token embedding they lie the other way
// round, A [vocabulary][rank] and B [width][rank], so that a token takes one row of A; such a pair
// changes what is looked up and not a tied output. (Layout: the GGUF specification and the files
// that llama.cpp's convert_lora_to_gguf writes.)
//
// Hostile input like every GGUF. Immutable; any thread. InvalidFile or Unsupported for a file that
// is no adapter of this kind; InvalidArgument for one that does not fit a model, named.
#pragma once

#include "core/base/result.h"
#include "core/llm/executor.h"
#include "core/llm/gguf.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace alcove::llm {

// y += scale * b (a x). Of experts' matrices, each expert has its own a and b.
struct LowRank {
    const Tensor *a = nullptr; // [rank][inputs], or [experts][rank][inputs]
    const Tensor *b = nullptr; // [outputs][rank], or [experts][outputs][rank]
    float scale = 1.0f;

    std::uint32_t rank() const { return static_cast<std::uint32_t>(b->shape[0]); }
};

class Adapter
{
public:
    struct Pair {
        std::string base; // the name of the tensor that it changes
        LowRank part; // its scale is alpha / rank
    };

    static Result<std::shared_ptr<const Adapter>> open(const std::string &path);
    // Parses bytes that outlive the Adapter.
    static Result<std::shared_ptr<const Adapter>> parse(std::span<const std::byte> bytes,
                                                        std::string name);

    const std::string &path() const { return m_file.path(); }
    std::string_view architecture() const { return m_architecture; } // of the models it is for
    const std::vector<Pair> &pairs() const { return m_pairs; } // at least one

private:
    static Result<std::shared_ptr<const Adapter>> fromFile(GgufFile file);
    Result<> readPairs();

    GgufFile m_file;
    std::string m_architecture;
    float m_alpha = 0.0f;
    std::vector<Pair> m_pairs;
};

class AdapterSet
{
public:
    AdapterSet() = default; // no adapters

    // InvalidArgument when an adapter does not fit: for another architecture, changes a tensor that
    // the model has not or that is no matrix, or has another shape.
    static Result<AdapterSet> bind(const Model &model, std::span<const AdapterUse> uses);

    bool empty() const { return m_parts.empty() && m_embedding.empty(); }
    // What is added to the product with this matrix of the specification.
    std::span<const LowRank> of(const Tensor *weight) const;
    std::size_t matrixCount() const { return m_parts.size(); } // that are changed
    // What is added to a token's row of the embedding, before its scale: scale * b a[token], with
    // a [vocabulary][rank] and b [width][rank].
    std::span<const LowRank> embedding() const { return m_embedding; }

private:
    Result<> add(const Model &model, const AdapterUse &use);

    std::vector<std::shared_ptr<const Adapter>> m_adapters; // what the parts point into
    std::vector<std::unique_ptr<const Tensor>> m_views; // rows of a b, for a fused matrix's part
    std::unordered_map<const Tensor *, std::vector<LowRank>> m_parts;
    std::vector<LowRank> m_embedding;
};

// The plain arithmetic that fast paths are tested against: adds the parts of one matrix (of
// experts: of matrix `expert`) to y. x: [inputs], y: [outputs].
void addLowRank(std::span<const LowRank> parts, std::span<const float> x, std::span<float> y,
                std::uint32_t expert = 0);
// Adds the embedding's parts to the row of `token`. y: [width].
void addLowRankRow(std::span<const LowRank> parts, Token token, std::span<float> y);

} // namespace alcove::llm
