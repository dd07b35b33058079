#include "core/llm/tool_call.h"

#include "core/llm/loose_literal.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace alcove::llm {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kNone = std::string_view::npos;

ToolCall unreadable(std::string_view text, std::string_view name = {})
{
    ToolCall call;
    call.name = name;
    call.arguments = text;
    call.error = name.empty() ? "The call names no tool, or is written in a way that is not known."
                              : "The arguments of the call are not a JSON object.";
    return call;
}

bool startsWith(std::string_view text, std::string_view start)
{
    return text.substr(0, start.size()) == start;
}

// What stands between `open` and `close`, both cut off `text` with it; up to the end of the text
// where `close` is missing. Nothing when `open` is.
std::optional<std::string_view> takeBetween(std::string_view &text, std::string_view open,
                                            std::string_view close)
{
    const std::size_t at = text.find(open);
    if (at == kNone)
        return std::nullopt;
    text.remove_prefix(at + open.size());
    const std::size_t end = text.find(close);
    const std::string_view inner = text.substr(0, end);
    text.remove_prefix(end == kNone ? text.size() : end + close.size());
    return inner;
}

// A parameter's value as an element holds it: JSON where it is more than a text.
Json elementValue(std::string_view text)
{
    auto value = parseBoundedJson(trimmed(text));
    if (value && !value->is_string())
        return std::move(*value);
    // The line ends around it belong to the element.
    if (startsWith(text, "\n"))
        text.remove_prefix(1);
    if (!text.empty() && text.back() == '\n')
        text.remove_suffix(1);
    return Json(std::string(text));
}

// Kimi writes a name with its place, which is the call's id: "functions.get_time:0".
std::string_view bareName(std::string_view name, std::string &id)
{
    name = trimmed(name);
    const std::string_view whole = name;
    if (startsWith(name, "functions."))
        name.remove_prefix(10);
    const std::size_t colon = name.rfind(':');
    if (colon != kNone && colon + 1 < name.size()
        && std::all_of(name.begin() + std::ptrdiff_t(colon) + 1, name.end(),
                       [](char c) { return c >= '0' && c <= '9'; })) {
        name = name.substr(0, colon);
        id = whole;
    }
    return name;
}

const Json *firstOf(const Json &object, std::initializer_list<const char *> keys)
{
    for (const char *key : keys) {
        if (const auto found = object.find(key); found != object.end())
            return &*found;
    }
    return nullptr;
}

std::optional<ToolCall> callOfObject(const Json &object)
{
    if (!object.is_object())
        return std::nullopt;
    const Json *function = firstOf(object, {"function"});
    const Json &inner = function && function->is_object() ? *function : object;
    const Json *name = firstOf(inner, {"name", "tool_name"});
    const Json *arguments = firstOf(inner, {"arguments", "parameters", "args"});
    if (!name && function && function->is_string())
        name = function;
    ToolCall call;
    if (const Json *id = firstOf(object, {"id", "tool_call_id"}))
        call.id = id->is_string() ? id->get<std::string>() : jsonLine(*id);
    if (name && name->is_string() && name->get_ref<const std::string &>().empty())
        return std::nullopt;
    if (name && name->is_string()) {
        call.name = name->get<std::string>();
        if (!arguments) {
            call.arguments = "{}";
        } else if (arguments->is_object()) {
            call.arguments = jsonLine(*arguments);
        } else if (arguments->is_string()) {
            ToolCall named = namedToolCall(call.name, arguments->get<std::string>());
            named.id = std::move(call.id);
            return named;
        } else {
            ToolCall named = unreadable(jsonLine(*arguments), call.name);
            named.id = std::move(call.id);
            return named;
        }
        return call;
    }
    // Apertus writes the name as the only key: {"get_time": {...}}.
    if (object.size() == 1 && object.begin()->is_object() && !object.begin().key().empty()) {
        call.name = object.begin().key();
        call.arguments = jsonLine(*object.begin());
        return call;
    }
    return std::nullopt;
}

