// JSON schemas (json-schema.org, drafts 4 to 2020-12) as grammars: every text of the grammar is
// JSON that the schema allows.
//
// Understood: type, properties, required, additionalProperties, items, prefixItems, minItems,
// maxItems, enum, const, anyOf, oneOf (of alternatives that are plainly apart), allOf, $ref within
// the document, minLength, maxLength, pattern, format (date, time, date-time, uuid), minimum and
// maximum of integers. What the schema allows is narrowed where that keeps answers sound:
// properties come in the schema's order, and only those it lists where it does not ask for others.
// Annotations are passed over. Everything else is refused by name and place: Unsupported, or
// InvalidArgument for what is no schema. Pure; any thread.
#pragma once

#include "core/base/result.h"
#include "core/llm/grammar/grammar.h"

#include <memory>
#include <string>
#include <string_view>

namespace alcove::llm {

// The schema's text as GBNF.
Result<std::string> grammarTextOfSchema(std::string_view schema);

Result<std::shared_ptr<const Grammar>> grammarOfSchema(std::string_view schema);

} // namespace alcove::llm
