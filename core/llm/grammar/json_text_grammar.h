// Pieces of GBNF for JSON text: literals, character classes inside strings, ranges of integers,
// dates, and the rules that every JSON grammar has. Pure functions; any thread; nothing fails.
#pragma once

#include "core/llm/grammar/code_point_set.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace alcove::llm {

// ws, char, string, integer, number, boolean, null, member, object, array, value. White space is
// short, numbers fit a double and strings hold no half of a surrogate pair.
std::string_view jsonBaseRules();

// A GBNF literal of this text.
std::string gbnfLiteral(std::string_view text);

// One character of the set as it is written inside a JSON string. The set is not empty.
std::string jsonCharacters(const CodePointSet &set);

// The integers from `least` to `most`, where nullopt is no bound; at most 18 digits. Empty when
// there are none.
std::string jsonIntegers(std::optional<std::int64_t> least, std::optional<std::int64_t> most);

// The content of a string of the format: date, time, date-time (RFC 3339) or uuid (RFC 4122).
std::optional<std::string> jsonFormat(std::string_view format);

} // namespace alcove::llm
