// A validator of JSON against a schema, for the keywords that grammars know: the known answer that
// generated texts are held against. Written from the JSON Schema specification, apart from the
// program's own reading of schemas.
#pragma once

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <string>

namespace alcove::test {

class SchemaCheck
{
public:
    using Json = nlohmann::ordered_json;

    explicit SchemaCheck(Json root) : m_root(std::move(root)) { }

    bool allows(const Json &value) const { return check(m_root, value); }

private:
    static bool isType(const Json &value, const std::string &type)
    {
        if (type == "integer")
            return value.is_number() && value.get<double>() == std::floor(value.get<double>());
        return (type == "null" && value.is_null()) || (type == "boolean" && value.is_boolean())
            || (type == "object" && value.is_object()) || (type == "array" && value.is_array())
            || (type == "string" && value.is_string()) || (type == "number" && value.is_number());
    }

    static std::size_t characters(const std::string &text)
    {
        return std::size_t(std::count_if(text.begin(), text.end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
        }));
    }

    bool check(const Json &schema, const Json &value) const
    {
        if (schema.is_boolean())
            return schema.get<bool>();
        for (const auto &[keyword, wanted] : schema.items()) {
            if (!checkKeyword(schema, keyword, wanted, value))
                return false;
        }
        return true;
    }

    bool checkKeyword(const Json &schema, const std::string &keyword, const Json &wanted,
                      const Json &value) const
    {
        const auto fits = [&](const Json &one) { return check(one, value); };
        if (keyword == "$ref")
            return check(m_root.at(Json::json_pointer(wanted.get<std::string>().substr(1))), value);
        if (keyword == "allOf")
            return std::all_of(wanted.begin(), wanted.end(), fits);
        if (keyword == "anyOf")
            return std::any_of(wanted.begin(), wanted.end(), fits);
        if (keyword == "oneOf")
            return std::count_if(wanted.begin(), wanted.end(), fits) == 1;
        if (keyword == "enum")
            return std::find(wanted.begin(), wanted.end(), value) != wanted.end();
        if (keyword == "const")
            return value == wanted;
        if (keyword == "type")
            return wanted.is_string()
                ? isType(value, wanted.get<std::string>())
                : std::any_of(wanted.begin(), wanted.end(), [&](const Json &type) {
                      return isType(value, type.get<std::string>());
                  });
        if (value.is_object())
            return checkObject(schema, keyword, wanted, value);
        if (value.is_array())
            return checkArray(schema, keyword, wanted, value);
        if (value.is_string())
            return (keyword != "minLength" || characters(value) >= wanted.get<std::size_t>())
                && (keyword != "maxLength" || characters(value) <= wanted.get<std::size_t>());
        if (value.is_number())
            return (keyword != "minimum" || value >= wanted)
                && (keyword != "maximum" || value <= wanted)
                && (keyword != "exclusiveMinimum" || value > wanted)
                && (keyword != "exclusiveMaximum" || value < wanted);
        return true;
    }

    bool checkObject(const Json &schema, const std::string &keyword, const Json &wanted,
                     const Json &value) const
    {
        if (keyword == "required")
            return std::all_of(wanted.begin(), wanted.end(), [&](const Json &name) {
                return value.contains(name.get<std::string>());
            });
        for (const auto &[name, member] : value.items()) {
            if (keyword == "properties" && wanted.contains(name) && !check(wanted[name], member))
                return false;
            const bool listed =
                schema.contains("properties") && schema["properties"].contains(name);
            if (keyword == "additionalProperties" && !listed && !check(wanted, member))
                return false;
        }
        return true;
    }

    bool checkArray(const Json &schema, const std::string &keyword, const Json &wanted,
                    const Json &value) const
    {
        if (keyword == "minItems")
            return value.size() >= wanted.get<std::size_t>();
        if (keyword == "maxItems")
            return value.size() <= wanted.get<std::size_t>();
        const std::size_t fixed = schema.contains("prefixItems") ? schema["prefixItems"].size() : 0;
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (keyword == "prefixItems" && i < fixed && !check(wanted[i], value[i]))
                return false;
            if (keyword == "items" && i >= fixed && !check(wanted, value[i]))
                return false;
        }
        return true;
    }

    Json m_root;
};

} // namespace alcove::test
