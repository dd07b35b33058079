#include "core/cpu/prepared_model.h"

#include <algorithm>

namespace alcove::cpu {
namespace {

std::vector<float> floats(const llm::Tensor *tensor)
{
    std::vector<float> values;
    if (tensor) {
        values.resize(static_cast<std::size_t>(tensor->elements()));
        llm::dequantise(*tensor, 0, tensor->elements(), values.data());
    }
    return values;
}

PreparedNorm prepare(const llm::Norm &norm)
{
    return {norm.kind, floats(norm.weight), floats(norm.bias), norm.epsilon};
}

PreparedLinear prepare(const llm::Linear &linear)
{
    return {linear.weight, linear.outputs(), linear.inputs(), floats(linear.bias)};
}

bool same(const llm::Rope &a, const llm::Rope &b)
{
    return a.pairs == b.pairs && a.dims == b.dims && a.frequencies == b.frequencies
        && a.magnitude == b.magnitude;
}

} // namespace

PreparedModel::PreparedModel(const llm::ModelSpec &spec)
    : outputNorm(prepare(spec.outputNorm)), output(prepare(spec.output))
{
    for (const llm::Layer &layer : spec.layers) {
        PreparedLayer prepared;
        prepared.mixerNorm = prepare(layer.mixerNorm);
        prepared.feedForwardNorm = prepare(layer.feedForwardNorm);

        const auto &attention = std::get<llm::Attention>(layer.mixer);
        PreparedAttention &a = prepared.attention;
        a.heads = attention.heads;
        a.kvHeads = attention.kvHeads;
        a.headSize = attention.headSize;
        a.query = prepare(attention.query);
        a.key = prepare(attention.key);
        a.value = prepare(attention.value);
        a.output = prepare(attention.output);
        if (attention.queryNorm)
            a.queryNorm = prepare(*attention.queryNorm);
        if (attention.keyNorm)
            a.keyNorm = prepare(*attention.keyNorm);
        a.scale = attention.scale;
        const auto known = std::find_if(ropes.begin(), ropes.end(), [&](const llm::Rope &rope) {
            return same(rope, attention.rope);
        });
        a.rope = static_cast<std::size_t>(known - ropes.begin());
        if (known == ropes.end())
            ropes.push_back(attention.rope);

        const auto &dense = std::get<llm::DenseFeedForward>(layer.feedForward);
        prepared.feedForward = {prepare(dense.gate), prepare(dense.up), prepare(dense.down)};

        queryWidth = std::max(queryWidth, a.heads * a.headSize);
        kvWidth = std::max(kvWidth, a.kvHeads * a.headSize);
        headSize = std::max(headSize, a.headSize);
        hidden = std::max(hidden, prepared.feedForward.gate.rows);
        layers.push_back(std::move(prepared));
    }
}

} // namespace alcove::cpu
