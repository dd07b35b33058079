// TokenTrie: a vocabulary's texts as a prefix tree, laid out in the order in which it is walked.
//
// Holds every token that stands for text, but none that ends an answer; those are `enders`.
// Immutable; any thread. Nothing fails but memory (std::bad_alloc).
#pragma once

#include "core/llm/tokenizer.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm {

class TokenTrie
{
public:
    struct Node {
        std::uint32_t tokens = 0; // where its tokens begin in tokens(); they end where the next
                                  // node's begin
        std::uint32_t after = 0; // the node behind its descendants
        std::uint16_t depth = 0; // 1: the first byte of a text
        std::uint8_t byte = 0;
    };

    explicit TokenTrie(const Tokenizer &tokenizer);

    std::uint32_t vocabularySize() const { return m_vocabulary; }
    // A node before its descendants; one more at the end that only says where tokens() ends.
    std::span<const Node> nodes() const { return m_nodes; }
    std::span<const Token> tokens() const { return m_tokens; }
    std::span<const Token> enders() const { return m_enders; }
    std::size_t depth() const { return m_depth; } // of the deepest node

    // Empty for a token that stands for no text.
    std::string_view text(Token token) const;

private:
    std::uint32_t m_vocabulary = 0;
    std::vector<Node> m_nodes;
    std::vector<Token> m_tokens;
    std::vector<Token> m_enders;
    std::size_t m_depth = 0;
    std::string m_texts; // all, one after the other
    std::vector<std::uint32_t> m_starts; // [vocabulary + 1], offsets into m_texts
};

} // namespace alcove::llm
