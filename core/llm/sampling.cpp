#include "core/llm/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace alcove::llm {

namespace {

using Candidate = std::pair<float, Token>; // logit, token

bool likelier(const Candidate &a, const Candidate &b)
{
    return a.first != b.first ? a.first > b.first : a.second < b.second;
}

// Calls `visit(candidate)` for every finite logit, with penalties in place of the plain ones.
template <typename Visit>
void visitCandidates(std::span<const float> logits, std::span<const Candidate> penalised,
                     const Visit &visit)
{
    auto next = penalised.begin();
    for (std::size_t i = 0; i < logits.size(); ++i) {
        float logit = logits[i];
        if (next != penalised.end() && static_cast<std::size_t>(next->second) == i) {
            logit = next->first;
            ++next;
        }
        if (std::isfinite(logit))
            visit(Candidate{logit, static_cast<Token>(i)});
    }
}

// The candidates in order of likelihood, sorted only as far as they are asked for.
class Ranking
{
public:
    explicit Ranking(std::vector<Candidate> &candidates) : m_candidates(candidates) { }

    const Candidate &at(std::size_t i)
    {
        while (i >= m_sorted) {
            const std::size_t end =
                std::min(m_candidates.size(), std::max<std::size_t>(128, m_sorted * 4));
            const auto begin = m_candidates.begin();
            const auto from = begin + static_cast<std::ptrdiff_t>(m_sorted);
            const auto to = begin + static_cast<std::ptrdiff_t>(end);
            if (to != m_candidates.end())
                std::nth_element(from, to, m_candidates.end(), likelier);
            std::sort(from, to, likelier);
            m_sorted = end;
        }
        return m_candidates[i];
    }

private:
    std::vector<Candidate> &m_candidates;
    std::size_t m_sorted = 0;
};

} // namespace

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

float counterUniform(std::uint64_t seed, std::uint64_t index)
{
    const auto words = philox4x32(
        {static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), 0, 0},
        {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
    return static_cast<float>(words[0] >> 8) * 0x1p-24f;
}

Sampler::Sampler(const SamplingParams &params, std::span<const Token> history) : m_params(params)
{
    const std::size_t kept = std::min<std::size_t>(history.size(), params.penaltyWindow);
    m_window.assign(history.end() - static_cast<std::ptrdiff_t>(kept), history.end());
}

Token Sampler::sample(std::span<const float> logits)
{
    penalise(logits);
    const Token token = draw(logits);
    remember(token);
    return token;
}

void Sampler::penalise(std::span<const float> logits)
{
    const float repeat = std::isfinite(m_params.repeatPenalty) && m_params.repeatPenalty > 0
        ? m_params.repeatPenalty
        : 1.0f;
    const float presence = std::isfinite(m_params.presencePenalty) ? m_params.presencePenalty : 0;
    const float frequency =
        std::isfinite(m_params.frequencyPenalty) ? m_params.frequencyPenalty : 0;
    m_penalised.clear();
    if (repeat == 1.0f && presence == 0.0f && frequency == 0.0f)
        return;
    for (Token token : m_window) {
        if (token >= 0 && static_cast<std::size_t>(token) < logits.size())
            m_penalised.emplace_back(0.0f, token);
    }
    std::sort(m_penalised.begin(), m_penalised.end(),
              [](const Candidate &a, const Candidate &b) { return a.second < b.second; });
    auto out = m_penalised.begin();
    for (auto in = m_penalised.begin(); in != m_penalised.end();) {
        const Token token = in->second;
        const auto end = std::find_if(
            in, m_penalised.end(), [token](const Candidate &one) { return one.second != token; });
        float logit = logits[static_cast<std::size_t>(token)];
        logit = logit > 0 ? logit / repeat : logit * repeat;
        logit -= presence + frequency * static_cast<float>(end - in);
        in = end;
        *out++ = {logit, token};
    }
    m_penalised.erase(out, m_penalised.end());
}

Token Sampler::draw(std::span<const float> logits)
{
    // Written so that a temperature that is no number is greedy too.
    if (!(m_params.temperature > 0)) {
        Candidate best{-std::numeric_limits<float>::infinity(), 0};
        visitCandidates(logits, m_penalised, [&best](const Candidate &one) {
            if (one.first > best.first)
                best = one;
        });
        return best.second;
    }

    // The topK likeliest: a heap whose front is the least likely of those kept.
    m_candidates.clear();
    const std::size_t topK = m_params.topK;
    if (topK > 0 && topK < logits.size()) {
        visitCandidates(logits, m_penalised, [this, topK](const Candidate &one) {
            if (m_candidates.size() < topK) {
                m_candidates.push_back(one);
                std::push_heap(m_candidates.begin(), m_candidates.end(), likelier);
            } else if (likelier(one, m_candidates.front())) {
                std::pop_heap(m_candidates.begin(), m_candidates.end(), likelier);
                m_candidates.back() = one;
                std::push_heap(m_candidates.begin(), m_candidates.end(), likelier);
            }
        });
    } else {
        visitCandidates(logits, m_penalised,
                        [this](const Candidate &one) { m_candidates.push_back(one); });
    }
    if (m_candidates.empty())
        return 0;

    Ranking ranking(m_candidates);
    const float best = ranking.at(0).first;
    const auto weight = [best](float logit, float temperature) {
        return std::exp((double(logit) - double(best)) / double(temperature));
    };
    std::size_t kept = m_candidates.size();
    if (m_params.topP < 1) {
        double total = 0;
        for (const Candidate &one : m_candidates)
            total += weight(one.first, 1);
        const double wanted = double(m_params.topP) * total;
        double sum = weight(ranking.at(0).first, 1);
        std::size_t count = 1;
        while (count < kept && sum < wanted)
            sum += weight(ranking.at(count++).first, 1);
        kept = count;
    }
    if (m_params.minP > 0) {
        std::size_t count = 1;
        while (count < kept && weight(ranking.at(count).first, 1) >= double(m_params.minP))
            ++count;
        kept = count;
    }

    double total = 0;
    if (kept == m_candidates.size()) {
        for (const Candidate &one : m_candidates)
            total += weight(one.first, m_params.temperature);
    } else {
        for (std::size_t i = 0; i < kept; ++i)
            total += weight(ranking.at(i).first, m_params.temperature);
    }
    const double drawn = double(counterUniform(m_params.seed, m_drawn)) * total;
    double sum = 0;
    for (std::size_t i = 0; i < kept; ++i) {
        sum += weight(ranking.at(i).first, m_params.temperature);
        if (sum > drawn)
            return ranking.at(i).second;
    }
    return ranking.at(kept - 1).second;
}

void Sampler::remember(Token token)
{
    ++m_drawn;
    if (m_params.penaltyWindow == 0)
        return;
    if (m_window.size() >= m_params.penaltyWindow)
        m_window.erase(m_window.begin());
    m_window.push_back(token);
}

} // namespace alcove::llm
