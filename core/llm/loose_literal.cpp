#include "core/llm/loose_literal.h"

#include "core/llm/utf8.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace alcove::llm {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kMostDepth = 100;
constexpr std::size_t kMostNames = 8192; // of an object
constexpr std::size_t kMostLookUps = kMostNames * kMostNames / 2;
constexpr std::string_view kGemmaQuote = "<|\"|>";

bool isSpace(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool isNameCharacter(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'
        || c == '-' || c == '.';
}

bool takeText(std::string_view &text, std::string_view wanted)
{
    if (text.substr(0, wanted.size()) != wanted)
        return false;
    text.remove_prefix(wanted.size());
    return true;
}

std::optional<std::string> takeQuoted(std::string_view &text)
{
    if (takeText(text, kGemmaQuote)) {
        const std::size_t end = text.find(kGemmaQuote);
        if (end == std::string_view::npos)
            return std::nullopt;
        std::string value(text.substr(0, end));
        text.remove_prefix(end + kGemmaQuote.size());
        return value;
    }
    const char quote = text.front();
    text.remove_prefix(1);
    std::string value;
    while (!text.empty()) {
        const char c = text.front();
        text.remove_prefix(1);
        if (c == quote)
            return value;
        if (c != '\\' || text.empty()) {
            value.push_back(c);
            continue;
        }
        const char escaped = text.front();
        text.remove_prefix(1);
        switch (escaped) {
        case 'n':
            value.push_back('\n');
            break;
        case 't':
            value.push_back('\t');
            break;
        case 'r':
            value.push_back('\r');
            break;
        case 'u': {
            if (text.size() < 4 || !std::all_of(text.begin(), text.begin() + 4, [](char digit) {
                    return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f')
                        || (digit >= 'A' && digit <= 'F');
                }))
                return std::nullopt;
            const auto code =
                static_cast<char32_t>(std::stoul(std::string(text.substr(0, 4)), nullptr, 16));
            appendUtf8(value, code >= 0xD800 && code <= 0xDFFF ? 0xFFFD : code);
            text.remove_prefix(4);
            break;
        }
        case '\\':
        case '\'':
        case '"':
            value.push_back(escaped);
            break;
        default:
            value.push_back('\\');
            value.push_back(escaped);
        }
    }
    return std::nullopt;
}

std::optional<Json> take(std::string_view &text, int depth);

std::optional<Json> takeList(std::string_view &text, int depth)
{
    Json list = Json::array();
    for (;;) {
        skipSpaces(text);
        if (takeText(text, "]"))
            return list;
        auto value = take(text, depth + 1);
        if (!value)
            return std::nullopt;
        list.push_back(std::move(*value));
        skipSpaces(text);
        if (!takeText(text, ",") && text.substr(0, 1) != "]")
            return std::nullopt;
    }
}

std::optional<Json> takeObject(std::string_view &text, int depth)
{
    Json object = Json::object();
    for (;;) {
        skipSpaces(text);
        if (takeText(text, "}"))
            return object;
        std::string key;
        if (!text.empty()
            && (text.front() == '"' || text.front() == '\''
                || text.substr(0, kGemmaQuote.size()) == kGemmaQuote)) {
            auto quoted = takeQuoted(text);
            if (!quoted)
                return std::nullopt;
            key = std::move(*quoted);
        } else {
            key = takeName(text);
            if (key.empty())
                return std::nullopt;
        }
        skipSpaces(text);
        if (!takeText(text, ":"))
            return std::nullopt;
        auto value = take(text, depth + 1);
        if (!value || object.size() >= kMostNames)
            return std::nullopt;
        object[key] = std::move(*value);
        skipSpaces(text);
        if (!takeText(text, ",") && text.substr(0, 1) != "}")
            return std::nullopt;
    }
}

std::optional<Json> take(std::string_view &text, int depth)
{
    skipSpaces(text);
    if (text.empty() || depth > kMostDepth)
        return std::nullopt;
    if (takeText(text, "["))
        return takeList(text, depth);
    if (takeText(text, "{"))
        return takeObject(text, depth);
    if (text.front() == '"' || text.front() == '\''
        || text.substr(0, kGemmaQuote.size()) == kGemmaQuote) {
        auto quoted = takeQuoted(text);
        return quoted ? std::optional<Json>(std::move(*quoted)) : std::nullopt;
    }
    const std::size_t end = std::min(text.find_first_of(",]})\n\r\t "), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end);
    if (word == "True" || word == "true")
        return Json(true);
    if (word == "False" || word == "false")
        return Json(false);
    if (word == "None" || word == "null")
        return Json(nullptr);
    auto number = parseBoundedJson(word);
    return number && number->is_number() ? number : std::nullopt;
}

} // namespace

std::optional<Json> takeLooseLiteral(std::string_view &text)
{
    return take(text, 0);
}

std::string_view takeName(std::string_view &text)
{
    std::size_t length = 0;
    while (length < text.size() && isNameCharacter(text[length]))
        ++length;
    const std::string_view name = text.substr(0, length);
    text.remove_prefix(length);
    return name;
}

void skipSpaces(std::string_view &text)
{
    while (!text.empty() && isSpace(text.front()))
        text.remove_prefix(1);
}

std::string_view trimmed(std::string_view text)
{
    skipSpaces(text);
    while (!text.empty() && isSpace(text.back()))
        text.remove_suffix(1);
    return text;
}

bool isModestJson(std::string_view text)
{
    // The parser itself does not recurse, but what is done with its values does; and objects that
    // keep their order look a name up among all.
    std::vector<std::size_t> names; // of each open object or array, so far
    std::size_t lookUps = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            if (names.size() >= std::size_t(kMostDepth))
                return false;
            names.push_back(0);
        } else if ((c == ']' || c == '}') && !names.empty()) {
            names.pop_back();
        } else if (c == ':' && !names.empty()) {
            lookUps += ++names.back();
            if (lookUps > kMostLookUps)
                return false;
        }
    }
    return true;
}

std::optional<Json> parseBoundedJson(std::string_view text)
{
    if (!isModestJson(text))
        return std::nullopt;
    Json value = Json::parse(text.begin(), text.end(), nullptr, false);
    if (value.is_discarded())
        return std::nullopt;
    return value;
}

std::string jsonLine(const Json &value)
{
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace alcove::llm
