#include "core/llm/grammar/schema_merge.h"

#include "core/llm/display_text.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>

namespace alcove::llm {

namespace {

const std::vector<std::string> kAllTypes = {"object", "array",   "string", "integer",
                                            "number", "boolean", "null"};

const std::map<std::string, std::string> &keywordTypes()
{
    static const std::map<std::string, std::string> kTypes = {{"properties", "object"},
                                                              {"required", "object"},
                                                              {"additionalProperties", "object"},
                                                              {"items", "array"},
                                                              {"prefixItems", "array"},
                                                              {"minItems", "array"},
                                                              {"maxItems", "array"},
                                                              {"minLength", "string"},
                                                              {"maxLength", "string"},
                                                              {"pattern", "string"},
                                                              {"format", "string"},
                                                              {"minimum", "number"},
                                                              {"maximum", "number"},
                                                              {"exclusiveMinimum", "number"},
                                                              {"exclusiveMaximum", "number"}};
    return kTypes;
}

bool has(const std::vector<std::string> &list, const std::string &one)
{
    return std::find(list.begin(), list.end(), one) != list.end();
}

std::vector<std::string> namedTypes(const SchemaJson &schema)
{
    std::vector<std::string> types;
    const auto type = schema.find("type");
    if (type != schema.end() && type->is_string())
        types.push_back(type->get<std::string>());
    if (type != schema.end() && type->is_array()) {
        for (const SchemaJson &one : *type) {
            // Each once; with more than there are, one is unknown already.
            if (one.is_string() && types.size() <= kAllTypes.size()
                && !has(types, one.get<std::string>()))
                types.push_back(one.get<std::string>());
        }
    }
    return types;
}

SchemaJson both(const SchemaJson &a, const SchemaJson &b)
{
    if (a == b)
        return a;
    SchemaJson all;
    all["allOf"] = SchemaJson::array({a, b});
    return all;
}

// Adds to `into` the constraints that `other` puts on properties it does not list.
void constrainUnlisted(SchemaJson &into, const SchemaJson &from, const SchemaJson &other)
{
    const auto additional = other.find("additionalProperties");
    if (additional == other.end() || !from.contains("properties"))
        return;
    for (const auto &[name, property] : from["properties"].items()) {
        const auto listed = other.find("properties");
        if (listed == other.end() || !listed->contains(name))
            into["properties"][name] = both(property, *additional);
    }
}

Result<> mergeKeyword(SchemaJson &into, const std::string &keyword, const SchemaJson &value)
{
    if (!into.contains(keyword)) {
        into[keyword] = value;
        return {};
    }
    SchemaJson &own = into[keyword];
    if (own == value)
        return {};
    const auto bound = [&](bool larger) {
        if (!own.is_number() || !value.is_number())
            return false;
        if ((own < value) == larger)
            own = value;
        return true;
    };
    if (keyword.rfind("min", 0) == 0 || keyword == "exclusiveMinimum") {
        if (bound(true))
            return {};
    } else if (keyword.rfind("max", 0) == 0 || keyword == "exclusiveMaximum") {
        if (bound(false))
            return {};
    } else if (keyword == "type") {
        SchemaJson holder;
        holder["type"] = value;
        const auto theirs = namedTypes(holder);
        holder["type"] = own;
        SchemaJson common = SchemaJson::array();
        for (const std::string &type : namedTypes(holder)) {
            if (has(theirs, type) || (type == "integer" && has(theirs, "number")))
                common.push_back(type);
            else if (type == "number" && has(theirs, "integer"))
                common.push_back("integer");
        }
        own = common;
        return {};
    } else if (keyword == "enum" && own.is_array() && value.is_array()) {
        SchemaJson common = SchemaJson::array();
        std::copy_if(own.begin(), own.end(), std::back_inserter(common),
                     [&](const SchemaJson &one) {
                         return std::find(value.begin(), value.end(), one) != value.end();
                     });
        own = common;
        return {};
    } else if (keyword == "required" && own.is_array() && value.is_array()) {
        for (const SchemaJson &one : value) {
            if (std::find(own.begin(), own.end(), one) == own.end())
                own.push_back(one);
        }
        return {};
    } else if (keyword == "properties" && own.is_object() && value.is_object()) {
        for (const auto &[name, property] : value.items())
            own[name] = own.contains(name) ? both(own[name], property) : property;
        return {};
    } else if (keyword == "items" || keyword == "additionalProperties") {
        own = both(own, value);
        return {};
    } else if (keyword == "uniqueItems") {
        own = true; // one of them asks for it
        return {};
    }
    return fail(ErrorCode::Unsupported,
                "'" + displayText(keyword) + "' is asked for in two ways at once");
}

// A copy with `const` as an enum of one.
SchemaJson withoutConst(SchemaJson schema)
{
    const auto constant = schema.find("const");
    if (constant == schema.end())
        return schema;
    SchemaJson only = SchemaJson::array({*constant});
    schema.erase("const");
    const auto choices = schema.find("enum");
    if (choices != schema.end() && choices->is_array()
        && std::find(choices->begin(), choices->end(), only[0]) == choices->end())
        only.clear();
    schema["enum"] = only;
    return schema;
}

} // namespace

bool isSchemaAnnotation(const std::string &keyword)
{
    static const std::set<std::string> kAnnotations = {
        "$schema", "$id",         "id",      "$comment", "$anchor",    "$defs",    "definitions",
        "title",   "description", "default", "examples", "deprecated", "readOnly", "writeOnly"};
    return kAnnotations.count(keyword) != 0 || keyword.rfind("x-", 0) == 0;
}

bool schemaNamesTypes(const SchemaJson &schema)
{
    return schema.contains("type");
}

std::vector<std::string> schemaTypes(const SchemaJson &schema)
{
    if (schemaNamesTypes(schema))
        return namedTypes(schema);
    std::vector<std::string> types;
    for (const auto &[keyword, value] : schema.items()) {
        const auto known = keywordTypes().find(keyword);
        if (known != keywordTypes().end() && !has(types, known->second))
            types.push_back(known->second);
    }
    return types.empty() ? kAllTypes : types;
}

bool hasSchemaType(const SchemaJson &value, const std::string &type)
{
    const auto whole = [&] { // 1.0 is an integer too
        return value.is_number_integer()
            || (value.is_number_float() && value.get<double>() == std::floor(value.get<double>()));
    };
    return (type == "null" && value.is_null()) || (type == "boolean" && value.is_boolean())
        || (type == "object" && value.is_object()) || (type == "array" && value.is_array())
        || (type == "string" && value.is_string()) || (type == "number" && value.is_number())
        || (type == "integer" && whole());
}

std::size_t schemaWeight(const SchemaJson &schema)
{
    std::size_t weight = 1;
    if (schema.is_structured()) {
        for (const SchemaJson &one : schema)
            weight += schemaWeight(one);
    }
    return weight;
}

std::size_t mergingWork(const SchemaJson &a, const SchemaJson &b)
{
    const auto sizeOf = [](const SchemaJson &schema, const char *keyword) {
        const auto found = schema.is_object() ? schema.find(keyword) : schema.end();
        return found == schema.end() ? std::size_t(0) : found->size();
    };
    // Each of one is looked for among those of the other.
    std::size_t work = schemaWeight(a) + schemaWeight(b) + (a.size() + b.size()) * b.size();
    for (const char *keyword : {"enum", "required"})
        work += sizeOf(a, keyword) * sizeOf(b, keyword);
    const std::size_t properties = sizeOf(a, "properties") + sizeOf(b, "properties");
    return work + properties * properties + sizeOf(a, "required") * sizeOf(b, "properties");
}

Result<SchemaJson> mergeSchemas(const SchemaJson &a, const SchemaJson &b)
{
    if (a.is_boolean())
        return a.get<bool>() ? b : a;
    if (b.is_boolean())
        return b.get<bool>() ? a : b;
    const SchemaJson first = withoutConst(a);
    const SchemaJson second = withoutConst(b);
    SchemaJson left = first;
    SchemaJson right = second;
    constrainUnlisted(left, first, second);
    constrainUnlisted(right, second, first);
    for (const auto &[keyword, value] : right.items()) {
        if (isSchemaAnnotation(keyword))
            continue;
        if (auto merged = mergeKeyword(left, keyword, value); !merged)
            return fail(merged.error());
    }
    return left;
}

bool plainlyApart(const SchemaJson &a, const SchemaJson &b)
{
    if (!a.is_object() || !b.is_object())
        return (a.is_boolean() && !a.get<bool>()) || (b.is_boolean() && !b.get<bool>());
    const SchemaJson left = withoutConst(a);
    const SchemaJson right = withoutConst(b);
    const auto fits = [](const SchemaJson &value, const SchemaJson &schema) {
        if (schema.contains("enum") && schema["enum"].is_array()
            && std::find(schema["enum"].begin(), schema["enum"].end(), value)
                == schema["enum"].end())
            return false;
        const auto types = schemaTypes(schema);
        return !schemaNamesTypes(schema)
            || std::any_of(types.begin(), types.end(),
                           [&](const std::string &type) { return hasSchemaType(value, type); });
    };
    for (const auto &[one, other] : {std::pair(&left, &right), std::pair(&right, &left)}) {
        const auto choices = one->find("enum");
        if (choices != one->end() && choices->is_array()
            && std::none_of(choices->begin(), choices->end(),
                            [&, other = other](const SchemaJson &v) { return fits(v, *other); }))
            return true;
    }
    if (!schemaNamesTypes(left) || !schemaNamesTypes(right))
        return false;
    const auto types = schemaTypes(left);
    const auto others = schemaTypes(right);
    const auto meets = [&](const std::string &type) {
        return has(others, type) || (type == "integer" && has(others, "number"))
            || (type == "number" && has(others, "integer"));
    };
    if (std::none_of(types.begin(), types.end(), meets))
        return true;
    // Objects that a property tells apart which both require.
    if (types != std::vector<std::string>{"object"} || others != types
        || !left.contains("properties") || !right.contains("properties")
        || !left.contains("required") || !right.contains("required"))
        return false;
    const SchemaJson &required = right["required"];
    for (const SchemaJson &name : left["required"]) {
        if (!name.is_string()
            || std::find(required.begin(), required.end(), name) == required.end())
            continue;
        const auto key = name.get<std::string>();
        if (left["properties"].contains(key) && right["properties"].contains(key)
            && plainlyApart(left["properties"][key], right["properties"][key]))
            return true;
    }
    return false;
}

} // namespace alcove::llm
