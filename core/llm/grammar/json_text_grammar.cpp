#include "core/llm/grammar/json_text_grammar.h"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace alcove::llm {

namespace {

constexpr int kMaxDigits = 18; // always fit 64 bits
constexpr std::int64_t kLargest = 999'999'999'999'999'999;

std::string escaped(char32_t c)
{
    char text[16];
    std::snprintf(text, sizeof text, "\\U%08X", unsigned(c));
    return text;
}

// A GBNF class.
std::string classOf(const CodePointSet &set)
{
    std::string text = "[";
    for (const auto &[first, last] : set.ranges()) {
        text += escaped(first);
        if (last != first)
            text += "-" + escaped(last);
    }
    return text + "]";
}

std::string digitRange(char first, char last)
{
    return first == last ? std::string("[") + first + "]"
                         : std::string("[") + first + "-" + last + "]";
}

std::string anyDigits(std::size_t count)
{
    return count == 0 ? "" : " [0-9]{" + std::to_string(count) + "}";
}

std::string joined(const std::vector<std::string> &parts)
{
    std::string text;
    for (const std::string &part : parts)
        text += (text.empty() ? "" : " | ") + part;
    return parts.size() > 1 ? "(" + text + ")" : text;
}

// The numbers from `least` to `most`, which have as many digits.
std::string sameLength(std::string_view least, std::string_view most)
{
    if (least.empty())
        return "";
    const std::string_view lowRest = least.substr(1);
    const std::string_view highRest = most.substr(1);
    if (least[0] == most[0])
        return digitRange(least[0], least[0])
            + (lowRest.empty() ? "" : " " + sameLength(lowRest, highRest));
    char first = least[0];
    char last = most[0];
    std::vector<std::string> parts;
    if (lowRest.find_first_not_of('0') != std::string_view::npos) {
        parts.push_back(digitRange(first, first) + " "
                        + sameLength(lowRest, std::string(lowRest.size(), '9')));
        ++first;
    }
    std::string highest;
    if (highRest.find_first_not_of('9') != std::string_view::npos) {
        highest =
            digitRange(last, last) + " " + sameLength(std::string(highRest.size(), '0'), highRest);
        --last;
    }
    if (first <= last)
        parts.push_back(digitRange(first, last) + anyDigits(lowRest.size()));
    if (!highest.empty())
        parts.push_back(highest);
    return joined(parts);
}

// 0 <= least <= most.
std::string naturalNumbers(std::int64_t least, std::int64_t most)
{
    std::vector<std::string> parts;
    std::string low = std::to_string(least);
    const std::string high = std::to_string(most);
    while (low.size() < high.size()) {
        parts.push_back(sameLength(low, std::string(low.size(), '9')));
        low = "1" + std::string(low.size(), '0');
    }
    parts.push_back(sameLength(low, high));
    return joined(parts);
}

} // namespace

std::string_view jsonBaseRules()
{
    return R"(ws ::= (" " | "\n" [ \t]{0,20})?
char ::= [^"\\\x00-\x1F] | "\\" (["\\/bfnrt] | "u" ([0-9A-CE-Fa-ce-f] hex | [Dd] [0-7] hex2))
hex ::= [0-9A-Fa-f]{3}
hex2 ::= [0-9A-Fa-f]{2}
string ::= "\"" char* "\""
integer ::= "0" | "-"? [1-9] [0-9]{0,17}
number ::= "-"? ("0" | [1-9] [0-9]{0,17}) ("." [0-9]{1,18})? ([eE] [+-]? [0-9]{1,2})?
boolean ::= "true" | "false"
null ::= "null"
member ::= string ":" ws value
object ::= "{" ws "}" | "{" ws member ("," ws member)* ws "}"
array ::= "[" ws "]" | "[" ws value ("," ws value)* ws "]"
value ::= object | array | string | number | boolean | null
)";
}

std::string gbnfLiteral(std::string_view text)
{
    std::string literal = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            literal += '\\';
            literal += c;
        } else if (byte < 0x20) {
            literal += escaped(byte);
        } else {
            literal += c;
        }
    }
    return literal + "\"";
}

std::string jsonCharacters(const CodePointSet &set)
{
    const CodePointSet marked({{0, 0x1F}, {'"', '"'}, {'\\', '\\'}});
    std::vector<std::string> parts;
    if (const CodePointSet plain = set.without(marked); !plain.ranges().empty())
        parts.push_back(classOf(plain));
    for (const auto &[first, last] : marked.ranges()) {
        for (char32_t c = first; c <= last; ++c) {
            if (!set.contains(c))
                continue;
            static constexpr std::string_view kShort = "\b\t\n\f\r\"\\";
            static constexpr std::string_view kNames = "btnfr\"\\";
            const std::size_t known = kShort.find(char(c));
            char text[8];
            if (known != std::string_view::npos)
                std::snprintf(text, sizeof text, "\\%c", kNames[known]);
            else
                std::snprintf(text, sizeof text, "\\u%04x", unsigned(c));
            parts.push_back(gbnfLiteral(text));
        }
    }
    return joined(parts);
}

std::string jsonIntegers(std::optional<std::int64_t> least, std::optional<std::int64_t> most)
{
    const std::int64_t low = std::max(least.value_or(-kLargest), -kLargest);
    const std::int64_t high = std::min(most.value_or(kLargest), kLargest);
    static_assert(kMaxDigits == 18);
    std::vector<std::string> parts;
    if (low < 0 && low <= high)
        parts.push_back("\"-\" " + naturalNumbers(high < 0 ? -high : 1, -low));
    if (high >= 0 && low <= high)
        parts.push_back(naturalNumbers(std::max<std::int64_t>(low, 0), high));
    return joined(parts);
}

std::optional<std::string> jsonFormat(std::string_view format)
{
    // The days that each month has; 29 February in leap years.
    static const std::string kLeap = R"(("0" [48] | [2468] [048] | [13579] [26]))";
    static const std::string kDate = R"(([0-9]{4} "-" ()"
                                     R"(("01" | "03" | "05" | "07" | "08" | "10" | "12") "-" )"
                                     R"(("0" [1-9] | [12] [0-9] | "3" [01]) | )"
                                     R"(("04" | "06" | "09" | "11") "-" )"
                                     R"(("0" [1-9] | [12] [0-9] | "30") | )"
                                     R"("02-" ("0" [1-9] | "1" [0-9] | "2" [0-8])) | )"
                                     R"(([0-9]{2} )"
        + kLeap + " | (\"00\" | " + kLeap + R"() "00") "-02-29"))";
    static const std::string kHourMinute = R"(([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9])";
    static const std::string kTime = "(" + kHourMinute
        + R"( ":" [0-5] [0-9] ("." [0-9]{1,9})? ("Z" | [+-] )" + kHourMinute + "))";
    if (format == "date")
        return kDate;
    if (format == "time")
        return kTime;
    if (format == "date-time")
        return kDate + " \"T\" " + kTime;
    if (format == "uuid")
        return R"([0-9a-fA-F]{8} ("-" [0-9a-fA-F]{4}){3} "-" [0-9a-fA-F]{12})";
    return std::nullopt;
}

} // namespace alcove::llm
