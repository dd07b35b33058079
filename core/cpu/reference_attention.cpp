#include "core/cpu/reference_layers.h"
#include "core/cpu/reference_math.h"

#include <algorithm>
#include <cmath>

namespace alcove::cpu::reference {

using namespace alcove::llm;

namespace {

// The slope of a head's distance penalty (Press et al. 2022): a geometric row for the largest power
// of two of heads, and every other member of the finer row for the rest.
double alibiSlope(float maxBias, std::uint32_t heads, std::uint32_t head)
{
    std::uint32_t power = 1;
    while (power * 2 <= heads)
        power *= 2;
    if (head < power)
        return std::exp2(-double(maxBias) / power * (head + 1));
    return std::exp2(-double(maxBias) / (2.0 * power) * (2.0 * (head - power) + 1));
}

void normHeads(const std::optional<Norm> &norm, HeadNorms kind, std::size_t headSize,
               std::span<float> heads)
{
    if (!norm)
        return;
    if (kind == HeadNorms::Whole) {
        applyNorm(*norm, heads, heads);
        return;
    }
    for (std::size_t h = 0; h < heads.size(); h += headSize)
        applyNorm(*norm, heads.subspan(h, headSize), heads.subspan(h, headSize));
}

void rotateHeads(const Attention &a, std::uint32_t contextLength, std::uint32_t position,
                 std::span<float> heads)
{
    for (std::size_t h = 0; h < heads.size(); h += a.headSize)
        rotate(a.rope, a.rope.frequenciesFor(contextLength), position, a.rope.magnitude,
               heads.subspan(h, a.headSize));
}

// With an output gate the projection gives each head's query and then its gate.
void splitGate(const Attention &a, std::vector<float> &query, std::vector<float> &gate)
{
    const std::vector<float> both = std::move(query);
    query.clear();
    for (std::uint32_t h = 0; h < a.heads; ++h) {
        const auto at = both.begin() + std::ptrdiff_t(2) * h * a.headSize;
        query.insert(query.end(), at, at + a.headSize);
        gate.insert(gate.end(), at + a.headSize, at + 2 * a.headSize);
    }
}

// What one head of the query at `position` attends to among the positions [from, to).
void attendHead(const Attention &a, const LayerState &state, std::uint32_t head,
                std::uint32_t position, std::uint32_t from, std::uint32_t to,
                std::span<const float> query, std::span<float> mixed)
{
    const std::size_t width = std::size_t(a.kvHeads) * a.headSize;
    const std::size_t column = std::size_t(head / (a.heads / a.kvHeads)) * a.headSize;
    const double slope = a.maxAlibiBias != 0.0f ? alibiSlope(a.maxAlibiBias, a.heads, head) : 0.0;
    double sink = -INFINITY;
    if (a.sinks) {
        float value = 0;
        dequantise(*a.sinks, head, 1, &value);
        sink = value;
    }
    double largest = sink;
    std::vector<double> scores(to - from);
    for (std::uint32_t t = from; t < to; ++t) {
        double score = 0;
        for (std::size_t i = 0; i < a.headSize; ++i)
            score += double(query[i]) * double(state.keys[t * width + column + i]);
        score *= double(a.scale);
        if (a.softCap != 0.0f)
            score = double(a.softCap) * std::tanh(score / double(a.softCap));
        score -= slope * std::fabs(double(position) - double(t));
        scores[t - from] = score;
        largest = std::max(largest, score);
    }
    double total = std::exp(sink - largest);
    for (double &score : scores) {
        score = std::exp(score - largest);
        total += score;
    }
    for (std::size_t i = 0; i < a.headSize; ++i) {
        double sum = 0;
        for (std::uint32_t t = from; t < to; ++t)
            sum += scores[t - from] * double(state.values[t * width + column + i]);
        mixed[i] = float(sum / total);
    }
}

} // namespace

std::vector<float> mix(const Attention &a, LayerState &state, const LayerSlice &slice,
                       std::span<const float> in)
{
    const std::size_t width = in.size() / slice.count;
    const std::size_t kvWidth = std::size_t(a.kvHeads) * a.headSize;
    std::vector<std::vector<float>> queries(slice.count);
    std::vector<std::vector<float>> gates(slice.count);
    for (std::uint32_t n = 0; n < slice.count; ++n) {
        const auto x = in.subspan(n * width, width);
        const std::uint32_t position = slice.first + n;
        queries[n] = applyLinear(a.query, x, slice.compute);
        if (a.outputGate)
            splitGate(a, queries[n], gates[n]);
        normHeads(a.queryNorm, a.headNorms, a.headSize, queries[n]);
        rotateHeads(a, slice.contextLength, position, queries[n]);
        const std::span key(state.keys.data() + position * kvWidth, kvWidth);
        applyLinear(a.key, x, key, slice.compute);
        normHeads(a.keyNorm, a.headNorms, a.headSize, key);
        rotateHeads(a, slice.contextLength, position, key);
        roundTo(slice.keyFormat, key);
        const std::span value(state.values.data() + position * kvWidth, kvWidth);
        applyLinear(a.value, x, value, slice.compute);
        roundTo(slice.valueFormat, value);
    }
    std::vector<float> out(in.size());
    for (std::uint32_t n = 0; n < slice.count && !slice.compute.cancel.cancelled(); ++n) {
        const std::uint32_t position = slice.first + n;
        const bool causal = a.direction == Direction::Causal;
        const std::uint32_t to = causal ? position + 1 : slice.first + slice.count;
        const std::uint32_t from =
            a.window > 0 && position >= a.window ? position - a.window + 1 : 0;
        std::vector<float> mixed(queries[n].size());
        for (std::uint32_t h = 0; h < a.heads; ++h) {
            const std::size_t at = std::size_t(h) * a.headSize;
            attendHead(a, state, h, position, from, to,
                       std::span(queries[n]).subspan(at, a.headSize),
                       std::span(mixed).subspan(at, a.headSize));
        }
        for (std::size_t i = 0; i < gates[n].size(); ++i)
            mixed[i] *= sigmoid(gates[n][i]);
        applyLinear(a.output, mixed, std::span(out).subspan(n * width, width), slice.compute);
    }
    return out;
}

void discardPositions(const Attention &a, LayerState &state, const LayerSlice &removed,
                      std::uint32_t length)
{
    const std::size_t width = std::size_t(a.kvHeads) * a.headSize;
    const auto from = std::ptrdiff_t((removed.first + removed.count) * width);
    const auto to = std::ptrdiff_t(removed.first * width);
    const auto end = std::ptrdiff_t(length * width);
    for (std::vector<float> *cache : {&state.keys, &state.values})
        std::copy(cache->begin() + from, cache->begin() + end, cache->begin() + to);
    for (std::size_t t = removed.first; t + removed.count < length; ++t) {
        const std::span key(state.keys.data() + t * width, width);
        for (std::size_t h = 0; h < width; h += a.headSize)
            rotate(a.rope, a.rope.frequenciesFor(removed.contextLength), -double(removed.count),
                   1.0f, key.subspan(h, a.headSize));
        roundTo(removed.keyFormat, key);
    }
}

} // namespace alcove::cpu::reference
