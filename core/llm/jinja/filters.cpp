#include "core/llm/jinja/filters.h"

#include "core/llm/jinja/access.h"
#include "core/llm/jinja/arguments.h"
#include "core/llm/jinja/json_text.h"
#include "core/llm/jinja/operators.h"
#include "core/llm/jinja/repr.h"
#include "core/llm/jinja/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <locale>
#include <sstream>
#include <unordered_map>

namespace alcove::llm::jinja {

namespace {

Value defaultTo(Heap &, const Value &value, const Arguments &arguments, const Value &empty)
{
    const Signature given("default", arguments, {"default_value", "boolean"});
    const bool missing = value.is(Kind::Undefined) || (given.truth(1, false) && !truthy(value));
    return missing ? given.value(0, empty) : value;
}

Value defaultFilter(Heap &heap, const Value &value, const Arguments &arguments)
{
    return defaultTo(heap, value, arguments, heap.string(""));
}

Value length(Heap &, const Value &value, const Arguments &arguments)
{
    const Signature none("length", arguments, {});
    const auto size = lengthOf(value);
    if (!size)
        raise(std::string("object of type '") + typeName(value) + "' has no len()");
    return integer(*size);
}

Value attr(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("attr", arguments, {"name"}, 1);
    const String *name = given.string(0);
    if (!name)
        raise("attr() needs a name");
    if (!value.is(Kind::Dict))
        return getAttribute(heap, value, name->text);
    // Only attributes, never the items that a dict's dot would also find.
    const Dict none;
    Value bare = value;
    bare.dict = &none;
    const Value found = getAttribute(heap, bare, name->text);
    return found.is(Kind::Undefined) ? found : getAttribute(heap, value, name->text);
}

Value absolute(Heap &, const Value &value, const Arguments &arguments)
{
    const Signature none("abs", arguments, {});
    requireDefined(value);
    if (value.isIntegral())
        return value.asInteger() < 0 ? negative(value) : integer(value.asInteger());
    if (value.isNumber())
        return value.is(Kind::UInt) ? value : real(std::fabs(value.real));
    raise(std::string("bad operand type for abs(): '") + typeName(value) + "'");
}

// float(text), or nullopt where Python would raise ValueError.
std::optional<double> parseReal(std::string_view text)
{
    text = strip(text, Sides::Both);
    std::string plain(text);
    for (std::size_t i = 1; i + 1 < plain.size();) { // single underscores between digits
        const bool between = plain[i] == '_' && plain[i - 1] >= '0' && plain[i - 1] <= '9'
            && plain[i + 1] >= '0' && plain[i + 1] <= '9';
        if (between)
            plain.erase(i, 1);
        else
            ++i;
    }
    const std::string lower = toLower(plain);
    const bool isSigned = !lower.empty() && (lower[0] == '-' || lower[0] == '+');
    const std::string_view word = std::string_view(lower).substr(isSigned ? 1 : 0);
    const double sign = isSigned && lower[0] == '-' ? -1.0 : 1.0;
    if (word == "inf" || word == "infinity")
        return sign * std::numeric_limits<double>::infinity();
    if (word == "nan")
        return std::numeric_limits<double>::quiet_NaN();
    // digits [. digits] [e sign digits], with a digit somewhere before the exponent
    std::size_t at = 0;
    const auto digits = [&] {
        const std::size_t begin = at;
        while (at < word.size() && word[at] >= '0' && word[at] <= '9')
            ++at;
        return at - begin;
    };
    std::size_t count = digits();
    if (at < word.size() && word[at] == '.') {
        ++at;
        count += digits();
    }
    if (count == 0)
        return std::nullopt;
    if (at < word.size() && word[at] == 'e') {
        ++at;
        if (at < word.size() && (word[at] == '-' || word[at] == '+'))
            ++at;
        if (digits() == 0)
            return std::nullopt;
    }
    if (at != word.size())
        return std::nullopt;
    std::istringstream in{std::string(word)};
    in.imbue(std::locale::classic());
    double value = 0;
    in >> value;
    if (in.fail() && value > 1)
        value = std::numeric_limits<double>::infinity();
    return sign * value;
}

std::optional<std::int64_t> parseInteger(std::string_view text, std::int64_t base)
{
    text = strip(text, Sides::Both);
    bool isNegative = false;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        isNegative = text[0] == '-';
        text.remove_prefix(1);
    }
    if (text.size() > 2 && text[0] == '0') {
        const char mark = static_cast<char>(text[1] | 0x20);
        const std::int64_t marked = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
        if (marked != 0 && (base == marked || base == 0)) {
            base = marked;
            text.remove_prefix(2);
        }
    }
    if (base == 0)
        base = 10;
    if (base < 2 || base > 36)
        return std::nullopt;
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '_')
            digits += text[i];
        else if (i == 0 || i + 1 == text.size() || text[i - 1] == '_')
            return std::nullopt;
    }
    std::uint64_t magnitude = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude,
                                        static_cast<int>(base));
    if (digits.empty() || result.ptr != digits.data() + digits.size())
        return std::nullopt;
    const auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (result.ec != std::errc{} || magnitude > largest)
        raise("an integer is too large");
    return isNegative ? -static_cast<std::int64_t>(magnitude)
                      : static_cast<std::int64_t>(magnitude);
}

