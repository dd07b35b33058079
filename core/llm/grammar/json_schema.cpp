#include "core/llm/grammar/json_schema.h"

#include "core/llm/display_text.h"
#include "core/llm/grammar/json_pattern.h"
#include "core/llm/grammar/json_text_grammar.h"
#include "core/llm/grammar/schema_merge.h"
#include "core/llm/grammar/schema_values.h"
#include "core/llm/loose_literal.h"
#include "core/llm/utf8.h"

#include <algorithm>
#include <map>
#include <new>
#include <optional>
#include <set>
#include <vector>

namespace alcove::llm {

namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxVisits = 20'000; // of subschemas; merging can multiply them
constexpr std::size_t kMaxWork = 1u << 24; // values copied and compared on the way
constexpr std::size_t kMaxTextBytes = 16 * kMaxGrammarBytes; // of all pieces, parts of others too
constexpr std::size_t kMaxNameBytes = 256; // where other names are allowed
constexpr std::size_t kMaxSchemaBytes = 1u << 20;

const std::set<std::string> &knownKeywords()
{
    static const std::set<std::string> kKnown = {"type",
                                                 "properties",
                                                 "required",
                                                 "additionalProperties",
                                                 "items",
                                                 "prefixItems",
                                                 "minItems",
                                                 "maxItems",
                                                 "enum",
                                                 "const",
                                                 "anyOf",
                                                 "oneOf",
                                                 "allOf",
                                                 "$ref",
                                                 "minLength",
                                                 "maxLength",
                                                 "pattern",
                                                 "format",
                                                 "minimum",
                                                 "maximum",
                                                 "exclusiveMinimum",
                                                 "exclusiveMaximum"};
    return kKnown;
}

std::string choiceOf(const std::vector<std::string> &parts)
{
    std::string text = "(";
    for (const std::string &part : parts)
        text += (text.size() > 1 ? " | " : "") + part;
    return text + ")";
}

class SchemaCompiler
{
public:
    explicit SchemaCompiler(const SchemaJson &root) : m_root(root) { }

    Result<std::string> run()
    {
        const std::string body = visit(m_root, "#", 0);
        if (m_error)
            return fail(*m_error);
        std::string text = "root ::= " + body + "\n";
        for (const auto &[name, rule] : m_rules)
            text += name + " ::= " + rule + "\n";
        return text + std::string(jsonBaseRules());
    }

private:
    std::string refuse(ErrorCode code, const std::string &what, const std::string &where)
    {
        if (!m_error)
            m_error =
                Error{code, "The schema " + what + " at " + displayText(where, 200) + ".", {}};
        return "\"\"";
    }
    std::string unsupported(const std::string &what, const std::string &where)
    {
        return refuse(ErrorCode::Unsupported, "uses " + what + ", which is not supported,", where);
    }
    std::string wrong(const std::string &what, const std::string &where)
    {
        return refuse(ErrorCode::InvalidArgument, what, where);
    }

    // False: that is more than a schema may take; it is refused.
    bool spend(std::size_t work, const std::string &where)
    {
        m_work += work;
        if (m_work > kMaxWork)
            wrong("is nested too deeply or too large", where);
        return m_work <= kMaxWork;
    }

    // A rule of its own for what is used more than once.
    std::string addRule(const std::string &body)
    {
        m_textBytes += body.size();
        if (m_textBytes > kMaxTextBytes)
            wrong("is too large", "#");
        std::string name = "s" + std::to_string(m_rules.size());
        m_rules.emplace_back(name, body);
        return name;
    }

    // A piece of GBNF for the values that `schema` allows.
    std::string visit(const SchemaJson &schema, const std::string &where, int depth)
    {
        std::string piece = visitAny(schema, where, depth);
        m_textBytes += piece.size();
        return m_textBytes > kMaxTextBytes ? wrong("is too large", where) : piece;
    }

    std::string visitAny(const SchemaJson &schema, const std::string &where, int depth)
    {
        if (m_error)
            return "\"\"";
        if (depth > kMaxDepth || ++m_visits > kMaxVisits)
            return wrong("is nested too deeply or too large", where);
        if (schema.is_boolean() && !schema.get<bool>())
            return wrong("allows nothing", where);
        if (schema.is_boolean())
            return "value";
        if (!schema.is_object())
            return wrong("has something that is no schema", where);
        if (onlyReference(schema))
            return visitReference(schema["$ref"], where, depth);
        if (!schema.contains("$ref") && !schema.contains("allOf"))
            return visitFlat(schema, where, depth);
        const SchemaJson flat = flattened(schema, where, depth);
        return m_error ? "\"\"" : visitFlat(flat, where, depth);
    }