// Objects one after the other, in a list, or both.
std::vector<ToolCall> jsonCalls(std::string_view text)
{
    std::vector<ToolCall> calls;
    const auto add = [&calls](const Json &value, std::string_view source) {
        auto call = callOfObject(value);
        calls.push_back(call ? std::move(*call) : unreadable(source));
    };
    while (!trimmed(text).empty()) {
        skipSpaces(text);
        if (text.front() == ',' || text.front() == ';') {
            text.remove_prefix(1);
            continue;
        }
        // The first value alone: up to the bracket that closes it.
        int depth = 0;
        bool quoted = false;
        std::size_t end = 0;
        for (; end < text.size(); ++end) {
            const char c = text[end];
            if (quoted) {
                if (c == '\\')
                    ++end;
                else if (c == '"')
                    quoted = false;
                continue;
            }
            if (c == '"')
                quoted = true;
            else if (c == '{' || c == '[')
                ++depth;
            else if ((c == '}' || c == ']') && --depth <= 0)
                break;
        }
        std::string_view source = text.substr(0, std::min(end + 1, text.size()));
        std::string_view behind = text.substr(source.size());
        skipSpaces(behind);
        if (behind.empty())
            source = text;
        const auto whole = parseBoundedJson(source);
        text.remove_prefix(source.size());
        if (!whole) {
            // Nothing behind it can be told apart any more.
            const std::string_view rest(source.data(), source.size() + text.size());
            calls.push_back(unreadable(trimmed(rest)));
            return calls;
        }
        if (whole->is_array()) {
            for (const Json &one : *whole)
                add(one, jsonLine(one));
        } else {
            add(*whole, source);
        }
    }
    return calls;
}

// [get_time(zone="UTC"), stop()], as in Python.
std::optional<std::vector<ToolCall>> pythonCalls(std::string_view text)
{
    std::vector<ToolCall> calls;
    text = trimmed(text);
    const bool list = startsWith(text, "[");
    if (list)
        text.remove_prefix(1);
    for (;;) {
        skipSpaces(text);
        if (list && startsWith(text, "]"))
            break;
        if (!list && text.empty())
            break;
        const std::string_view name = takeName(text);
        skipSpaces(text);
        if (name.empty() || !startsWith(text, "("))
            return std::nullopt;
        text.remove_prefix(1);
        Json arguments = Json::object();
        for (;;) {
            skipSpaces(text);
            if (startsWith(text, ")"))
                break;
            const std::string_view key = takeName(text);
            skipSpaces(text);
            if (key.empty() || !startsWith(text, "="))
                return std::nullopt;
            text.remove_prefix(1);
            auto value = takeLooseLiteral(text);
            if (!value)
                return std::nullopt;
            arguments[std::string(key)] = std::move(*value);
            skipSpaces(text);
            if (startsWith(text, ","))
                text.remove_prefix(1);
            else if (!startsWith(text, ")"))
                return std::nullopt;
        }
        text.remove_prefix(1);
        ToolCall call;
        call.name = name;
        call.arguments = jsonLine(arguments);
        calls.push_back(std::move(call));
        skipSpaces(text);
        if (startsWith(text, ",") || startsWith(text, ";"))
            text.remove_prefix(1);
    }
    if (calls.empty())
        return std::nullopt;
    return calls;
}

// call:get_time{zone:<|"|>UTC<|"|>}, Gemma's.
std::vector<ToolCall> gemmaCalls(std::string_view text)
{
    std::vector<ToolCall> calls;
    while (!trimmed(text).empty()) {
        const std::string_view whole = trimmed(text);
        skipSpaces(text);
        if (startsWith(text, "call:"))
            text.remove_prefix(5);
        const std::string_view name = takeName(text);
        skipSpaces(text);
        std::optional<Json> arguments;
        if (startsWith(text, "{"))
            arguments = takeLooseLiteral(text);
        if (name.empty() || !arguments) {
            calls.push_back(unreadable(whole, name));
            return calls;
        }
        ToolCall call;
        call.name = name;
        call.arguments = jsonLine(*arguments);
        calls.push_back(std::move(call));
    }
    return calls;
}

struct ElementWords {
    std::string_view open; // of a call, up to its name
    std::string_view nameEnd;
    std::string_view close;
    std::string_view parameter; // up to the parameter's name
    std::string_view parameterNameEnd;
    std::string_view parameterClose;
};

