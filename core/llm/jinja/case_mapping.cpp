// Case mappings of whole texts.
#include "core/llm/jinja/case_tables.h"
#include "core/llm/jinja/text.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>
#include <span>

namespace alcove::llm::jinja {

namespace {

utf8proc_category_t category(char32_t c)
{
    return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

bool isUpperLetter(char32_t c)
{
    // Python's isupper() asks the derived property Uppercase, which these blocks add to.
    return category(c) == UTF8PROC_CATEGORY_LU || (c >= 0x2160 && c <= 0x216F)
        || (c >= 0x24B6 && c <= 0x24CF);
}

bool isLowerLetter(char32_t c)
{
    return category(c) == UTF8PROC_CATEGORY_LL || c == 0xAA || c == 0xBA
        || (c >= 0x2B0 && c <= 0x2B8) || (c >= 0x2170 && c <= 0x217F)
        || (c >= 0x24D0 && c <= 0x24E9);
}

bool isTitleLetter(char32_t c)
{
    return category(c) == UTF8PROC_CATEGORY_LT;
}

bool isCased(char32_t c)
{
    return isUpperLetter(c) || isLowerLetter(c) || isTitleLetter(c);
}

void appendExpanded(std::string &out, char32_t c, std::span<const Expansion> table, char32_t simple)
{
    const auto *row = std::lower_bound(table.data(), table.data() + table.size(), c,
                                       [](const Expansion &e, char32_t v) { return e.from < v; });
    if (row == table.data() + table.size() || row->from != c) {
        appendUtf8(out, simple);
        return;
    }
    for (const char32_t part : row->to) {
        if (part != 0)
            appendUtf8(out, part);
    }
}

void appendUpper(std::string &out, char32_t c)
{
    appendExpanded(out, c, kUpperExpansions,
                   static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))));
}

void appendTitle(std::string &out, char32_t c)
{
    appendExpanded(out, c, kTitleExpansions,
                   static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))));
}

bool isCaseIgnorable(char32_t c)
{
    switch (category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
        return true;
    default:
        return c == '\'' || c == '.' || c == ':' || c == 0xB7 || c == 0x2019;
    }
}

// The Greek sigma is written differently at the end of a word (SpecialCasing.txt, Final_Sigma).
bool isFinalSigma(std::string_view text, std::size_t begin, std::size_t end)
{
    bool before = false;
    std::size_t at = begin;
    while (at > 0) {
        --at;
        while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80)
            --at;
        std::size_t position = at;
        const char32_t c = nextCodePoint(text, position);
        if (!isCaseIgnorable(c)) {
            before = isCased(c);
            break;
        }
    }
    if (!before)
        return false;
    while (end < text.size()) {
        const char32_t c = nextCodePoint(text, end);
        if (!isCaseIgnorable(c))
            return !isCased(c);
    }
    return true;
}

void appendLower(std::string &out, std::string_view text, std::size_t begin, std::size_t end,
                 char32_t c)
{
    if (c == 0x130) { // capital I with dot keeps its dot as a combining mark
        out += "i\xCC\x87";
        return;
    }
    if (c == 0x3A3 && isFinalSigma(text, begin, end)) {
        appendUtf8(out, 0x3C2);
        return;
    }
    appendUtf8(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
}

} // namespace

std::string toUpper(std::string_view text)
{
    std::string out;
    for (std::size_t at = 0; at < text.size();)
        appendUpper(out, nextCodePoint(text, at));
    return out;
}

std::string toLower(std::string_view text)
{
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const char32_t c = nextCodePoint(text, at);
        appendLower(out, text, begin, at, c);
    }
    return out;
}

std::string toTitle(std::string_view text)
{
    std::string out;
    bool inWord = false;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const char32_t c = nextCodePoint(text, at);
        if (inWord)
            appendLower(out, text, begin, at, c);
        else
            appendTitle(out, c);
        inWord = isCased(c);
    }
    return out;
}

std::string capitalise(std::string_view text)
{
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const char32_t c = nextCodePoint(text, at);
        if (begin == 0)
            appendTitle(out, c);
        else
            appendLower(out, text, begin, at, c);
    }
    return out;
}

std::string swapCase(std::string_view text)
{
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const char32_t c = nextCodePoint(text, at);
        if (isUpperLetter(c))
            appendLower(out, text, begin, at, c);
        else if (isLowerLetter(c))
            appendUpper(out, c);
        else
            appendUtf8(out, c);
    }
    return out;
}

std::string caseFold(std::string_view text)
{
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = nextCodePoint(text, at);
        utf8proc_int32_t folded[8];
        int boundary = 0;
        const utf8proc_ssize_t count = utf8proc_decompose_char(
            static_cast<utf8proc_int32_t>(c), folded,
            static_cast<utf8proc_ssize_t>(std::size(folded)), UTF8PROC_CASEFOLD, &boundary);
        if (count <= 0 || count > static_cast<utf8proc_ssize_t>(std::size(folded))) {
            appendUtf8(out, c);
            continue;
        }
        for (utf8proc_ssize_t i = 0; i < count; ++i)
            appendUtf8(out, static_cast<char32_t>(folded[i]));
    }
    return out;
}

bool isUpper(std::string_view text)
{
    bool any = false;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = nextCodePoint(text, at);
        if (isLowerLetter(c) || isTitleLetter(c))
            return false;
        any = any || isUpperLetter(c);
    }
    return any;
}

bool isLower(std::string_view text)
{
    bool any = false;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = nextCodePoint(text, at);
        if (isUpperLetter(c) || isTitleLetter(c))
            return false;
        any = any || isLowerLetter(c);
    }
    return any;
}

bool isTitle(std::string_view text)
{
    bool any = false;
    bool inWord = false;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = nextCodePoint(text, at);
        if (isUpperLetter(c) || isTitleLetter(c)) {
            if (inWord)
                return false;
            inWord = any = true;
        } else if (isLowerLetter(c)) {
            if (!inWord)
                return false;
        } else {
            inWord = false;
        }
    }
    return any;
}

} // namespace alcove::llm::jinja
