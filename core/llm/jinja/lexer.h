// Lexer: the tokens of a Jinja template, with trim_blocks and lstrip_blocks on.
//
// Streaming: holds views into the source, which must outlive it. One thread. Raises a Failure with
// the line for what is no token and for tags that are never closed.
// Rules: the Jinja documentation, "Whitespace Control" and "Lexical structure" of its lexer.
#pragma once

#include "core/llm/jinja/value.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm::jinja {

enum class TokenType : std::uint8_t {
    Data, // text between the tags; also the inside of a raw block
    VariableBegin,
    VariableEnd,
    BlockBegin,
    BlockEnd,
    Name,
    String,
    Number,
    Operator,
    End,
};

struct Token {
    TokenType type = TokenType::End;
    std::uint32_t line = 1;
    std::string_view text; // Name, Operator; Data
    Value value; // String, Number
};

class Lexer
{
public:
    // `source` has "\n" line ends only; strings and numbers are made in `heap`.
    Lexer(std::string_view source, Heap &heap) : m_source(source), m_heap(heap) { }

    Token next();

private:
    enum class Mode { Data, Variable, Statement, Raw };

    std::optional<Token> nextData();
    std::optional<Token> nextRaw();
    Token nextInTag();
    std::optional<Token> tagEnd();
    Token number();
    Token string();
    Token token(TokenType type, std::size_t begin);
    std::string unescape(std::string_view text);
    std::string_view stripBefore(std::string_view text, char sign, bool isVariable) const;
    bool rawBegins(std::size_t at, std::size_t &after) const;
    bool rawEnds(std::size_t at, std::size_t &after) const;
    void skipComment();
    void skipSpace(std::size_t &at) const;
    void moveTo(std::size_t position);
    char at(std::size_t i) const { return i < m_source.size() ? m_source[i] : '\0'; }
    bool startsWith(std::size_t i, std::string_view what) const
    {
        return m_source.substr(std::min(i, m_source.size()), what.size()) == what;
    }

    std::string_view m_source;
    Heap &m_heap;
    std::size_t m_position = 0;
    std::uint32_t m_line = 1;
    Mode m_mode = Mode::Data;
    bool m_lineStarts = true; // the last tag took the newline behind it
    std::size_t m_tagBegin = 0;
    std::vector<char> m_brackets; // open in the current tag
};

} // namespace alcove::llm::jinja
