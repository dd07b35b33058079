// Arbitrary bytes as a LoRA adapter: read, bound to tiny models, and added to every product.
#include "core/llm/adapter.h"
#include "tests/support/gguf_writer.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <unistd.h>
#include <vector>

using namespace alcove;
using namespace alcove::llm;
using namespace alcove::test;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

// Plain matrices, fused ones that are used in parts, and experts.
GgufWriter modelOf(const std::string &family)
{
    GgufWriter file = tinyModel(family);
    const auto remove = [&](std::initializer_list<const char *> names) {
        for (const char *name : names)
            file.removeTensor("blk.0." + std::string(name) + ".weight");
    };
    if (family == "phi3") {
        remove({"attn_q", "attn_k", "attn_v", "ffn_gate"});
        file.tensor("blk.0.attn_qkv.weight", {8, 16}).tensor("blk.0.ffn_up.weight", {8, 24});
    } else if (family == "qwen3moe") {
        remove({"ffn_gate", "ffn_up", "ffn_down"});
        file.u32("qwen3moe.expert_count", 3)
            .u32("qwen3moe.expert_used_count", 2)
            .u32("qwen3moe.expert_feed_forward_length", 4)
            .tensor("blk.0.attn_q_norm.weight", {4})
            .tensor("blk.0.attn_k_norm.weight", {4})
            .tensor("blk.0.ffn_gate_inp.weight", {8, 3})
            .tensor("blk.0.ffn_gate_exps.weight", {8, 4, 3})
            .tensor("blk.0.ffn_up_exps.weight", {8, 4, 3})
            .tensor("blk.0.ffn_down_exps.weight", {4, 8, 3});
    }
    return file;
}

std::shared_ptr<const Model> openModel(const std::string &family)
{
    // A model is a file; its mapping outlives its name.
    char path[] = "/tmp/alcove-fuzz-XXXXXX";
    const int handle = mkstemp(path);
    require(handle >= 0);
    const std::string bytes = modelOf(family).bytes();
    require(write(handle, bytes.data(), bytes.size()) == ssize_t(bytes.size()));
    close(handle);
    auto model = Model::open(path);
    unlink(path);
    if (!model)
        std::fprintf(stderr, "%s\n", model.error().message.c_str());
    require(model.has_value());
    return *model;
}

const Model &modelFor(std::string_view architecture)
{
    static const std::map<std::string, std::shared_ptr<const Model>, std::less<>> models = [] {
        std::map<std::string, std::shared_ptr<const Model>, std::less<>> all;
        for (const char *family : {"llama", "phi3", "qwen3moe"})
            all.emplace(family, openModel(family));
        return all;
    }();
    const auto found = models.find(architecture);
    return found == models.end() ? *models.at("llama") : *found->second;
}

// Reads every element of the parts.
void apply(const AdapterSet &set, const Tensor *weight)
{
    if (!weight)
        return;
    const auto parts = set.of(weight);
    const std::vector<float> x(std::size_t(weight->columns()), 0.5f);
    std::vector<float> y(std::size_t(weight->shape[1]));
    for (std::uint32_t expert = 0; expert < weight->shape[2]; ++expert)
        addLowRank(parts, x, y, expert);
}

void applyAll(const AdapterSet &set, const ModelSpec &spec)
{
    for (const Layer &layer : spec.layers) {
        if (const auto *a = std::get_if<Attention>(&layer.mixer)) {
            for (const Linear *one : {&a->query, &a->key, &a->value, &a->output})
                apply(set, one->weight);
        }
        if (const auto *dense = std::get_if<DenseFeedForward>(&layer.feedForward)) {
            for (const Linear *one : {&dense->gate, &dense->up, &dense->down})
                apply(set, one->weight);
        } else if (const auto *experts = std::get_if<ExpertFeedForward>(&layer.feedForward)) {
            apply(set, experts->router.weight);
            for (const ExpertMatrices *one : {&experts->gate, &experts->up, &experts->down})
                apply(set, one->weight);
        }
    }
    apply(set, spec.output.weight);
    std::vector<float> row(spec.width);
    for (const Token token : {0, Token(spec.vocabulary) - 1})
        addLowRankRow(set.embedding(), token, row);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const auto adapter = Adapter::parse(std::as_bytes(std::span(data, size)), "fuzz.gguf");
    if (!adapter) {
        require(!adapter.error().message.empty());
        return 0;
    }
    require(!(*adapter)->pairs().empty());
    const Model &model = modelFor((*adapter)->architecture());
    // Twice: parts add up.
    const AdapterUse uses[] = {{*adapter, 1.0f}, {*adapter, -0.5f}};
    const auto set = AdapterSet::bind(model, uses);
    if (!set) {
        require(!set.error().message.empty());
        return 0;
    }
    require(!set->empty());
    applyAll(*set, model.spec());
    const AdapterUse endless{*adapter, std::numeric_limits<float>::infinity()};
    require(!AdapterSet::bind(model, {&endless, 1}));
    return 0;
}
