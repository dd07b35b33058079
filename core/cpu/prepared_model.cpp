#include "core/cpu/prepared_model.h"

#include "core/cpu/kernels.h"

#include <algorithm>
#include <cmath>

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

PreparedNorm prepare(const std::optional<llm::Norm> &norm)
{
    return norm ? prepare(*norm) : PreparedNorm();
}

PreparedLinear prepare(const llm::Linear &linear)
{
    if (!linear.there())
        return {};
    return {linear.weight, linear.outputs(), linear.inputs(), floats(linear.bias)};
}

PreparedConvolution prepare(const llm::Tensor &kernel, const llm::Tensor *bias)
{
    PreparedConvolution convolution;
    convolution.taps = static_cast<std::size_t>(kernel.shape[0]);
    convolution.channels = static_cast<std::size_t>(kernel.shape[1]);
    const std::vector<float> byChannel = floats(&kernel);
    convolution.kernel.resize(byChannel.size());
    for (std::size_t c = 0; c < convolution.channels; ++c) {
        for (std::size_t j = 0; j < convolution.taps; ++j)
            convolution.kernel[j * convolution.channels + c] = byChannel[c * convolution.taps + j];
    }
    convolution.bias = floats(bias);
    return convolution;
}

PreparedExpertMatrices prepare(const llm::ExpertMatrices &matrices)
{
    PreparedExpertMatrices prepared;
    if (!matrices.weight)
        return prepared;
    prepared.rows = matrices.outputs();
    prepared.columns = matrices.inputs();
    prepared.bias = floats(matrices.bias);
    const std::size_t bytes = matrices.weight->data.size() / matrices.experts();
    for (std::size_t e = 0; e < matrices.experts(); ++e) {
        llm::Tensor tensor;
        tensor.type = matrices.weight->type;
        tensor.rank = 2;
        tensor.shape = {prepared.columns, prepared.rows, 1, 1};
        tensor.data = matrices.weight->data.subspan(e * bytes, bytes);
        prepared.weights.push_back(std::move(tensor));
    }
    return prepared;
}

PreparedDense prepare(const llm::DenseFeedForward &dense)
{
    return {dense.activation, prepare(dense.gate), prepare(dense.up), prepare(dense.down)};
}

bool wantsInt8(const PreparedLinear &linear)
{
    return linear.there() && usesInt8Activations(linear.weight->type);
}

bool wantsInt8(const PreparedExpertMatrices &matrices)
{
    return !matrices.weights.empty() && usesInt8Activations(matrices.weights.front().type);
}

bool same(const llm::Rope &a, const llm::Rope &b)
{
    return a.pairs == b.pairs && a.dims == b.dims && a.frequencies == b.frequencies
        && a.magnitude == b.magnitude;
}

// The slopes of Press et al. 2022 for any number of heads: a geometric series for the largest power
// of two, every other member of the next one for the rest.
std::vector<float> alibiSlopes(std::uint32_t heads, float maxBias)
{
    std::uint32_t power = 1;
    while (power * 2 <= heads)
        power *= 2;
    std::vector<float> slopes(heads);
    for (std::uint32_t h = 0; h < heads; ++h) {
        const float exponent = h < power ? -maxBias * float(h + 1) / float(power)
                                         : -maxBias / 2 * float(2 * (h - power) + 1) / float(power);
        slopes[h] = std::exp2(exponent);
    }
    return slopes;
}

class Preparing
{
public:
    Preparing(PreparedModel &model, std::uint32_t context) : m_model(model), m_context(context) { }

    PreparedMixer mixer(const llm::Attention &attention)
    {
        PreparedAttention a;
        a.heads = attention.heads;
        a.kvHeads = attention.kvHeads;
        a.headSize = attention.headSize;
        a.query = prepare(attention.query);
        a.key = prepare(attention.key);
        a.value = prepare(attention.value);
        a.output = prepare(attention.output);
        a.headNorms = attention.headNorms;
        a.queryNorm = prepare(attention.queryNorm);
        a.keyNorm = prepare(attention.keyNorm);
        a.rope = ropeOf(attention.rope);
        a.scale = attention.scale;
        a.direction = attention.direction;
        a.window = attention.window;
        a.softCap = attention.softCap;
        a.sinks = floats(attention.sinks);
        if (attention.maxAlibiBias > 0)
            a.slopes = alibiSlopes(attention.heads, attention.maxAlibiBias);
        a.outputGate = attention.outputGate;
        m_int8 = wantsInt8(a.query) || wantsInt8(a.key) || wantsInt8(a.value);
        grow(m_model.queryRows, a.query.rows);
        grow(m_model.kvWidth, a.kvHeads * a.headSize);
        grow(m_model.headSize, a.headSize);
        grow(m_model.mixed, a.queryWidth());
        return a;
    }

    PreparedMixer mixer(const llm::ShortConvolution &convolution)
    {
        PreparedShortConvolution c;
        c.in = prepare(convolution.in);
        c.convolution = prepare(*convolution.kernel, nullptr);
        c.out = prepare(convolution.out);
        m_int8 = wantsInt8(c.in);
        grow(m_model.projected, c.in.rows);
        grow(m_model.mixed, c.out.columns);
        return c;
    }

