// Reads values as programs write them, more loosely than JSON: Python's strings, True and None,
// names without quotes before a colon, and Gemma's <|"|> as a quote.
//
// Bounded in depth. Pure functions; any thread; nothing is returned for what cannot be read.
#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string_view>

namespace alcove::llm {

// The value at the start of `text`, which is cut off from it.
std::optional<nlohmann::ordered_json> takeLooseLiteral(std::string_view &text);

// A name (letters, digits, "_", "-", ".") at the start of `text`, cut off from it; empty for none.
std::string_view takeName(std::string_view &text);

void skipSpaces(std::string_view &text);
std::string_view trimmed(std::string_view text);

// Whether the value of this JSON can be built and walked safely: it is not nested too deeply, and
// no object has so many names that looking each up takes long.
bool isModestJson(std::string_view text);

// The value of strict JSON; nothing for other text, and for what isModestJson() refuses.
std::optional<nlohmann::ordered_json> parseBoundedJson(std::string_view text);

// One line of JSON; text that is not UTF-8 is shown with U+FFFD.
std::string jsonLine(const nlohmann::ordered_json &value);

} // namespace alcove::llm