std::optional<Value> truncated(double value)
{
    if (!std::isfinite(value))
        return std::nullopt;
    if (std::fabs(value) >= 9.2e18)
        raise("an integer is too large");
    return integer(static_cast<std::int64_t>(value));
}

Value toInteger(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("int", arguments, {"default", "base"});
    const Value fallback = given.value(0, integer(std::int64_t(0)));
    requireDefined(value);
    if (value.is(Kind::Float)) {
        const auto whole = truncated(value.real);
        return whole ? *whole : fallback;
    }
    if (value.is(Kind::UInt))
        return value;
    if (value.isIntegral())
        return integer(value.asInteger());
    if (!value.is(Kind::String))
        return fallback;
    heap.charge(value.text().size() * 3);
    heap.work(value.text().size() * 8);
    if (const auto whole = parseInteger(value.text(), given.integer(1, 10)))
        return integer(*whole);
    if (const auto number = parseReal(value.text())) {
        if (const auto whole = truncated(*number))
            return *whole;
    }
    return fallback;
}

Value toReal(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("float", arguments, {"default"});
    const Value fallback = given.value(0, real(0.0));
    requireDefined(value);
    if (value.isNumber())
        return real(value.asReal());
    if (!value.is(Kind::String))
        return fallback;
    heap.charge(value.text().size() * 3);
    heap.work(value.text().size() * 8);
    const auto number = parseReal(value.text());
    return number ? real(*number) : fallback;
}

// round(value, precision) of Python: exact decimal rounding, half to even.
double roundHalfEven(double value, std::int64_t precision)
{
    if (!std::isfinite(value) || precision > 308)
        return value;
    if (precision >= 0) {
        char buffer[700];
        const auto end = std::to_chars(buffer, buffer + sizeof buffer, value,
                                       std::chars_format::fixed, static_cast<int>(precision))
                             .ptr;
        return parseReal({buffer, static_cast<std::size_t>(end - buffer)}).value_or(value);
    }
    if (precision < -308)
        return 0.0;
    const double scale = std::pow(10.0, static_cast<double>(-precision));
    return std::nearbyint(value / scale) * scale;
}

Value roundFilter(Heap &, const Value &value, const Arguments &arguments)
{
    const Signature given("round", arguments, {"precision", "method"});
    const std::int64_t precision = given.integer(0, 0);
    const String *method = given.string(1);
    const std::string_view how = method ? std::string_view(method->text) : "common";
    requireDefined(value);
    if (!value.isNumber())
        raise(std::string("type ") + typeName(value) + " doesn't define __round__ method");
    if (how == "common") {
        if (!value.isIntegral())
            return real(roundHalfEven(value.asReal(), precision));
        if (precision >= 0)
            return integer(value.asInteger());
        return integer(static_cast<std::int64_t>(
            roundHalfEven(static_cast<double>(value.asInteger()), precision)));
    }
    if (how != "ceil" && how != "floor")
        raise("round(): the method must be common, ceil or floor");
    const double scale = std::pow(10.0, static_cast<double>(precision));
    const double scaled = value.asReal() * scale;
    return real((how == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
}

Value string(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("string", arguments, {});
    return toString(heap, value);
}

constexpr Filter kGeneralFilters[] = {
    {"abs", absolute},          {"attr", attr},     {"count", length},  {"d", defaultFilter},
    {"default", defaultFilter}, {"float", toReal},  {"int", toInteger}, {"length", length},
    {"round", roundFilter},     {"string", string}, {"tojson", toJson},
};

const std::unordered_map<std::string_view, FilterFunction> &table()
{
    static const auto all = [] {
        std::unordered_map<std::string_view, FilterFunction> map;
        for (const std::span<const Filter> part :
             {std::span<const Filter>(kGeneralFilters), textFilters(), sequenceFilters(),
              orderFilters(), wrapFilters(), prettyFilters(), linkFilters()}) {
            for (const Filter &filter : part)
                map.emplace(filter.name, filter.run);
        }
        return map;
    }();
    return all;
}

} // namespace

bool isFilter(std::string_view name)
{
    return table().count(name) != 0;
}

Value applyFilter(Heap &heap, std::string_view name, const Value &value, const Arguments &arguments)
{
    const auto found = table().find(name);
    if (found == table().end())
        raise("no filter named '" + std::string(name.substr(0, 80)) + "'");
    heap.step();
    return found->second(heap, value, arguments);
}

Value attributeAt(Heap &heap, Value item, const Value &path)
{
    if (path.is(Kind::None))
        return item;
    if (!path.is(Kind::String))
        return getItem(heap, item, path);
    std::string_view rest = path.text();
    for (;;) {
        heap.step();
        const std::size_t dot = std::min(rest.find('.'), rest.size());
        const std::string_view part = rest.substr(0, dot);
        std::int64_t index = 0;
        const auto result = std::from_chars(part.data(), part.data() + part.size(), index);
        const bool isIndex = !part.empty() && allOf(part, CharacterClass::Decimal)
            && result.ec == std::errc{} && result.ptr == part.data() + part.size();
        item = getItem(heap, item, isIndex ? integer(index) : heap.string(part));
        if (dot == rest.size())
            return item;
        rest.remove_prefix(dot + 1);
    }
}

} // namespace alcove::llm::jinja
