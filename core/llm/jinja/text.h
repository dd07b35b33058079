// Text as Python sees it: sequences of code points, over valid UTF-8.
//
// Pure functions; any thread. Nothing here fails; callers meter the sizes.
// Case mappings: the Unicode Character Database by way of utf8proc, plus the mappings to several
// characters of SpecialCasing.txt.
#pragma once

#include "core/llm/utf8.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm::jinja {

// A lone surrogate, which has no UTF-8 form, becomes U+FFFD.
inline void appendCharacter(std::string &out, char32_t codePoint)
{
    appendUtf8(out, codePoint >= 0xD800 && codePoint < 0xE000 ? 0xFFFD : codePoint);
}
// Reads the character at `position` of valid UTF-8 and moves past it.
char32_t nextCodePoint(std::string_view text, std::size_t &position);
std::size_t codePointCount(std::string_view text);
// Byte offset of the `index`-th code point, or the size when there are fewer.
std::size_t byteOffset(std::string_view text, std::size_t index);

// str.isspace() of one character.
bool isSpace(char32_t codePoint);
bool isPrintable(char32_t codePoint);
bool isIdentifierPart(char32_t codePoint);

enum class Sides { Left, Right, Both };
// str.strip(): white space, or any of `characters` when given. A view into `text`.
std::string_view strip(std::string_view text, Sides sides,
                       std::optional<std::string_view> characters = std::nullopt);

std::string toUpper(std::string_view text);
std::string toLower(std::string_view text);
std::string toTitle(std::string_view text); // str.title()
std::string capitalise(std::string_view text); // str.capitalize()
std::string swapCase(std::string_view text);
std::string caseFold(std::string_view text);

enum class CharacterClass { Alpha, Alnum, Ascii, Decimal, Digit, Numeric, Space, Printable };
bool allOf(std::string_view text, CharacterClass wanted); // "" only satisfies Ascii and Printable
bool isUpper(std::string_view text);
bool isLower(std::string_view text);
bool isTitle(std::string_view text);

// str.split() on runs of white space; at most `limit` splits when limit >= 0.
std::vector<std::string_view> splitSpace(std::string_view text, std::ptrdiff_t limit);
std::vector<std::string_view> splitSpaceFromRight(std::string_view text, std::ptrdiff_t limit);
enum class LineEnds { Drop, Keep };
std::vector<std::string_view> splitLines(std::string_view text, LineEnds ends);

// Occurrences of `needle`, not overlapping; the empty one occurs between all characters.
std::size_t countOccurrences(std::string_view text, std::string_view needle);

// `&`, `<`, `>`, `"` and `'` as character references.
std::string escapeHtml(std::string_view text);

} // namespace alcove::llm::jinja
