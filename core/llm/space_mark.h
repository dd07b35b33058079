// SentencePiece's way to write a space as a character, U+2581, and a byte as a token, "<0x0A>".
//
// Pure functions; any thread; nothing fails.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace alcove::llm {

inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81"; // U+2581

// "<0x0A>" -> 10; -1 for what is not the spelling of a byte.
inline int byteOfSpelling(std::string_view spelling)
{
    if (spelling.size() != 6 || spelling.substr(0, 3) != "<0x" || spelling[5] != '>')
        return -1;
    int value = 0;
    for (char c : spelling.substr(3, 2)) {
        if (c >= '0' && c <= '9')
            value = value * 16 + (c - '0');
        else if (c >= 'A' && c <= 'F')
            value = value * 16 + (c - 'A' + 10);
        else
            return -1;
    }
    return value;
}

// Where a word that begins with marks ends: before the next mark that follows something else.
inline std::size_t endOfMarkedWord(std::string_view text, std::size_t start)
{
    std::size_t i = start;
    while (text.substr(i, kSpaceMark.size()) == kSpaceMark)
        i += kSpaceMark.size();
    const std::size_t next = text.find(kSpaceMark, i);
    return next == std::string_view::npos ? text.size() : next;
}

inline void appendMarked(std::string &out, std::string_view text)
{
    for (char c : text) {
        if (c == ' ')
            out += kSpaceMark;
        else
            out.push_back(c);
    }
}

inline std::string withSpaces(std::string_view spelling)
{
    std::string text;
    for (std::size_t i = 0; i < spelling.size();) {
        const std::size_t mark = spelling.find(kSpaceMark, i);
        text += spelling.substr(i, mark - i);
        if (mark == std::string_view::npos)
            break;
        text.push_back(' ');
        i = mark + kSpaceMark.size();
    }
    return text;
}

} // namespace alcove::llm
