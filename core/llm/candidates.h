// Candidates: the tokens that a draw is made from, in order of likelihood, and the filters that
// leave some of them out. The likeliest is never left out, except by XTC, which keeps others.
//
// Probabilities are those of the softmax of the logits of what the filters before have left, at
// temperature 1. One draw at a time, one thread; nothing fails.
#pragma once

#include "core/llm/tensor.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace alcove::llm {

using Candidate = std::pair<float, Token>; // logit, token

// Of equal logits the lower token is the likelier.
bool likelier(const Candidate &a, const Candidate &b);

class Candidates
{
public:
    void clear();
    void add(const Candidate &one) { m_list.push_back(one); }
    // Keeps the `most` likeliest of all that are added.
    void addBounded(const Candidate &one, std::size_t most);

    bool empty() const { return m_list.empty(); }
    std::size_t size() const { return m_list.size(); }

    // The i-th likeliest; sorts only as far as is asked for.
    const Candidate &at(std::size_t i);
    void keepLikeliest(std::size_t count);

    // Of one candidate's unnormalised probability, the likeliest's being 1.
    double weight(std::size_t i, double temperature);
    double totalWeight(double temperature);
    double entropy(); // natural logarithm

    // Locally typical sampling (Meister et al. 2022, arXiv 2202.00666): the smallest set of those
    // whose surprise lies nearest to the entropy, with a sum of at least `mass`.
    void keepTypical(double mass);
    // Nucleus sampling (Holtzman et al. 2019, arXiv 1904.09751).
    void keepTopP(double mass);
    // Nguyen et al. 2024, arXiv 2407.01082: `share` of the likeliest's probability at least.
    void keepMinP(double share);
    // Exclude top choices (p-e-w, text-generation-webui pull request 6335): of those with at least
    // this probability only the least likely stays.
    void excludeTopChoices(double threshold);
    // Mirostat 2 (Basu et al. 2021, arXiv 2007.14966, algorithm 2): a surprise, in bits and at
    // `temperature`, of at most `bits`; the likeliest stays in any case.
    void keepSurprise(double bits, double temperature);

    // The first, from the likeliest on, at which the running sum exceeds `uniform` of the whole.
    std::size_t draw(double uniform, double temperature);

private:
    std::vector<Candidate> m_list;
    std::size_t m_sorted = 0; // so many at the front are in their place
};

} // namespace alcove::llm
