// Mixture of experts: each token's pairs with the experts that it chose are put in order by expert,
// so that an expert's matrices are read once for all the tokens that want them, and not at all when
// none does.
#include "core/cpu/forward_pass.h"
#include "core/cpu/work_shares.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace alcove::cpu {
namespace {

float sigmoid(float x)
{
    return 1.0f / (1.0f + std::exp(-x));
}

void softmax(float *values, std::size_t count)
{
    const float top = *std::max_element(values, values + count);
    float total = 0;
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = std::exp(values[i] - top);
        total += values[i];
    }
    for (std::size_t i = 0; i < count; ++i)
        values[i] /= total;
}

const float *biasOf(const PreparedExpertMatrices &matrices, std::size_t expert)
{
    return matrices.bias.empty() ? nullptr : matrices.bias.data() + expert * matrices.rows;
}

} // namespace

void ForwardPass::experts(const PreparedExperts &e, std::size_t tokens, const Target &target,
                          const CancelToken &cancel)
{
    const Activations x = m_normed.view(tokens, m_spec.width);
    multiply({{&e.router, m_routed.data()}}, x, cancel);
    if (cancel.cancelled())
        return;
    m_pool.run(tokens, 1, [&](std::size_t first, std::size_t last, std::uint32_t) {
        for (std::size_t t = first; t < last; ++t)
            choose(e, t);
    });
    groupByExpert(e, tokens);
    expertHidden(e, tokens, cancel);
    if (!cancel.cancelled())
        expertOutputs(e, tokens, target, cancel);
    if (!e.shared || cancel.cancelled())
        return;
    Target scaled = target;
    if (!e.sharedGate.empty())
        scaled.factors = m_sharedFactors.data();
    dense(*e.shared, tokens, scaled, cancel);
}

// The token's experts and their weights; the earlier expert where two are equal.
void ForwardPass::choose(const PreparedExperts &e, std::size_t token)
{
    float *scores = m_routed.data() + token * e.experts;
    if (e.weights == llm::ExpertWeights::Softmax) {
        softmax(scores, e.experts);
    } else if (e.weights == llm::ExpertWeights::Sigmoid) {
        for (std::size_t i = 0; i < e.experts; ++i)
            scores[i] = sigmoid(scores[i]);
    }
    std::uint32_t *chosen = m_choice.data() + token * e.used;
    float *weights = m_choiceWeights.data() + token * e.used;
    for (std::size_t k = 0; k < e.used; ++k) {
        std::size_t best = e.experts;
        float highest = -std::numeric_limits<float>::infinity();
        for (std::size_t i = 0; i < e.experts; ++i) {
            const float score = scores[i] + (e.choiceBias.empty() ? 0.0f : e.choiceBias[i]);
            if ((best == e.experts || score > highest)
                && std::find(chosen, chosen + k, i) == chosen + k) {
                best = i;
                highest = score;
            }
        }
        chosen[k] = static_cast<std::uint32_t>(best);
        weights[k] = scores[best];
    }
    if (e.weights == llm::ExpertWeights::SoftmaxOfChosen)
        softmax(weights, e.used);
    float factor = e.weightScale;
    if (e.renormalise) {
        float total = 0;
        for (std::size_t k = 0; k < e.used; ++k)
            total += weights[k];
        // Where all weights are 0, so is the result.
        factor /= std::max(total, std::numeric_limits<float>::min());
    }
    for (std::size_t k = 0; k < e.used; ++k)
        weights[k] *= factor;
    if (!e.sharedGate.empty()) {
        const float *x = m_normed.values() + token * m_spec.width;
        double sum = 0;
        for (std::size_t i = 0; i < m_spec.width; ++i)
            sum += double(x[i]) * double(e.sharedGate[i]);
        m_sharedFactors.data()[token] = sigmoid(static_cast<float>(sum));
    }
}

void ForwardPass::groupByExpert(const PreparedExperts &e, std::size_t tokens)
{
    const std::size_t pairs = tokens * e.used;
    for (std::size_t i = 0; i < e.experts; ++i)
        m_groups[i] = {i, 0, 0};
    for (std::size_t p = 0; p < pairs; ++p)
        ++m_groups[m_choice.data()[p]].count;
    std::size_t first = 0;
    for (std::size_t i = 0; i < e.experts; ++i) {
        m_groups[i].first = first;
        first += m_groups[i].count;
        m_groups[i].count = 0;
    }
    for (std::size_t p = 0; p < pairs; ++p) {
        ExpertGroup &group = m_groups[m_choice.data()[p]];
        const std::size_t at = group.first + group.count++;
        m_pairToken.data()[at] = static_cast<std::uint32_t>(p / e.used);
        m_pairWeight.data()[at] = m_choiceWeights.data()[p];
    }
    m_groupCount = 0;
    for (std::size_t i = 0; i < e.experts; ++i) {
        if (m_groups[i].count)
            m_groups[m_groupCount++] = m_groups[i];
    }
    const Activations x = m_normed.view(tokens, m_spec.width);
    const bool quantised = usesInt8Activations(e.up.weights.front().type)
        || (!e.gate.weights.empty() && usesInt8Activations(e.gate.weights.front().type));
    m_pool.run(pairs, 8, [&](std::size_t begin, std::size_t end, std::uint32_t) {
        for (std::size_t p = begin; p < end; ++p)
            m_pairInput.copyRow(p, x, m_pairToken.data()[p], quantised);
    });
}