    static bool onlyReference(const SchemaJson &schema)
    {
        if (!schema.contains("$ref"))
            return false;
        for (const auto &[keyword, value] : schema.items()) {
            if (keyword != "$ref" && !isSchemaAnnotation(keyword))
                return false;
        }
        return true;
    }

    const SchemaJson *resolve(const SchemaJson &reference, const std::string &where)
    {
        if (!reference.is_string()) {
            wrong("has a $ref that is no text", where);
            return nullptr;
        }
        const auto target = reference.get<std::string>();
        if (const auto known = m_resolved.find(target); known != m_resolved.end())
            return known->second;
        if (target.empty() || target[0] != '#' || (target.size() > 1 && target[1] != '/')) {
            unsupported("a $ref to elsewhere ('" + displayText(target) + "')", where);
            return nullptr;
        }
        try {
            const SchemaJson::json_pointer pointer(unescaped(target.substr(1)));
            if (m_root.contains(pointer))
                return m_resolved.emplace(target, &m_root.at(pointer)).first->second;
        } catch (const nlohmann::json::exception &) {
            // no pointer
        }
        wrong("refers to '" + displayText(target) + "', which it does not have,", where);
        return nullptr;
    }

    // "%7B" in a URI's fragment.
    static std::string unescaped(const std::string &text)
    {
        std::string plain;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const auto isHex = [](char c) {
                return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
            };
            if (text[i] == '%' && i + 2 < text.size() && isHex(text[i + 1]) && isHex(text[i + 2])) {
                plain += char(std::stoi(text.substr(i + 1, 2), nullptr, 16));
                i += 2;
            } else {
                plain += text[i];
            }
        }
        return plain;
    }

    std::string visitReference(const SchemaJson &reference, const std::string &where, int depth)
    {
        const SchemaJson *target = resolve(reference, where);
        if (!target)
            return "\"\"";
        const auto known = m_references.find(target);
        if (known != m_references.end())
            return known->second;
        const std::string name = addRule("");
        const std::size_t index = m_rules.size() - 1;
        m_references.emplace(target, name);
        std::string body = visit(*target, reference.get<std::string>(), depth + 1);
        m_rules[index].second = std::move(body);
        return name;
    }

    // The schema with its $ref and allOf merged into it.
    SchemaJson flattened(const SchemaJson &schema, const std::string &where, int depth)
    {
        if (depth > kMaxDepth || ++m_visits > kMaxVisits) {
            wrong("refers to itself without end", where);
            return false;
        }
        if (!schema.is_object())
            return schema;
        if (!spend(schemaWeight(schema), where))
            return false;
        SchemaJson rest = schema;
        rest.erase("$ref");
        rest.erase("allOf");
        const auto add = [&](const SchemaJson &part) {
            const SchemaJson flat = flattened(part, where, depth + 1);
            if (m_error)
                return;
            if (!flat.is_object() && !flat.is_boolean()) {
                wrong("has something that is no schema", where);
                return;
            }
            if (!spend(mergingWork(rest, flat), where))
                return;
            auto merged = mergeSchemas(rest, flat);
            if (merged)
                rest = std::move(*merged);
            else
                unsupported("an allOf in which " + merged.error().message, where);
        };
        if (schema.contains("$ref")) {
            if (const SchemaJson *target = resolve(schema["$ref"], where))
                add(*target);
        }
        if (schema.contains("allOf")) {
            if (!schema["allOf"].is_array() || schema["allOf"].empty())
                wrong("has an allOf that is no list", where);
            else
                for (const SchemaJson &part : schema["allOf"])
                    add(part);
        }
        return rest;
    }

    std::string visitFlat(const SchemaJson &schema, const std::string &where, int depth)
    {
        if (schema.is_boolean())
            return visit(schema, where, depth + 1);
        for (const auto &[keyword, value] : schema.items()) {
            const bool none = (keyword == "uniqueItems" && value == false)
                || ((keyword == "minProperties" || keyword == "minContains") && value == 0);
            if (!none && !isSchemaAnnotation(keyword) && knownKeywords().count(keyword) == 0)
                return unsupported("'" + displayText(keyword) + "'", where);
        }
        for (const char *keyword : {"anyOf", "oneOf"}) {
            if (schema.contains(keyword))
                return visitAlternatives(schema, keyword, where, depth);
        }
        if (schema.contains("enum") || schema.contains("const"))
            return visitChoices(schema, where);
        const auto types = schemaTypes(schema);
        if (schemaNamesTypes(schema) && types.empty())
            return wrong("allows no type", where);
        std::vector<std::string> parts;
        for (const std::string &type : types) {
            // Every integer is a number.
            if (type != "integer" || std::find(types.begin(), types.end(), "number") == types.end())
                parts.push_back(visitType(schema, type, where, depth));
        }
        return parts.size() == 1 ? parts[0] : choiceOf(parts);
    }

