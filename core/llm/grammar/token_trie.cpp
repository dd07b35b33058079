#include "core/llm/grammar/token_trie.h"

#include <algorithm>
#include <limits>

namespace alcove::llm {

TokenTrie::TokenTrie(const Tokenizer &tokenizer) : m_vocabulary(tokenizer.vocabularySize())
{
    m_starts.push_back(0);
    for (std::uint32_t i = 0; i < m_vocabulary; ++i) {
        const auto token = Token(i);
        if (tokenizer.endsGeneration(token)) {
            m_enders.push_back(token);
        } else {
            const std::string text = tokenizer.bytesOf(token);
            if (!text.empty() && text.size() < std::numeric_limits<std::uint16_t>::max()) {
                m_texts += text;
                m_tokens.push_back(token);
            }
        }
        m_starts.push_back(std::uint32_t(m_texts.size()));
    }
    std::sort(m_tokens.begin(), m_tokens.end(), [this](Token a, Token b) {
        const std::string_view left = text(a);
        const std::string_view right = text(b);
        return left != right ? left < right : a < b;
    });
    std::vector<std::uint32_t> open; // the nodes on the way to the last one
    std::string_view last;
    const auto close = [&](std::size_t depth) {
        for (; open.size() > depth; open.pop_back())
            m_nodes[open.back()].after = std::uint32_t(m_nodes.size());
    };
    for (std::size_t i = 0; i < m_tokens.size(); ++i) {
        const std::string_view text = this->text(m_tokens[i]);
        const std::size_t common = std::size_t(
            std::mismatch(text.begin(), text.end(), last.begin(), last.end()).first - text.begin());
        close(common);
        for (std::size_t at = common; at < text.size(); ++at) {
            open.push_back(std::uint32_t(m_nodes.size()));
            m_nodes.push_back(
                {std::uint32_t(i), 0, std::uint16_t(at + 1), static_cast<std::uint8_t>(text[at])});
        }
        m_depth = std::max(m_depth, text.size());
        last = text;
    }
    close(0);
    const auto end = std::uint32_t(m_nodes.size());
    m_nodes.push_back({std::uint32_t(m_tokens.size()), end + 1, 1, 0});
}

std::string_view TokenTrie::text(Token token) const
{
    if (token < 0 || std::uint32_t(token) >= m_vocabulary)
        return {};
    const std::size_t start = m_starts[std::size_t(token)];
    return std::string_view(m_texts).substr(start, m_starts[std::size_t(token) + 1] - start);
}

} // namespace alcove::llm