// <function=..><parameter=..> of Qwen3-Coder; <invoke name=".."> of MiniMax; the same with
// DeepSeek's mark.
constexpr ElementWords kElements[] = {
    {"<function=", ">", "</function>", "<parameter=", ">", "</parameter>"},
    {"<invoke name=\"", "\"", "</invoke>", "<parameter name=\"", "\"", "</parameter>"},
    {"<\uFF5CDSML\uFF5Cinvoke name=\"", "\"", "</\uFF5CDSML\uFF5Cinvoke>",
     "<\uFF5CDSML\uFF5Cparameter name=\"", "\"", "</\uFF5CDSML\uFF5Cparameter>"},
};

std::vector<ToolCall> elementCalls(std::string_view text, const ElementWords &words)
{
    std::vector<ToolCall> calls;
    while (auto inner = takeBetween(text, words.open, words.close)) {
        const std::size_t nameEnd = inner->find(words.nameEnd);
        const std::string_view name = trimmed(inner->substr(0, nameEnd));
        std::string_view body =
            nameEnd == kNone ? std::string_view() : inner->substr(nameEnd + words.nameEnd.size());
        if (name.empty()) {
            calls.push_back(unreadable(*inner));
            continue;
        }
        if (body.find(words.parameter) == kNone) {
            if (startsWith(body, ">"))
                body.remove_prefix(1);
            // Functionary and Llama put JSON there.
            calls.push_back(namedToolCall(name, body));
            continue;
        }
        ToolCall call;
        call.name = name;
        Json arguments = Json::object();
        while (auto parameter = takeBetween(body, words.parameter, words.parameterClose)) {
            const std::size_t keyEnd = parameter->find(words.parameterNameEnd);
            if (keyEnd == kNone) {
                call = unreadable(*inner, name);
                break;
            }
            const std::string key(trimmed(parameter->substr(0, keyEnd)));
            std::string_view value = parameter->substr(keyEnd + words.parameterNameEnd.size());
            // Other attributes, of which one says that the value is a text as it stands.
            bool isText = false;
            if (words.parameterNameEnd != ">") {
                const std::size_t end = value.find('>');
                const std::string_view attributes = value.substr(0, end);
                isText = attributes.find("string=\"true\"") != kNone;
                value.remove_prefix(end == kNone ? value.size() : end + 1);
            }
            arguments[key] = isText ? Json(std::string(value)) : elementValue(value);
        }
        if (call.error.empty())
            call.arguments = jsonLine(arguments);
        calls.push_back(std::move(call));
    }
    return calls;
}

// get_time<arg_key>zone</arg_key><arg_value>UTC</arg_value>, GLM's.
ToolCall keyValueCall(std::string_view text)
{
    ToolCall call;
    call.name = trimmed(text.substr(0, text.find("<arg_key>")));
    Json arguments = Json::object();
    while (auto key = takeBetween(text, "<arg_key>", "</arg_key>")) {
        const auto value = takeBetween(text, "<arg_value>", "</arg_value>");
        arguments[std::string(trimmed(*key))] = value ? elementValue(*value) : Json();
    }
    if (call.name.empty())
        return unreadable(text);
    call.arguments = jsonLine(arguments);
    return call;
}

struct Separators {
    std::string_view open; // of a call inside the block; empty: the block is one call
    std::string_view close;
    std::string_view name; // stands before the name, when the id comes first
    std::string_view arguments; // stands before the arguments
};

constexpr Separators kSeparators[] = {
    {"<|tool_call_begin|>", "<|tool_call_end|>", "", "<|tool_call_argument_begin|>"}, // Kimi
    {"<\uFF5Ctool\u2581call\u2581begin\uFF5C>", "<\uFF5Ctool\u2581call\u2581end\uFF5C>", "",
     "<\uFF5Ctool\u2581sep\uFF5C>"}, // DeepSeek
    {"", "", "<|tool_call:name|>", "<|tool_call:args|>"}, // Solar
};

