// What tests of the host's sampler share: parameters with everything off, logits of known
// probabilities, and many draws at once.
#pragma once

#include "core/llm/sampling.h"

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <vector>

namespace alcove::test {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();
inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Everything off: plain draws from the softmax.
inline llm::SamplingParams plainParams()
{
    llm::SamplingParams params;
    params.temperature = 1;
    params.topK = 0;
    params.topP = 1;
    params.minP = 0;
    params.seed = 11;
    return params;
}

inline std::vector<float> logitsOf(const std::vector<double> &probabilities)
{
    std::vector<float> logits;
    for (double p : probabilities)
        logits.push_back(float(std::log(p)));
    return logits;
}

// How often each token is drawn, of so many draws in one run.
inline std::map<llm::Token, int> draws(const llm::SamplingParams &params,
                                       const std::vector<float> &logits, int count = 4000)
{
    llm::Sampler sampler(params, {});
    std::map<llm::Token, int> seen;
    for (int i = 0; i < count; ++i)
        ++seen[sampler.sample(logits)];
    return seen;
}

inline std::set<llm::Token> drawnTokens(const llm::SamplingParams &params,
                                        const std::vector<float> &logits)
{
    std::set<llm::Token> tokens;
    for (const auto &[token, count] : draws(params, logits))
        tokens.insert(token);
    return tokens;
}

} // namespace alcove::test