void ForwardPass::projectExpertChanges(const PreparedExpertMatrices &matrices,
                                       const PreparedExpertMatrices *others,
                                       const InputBuffer &inputs)
{
    if (m_changes.empty())
        return;
    m_changes.begin();
    for (std::size_t g = 0; g < m_groupCount; ++g) {
        const ExpertGroup &group = m_groups[g];
        const Activations x = inputs.view(group.count, matrices.columns, group.first);
        m_changes.want(matrices.weights[group.expert], x, group.first);
        if (others)
            m_changes.want(others->weights[group.expert], x, group.first);
    }
    m_changes.project(m_pool, m_kernels, m_scratch.data());
}

void ForwardPass::expertHidden(const PreparedExperts &e, std::size_t tokens,
                               const CancelToken &cancel)
{
    const std::size_t hidden = e.up.rows;
    const bool gated = !e.gate.weights.empty();
    const bool quantised = usesInt8Activations(e.down.weights.front().type);
    const std::size_t perGroup = divideUp(hidden, kHiddenStep);
    const std::size_t units = m_groupCount * perGroup;
    const std::size_t grain =
        unitsAtATime(rowBytes(e.up.weights.front()) * kHiddenStep, units, tokens, m_pool.size());
    const PreparedExpertMatrices &first = gated ? e.gate : e.up;
    projectExpertChanges(first, gated ? &e.up : nullptr, m_pairInput);
    m_pool.run(units, grain, [&](std::size_t begin, std::size_t end, std::uint32_t thread) {
        for (std::size_t unit = begin; unit < end;) {
            if (cancel.cancelled())
                return;
            const ExpertGroup &group = m_groups[unit / perGroup];
            const std::size_t step = unit % perGroup;
            const std::size_t steps = std::min(perGroup - step, end - unit);
            unit += steps;
            const std::size_t from = step * kHiddenStep;
            const std::size_t to = std::min(hidden, (step + steps) * kHiddenStep);
            const Activations x = m_pairInput.view(group.count, m_spec.width, group.first);
            float *inner = m_pairHidden.values() + group.first * hidden;
            float *up = m_pairUp.data() + group.first * hidden;
            multiplyRows(first.weights[group.expert], biasOf(first, group.expert), from, to, x,
                         inner, thread, group.first);
            if (gated)
                multiplyRows(e.up.weights[group.expert], biasOf(e.up, group.expert), from, to, x,
                             up, thread, group.first);
            for (std::size_t p = 0; p < group.count; ++p) {
                const std::size_t at = p * hidden + from;
                m_kernels.activate(e.activation, inner + at, gated ? up + at : nullptr, to - from,
                                   inner + at);
                if (quantised)
                    m_pairHidden.quantise(m_kernels, group.first + p, hidden, from, to);
            }
        }
    });
}

// Some rows of all the chosen experts' outputs, added up; the order of the sum is that of the
// experts, however the rows are shared out.
void ForwardPass::expertOutputs(const PreparedExperts &e, std::size_t tokens, const Target &target,
                                const CancelToken &cancel)
{
    projectExpertChanges(e.down, nullptr, m_pairHidden);
    const std::size_t width = e.down.rows;
    const std::size_t panels = divideUp(width, kRowPanel);
    const std::size_t grain = unitsAtATime(
        rowBytes(e.down.weights.front()) * kRowPanel * m_groupCount, panels, tokens, m_pool.size());
    m_pool.run(panels, grain, [&](std::size_t begin, std::size_t end, std::uint32_t thread) {
        const std::size_t from = begin * kRowPanel;
        const std::size_t to = std::min(width, end * kRowPanel);
        for (std::size_t g = 0; g < m_groupCount; ++g) {
            if (cancel.cancelled())
                return;
            const ExpertGroup &group = m_groups[g];
            float *out = m_pairOutput.data() + group.first * width;
            multiplyRows(e.down.weights[group.expert], biasOf(e.down, group.expert), from, to,
                         m_pairHidden.view(group.count, e.down.columns, group.first), out, thread,
                         group.first);
            for (std::size_t p = 0; p < group.count; ++p) {
                const std::size_t pair = group.first + p;
                m_kernels.addScaled(target.sum + m_pairToken.data()[pair] * width + from,
                                    out + p * width + from,
                                    target.scale * m_pairWeight.data()[pair], to - from);
            }
        }
    });
}

} // namespace alcove::cpu
