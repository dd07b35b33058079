// TokenConstraint: which tokens may follow, for answers of a given form; the sampler's view of it.
//
// A constraint is immutable and shared by threads; a run is one answer, one thread. Nothing fails.
#pragma once

#include "core/llm/tensor.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace alcove::llm {

// A set of tokens.
class TokenMask
{
public:
    TokenMask() = default;
    explicit TokenMask(std::uint32_t vocabulary) : m_words((vocabulary + 63u) / 64u) { }

    bool allows(Token token) const
    {
        const auto at = static_cast<std::uint32_t>(token);
        return token >= 0 && at / 64 < m_words.size() && (m_words[at / 64] >> (at % 64) & 1) != 0;
    }
    void allow(Token token)
    {
        const auto at = static_cast<std::uint32_t>(token);
        m_words[at / 64] |= std::uint64_t(1) << (at % 64);
    }
    std::optional<Token> first() const // the lowest; nothing when empty
    {
        for (std::size_t i = 0; i < m_words.size(); ++i) {
            for (Token bit = 0; m_words[i] != 0 && bit < 64; ++bit) {
                if (m_words[i] >> bit & 1)
                    return static_cast<Token>(i * 64) + bit;
            }
        }
        return std::nullopt;
    }

private:
    std::vector<std::uint64_t> m_words;
};

class ConstraintRun
{
public:
    virtual ~ConstraintRun() = default;

    // The tokens that may come next; those that end an answer when it may end here. Valid until the
    // next call.
    virtual const TokenMask &allowed() = 0;
    // A token that is not allowed ends the form: from then on only the answer's end is allowed.
    virtual void accept(Token token) = 0;
    // Nothing but the answer's end may follow.
    virtual bool ended() const = 0;
    // The form took more memory or work than it may; nothing is known of what may follow.
    virtual bool gaveUp() const { return false; }
};

class TokenConstraint
{
public:
    virtual ~TokenConstraint() = default;
    virtual std::unique_ptr<ConstraintRun> begin() const = 0;
};

} // namespace alcove::llm
