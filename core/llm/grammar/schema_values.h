// The strings and numbers that a schema's bounds allow, as pieces of GBNF over the rules of
// json_text_grammar.h. Pure; any thread.
#pragma once

#include "core/base/result.h"
#include "core/llm/grammar/schema_merge.h"

#include <cstdint>
#include <optional>
#include <string>

namespace alcove::llm {

// The errors are sentences without their end: the caller adds the place in the schema.

// The value of a keyword that counts (minLength, maxItems); nothing where it is not there.
Result<std::optional<std::uint64_t>> schemaCount(const SchemaJson &schema, const char *keyword);

// How often something comes: "{2,}". `most`: no less than `least`.
std::string countText(std::uint64_t least, std::optional<std::uint64_t> most);

// The body of a rule for the strings; nothing where any string is allowed.
Result<std::optional<std::string>> stringForm(const SchemaJson &schema);

// Numbers of the type "integer" or "number".
Result<std::string> numberForm(const SchemaJson &schema, const std::string &type);

} // namespace alcove::llm