    std::string visitAlternatives(const SchemaJson &schema, const std::string &keyword,
                                  const std::string &where, int depth)
    {
        const SchemaJson &list = schema[keyword];
        if (!list.is_array() || list.empty())
            return wrong("has an " + keyword + " that is no list", where);
        SchemaJson rest = schema;
        rest.erase(keyword);
        const bool alone =
            std::all_of(rest.items().begin(), rest.items().end(),
                        [](const auto &one) { return isSchemaAnnotation(one.key()); });
        std::vector<SchemaJson> alternatives;
        std::vector<std::string> parts;
        for (std::size_t i = 0; i < list.size(); ++i) {
            const std::string place = where + "/" + keyword + "/" + std::to_string(i);
            const SchemaJson flat = flattened(list[i], place, depth + 1);
            if (m_error)
                return "\"\"";
            if (!flat.is_object() && !flat.is_boolean())
                return wrong("has something that is no schema", place);
            if (!spend(mergingWork(rest, flat), place))
                return "\"\"";
            auto merged = mergeSchemas(rest, flat);
            if (!merged)
                return unsupported("alternatives in which " + merged.error().message, place);
            for (const SchemaJson &other : alternatives) {
                if (keyword != "oneOf")
                    break;
                if (!spend(mergingWork(other, *merged), place))
                    return "\"\"";
                if (!plainlyApart(other, *merged))
                    return unsupported("a oneOf whose alternatives are not plainly apart", where);
            }
            alternatives.push_back(*merged);
            if (merged->is_boolean() && !merged->get<bool>())
                continue;
            parts.push_back(visit(alone ? list[i] : *merged, place, depth + 1));
        }
        return parts.empty() ? wrong("allows nothing", where) : choiceOf(parts);
    }

    std::string visitChoices(const SchemaJson &schema, const std::string &where)
    {
        if (!spend(schemaWeight(schema), where))
            return "\"\"";
        auto merged = mergeSchemas(schema, SchemaJson(SchemaJson::object())); // const as an enum
        if (!merged || !(*merged)["enum"].is_array())
            return wrong("has an enum that is no list", where);
        for (const auto &[keyword, value] : merged->items()) {
            if (keyword != "enum" && keyword != "type" && !isSchemaAnnotation(keyword))
                return unsupported("'" + displayText(keyword) + "' beside an enum", where);
        }
        const auto types = schemaTypes(*merged);
        std::vector<std::string> parts;
        for (const SchemaJson &value : (*merged)["enum"]) {
            const bool allowed = !schemaNamesTypes(*merged)
                || std::any_of(types.begin(), types.end(),
                               [&](const std::string &type) { return hasSchemaType(value, type); });
            if (allowed)
                parts.push_back(gbnfLiteral(value.dump()));
        }
        return parts.empty() ? wrong("allows nothing", where) : choiceOf(parts);
    }

    std::string visitType(const SchemaJson &schema, const std::string &type,
                          const std::string &where, int depth)
    {
        if (type == "object")
            return visitObject(schema, where, depth);
        if (type == "array")
            return visitArray(schema, where, depth);
        if (type == "string")
            return visitString(schema, where);
        if (type == "integer" || type == "number")
            return taken(numberForm(schema, type), where);
        if (type == "boolean" || type == "null")
            return type;
        return wrong("has the unknown type '" + displayText(type) + "'", where);
    }

