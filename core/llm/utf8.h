// UTF-8, read one character at a time from bytes that may be malformed.
//
// Pure functions; any thread; nothing fails. What is no character is cut into the "maximal
// subparts" of the Unicode Standard (chapter 3.9, best practice for U+FFFD), so that replacing them
// gives the same text however the bytes arrive.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace alcove::llm {

enum class Utf8Kind {
    Character, // well-formed
    Malformed, // can never become a character
    Incomplete, // the text ends inside what may still become one
};

struct Utf8Step {
    Utf8Kind kind = Utf8Kind::Character;
    std::size_t length = 0; // bytes, at least 1
    char32_t codePoint = 0; // of a character
};

// The character, or the malformed or incomplete part, at the start of `text` (not empty).
Utf8Step nextUtf8(std::string_view text);

bool isValidUtf8(std::string_view text);

void appendUtf8(std::string &out, char32_t codePoint);

// `text` with every malformed or incomplete part replaced by U+FFFD.
std::string replaceInvalidUtf8(std::string_view text);

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

} // namespace alcove::llm