ToolCall separatedCall(std::string_view text, const Separators &words)
{
    ToolCall call;
    std::string id;
    if (!words.name.empty()) {
        const std::size_t at = text.find(words.name);
        if (at == kNone)
            return unreadable(text);
        id = trimmed(text.substr(0, at));
        text.remove_prefix(at + words.name.size());
    }
    const std::size_t at = text.find(words.arguments);
    if (at == kNone)
        return unreadable(text);
    std::string_view name = text.substr(0, at);
    std::string_view arguments = text.substr(at + words.arguments.size());
    // DeepSeek R1: function<sep>get_time, a line end and the arguments as a block of code.
    if (trimmed(name) == "function") {
        const std::size_t line = arguments.find('\n');
        name = arguments.substr(0, line);
        arguments.remove_prefix(std::min(line, arguments.size()));
        arguments = trimmed(arguments);
        if (startsWith(arguments, "```json"))
            arguments.remove_prefix(7);
        if (arguments.size() >= 3 && arguments.substr(arguments.size() - 3) == "```")
            arguments.remove_suffix(3);
    }
    const std::string_view bare = bareName(name, id);
    call = namedToolCall(bare, arguments);
    call.id = std::move(id);
    return call;
}

// get_time[CALL_ID]abc[ARGS]{...}, Mistral's; a name with JSON after it, others'.
std::vector<ToolCall> nameThenJson(std::string_view text)
{
    std::vector<ToolCall> calls;
    text = trimmed(text);
    const std::size_t object = text.find('{');
    std::string_view head = text.substr(0, object);
    const std::string_view arguments = object == kNone ? "" : text.substr(object);
    std::string id;
    if (const std::size_t at = head.find("[ARGS]"); at != kNone)
        head = head.substr(0, at);
    if (const std::size_t at = head.find("[CALL_ID]"); at != kNone) {
        id = trimmed(head.substr(at + 9));
        head = head.substr(0, at);
    }
    std::string_view rest = bareName(head, id);
    const std::string_view name = takeName(rest);
    if (name.empty() || !trimmed(rest).empty() || object == kNone) {
        calls.push_back(unreadable(text));
        return calls;
    }
    calls.push_back(namedToolCall(name, arguments));
    calls.back().id = std::move(id);
    return calls;
}

} // namespace

ToolCall namedToolCall(std::string_view name, std::string_view arguments)
{
    ToolCall call;
    call.name = name;
    if (name.empty())
        return unreadable(arguments);
    const std::string_view text = trimmed(arguments);
    if (text.empty()) {
        call.arguments = "{}";
        return call;
    }
    const auto value = parseBoundedJson(text);
    if (!value || !value->is_object())
        return unreadable(arguments, name);
    call.arguments = text; // as the model wrote it
    return call;
}

std::vector<ToolCall> readToolCalls(std::string_view block)
{
    const std::string_view text = trimmed(block);
    if (text.empty())
        return {};
    for (const Separators &words : kSeparators) {
        if (text.find(words.arguments) == kNone)
            continue;
        if (words.open.empty())
            return {separatedCall(text, words)};
        std::vector<ToolCall> calls;
        std::string_view rest = text;
        while (auto inner = takeBetween(rest, words.open, words.close))
            calls.push_back(separatedCall(*inner, words));
        if (!calls.empty())
            return calls;
    }
    if (text.front() == '{')
        return jsonCalls(text);
    if (text.front() == '[') {
        if (auto calls = pythonCalls(text))
            return std::move(*calls);
        return jsonCalls(text);
    }
    for (const ElementWords &words : kElements) {
        auto calls = elementCalls(text, words);
        if (!calls.empty())
            return calls;
    }
    if (text.find("<arg_key>") != kNone)
        return {keyValueCall(text)};
    if (startsWith(text, "call:"))
        return gemmaCalls(text);
    if (auto calls = pythonCalls(text))
        return std::move(*calls);
    // GLM without arguments is a name alone.
    std::string_view rest = text;
    const std::string_view name = takeName(rest);
    if (!name.empty() && rest.empty())
        return {namedToolCall(name, {})};
    return nameThenJson(text);
}

std::vector<ToolCall> readBareToolCalls(std::string_view text)
{
    const auto value = parseBoundedJson(trimmed(text));
    if (!value || !(value->is_object() || value->is_array()) || value->empty())
        return {};
    const auto isCall = [](const Json &one) {
        const bool known = one.is_object() && (one.contains("name") || one.contains("function"))
            && (one.contains("arguments") || one.contains("parameters"));
        return known && callOfObject(one).has_value();
    };
    const bool all =
        value->is_array() ? std::all_of(value->begin(), value->end(), isCall) : isCall(*value);
    return all ? jsonCalls(text) : std::vector<ToolCall>();
}

} // namespace alcove::llm
