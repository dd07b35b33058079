// Makes a LoRA adapter that changes every matrix of a model that one can change.
#pragma once

#include "core/llm/adapter.h"
#include "tests/support/gguf_writer.h"

#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace alcove::test {

// Null when it is no sound adapter. `bytes` outlive it.
inline std::shared_ptr<const llm::Adapter> parsedAdapter(const std::string &bytes)
{
    const auto adapter = llm::Adapter::parse(GgufWriter::view(bytes), "adapter.gguf");
    return adapter ? *adapter : nullptr;
}

inline std::vector<float> randomNumbers(std::size_t count, double deviation, unsigned seed)
{
    std::mt19937 random(seed);
    std::vector<float> values(count);
    for (float &value : values) // uniform; the same on every standard library
        value = float(deviation * std::sqrt(3.0) * (double(random() % 20001) / 10000.0 - 1.0));
    return values;
}

// Changes of about a third of what random weights with unit gain would give.
inline void addRandomPair(GgufWriter &file, const llm::Tensor &base, std::uint64_t rank,
                          unsigned seed)
{
    std::vector<std::uint64_t> a{base.shape[0], rank};
    std::vector<std::uint64_t> b{rank, base.shape[1]};
    if (base.rank == 3) {
        a.push_back(base.shape[2]);
        b.push_back(base.shape[2]);
    }
    const auto count = std::size_t(base.shape[2]);
    file.floats(base.name + ".lora_a", a,
                randomNumbers(std::size_t(base.shape[0] * rank) * count,
                              1.0 / std::sqrt(double(base.shape[0])), seed))
        .floats(base.name + ".lora_b", b,
                randomNumbers(std::size_t(rank * base.shape[1]) * count,
                              0.3 / std::sqrt(double(rank)), seed + 1));
}

// The bytes of an adapter for `model`; a pair that does not fit alone is left out. The embedding is
// not changed.
inline std::string adapterFor(const llm::Model &model, std::uint64_t rank, unsigned seed)
{
    GgufWriter empty;
    empty.text("general.architecture", *model.file().string("general.architecture"))
        .text("general.type", "adapter")
        .text("adapter.type", "lora")
        .f32("adapter.lora.alpha", float(rank));
    GgufWriter all = empty;
    for (const llm::Tensor &tensor : model.file().tensors()) {
        if (tensor.rank < 2 || tensor.rank > 3 || tensor.name == "token_embd.weight")
            continue;
        GgufWriter one = empty;
        addRandomPair(one, tensor, rank, seed);
        const std::string bytes = one.bytes();
        const auto adapter = llm::Adapter::parse(GgufWriter::view(bytes), tensor.name);
        if (!adapter)
            continue;
        const llm::AdapterUse use{*adapter, 1.0f};
        if (llm::AdapterSet::bind(model, {&use, 1}))
            addRandomPair(all, tensor, rank, seed += 2);
    }
    return all.bytes();
}

// The bytes of an adapter that changes what is looked up for a token, and nothing else.
inline std::string embeddingAdapterFor(const llm::Model &model, std::uint64_t rank, unsigned seed)
{
    const llm::Tensor &table = *model.spec().embedding;
    GgufWriter file;
    file.text("general.architecture", *model.file().string("general.architecture"))
        .text("general.type", "adapter")
        .text("adapter.type", "lora")
        .floats("token_embd.weight.lora_a", {rank, table.shape[1]},
                randomNumbers(std::size_t(rank * table.shape[1]), 1.0, seed))
        .floats("token_embd.weight.lora_b", {rank, table.shape[0]},
                randomNumbers(std::size_t(rank * table.shape[0]), 0.3, seed + 1));
    return file.bytes();
}

} // namespace alcove::test