    PreparedMixer mixer(const llm::GatedDeltaNet &net)
    {
        PreparedDeltaNet d;
        d.keyHeads = net.keyHeads;
        d.valueHeads = net.valueHeads;
        d.keySize = net.keySize;
        d.valueSize = net.valueSize;
        d.qkv = prepare(net.qkv);
        d.gate = prepare(net.gate);
        d.alpha = prepare(net.alpha);
        d.beta = prepare(net.beta);
        d.convolution = prepare(*net.kernel, nullptr);
        d.dtBias = floats(net.dtBias);
        d.a = floats(net.a);
        d.norm = prepare(net.norm);
        d.out = prepare(net.out);
        m_int8 = wantsInt8(d.qkv) || wantsInt8(d.gate) || wantsInt8(d.alpha) || wantsInt8(d.beta);
        grow(m_model.projected, d.qkv.rows + d.gate.rows + d.alpha.rows + d.beta.rows);
        grow(m_model.mixed, d.out.columns);
        return d;
    }

    PreparedMixer mixer(const llm::Mamba2 &mamba)
    {
        PreparedMamba2 m;
        m.heads = mamba.heads;
        m.headSize = mamba.headSize;
        m.stateSize = mamba.stateSize;
        m.groups = mamba.groups;
        m.in = prepare(mamba.in);
        m.convolution = prepare(*mamba.kernel, mamba.kernelBias);
        m.dtBias = floats(mamba.dtBias);
        m.a = floats(mamba.a);
        m.d = floats(mamba.d);
        m.norm = prepare(mamba.norm);
        m.out = prepare(mamba.out);
        m_int8 = wantsInt8(m.in);
        grow(m_model.projected, m.in.rows);
        grow(m_model.mixed, m.out.columns);
        return m;
    }

    PreparedFeedForward feedForward(const llm::DenseFeedForward &dense)
    {
        PreparedDense prepared = prepare(dense);
        m_int8 = wantsInt8(prepared.gate) || wantsInt8(prepared.up);
        grow(m_model.hidden, prepared.up.rows);
        return prepared;
    }

    PreparedFeedForward feedForward(const llm::ExpertFeedForward &experts)
    {
        PreparedExperts e;
        e.activation = experts.activation;
        e.used = experts.used;
        e.weights = experts.weights;
        e.renormalise = experts.renormalise;
        e.weightScale = experts.weightScale;
        e.router = prepare(experts.router);
        e.choiceBias = floats(experts.choiceBias);
        e.gate = prepare(experts.gate);
        e.up = prepare(experts.up);
        e.down = prepare(experts.down);
        e.experts = e.up.weights.size();
        if (experts.shared)
            e.shared = prepare(*experts.shared);
        e.sharedGate = floats(experts.sharedGate);
        m_int8 = wantsInt8(e.router) || wantsInt8(e.gate) || wantsInt8(e.up)
            || (e.shared && (wantsInt8(e.shared->gate) || wantsInt8(e.shared->up)));
        grow(m_model.experts, e.experts);
        grow(m_model.expertsUsed, e.used);
        grow(m_model.expertHidden, e.up.rows);
        if (e.shared)
            grow(m_model.hidden, e.shared->up.rows);
        return e;
    }

    // Of the mixer or feed-forward prepared last.
    bool int8() const { return m_int8; }

private:
    static void grow(std::size_t &most, std::size_t size) { most = std::max(most, size); }

    std::size_t ropeOf(const llm::Rope &source)
    {
        llm::Rope rope = source;
        rope.frequencies = source.frequenciesFor(m_context);
        rope.longFrequencies.clear();
        const auto known = std::find_if(m_model.ropes.begin(), m_model.ropes.end(),
                                        [&](const llm::Rope &other) { return same(rope, other); });
        const auto index = static_cast<std::size_t>(known - m_model.ropes.begin());
        if (known == m_model.ropes.end())
            m_model.ropes.push_back(std::move(rope));
        return index;
    }

    PreparedModel &m_model;
    std::uint32_t m_context;
    bool m_int8 = false;
};

} // namespace

PreparedModel::PreparedModel(const llm::ModelSpec &spec, std::uint32_t context)
    : embeddingNorm(prepare(spec.embeddingNorm)), outputNorm(prepare(spec.outputNorm)),
      output(prepare(spec.output))
{
    if (spec.segmentEmbedding) {
        segment.resize(spec.width);
        llm::dequantise(*spec.segmentEmbedding, 0, spec.width, segment.data());
    }
    Preparing preparing(*this, context);
    for (const llm::Layer &layer : spec.layers) {
        PreparedLayer prepared;
        prepared.mixerNorm = prepare(layer.mixerNorm);
        prepared.mixer =
            std::visit([&](const auto &mixer) { return preparing.mixer(mixer); }, layer.mixer);
        prepared.mixerInt8 = preparing.int8();
        prepared.mixerEnd = {prepare(layer.mixerPostNorm), prepare(layer.mixerOutNorm),
                             layer.residualScale};
        prepared.feedForwardNorm = prepare(layer.feedForwardNorm);
        prepared.feedForward =
            std::visit([&](const auto &f) { return preparing.feedForward(f); }, layer.feedForward);
        prepared.feedForwardInt8 = preparing.int8();
        prepared.feedForwardEnd = {prepare(layer.feedForwardPostNorm),
                                   prepare(layer.feedForwardOutNorm), layer.residualScale};
        layers.push_back(std::move(prepared));
    }
}

} // namespace alcove::cpu