    std::string visitObject(const SchemaJson &schema, const std::string &where, int depth)
    {
        const SchemaJson none = SchemaJson::object();
        const SchemaJson &properties = schema.contains("properties") ? schema["properties"] : none;
        if (!properties.is_object())
            return wrong("has properties that are no object", where);
        std::set<std::string> needed;
        std::vector<std::string> required; // in the schema's order
        if (schema.contains("required")) {
            if (!schema["required"].is_array())
                return wrong("has a 'required' that is no list", where);
            for (const SchemaJson &name : schema["required"]) {
                if (!name.is_string())
                    return wrong("requires something that is no name", where);
                if (needed.insert(name.get<std::string>()).second)
                    required.push_back(name.get<std::string>());
            }
        }
        const bool free = !schema.contains("properties") && !schema.contains("required");
        const SchemaJson additional = schema.contains("additionalProperties")
            ? schema["additionalProperties"]
            : SchemaJson(free);
        if (free && additional == true)
            return "object";

        struct Member {
            std::string text;
            bool required;
        };
        std::vector<Member> members;
        std::vector<std::string> names;
        const auto addMember = [&](const std::string &name, const SchemaJson &value, bool must) {
            names.push_back(name);
            if (!spend(schemaWeight(value) + name.size(), where))
                return;
            const std::string place = where + "/properties/" + name;
            const bool merged = value.is_object() && value.contains("allOf");
            const SchemaJson flat = merged ? flattened(value, place, depth + 1) : value;
            if (flat == false && !must)
                return;
            members.push_back({gbnfLiteral(SchemaJson(name).dump()) + " \":\" ws "
                                   + visit(flat, place, depth + 1),
                               must});
        };
        for (const auto &[name, value] : properties.items())
            addMember(name, value, needed.count(name) != 0);
        const std::set<std::string> listed(names.begin(), names.end());
        for (const std::string &name : required) {
            if (listed.count(name) != 0)
                continue;
            // Absent: other properties are allowed, although none is written unasked.
            if (schema.contains("additionalProperties") && additional == false)
                return wrong("requires '" + displayText(name) + "' and does not allow it,", where);
            addMember(name, schema.contains("additionalProperties") ? additional : SchemaJson(true),
                      true);
        }
        std::string others; // one more member
        if (additional != false) {
            for (const std::string &name : names) {
                if (name.size() > kMaxNameBytes)
                    return unsupported("other properties beside one with a very long name", where);
            }
            std::size_t bytes = 0;
            for (const std::string &name : names)
                bytes += name.size() * name.size() / 4; // copied at each of its characters
            if (!spend(bytes, where))
                return "\"\"";
            others = otherName(names) + " \":\" ws "
                + visit(additional, where + "/additionalProperties", depth + 1);
            others = addRule(others);
        }

        // `first`: the members from i on when none is written yet; `more`: when one is.
        std::string more = others.empty() ? "\"\"" : "(\",\" ws " + others + ")*";
        std::string first = others.empty() ? "\"\"" : "(" + others + " " + more + ")?";
        for (std::size_t i = members.size(); i-- > 0;) {
            const std::string text = addRule(members[i].text);
            const std::string next = addRule(more);
            if (members[i].required) {
                first = text + " " + next;
                more = "\",\" ws " + text + " " + next;
            } else {
                first = "(" + text + " " + next + " | " + addRule(first) + ")";
                more = "(\",\" ws " + text + ")? " + next;
            }
        }
        return addRule("\"{\" ws " + first + " ws \"}\"");
    }

    // A name that is none of `names`. Without escapes, which could spell one of them.
    std::string otherName(std::vector<std::string> names)
    {
        const CodePointSet plain =
            CodePointSet({{0, 0x1F}, {'"', '"'}, {'\\', '\\'}, {0x7F, 0x7F}}).complement();
        const std::string any = jsonCharacters(plain);
        std::sort(names.begin(), names.end());
        names.erase(std::unique(names.begin(), names.end()), names.end());
        return "\"\\\"\" " + otherThan(names, 0, plain, any) + " \"\\\"\"";
    }

    // The texts that continue a common beginning of `at` bytes and are none of `names` (sorted).
    std::string otherThan(const std::vector<std::string> &names, std::size_t at,
                          const CodePointSet &plain, const std::string &any)
    {
        bool mayEnd = true;
        std::map<char32_t, std::vector<std::string>> next;
        std::map<char32_t, std::size_t> lengths;
        std::vector<CodePointSet::Range> taken;
        for (const std::string &name : names) {
            if (name.size() == at) {
                mayEnd = false;
                continue;
            }
            const Utf8Step step = nextUtf8(std::string_view(name).substr(at));
            next[step.codePoint].push_back(name);
            lengths[step.codePoint] = step.length;
            taken.emplace_back(step.codePoint, step.codePoint);
        }
        std::vector<std::string> parts;
        if (mayEnd)
            parts.push_back("\"\"");
        const CodePointSet free = plain.without(CodePointSet(taken));
        parts.push_back(jsonCharacters(free) + " " + any + "*");
        for (const auto &[c, rest] : next) {
            if (!plain.contains(c))
                continue; // only an escape could spell it
            const CodePointSet one({{c, c}});
            parts.push_back(jsonCharacters(one) + " "
                            + otherThan(rest, at + lengths[c], plain, any));
        }
        return addRule(choiceOf(parts));
    }

    // What `made` holds, or the trouble with it at `where`.
    template <typename T>
    T taken(Result<T> made, const std::string &where)
    {
        if (made)
            return std::move(*made);
        if (!m_error) {
            m_error = made.error();
            m_error->message += " at " + displayText(where, 200) + ".";
        }
        return T();
    }

