// DRY ("don't repeat yourself"): penalises a token that would go on with a repetition (p-e-w,
// text-generation-webui pull request 5677). Where the last n tokens stood before, the token that
// followed there loses multiplier * base^(n - allowedLength), for n of at least allowedLength; the
// longest n counts. Tokens that are breakers end a repetition: it reaches across none of them.
//
// Linear in the history's length. Pure functions; any thread; nothing fails.
#pragma once

#include "core/llm/tensor.h"

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace alcove::llm {

class Tokenizer;

struct DryParams {
    float multiplier = 0.0f; // 0: off
    float base = 1.75f; // at least 1
    std::uint32_t allowedLength = 2;
    std::uint32_t window = 0xffffffffu; // last tokens, of prompt and answer, that are looked at
    std::vector<Token> breakers; // sorted
};

// What is taken from each token's logit, in the order of tokens. Bounded by 1e30.
std::vector<std::pair<Token, float>> dryPenalties(const DryParams &params,
                                                  std::span<const Token> history);

// The tokens whose text contains one of `texts` (those of the published default: "\n", ":", "\"",
// "*"), sorted. Empty texts count for nothing.
std::vector<Token> tokensThatContain(const Tokenizer &tokenizer,
                                     std::span<const std::string> texts);

} // namespace alcove::llm
