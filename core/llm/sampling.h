// Sampling parameters, and the plain sampler on the host: the reference for the one on the GPU.
//
// Order: logit bias, constraint, penalties, DRY, top-n-sigma, top-k, typical, top-p, min-p, XTC,
// temperature, draw. Mirostat takes the place of everything from top-n-sigma to XTC and cuts after
// the temperature. Temperature 0 takes the arg-max after DRY. Random numbers come from a counter
// (Philox 4x32-10, Salmon et al., SC'11), so the n-th token of a run depends on the seed and n
// alone, on every executor.
#pragma once

#include "core/llm/candidates.h"
#include "core/llm/dry_penalty.h"
#include "core/llm/tensor.h"
#include "core/llm/token_constraint.h"

#include <array>
#include <cstdint>
#include <memory>
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

    // What follows is the host's alone.
    float typicalP = 1.0f; // 1: off. See Candidates
    float topNSigma = 0.0f; // 0: off. Logits of at least max - n * their standard deviation (Tang
                            // et al. 2024, arXiv 2411.07641)
    float xtcProbability = 0.0f; // 0: off. How often XTC acts
    float xtcThreshold = 0.1f; // above 0.5 it never has two tokens to choose from
    // Dynamic temperature (kalomaze; llama.cpp pull request 4972): low + (high - low) * (entropy /
    // ln candidates)^exponent, with low and high the temperature less and plus the range, at least
    // 0; of the candidates that XTC leaves.
    float temperatureRange = 0.0f; // 0: off
    float temperatureExponent = 1.0f;
    // Mirostat 2: the surprise, in bits, that drawn tokens are to have on average. 0: off.
    float mirostatTau = 0.0f;
    float mirostatEta = 0.1f; // how much of an error is put right at once
    DryParams dry;
    std::vector<std::pair<Token, float>> bias; // added to logits; -infinity: never drawn
    std::shared_ptr<const TokenConstraint> constraint; // null: any token
    // A run that goes on after so many drawn tokens, the last ones of the history (an answer that
    // is continued on a device that had to be started anew). Mirostat begins afresh.
    std::uint64_t firstDraw = 0;

    // Only the first block is used.
    bool plain() const;
};

// Philox 4x32-10: ten rounds of the counter under the key. Source: Salmon et al., SC'11.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

// What a random number is for; each use has numbers of its own.
enum class RandomUse : std::uint32_t { Draw = 0, Xtc = 1 };

// Uniform in [0, 1) with 24 bits: word 0 of Philox 4x32-10 with key (seed low, seed high) and
// counter (index low, index high, use, 0), shifted right by 8, times 2^-24.
float counterUniform(std::uint64_t seed, std::uint64_t index, RandomUse use = RandomUse::Draw);

// Keeps the last tokens that the penalties and DRY look at, the constraint's run and the count of
// drawn tokens. One run, one thread.
class Sampler
{
public:
    // `history`: the prompt's tokens, and those of the answer that are there already (firstDraw).
    Sampler(const SamplingParams &params, std::span<const Token> history);

    // `logits` [vocabulary] is not changed. Appends the drawn token to the window.
    // Non-finite logits are never drawn; if all are, token 0. Of equal logits the lower token is
    // the likelier. The draw takes the first token, from the likeliest on, at which the sum of the
    // probabilities exceeds counterUniform(seed, drawn()). A penalty out of bounds (a repeat
    // penalty that is not above 0, a number that is not finite) is off, and so is every other
    // setting that is no number. Where the constraint allows nothing that has a finite logit, its
    // first token is drawn.
    Token sample(std::span<const float> logits);

    const SamplingParams &params() const { return m_params; }
    std::span<const Token> window() const { return m_window; }
    std::uint64_t drawn() const { return m_drawn; }

private:
    // A token whose logit is not what the model said.
    struct Change {
        Token token = 0;
        std::uint32_t seen = 0; // times in the window
        float bias = 0;
        float dry = 0;
    };

    void changeLogits(std::span<const float> logits);
    Token draw(std::span<const float> logits);
    Token drawMirostat(double temperature);
    void collect(std::span<const float> logits, std::size_t most, float least);
    float sigmaBound(std::span<const float> logits) const;
    double temperatureNow();
    void remember(Token token);

    template <typename Visit>
    void visit(std::span<const float> logits, const Visit &visit) const;

    SamplingParams m_params;
    std::vector<Token> m_window; // oldest first, at most penaltyWindow
    std::vector<Token> m_history; // oldest first, at most dry.window; empty without DRY
    std::unique_ptr<ConstraintRun> m_constraint;
    const TokenMask *m_mask = nullptr; // of this draw; null: any token
    std::uint64_t m_drawn = 0;
    double m_surprise = 0; // mirostat's bound, bits
    std::vector<Change> m_changes;
    std::vector<Candidate> m_changed; // new logits, by token
    Candidates m_candidates;
};

} // namespace alcove::llm
