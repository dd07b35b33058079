// Regular expressions of JSON schemas (ECMA 262) as GBNF for the content of a JSON string.
//
// Understood: characters and escapes, ".", classes with \d \w \s, groups, alternatives,
// quantifiers, ^ and $ at the ends of the whole pattern's alternatives. Refused by name, with
// InvalidArgument or Unsupported: look-around, back references, \b, \p and what is no regular
// expression. Pure; any thread.
#pragma once

#include "core/base/result.h"

#include <string>
#include <string_view>

namespace alcove::llm {

// Refers to the rule `char` of jsonBaseRules().
Result<std::string> jsonPattern(std::string_view pattern);

} // namespace alcove::llm
