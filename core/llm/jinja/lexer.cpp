#include "core/llm/jinja/lexer.h"

#include "core/llm/jinja/text.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>
#include <locale>
#include <sstream>

namespace alcove::llm::jinja {

namespace {

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

int digitValue(char c)
{
    if (isDigit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

// End of the digits of `base` from `at` on; single underscores may stand between them.
std::size_t digitsEnd(std::string_view source, std::size_t at, int base)
{
    std::size_t end = at;
    while (end < source.size()) {
        if (digitValue(source[end]) < base) {
            ++end;
        } else if (source[end] == '_' && end > at && end + 1 < source.size()
                   && digitValue(source[end + 1]) < base) {
            ++end;
        } else {
            break;
        }
    }
    return end;
}

std::string withoutUnderscores(std::string_view digits)
{
    std::string out(digits);
    out.erase(std::remove(out.begin(), out.end(), '_'), out.end());
    return out;
}

char closing(char open)
{
    return open == '(' ? ')' : open == '[' ? ']' : '}';
}

} // namespace

void Lexer::moveTo(std::size_t position)
{
    const std::string_view passed = m_source.substr(m_position, position - m_position);
    m_line += static_cast<std::uint32_t>(std::count(passed.begin(), passed.end(), '\n'));
    m_position = position;
}

void Lexer::skipSpace(std::size_t &position) const
{
    while (position < m_source.size()) {
        std::size_t after = position;
        if (!isSpace(nextCodePoint(m_source, after)))
            return;
        position = after;
    }
}

Token Lexer::token(TokenType type, std::size_t begin)
{
    Token t;
    t.type = type;
    t.line = m_line;
    t.text = m_source.substr(begin, m_position - begin);
    return t;
}

std::string_view Lexer::stripBefore(std::string_view text, char sign, bool isVariable) const
{
    if (sign == '-')
        return strip(text, Sides::Right);
    if (sign == '+' || isVariable)
        return text;
    const std::size_t newline = text.rfind('\n');
    const std::size_t lineBegin = newline == std::string_view::npos ? 0 : newline + 1;
    if (lineBegin == 0 && !m_lineStarts)
        return text;
    if (strip(text.substr(lineBegin), Sides::Left).empty())
        return text.substr(0, lineBegin);
    return text;
}

bool Lexer::rawBegins(std::size_t position, std::size_t &after) const
{
    position += 2;
    if (at(position) == '-' || at(position) == '+')
        ++position;
    skipSpace(position);
    if (!startsWith(position, "raw"))
        return false;
    position += 3;
    skipSpace(position);
    if (startsWith(position, "-%}")) {
        after = position + 3;
        skipSpace(after);
        return true;
    }
    after = position + 2;
    return startsWith(position, "%}");
}

bool Lexer::rawEnds(std::size_t position, std::size_t &after) const
{
    position += 2;
    if (at(position) == '-' || at(position) == '+')
        ++position;
    skipSpace(position);
    if (!startsWith(position, "endraw"))
        return false;
    position += 6;
    skipSpace(position);
    if (startsWith(position, "-%}")) {
        after = position + 3;
        skipSpace(after);
        return true;
    }
    if (startsWith(position, "+%}")) {
        after = position + 3;
        return true;
    }
    after = position + 2;
    if (!startsWith(position, "%}"))
        return false;
    if (at(after) == '\n')
        ++after;
    return true;
}

void Lexer::skipComment()
{
    const std::uint32_t line = m_line;
    const std::size_t end = m_source.find("#}", m_position);
    if (end == std::string_view::npos)
        raise("a comment is never closed", line);
    std::size_t after = end + 2;
    if (end > m_position && m_source[end - 1] == '-')
        skipSpace(after);
    else if (!(end > m_position && m_source[end - 1] == '+') && at(after) == '\n')
        ++after;
    m_lineStarts = m_source[after - 1] == '\n';
    moveTo(after);
}

std::optional<Token> Lexer::nextData()
{
    const std::size_t begin = m_position;
    std::size_t open = begin;
    char kind = 0;
    for (;; ++open) {
        open = m_source.find('{', open);
        if (open == std::string_view::npos)
            break;
        kind = at(open + 1);
        if (kind == '%' || kind == '{' || kind == '#')
            break;
    }
    Token data;
    data.type = TokenType::Data;
    data.line = m_line;
    if (open == std::string_view::npos) {
        data.text = m_source.substr(begin);
        m_position = m_source.size();
        return data.text.empty() ? std::nullopt : std::optional(data);
    }
    const char sign = at(open + 2);
    const bool signedTag = sign == '-' || sign == '+';
    data.text = stripBefore(m_source.substr(begin, open - begin), sign, kind == '{');
    moveTo(open);
    m_lineStarts = false;
    m_tagBegin = open;
    std::size_t after = 0;
    if (kind == '%' && rawBegins(open, after)) {
        m_mode = Mode::Raw;
        m_lineStarts = m_source[after - 1] == '\n';
        moveTo(after);
    } else if (kind == '#') {
        moveTo(open + 2 + (signedTag ? 1 : 0));
        skipComment();
    } else {
        m_mode = kind == '%' ? Mode::Statement : Mode::Variable;
        // The tag's own token comes first in nextInTag(), which knows by m_tagBegin.
    }
    return data.text.empty() ? std::nullopt : std::optional(data);
}

std::optional<Token> Lexer::nextRaw()
{
    const std::uint32_t line = m_line;
    std::size_t open = m_position;
    std::size_t after = 0;
    for (;; ++open) {
        open = m_source.find("{%", open);
        if (open == std::string_view::npos)
            raise("a raw block is never closed", line);
        if (rawEnds(open, after))
            break;
        m_heap.step();
    }
    Token data;
    data.type = TokenType::Data;
    data.line = line;
    data.text = stripBefore(m_source.substr(m_position, open - m_position), at(open + 2), false);
    m_lineStarts = m_source[after - 1] == '\n';
    moveTo(after);
    m_mode = Mode::Data;
    return data.text.empty() ? std::nullopt : std::optional(data);
}

std::optional<Token> Lexer::tagEnd()
{
    if (!m_brackets.empty())
        return std::nullopt;
    const std::size_t begin = m_position;
    const bool isBlock = m_mode == Mode::Statement;
    const std::string_view close = isBlock ? "%}" : "}}";
    const char sign = at(begin);
    std::size_t after = 0;
    if (startsWith(begin, close)) {
        after = begin + 2;
        if (isBlock && at(after) == '\n')
            ++after;
    } else if ((sign == '-' || (sign == '+' && isBlock)) && startsWith(begin + 1, close)) {
        after = begin + 3;
        if (sign == '-')
            skipSpace(after);
    } else {
        return std::nullopt;
    }
    Token t = token(isBlock ? TokenType::BlockEnd : TokenType::VariableEnd, begin);
    m_lineStarts = m_source[after - 1] == '\n';
    moveTo(after);
    m_mode = Mode::Data;
    return t;
}

Token Lexer::number()
{
    const std::size_t begin = m_position;
    const char second = static_cast<char>(at(begin + 1) | 0x20);
    const int base = at(begin) != '0' ? 10
        : second == 'x'               ? 16
        : second == 'o'               ? 8
        : second == 'b'               ? 2
                                      : 10;
    std::size_t digits = begin;
    if (base != 10) {
        digits += 2;
        if (at(digits) == '_')
            ++digits;
    }
    std::size_t end = digitsEnd(m_source, digits, base);
    if (base != 10 && end == digits) {
        raise("'" + std::string(m_source.substr(begin, 2)) + "' begins no number", m_line);
    }
    bool isReal = false;
    const bool afterDot = begin > 0 && m_source[begin - 1] == '.';
    if (base == 10 && !afterDot) {
        if (at(end) == '.' && isDigit(at(end + 1))) {
            isReal = true;
            end = digitsEnd(m_source, end + 1, 10);
        }
        if ((at(end) | 0x20) == 'e') {
            const std::size_t exponent = end + (at(end + 1) == '+' || at(end + 1) == '-' ? 2 : 1);
            if (isDigit(at(exponent))) {
                isReal = true;
                end = digitsEnd(m_source, exponent, 10);
            }
        }
    }
    if (!isReal && base == 10 && at(begin) == '0') { // "007" is no number of Python's
        end = begin;
        while (at(end) == '0' || (at(end) == '_' && at(end + 1) == '0'))
            ++end;
    }
    m_position = end;
    Token t = token(TokenType::Number, begin);
    const std::string text = withoutUnderscores(m_source.substr(digits, end - digits));
    if (isReal) {
        std::istringstream in(text);
        in.imbue(std::locale::classic());
        double value = 0;
        in >> value;
        if (in.fail() && value > 1) // beyond what a double holds
            value = std::numeric_limits<double>::infinity();
        t.value = real(value);
        return t;
    }
    std::uint64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (result.ec != std::errc{})
        raise("the number " + text.substr(0, 40) + " is too large", m_line);
    if (value <= static_cast<std::uint64_t>(INT64_MAX)) {
        t.value = integer(static_cast<std::int64_t>(value));
    } else {
        t.value.kind = Kind::UInt;
        t.value.large = value;
    }
    return t;
}

// The escapes of a Python string literal. Unknown ones stay as they are written.
std::string Lexer::unescape(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 >= text.size()) {
            out += text[i];
            continue;
        }
        const char c = text[++i];
        static constexpr std::string_view kPlain = "\\'\"abfnrtv";
        static constexpr std::string_view kMeaning = "\\'\"\a\b\f\n\r\t\v";
        if (const std::size_t which = kPlain.find(c); which != std::string_view::npos) {
            out += kMeaning[which];
        } else if (c == '\n') {
            continue; // a line continued
        } else if (c >= '0' && c <= '7') {
            char32_t value = 0;
            std::size_t end = i;
            while (end < text.size() && end < i + 3 && text[end] >= '0' && text[end] <= '7')
                value = value * 8 + static_cast<char32_t>(text[end++] - '0');
            appendCharacter(out, value);
            i = end - 1;
        } else if (c == 'x' || c == 'u' || c == 'U') {
            const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
            char32_t value = 0;
            for (std::size_t k = 1; k <= digits; ++k) {
                const int digit = i + k < text.size() ? digitValue(text[i + k]) : 99;
                if (digit > 15)
                    raise(std::string("a string has a broken \\") + c + " escape", m_line);
                value = value * 16 + static_cast<char32_t>(digit);
            }
            if (value > 0x10FFFF)
                raise("a string has an escape beyond U+10FFFF", m_line);
            appendCharacter(out, value);
            i += digits;
        } else if (c == 'N') {
            raise("\\N{...} escapes are not supported", m_line);
        } else if (static_cast<unsigned char>(c) >= 0x80) {
            // Jinja writes such a character as an escape first, which the backslash then undoes.
            const char32_t character = nextCodePoint(text, i);
            --i;
            char escaped[16];
            const int digits = character < 0x100 ? 2 : character < 0x10000 ? 4 : 8;
            std::snprintf(escaped, sizeof escaped, "\\%c%0*x",
                          digits == 2       ? 'x'
                              : digits == 4 ? 'u'
                                            : 'U',
                          digits, static_cast<unsigned>(character));
            out += escaped;
        } else {
            out += '\\';
            out += c;
        }
    }
    return out;
}

Token Lexer::string()
{
    const std::size_t begin = m_position;
    const char quote = m_source[begin];
    std::size_t end = begin + 1;
    while (end < m_source.size() && m_source[end] != quote)
        end += m_source[end] == '\\' ? 2 : 1;
    if (end >= m_source.size())
        raise("a string is never closed", m_line);
    Token t = token(TokenType::String, begin);
    t.value = m_heap.string(unescape(m_source.substr(begin + 1, end - begin - 1)));
    moveTo(end + 1);
    return t;
}

Token Lexer::nextInTag()
{
    if (m_position == m_tagBegin) {
        m_position += at(m_position + 2) == '-' || at(m_position + 2) == '+' ? 3 : 2;
        m_brackets.clear();
        return token(m_mode == Mode::Statement ? TokenType::BlockBegin : TokenType::VariableBegin,
                     m_tagBegin);
    }
    std::size_t position = m_position;
    skipSpace(position);
    moveTo(position);
    if (auto end = tagEnd())
        return *end;
    if (m_position >= m_source.size())
        raise("a tag is never closed", m_line);
    const std::size_t begin = m_position;
    const char c = m_source[begin];
    if (isDigit(c))
        return number();
    if (c == '"' || c == '\'')
        return string();
    std::size_t end = begin;
    while (end < m_source.size()) {
        std::size_t after = end;
        if (!isIdentifierPart(nextCodePoint(m_source, after)))
            break;
        end = after;
    }
    if (end > begin) {
        m_position = end;
        return token(TokenType::Name, begin);
    }
    static constexpr std::string_view kPairs[] = {"//", "**", "==", "!=", ">=", "<="};
    for (const std::string_view pair : kPairs) {
        if (startsWith(begin, pair)) {
            m_position += 2;
            return token(TokenType::Operator, begin);
        }
    }
    if (std::string_view("+-/*%~[](){}<>=.:|,;").find(c) == std::string_view::npos) {
        std::size_t after = begin;
        nextCodePoint(m_source, after);
        raise("unexpected character '" + std::string(m_source.substr(begin, after - begin)) + "'",
              m_line);
    }
    if (c == '(' || c == '[' || c == '{') {
        m_brackets.push_back(closing(c));
    } else if (c == ')' || c == ']' || c == '}') {
        if (m_brackets.empty())
            raise(std::string("unexpected '") + c + "'", m_line);
        if (m_brackets.back() != c) {
            raise(std::string("unexpected '") + c + "', expected '" + m_brackets.back() + "'",
                  m_line);
        }
        m_brackets.pop_back();
    }
    m_position += 1;
    return token(TokenType::Operator, begin);
}

Token Lexer::next()
{
    for (;;) {
        m_heap.step();
        if (m_mode == Mode::Variable || m_mode == Mode::Statement)
            return nextInTag();
        if (m_mode == Mode::Data && m_position >= m_source.size()) {
            Token t;
            t.line = m_line;
            return t;
        }
        if (auto data = m_mode == Mode::Raw ? nextRaw() : nextData())
            return *data;
    }
}

} // namespace alcove::llm::jinja
