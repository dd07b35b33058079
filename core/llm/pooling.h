// PooledVector: one vector out of the hidden values of a text's tokens. Plain value.
#pragma once

#include "core/llm/model_spec.h"

#include <cstddef>
#include <span>
#include <vector>

namespace alcove::llm {

class PooledVector
{
public:
    // Of `tokens` tokens in all. Pooling::None is the mean.
    PooledVector(Pooling pooling, std::size_t width, std::size_t tokens)
        : m_pooling(pooling), m_tokens(tokens), m_sum(width)
    { }

    // Of the next tokens, in order: [any number][width].
    void add(std::span<const float> values)
    {
        const std::size_t width = m_sum.size();
        for (std::size_t at = 0; at + width <= values.size(); at += width, ++m_seen) {
            if ((m_pooling == Pooling::Cls && m_seen > 0)
                || (m_pooling == Pooling::Last && m_seen + 1 < m_tokens))
                continue;
            for (std::size_t i = 0; i < width; ++i)
                m_sum[i] += double(values[at + i]);
        }
    }

    std::vector<float> result() const // [width]
    {
        const bool one = m_pooling == Pooling::Cls || m_pooling == Pooling::Last;
        std::vector<float> values;
        values.reserve(m_sum.size());
        for (const double sum : m_sum)
            values.push_back(static_cast<float>(one ? sum : sum / double(m_tokens)));
        return values;
    }

private:
    Pooling m_pooling;
    std::size_t m_tokens;
    std::size_t m_seen = 0;
    std::vector<double> m_sum; // [width]
};

} // namespace alcove::llm
