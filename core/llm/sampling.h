// Sampling parameters, and the plain sampler on the host: the reference for the one on the GPU.
//
// Order: penalties, top-k, top-p, min-p, temperature, draw. Temperature 0 takes the arg-max after
// the penalties. Random numbers come from a counter (Philox 4x32-10, Salmon et al., SC'11), so the
// n-th token of a run depends on the seed and n alone, on every executor.
#pragma once

#include "core/llm/tensor.h"

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace alcove::llm {

struct SamplingParams {
    float temperature = 0.8f; // 0: greedy
    std::uint32_t topK = 40; // 0: off
    float topP = 0.95f; // 1: off. Smallest set of likeliest tokens whose sum reaches it
    float minP = 0.05f; // 0: off. Relative to the likeliest token's probability
    float repeatPenalty = 1.0f; // 1: off. Divides positive logits, multiplies negative ones
    float presencePenalty = 0.0f; // subtracted once from a token seen in the window
    float frequencyPenalty = 0.0f; // subtracted for each time it was seen in the window
    std::uint32_t penaltyWindow =
        64; // last tokens, of prompt and answer, that the penalties look at
    std::uint64_t seed = 0;
};

// Philox 4x32-10: ten rounds of the counter under the key. Source: Salmon et al., SC'11.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

// Uniform in [0, 1) with 24 bits: word 0 of Philox 4x32-10 with key (seed low, seed high) and
// counter (index low, index high, 0, 0), shifted right by 8, times 2^-24.
float counterUniform(std::uint64_t seed, std::uint64_t index);

// Keeps the last `penaltyWindow` tokens and the count of drawn ones. One run, one thread.
class Sampler
{
public:
    // `history`: the prompt's tokens (only the last penaltyWindow matter).
    Sampler(const SamplingParams &params, std::span<const Token> history);

    // `logits` [vocabulary] is not changed. Appends the drawn token to the window.
    // Non-finite logits are never drawn; if all are, token 0. Of equal logits the lower token is
    // the likelier. The draw takes the first token, from the likeliest on, at which the sum of the
    // probabilities exceeds counterUniform(seed, drawn()). A penalty out of bounds (a repeat
    // penalty that is not above 0, a number that is not finite) is off.
    Token sample(std::span<const float> logits);

    const SamplingParams &params() const { return m_params; }
    std::span<const Token> window() const { return m_window; }
    std::uint64_t drawn() const { return m_drawn; }

private:
    void penalise(std::span<const float> logits);
    Token draw(std::span<const float> logits);
    void remember(Token token);

    SamplingParams m_params;
    std::vector<Token> m_window; // oldest first, at most penaltyWindow
    std::uint64_t m_drawn = 0;
    std::vector<std::pair<float, Token>> m_penalised; // of the window, by token
    std::vector<std::pair<float, Token>> m_candidates;
};

} // namespace alcove::llm