    std::string visitArray(const SchemaJson &schema, const std::string &where, int depth)
    {
        std::uint64_t least = taken(schemaCount(schema, "minItems"), where).value_or(0);
        auto most = taken(schemaCount(schema, "maxItems"), where);
        SchemaJson prefix = SchemaJson::array();
        SchemaJson items = true;
        if (schema.contains("prefixItems"))
            prefix = schema["prefixItems"];
        if (schema.contains("items")) {
            if (schema["items"].is_array())
                prefix = schema["items"]; // as before draft 2020-12
            else
                items = schema["items"];
        }
        if (!prefix.is_array())
            return wrong("has prefixItems that are no list", where);
        if (items == false)
            most = std::min<std::uint64_t>(most.value_or(prefix.size()), prefix.size());
        if (most && *most < least)
            return wrong("asks for more items than it allows", where);
        if (!schema.contains("items") && prefix.empty() && least == 0 && !most)
            return "array";

        const std::uint64_t fixed = std::min<std::uint64_t>(prefix.size(), most.value_or(~0ull));
        std::string tail; // what follows the i-th item
        if (!most || *most > fixed) {
            const std::string item = addRule(visit(items, where + "/items", depth + 1));
            const std::uint64_t needed = least > fixed ? least - fixed : 0;
            const auto bound = most ? std::optional(*most - fixed) : std::nullopt;
            if (fixed == 0) {
                std::string all = item + " (\",\" ws " + item + ")"
                    + countText(needed > 0 ? needed - 1 : 0,
                                bound ? std::optional(*bound - 1) : std::nullopt);
                return addRule("\"[\" ws " + (needed > 0 ? all : "(" + all + ")?") + " ws \"]\"");
            }
            tail = "(\",\" ws " + item + ")" + countText(needed, bound);
        } else if (fixed == 0) {
            return "(\"[\" ws \"]\")";
        }
        for (std::size_t i = std::size_t(fixed); i-- > 0;) {
            const std::string place = where + "/prefixItems/" + std::to_string(i);
            std::string item = (i > 0 ? "\",\" ws " : "") + visit(prefix[i], place, depth + 1) + " "
                + (tail.empty() ? "\"\"" : addRule(tail));
            tail = least > i ? item : "(" + item + ")?";
        }
        return addRule("\"[\" ws " + tail + " ws \"]\"");
    }

    std::string visitString(const SchemaJson &schema, const std::string &where)
    {
        const auto form = taken(stringForm(schema), where);
        return form ? addRule(*form) : "string";
    }

    const SchemaJson &m_root;
    std::optional<Error> m_error;
    std::vector<std::pair<std::string, std::string>> m_rules; // name, body
    std::map<std::string, const SchemaJson *> m_resolved; // by the reference's text
    std::map<const SchemaJson *, std::string> m_references; // by what is referred to
    std::size_t m_visits = 0;
    std::size_t m_work = 0;
    std::size_t m_textBytes = 0;
};

} // namespace

Result<std::string> grammarTextOfSchema(std::string_view schema)
try {
    if (schema.size() > kMaxSchemaBytes)
        return fail(ErrorCode::InvalidArgument,
                    "The schema is longer than " + displayBytes(kMaxSchemaBytes) + ".");
    if (!isModestJson(schema))
        return fail(ErrorCode::InvalidArgument, "The schema is nested too deeply or too large.");
    const SchemaJson root = SchemaJson::parse(schema.begin(), schema.end(), nullptr, false);
    if (root.is_discarded())
        return fail(ErrorCode::InvalidArgument, "The schema is no JSON.");
    return SchemaCompiler(root).run();
} catch (const std::bad_alloc &) {
    return fail(ErrorCode::OutOfMemory, "There is not enough memory for the schema.");
}

Result<std::shared_ptr<const Grammar>> grammarOfSchema(std::string_view schema)
{
    const auto text = grammarTextOfSchema(schema);
    if (!text)
        return fail(text.error());
    auto grammar = Grammar::parse(*text);
    if (grammar || grammar.error().code != ErrorCode::InvalidArgument)
        return grammar;
    // Its own text is well-formed, so it is too large, or a reference leads back to itself.
    const bool circle = grammar.error().message.find("left recursion") != std::string::npos;
    return fail(ErrorCode::InvalidArgument,
                circle ? "The schema refers to itself without end."
                       : "The schema is too large: allow shorter texts or fewer items.",
                grammar.error().message);
}

} // namespace alcove::llm
