#include "core/cpu/reference_layers.h"

#include "core/cpu/reference_math.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace alcove::cpu::reference {

using namespace alcove::llm;

namespace {

RecurrentState emptyRecurrent(std::size_t taps, std::size_t channels, std::size_t matrix)
{
    return {std::vector<float>((taps - 1) * channels), std::vector<float>(matrix)};
}

// The routing weights of all experts; what is not chosen has none.
struct Route {
    std::uint32_t expert = 0;
    double weight = 0;
};

void softmax(std::span<double> values)
{
    const double largest = *std::max_element(values.begin(), values.end());
    double total = 0;
    for (double &v : values) {
        v = std::exp(v - largest);
        total += v;
    }
    for (double &v : values)
        v /= total;
}

std::vector<Route> routesOf(const ExpertFeedForward &f, std::span<const float> in,
                            const Compute &compute)
{
    const std::vector<float> logits = applyLinear(f.router, in, compute);
    std::vector<double> weights(logits.begin(), logits.end());
    if (f.weights == ExpertWeights::Softmax)
        softmax(weights);
    else if (f.weights == ExpertWeights::Sigmoid)
        std::transform(logits.begin(), logits.end(), weights.begin(), sigmoid);
    std::vector<double> rank = weights;
    if (f.choiceBias) {
        const std::vector<float> bias = expand(*f.choiceBias);
        for (std::size_t e = 0; e < rank.size(); ++e)
            rank[e] += double(bias[e]);
    }
    std::vector<std::uint32_t> order(rank.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return rank[a] > rank[b]; });
    order.resize(f.used);

    std::vector<double> chosen;
    for (const std::uint32_t expert : order)
        chosen.push_back(weights[expert]);
    if (f.weights == ExpertWeights::SoftmaxOfChosen)
        softmax(chosen);
    double total = 1;
    if (f.renormalise)
        total = std::max(1e-20, std::accumulate(chosen.begin(), chosen.end(), 0.0));
    std::vector<Route> routes;
    for (std::size_t i = 0; i < order.size(); ++i)
        routes.push_back({order[i], chosen[i] / total * double(f.weightScale)});
    return routes;
}

} // namespace

LayerState emptyState(const Layer &layer, std::uint32_t capacity)
{
    LayerState state;
    if (const auto *a = std::get_if<Attention>(&layer.mixer)) {
        state.keys.resize(std::size_t(capacity) * a->kvHeads * a->headSize);
        state.values.resize(state.keys.size());
    } else if (const auto *c = std::get_if<ShortConvolution>(&layer.mixer)) {
        state.recurrent = emptyRecurrent(c->taps(), c->out.inputs(), 0);
    } else if (const auto *d = std::get_if<GatedDeltaNet>(&layer.mixer)) {
        state.recurrent = emptyRecurrent(d->taps(), d->qkv.outputs(),
                                         std::size_t(d->valueHeads) * d->keySize * d->valueSize);
    } else if (const auto *m = std::get_if<Mamba2>(&layer.mixer)) {
        state.recurrent = emptyRecurrent(m->taps(), m->inner() + 2 * m->groups * m->stateSize,
                                         std::size_t(m->inner()) * m->stateSize);
    }
    return state;
}

void computeLayer(const Layer &layer, LayerState &state, const LayerSlice &slice,
                  std::span<float> x)
{
    const std::size_t width = x.size() / slice.count;
    std::vector<float> normed(x.size());
    const auto row = [&](std::span<float> all, std::uint32_t n) {
        return all.subspan(n * width, width);
    };
    const auto add = [&](const Norm &post, std::span<float> change, std::span<float> to) {
        applyNorm(post, change, change);
        for (std::size_t i = 0; i < width; ++i)
            to[i] += layer.residualScale * change[i];
    };
    for (std::uint32_t n = 0; n < slice.count; ++n)
        applyNorm(layer.mixerNorm, row(x, n), row(normed, n));
    std::vector<float> mixed = std::visit(
        [&](const auto &mixer) { return mix(mixer, state, slice, normed); }, layer.mixer);
    for (std::uint32_t n = 0; n < slice.count && !slice.compute.cancel.cancelled(); ++n) {
        add(layer.mixerPostNorm, row(mixed, n), row(x, n));
        applyNorm(layer.mixerOutNorm, row(x, n), row(x, n));
        applyNorm(layer.feedForwardNorm, row(x, n), row(normed, n));
        std::vector<float> fed =
            std::visit([&](const auto &f) { return feedForward(f, row(normed, n), slice.compute); },
                       layer.feedForward);
        add(layer.feedForwardPostNorm, fed, row(x, n));
        applyNorm(layer.feedForwardOutNorm, row(x, n), row(x, n));
    }
}

std::vector<float> feedForward(const DenseFeedForward &f, std::span<const float> in,
                               const Compute &compute)
{
    std::vector<float> up = applyLinear(f.up, in, compute);
    if (!f.gate.there()) {
        activate(f.activation, up, {});
        return applyLinear(f.down, up, compute);
    }
    std::vector<float> gate = applyLinear(f.gate, in, compute);
    activate(f.activation, gate, up);
    return applyLinear(f.down, gate, compute);
}

std::vector<float> feedForward(const ExpertFeedForward &f, std::span<const float> in,
                               const Compute &compute)
{
    std::vector<float> out(in.size());
    for (const Route &route : routesOf(f, in, compute)) {
        std::vector<float> gate = applyExpert(f.gate, route.expert, in, compute);
        activate(f.activation, gate, applyExpert(f.up, route.expert, in, compute));
        const std::vector<float> down = applyExpert(f.down, route.expert, gate, compute);
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] += float(route.weight) * down[i];
    }
    if (f.shared) {
        double weight = 1;
        if (f.sharedGate) {
            const std::vector<float> gate = expand(*f.sharedGate);
            double dot = 0;
            for (std::size_t i = 0; i < in.size(); ++i)
                dot += double(gate[i]) * double(in[i]);
            weight = 1.0 / (1.0 + std::exp(-dot));
        }
        const std::vector<float> shared = feedForward(*f.shared, in, compute);
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] += float(weight) * shared[i];
    }
    return out;
}

} // namespace alcove::cpu::reference
