#include "core/llm/jinja/text.h"

#include <utf8proc.h>

#include <algorithm>

namespace alcove::llm::jinja {

namespace {

utf8proc_category_t category(char32_t c)
{
    return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

bool isLineEnd(char32_t c)
{
    return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028
        || c == 0x2029;
}

std::size_t previousStart(std::string_view text, std::size_t position)
{
    do {
        --position;
    } while (position > 0 && (static_cast<unsigned char>(text[position]) & 0xC0) == 0x80);
    return position;
}

bool isLetter(utf8proc_category_t c)
{
    return c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO;
}

bool isSuperscriptDigit(char32_t c)
{
    return c == 0xB2 || c == 0xB3 || c == 0xB9 || c == 0x2070 || (c >= 0x2074 && c <= 0x2079)
        || (c >= 0x2080 && c <= 0x2089);
}

bool isOf(char32_t c, CharacterClass wanted)
{
    const utf8proc_category_t kind = category(c);
    const bool decimal = kind == UTF8PROC_CATEGORY_ND;
    const bool numeric = decimal || kind == UTF8PROC_CATEGORY_NL || kind == UTF8PROC_CATEGORY_NO;
    switch (wanted) {
    case CharacterClass::Alpha:
        return isLetter(kind);
    case CharacterClass::Alnum:
        return isLetter(kind) || numeric;
    case CharacterClass::Ascii:
        return c < 0x80;
    case CharacterClass::Decimal:
        return decimal;
    case CharacterClass::Digit:
        return decimal || isSuperscriptDigit(c) || (c >= 0x2460 && c <= 0x2468);
    case CharacterClass::Numeric:
        return numeric;
    case CharacterClass::Space:
        return isSpace(c);
    case CharacterClass::Printable:
        return isPrintable(c);
    }
    return false;
}

} // namespace

char32_t nextCodePoint(std::string_view text, std::size_t &position)
{
    const auto byteAt = [&](std::size_t i) -> char32_t {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0x80u;
    };
    const char32_t lead = byteAt(position);
    if (lead < 0x80) {
        position += 1;
        return lead;
    }
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    char32_t c = length == 4 ? lead & 0x07 : length == 3 ? lead & 0x0F : lead & 0x1F;
    for (std::size_t i = 1; i < length; ++i)
        c = (c << 6) | (byteAt(position + i) & 0x3F);
    position = std::min(position + length, text.size());
    return c;
}

std::size_t codePointCount(std::string_view text)
{
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

std::size_t byteOffset(std::string_view text, std::size_t index)
{
    std::size_t position = 0;
    for (; position < text.size(); ++position) {
        if ((static_cast<unsigned char>(text[position]) & 0xC0) == 0x80)
            continue;
        if (index == 0)
            return position;
        --index;
    }
    return position;
}

bool isSpace(char32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0
        || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F
        || c == 0x205F || c == 0x3000;
}

bool isPrintable(char32_t c)
{
    if (c == ' ')
        return true;
    switch (category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
        return false;
    default:
        return true;
    }
}

bool isIdentifierPart(char32_t c)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
            || c == '_';
    const utf8proc_category_t kind = category(c);
    return isLetter(kind) || kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_MC
        || kind == UTF8PROC_CATEGORY_ND || kind == UTF8PROC_CATEGORY_NL
        || kind == UTF8PROC_CATEGORY_PC;
}

std::string_view strip(std::string_view text, Sides sides,
                       std::optional<std::string_view> characters)
{
    std::vector<char32_t> set;
    if (characters) {
        for (std::size_t at = 0; at < characters->size();)
            set.push_back(nextCodePoint(*characters, at));
        std::sort(set.begin(), set.end());
    }
    const auto goes = [&](char32_t c) {
        return characters ? std::binary_search(set.begin(), set.end(), c) : isSpace(c);
    };
    if (sides != Sides::Right) {
        std::size_t begin = 0;
        while (begin < text.size()) {
            std::size_t after = begin;
            if (!goes(nextCodePoint(text, after)))
                break;
            begin = after;
        }
        text.remove_prefix(begin);
    }
    if (sides != Sides::Left) {
        while (!text.empty()) {
            const std::size_t start = previousStart(text, text.size());
            std::size_t position = start;
            if (!goes(nextCodePoint(text, position)))
                break;
            text = text.substr(0, start);
        }
    }
    return text;
}

bool allOf(std::string_view text, CharacterClass wanted)
{
    if (text.empty())
        return wanted == CharacterClass::Ascii || wanted == CharacterClass::Printable;
    for (std::size_t at = 0; at < text.size();) {
        if (!isOf(nextCodePoint(text, at), wanted))
            return false;
    }
    return true;
}

std::vector<std::string_view> splitSpace(std::string_view text, std::ptrdiff_t limit)
{
    std::vector<std::string_view> parts;
    text = strip(text, Sides::Left);
    while (!text.empty()) {
        if (limit >= 0 && static_cast<std::ptrdiff_t>(parts.size()) == limit) {
            parts.push_back(text);
            break;
        }
        std::size_t end = 0;
        while (end < text.size()) {
            std::size_t after = end;
            if (isSpace(nextCodePoint(text, after)))
                break;
            end = after;
        }
        parts.push_back(text.substr(0, end));
        text = strip(text.substr(end), Sides::Left);
    }
    return parts;
}

std::vector<std::string_view> splitSpaceFromRight(std::string_view text, std::ptrdiff_t limit)
{
    std::vector<std::string_view> parts;
    text = strip(text, Sides::Right);
    while (!text.empty()) {
        if (limit >= 0 && static_cast<std::ptrdiff_t>(parts.size()) == limit) {
            parts.push_back(text);
            break;
        }
        std::size_t begin = text.size();
        while (begin > 0) {
            const std::size_t start = previousStart(text, begin);
            std::size_t position = start;
            if (isSpace(nextCodePoint(text, position)))
                break;
            begin = start;
        }
        parts.push_back(text.substr(begin));
        text = strip(text.substr(0, begin), Sides::Right);
    }
    std::reverse(parts.begin(), parts.end());
    return parts;
}

std::vector<std::string_view> splitLines(std::string_view text, LineEnds ends)
{
    std::vector<std::string_view> lines;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = at;
        const char32_t c = nextCodePoint(text, at);
        if (!isLineEnd(c))
            continue;
        if (c == '\r' && at < text.size() && text[at] == '\n')
            ++at;
        lines.push_back(text.substr(begin, (ends == LineEnds::Keep ? at : end) - begin));
        begin = at;
    }
    if (begin < text.size())
        lines.push_back(text.substr(begin));
    return lines;
}

std::size_t countOccurrences(std::string_view text, std::string_view needle)
{
    if (needle.empty())
        return codePointCount(text) + 1;
    std::size_t count = 0;
    for (std::size_t at = text.find(needle); at != std::string_view::npos;
         at = text.find(needle, at + needle.size()))
        ++count;
    return count;
}

std::string escapeHtml(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&#34;";
            break;
        case '\'':
            out += "&#39;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

} // namespace alcove::llm::jinja
