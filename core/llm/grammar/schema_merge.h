// Merging of JSON schemas: one schema that says what several say together (allOf). Pure; any
// thread. Unsupported, by name, for keywords whose meanings cannot be put into one.
#pragma once

#include "core/base/result.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace alcove::llm {

using SchemaJson = nlohmann::ordered_json;

// Says nothing about what is allowed: titles, descriptions, definitions.
bool isSchemaAnnotation(const std::string &keyword);

// The types that the schema allows, of "null", "boolean", "object", "array", "number", "integer",
// "string"; where it names none, those that its keywords are about; all when there are none.
std::vector<std::string> schemaTypes(const SchemaJson &schema);
bool schemaNamesTypes(const SchemaJson &schema);

// `value` is of this type.
bool hasSchemaType(const SchemaJson &value, const std::string &type);

// How many values the schema is made of.
std::size_t schemaWeight(const SchemaJson &schema);
// A measure of the time that mergeSchemas() and plainlyApart() need.
std::size_t mergingWork(const SchemaJson &a, const SchemaJson &b);

// Both are objects or booleans. References and allOf are taken out by the caller.
Result<SchemaJson> mergeSchemas(const SchemaJson &a, const SchemaJson &b);

// No value can satisfy both; false when that is not plain to see.
bool plainlyApart(const SchemaJson &a, const SchemaJson &b);

} // namespace alcove::llm
