// The prompt that a question of documents becomes. Pure; any thread; nothing fails.
#pragma once

#include "core/documents/document_index.h"

#include <cstddef>
#include <string>
#include <vector>

namespace alcove::documents {

struct QuestionPrompt {
    std::string system;
    std::string user; // the passages, numbered from 1, and the question
    std::size_t passages = 0; // how many of the hits are in it: the first so many
};

// Tokens that passages may take in a context of that length beside an answer of at most `answer`.
std::size_t passageBudget(std::uint32_t contextLength, std::uint32_t answer);

// As many of the passages as `budget` tokens hold, at least one of them. `weak`: the documents
// hardly speak of it, and the model is told so.
QuestionPrompt questionPrompt(const std::string &question, const std::vector<Hit> &hits, bool weak,
                              std::size_t budget, const TokenCounter &count);

} // namespace alcove::documents
