#include "core/llm/dry_penalty.h"

#include "core/llm/tokenizer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace alcove::llm {

std::vector<std::pair<Token, float>> dryPenalties(const DryParams &params,
                                                  std::span<const Token> history)
{
    std::vector<std::pair<Token, float>> penalties;
    if (!std::isfinite(params.multiplier) || params.multiplier == 0 || !std::isfinite(params.base)
        || params.base < 1)
        return penalties;
    const std::size_t size = std::min<std::size_t>(history.size(), params.window);
    history = history.last(size);
    const auto breaks = [&](Token token) {
        return std::binary_search(params.breakers.begin(), params.breakers.end(), token);
    };
    std::size_t reach = 0; // a repetition is no longer than this
    while (reach < size && !breaks(history[size - 1 - reach]))
        ++reach;
    if (reach == 0)
        return penalties;

    // The Z function of the reversed history: length[k] tokens before the k-th from the end are
    // what the history ends with.
    const auto back = [&](std::size_t i) { return history[size - 1 - i]; };
    std::vector<std::size_t> length(size);
    std::size_t left = 0;
    std::size_t right = 0;
    for (std::size_t k = 1; k < size; ++k) {
        std::size_t n = k < right ? std::min(right - k, length[k - left]) : 0;
        while (k + n < size && back(n) == back(k + n))
            ++n;
        length[k] = n;
        if (k + n > right) {
            left = k;
            right = k + n;
        }
        const Token next = back(k - 1);
        const std::size_t repeated = std::min(n, reach);
        if (repeated == 0 || repeated < params.allowedLength || breaks(next))
            continue;
        const double power =
            std::pow(double(params.base), double(repeated) - double(params.allowedLength));
        const double penalty = double(params.multiplier) * power;
        penalties.emplace_back(next, float(std::clamp(penalty, -1e30, 1e30)));
    }
    std::sort(penalties.begin(), penalties.end(), [](const auto &a, const auto &b) {
        return a.first != b.first ? a.first < b.first : std::fabs(a.second) > std::fabs(b.second);
    });
    penalties.erase(std::unique(penalties.begin(), penalties.end(),
                                [](const auto &a, const auto &b) { return a.first == b.first; }),
                    penalties.end());
    return penalties;
}

std::vector<Token> tokensThatContain(const Tokenizer &tokenizer, std::span<const std::string> texts)
{
    std::vector<Token> found;
    for (std::uint32_t i = 0; i < tokenizer.vocabularySize(); ++i) {
        const std::string bytes = tokenizer.bytesOf(Token(i));
        const bool contains = std::any_of(texts.begin(), texts.end(), [&](const std::string &text) {
            return !text.empty() && bytes.find(text) != std::string::npos;
        });
        if (contains)
            found.push_back(Token(i));
    }
    return found;
}

} // namespace alcove::llm
