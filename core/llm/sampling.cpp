#include "core/llm/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace alcove::llm {

namespace {

template <typename T>
void keepLast(std::vector<T> &list, std::size_t most)
{
    if (list.size() > most)
        list.erase(list.begin(), list.end() - static_cast<std::ptrdiff_t>(most));
}

float finiteOr(float value, float fallback)
{
    return std::isfinite(value) ? value : fallback;
}

} // namespace

bool SamplingParams::plain() const
{
    return !(typicalP < 1) && !(topNSigma > 0) && !(xtcProbability > 0) && !(temperatureRange > 0)
        && !(mirostatTau > 0) && dry.multiplier == 0 && bias.empty() && !constraint;
}

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key)
{
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t a = std::uint64_t(0xD2511F53u) * counter[0];
        const std::uint64_t b = std::uint64_t(0xCD9E8D57u) * counter[2];
        counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0],
                   static_cast<std::uint32_t>(b),
                   static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1],
                   static_cast<std::uint32_t>(a)};
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    return counter;
}

float counterUniform(std::uint64_t seed, std::uint64_t index, RandomUse use)
{
    const auto words =
        philox4x32({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                    static_cast<std::uint32_t>(use), 0},
                   {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
    return static_cast<float>(words[0] >> 8) * 0x1p-24f;
}

// Calls `visit(candidate)` for every allowed token with a finite logit.
template <typename Visit>
void Sampler::visit(std::span<const float> logits, const Visit &visit) const
{
    auto next = m_changed.begin();
    for (std::size_t i = 0; i < logits.size(); ++i) {
        float logit = logits[i];
        if (next != m_changed.end() && static_cast<std::size_t>(next->second) == i) {
            logit = next->first;
            ++next;
        }
        const auto token = static_cast<Token>(i);
        if (std::isfinite(logit) && (!m_mask || m_mask->allows(token)))
            visit(Candidate{logit, token});
    }
}

Sampler::Sampler(const SamplingParams &params, std::span<const Token> history)
    : m_params(params), m_drawn(params.firstDraw), m_surprise(2.0 * double(params.mirostatTau))
{
    std::sort(m_params.dry.breakers.begin(), m_params.dry.breakers.end());
    m_window.assign(history.begin(), history.end());
    keepLast(m_window, params.penaltyWindow);
    if (params.dry.multiplier != 0) {
        m_history.assign(history.begin(), history.end());
        keepLast(m_history, params.dry.window);
    }
    if (params.constraint) {
        m_constraint = params.constraint->begin();
        const std::size_t drawn = std::size_t(std::min<std::uint64_t>(m_drawn, history.size()));
        for (const Token token : history.last(drawn))
            m_constraint->accept(token);
    }
}

Token Sampler::sample(std::span<const float> logits)
{
    m_mask = m_constraint ? &m_constraint->allowed() : nullptr;
    changeLogits(logits);
    const Token token = draw(logits);
    remember(token);
    return token;
}

void Sampler::changeLogits(std::span<const float> logits)
{
    const float repeat = std::isfinite(m_params.repeatPenalty) && m_params.repeatPenalty > 0
        ? m_params.repeatPenalty
        : 1.0f;
    const float presence = finiteOr(m_params.presencePenalty, 0);
    const float frequency = finiteOr(m_params.frequencyPenalty, 0);
    m_changes.clear();
    m_changed.clear();
    for (const auto &[token, bias] : m_params.bias) {
        if (!std::isnan(bias))
            m_changes.push_back({token, 0, bias, 0});
    }
    if (repeat != 1.0f || presence != 0.0f || frequency != 0.0f) {
        for (const Token token : m_window)
            m_changes.push_back({token, 1, 0, 0});
    }
    if (m_params.dry.multiplier != 0) {
        for (const auto &[token, penalty] : dryPenalties(m_params.dry, m_history))
            m_changes.push_back({token, 0, 0, penalty});
    }
    std::stable_sort(m_changes.begin(), m_changes.end(),
                     [](const Change &a, const Change &b) { return a.token < b.token; });
    for (auto one = m_changes.begin(); one != m_changes.end();) {
        Change sum{one->token, 0, 0, 0};
        for (; one != m_changes.end() && one->token == sum.token; ++one) {
            sum.seen += one->seen;
            sum.bias += one->bias;
            sum.dry += one->dry;
        }
        if (sum.token < 0 || static_cast<std::size_t>(sum.token) >= logits.size())
            continue;
        float logit = logits[static_cast<std::size_t>(sum.token)] + sum.bias;
        if (sum.seen > 0) {
            logit = logit > 0 ? logit / repeat : logit * repeat;
            logit -= presence + frequency * static_cast<float>(sum.seen);
        }
        m_changed.emplace_back(logit - sum.dry, sum.token);
    }
}

// The least logit that top-n-sigma keeps.
float Sampler::sigmaBound(std::span<const float> logits) const
{
    constexpr float kNone = -std::numeric_limits<float>::infinity();
    if (!(m_params.topNSigma > 0) || !std::isfinite(m_params.topNSigma))
        return kNone;
    double count = 0;
    double mean = 0;
    double squares = 0; // of the distances from the mean, added up as in Welford's method
    float best = kNone;
    visit(logits, [&](const Candidate &one) {
        count += 1;
        const double distance = double(one.first) - mean;
        mean += distance / count;
        squares += distance * (double(one.first) - mean);
        best = std::max(best, one.first);
    });
    if (count < 1)
        return kNone;
    const double bound = double(best) - double(m_params.topNSigma) * std::sqrt(squares / count);
    return std::isfinite(bound) ? std::min(best, float(bound)) : kNone;
}

void Sampler::collect(std::span<const float> logits, std::size_t most, float least)
{
    m_candidates.clear();
    if (most > 0 && most < logits.size()) {
        visit(logits, [&](const Candidate &one) {
            if (one.first >= least)
                m_candidates.addBounded(one, most);
        });
    } else {
        visit(logits, [&](const Candidate &one) {
            if (one.first >= least)
                m_candidates.add(one);
        });
    }
}

double Sampler::temperatureNow()
{
    const double middle = m_params.temperature;
    const double range = finiteOr(m_params.temperatureRange, 0);
    if (!(range > 0) || m_candidates.size() < 2 || !std::isfinite(m_params.temperatureExponent))
        return middle;
    const double low = std::max(0.0, middle - range);
    const double share = m_candidates.entropy() / std::log(double(m_candidates.size()));
    return low
        + (middle + range - low)
        * std::pow(std::clamp(share, 0.0, 1.0), double(m_params.temperatureExponent));
}

Token Sampler::draw(std::span<const float> logits)
{
    const Token none = m_mask ? m_mask->first().value_or(0) : 0;
    // Written so that a temperature that is no number is greedy too.
    if (!(m_params.temperature > 0)) {
        Candidate best{-std::numeric_limits<float>::infinity(), none};
        visit(logits, [&best](const Candidate &one) {
            if (one.first > best.first)
                best = one;
        });
        return best.second;
    }
    const bool mirostat = m_params.mirostatTau > 0 && std::isfinite(m_params.mirostatTau)
        && std::isfinite(m_params.mirostatEta);
    if (mirostat)
        collect(logits, 0, -std::numeric_limits<float>::infinity());
    else
        collect(logits, m_params.topK, sigmaBound(logits));
    if (m_candidates.empty())
        return none;
    if (mirostat)
        return drawMirostat(temperatureNow());

    if (m_params.typicalP < 1)
        m_candidates.keepTypical(m_params.typicalP);
    if (m_params.topP < 1)
        m_candidates.keepTopP(m_params.topP);
    if (m_params.minP > 0)
        m_candidates.keepMinP(m_params.minP);
    if (counterUniform(m_params.seed, m_drawn, RandomUse::Xtc) < m_params.xtcProbability)
        m_candidates.excludeTopChoices(m_params.xtcThreshold);
    const double temperature = temperatureNow();
    if (!(temperature > 0))
        return m_candidates.at(0).second;
    const double uniform = counterUniform(m_params.seed, m_drawn);
    return m_candidates.at(m_candidates.draw(uniform, temperature)).second;
}

Token Sampler::drawMirostat(double temperature)
{
    if (!(temperature > 0))
        return m_candidates.at(0).second;
    const double total = m_candidates.totalWeight(temperature);
    m_candidates.keepSurprise(m_surprise, temperature);
    const std::size_t drawn =
        m_candidates.draw(counterUniform(m_params.seed, m_drawn), temperature);
    // The surprise under the model's distribution, not under what the cut has left of it.
    const double surprise = std::log2(total / m_candidates.weight(drawn, temperature));
    if (std::isfinite(surprise))
        m_surprise -= double(m_params.mirostatEta) * (surprise - double(m_params.mirostatTau));
    return m_candidates.at(drawn).second;
}

void Sampler::remember(Token token)
{
    ++m_drawn;
    m_window.push_back(token);
    keepLast(m_window, m_params.penaltyWindow);
    if (m_params.dry.multiplier != 0) {
        m_history.push_back(token);
        keepLast(m_history, m_params.dry.window);
    }
    if (m_constraint)
        m_constraint->accept(token);
}

} // namespace alcove::llm
