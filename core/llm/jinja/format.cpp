#include "core/llm/jinja/format.h"

#include "core/llm/jinja/access.h"
#include "core/llm/jinja/repr.h"
#include "core/llm/jinja/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace alcove::llm::jinja {

namespace {

constexpr std::int64_t kMostDigits = 1000; // behind the point; more says nothing of a double

std::string pad(Heap &heap, std::string text, const FormatSpec &spec, char align,
                std::size_t prefix)
{
    const std::size_t length = codePointCount(text);
    if (spec.width <= 0 || static_cast<std::uint64_t>(spec.width) <= length)
        return text;
    const std::uint64_t missing = static_cast<std::uint64_t>(spec.width) - length;
    heap.charge(missing * spec.fill.size());
    const auto fill = [&](std::uint64_t count) {
        std::string out;
        for (std::uint64_t i = 0; i < count; ++i)
            out += spec.fill;
        return out;
    };
    switch (align) {
    case '<':
        return text + fill(missing);
    case '^':
        return fill(missing / 2) + text + fill(missing - missing / 2);
    case '=': // between the sign or base and the digits
        return text.substr(0, prefix) + fill(missing) + text.substr(prefix);
    default:
        return fill(missing) + text;
    }
}

void group(std::string &digits, char separator, std::size_t every)
{
    for (std::size_t at = digits.size(); at > every; at -= every)
        digits.insert(at - every, 1, separator);
}

std::string signOf(bool isNegative, char sign)
{
    if (isNegative)
        return "-";
    return sign == '-' ? "" : std::string(1, sign);
}

std::string formatInteger(Heap &heap, const Value &value, const FormatSpec &spec)
{
    if (spec.precision >= 0)
        raise("precision not allowed in integer format specifier");
    const bool isNegative = !value.is(Kind::UInt) && value.asInteger() < 0;
    const std::uint64_t magnitude = value.is(Kind::UInt) ? value.large
        : isNegative ? 0 - static_cast<std::uint64_t>(value.asInteger())
                     : static_cast<std::uint64_t>(value.asInteger());
    if (spec.type == 'c') {
        if (isNegative || magnitude > 0x10FFFF)
            raise("%c arg not in range(0x110000)");
        std::string character;
        appendCharacter(character, static_cast<char32_t>(magnitude));
        return pad(heap, std::move(character), spec, spec.align ? spec.align : '<', 0);
    }
    const int base = spec.type == 'b' ? 2
        : spec.type == 'o'            ? 8
        : (spec.type | 0x20) == 'x'   ? 16
                                      : 10;
    char buffer[72];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, magnitude, base).ptr;
    std::string digits(buffer, static_cast<std::size_t>(end - buffer));
    if (spec.grouping)
        group(digits, spec.grouping, base == 10 ? 3 : 4);
    std::string prefix = signOf(isNegative, spec.sign);
    if (spec.alternate && base != 10)
        prefix += std::string("0") + spec.type;
    if (spec.type == 'X')
        digits = toUpper(digits);
    const std::size_t before = prefix.size();
    return pad(heap, prefix + digits, spec,
               spec.align      ? spec.align
                   : spec.zero ? '='
                               : '>',
               before);
}

std::string realDigits(double magnitude, char type, std::int64_t precision, bool alternate)
{
    if (precision > kMostDigits)
        raise("precision too large");
    const char kind = static_cast<char>(type | 0x20);
    const std::chars_format shape = kind == 'e' ? std::chars_format::scientific
        : kind == 'g'                           ? std::chars_format::general
                                                : std::chars_format::fixed;
    char buffer[320 + kMostDigits];
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, magnitude, shape, static_cast<int>(precision))
            .ptr;
    std::string digits(buffer, static_cast<std::size_t>(end - buffer));
    if (alternate && digits.find('.') == std::string::npos)
        digits.insert(std::min(digits.find('e'), digits.size()), ".");
    return digits;
}

std::string formatReal(Heap &heap, double value, const FormatSpec &spec)
{
    std::string digits;
    const double magnitude = std::fabs(value);
    if (std::isnan(value) || std::isinf(value)) {
        digits = std::isnan(value) ? "nan" : "inf";
    } else if (spec.type == '%') {
        digits = realDigits(magnitude * 100, 'f', spec.precision < 0 ? 6 : spec.precision, false);
    } else if (spec.type == 0 && spec.precision < 0) {
        digits = floatText(magnitude);
    } else {
        const char type = spec.type == 0 || spec.type == 'n' ? 'g' : spec.type;
        std::int64_t precision = spec.precision < 0 ? 6 : spec.precision;
        if ((type | 0x20) == 'g' && precision == 0)
            precision = 1;
        digits = realDigits(magnitude, type, precision, spec.alternate);
        if (spec.type == 0 && digits.find_first_of(".e") == std::string::npos)
            digits += ".0";
    }
    if (spec.grouping) {
        const std::size_t point = std::min(digits.find_first_of(".e"), digits.size());
        std::string whole = digits.substr(0, point);
        group(whole, spec.grouping, 3);
        digits = whole + digits.substr(point);
    }
    if (spec.type >= 'A' && spec.type <= 'Z')
        digits = toUpper(digits);
    if (spec.type == '%')
        digits += '%';
    const std::string prefix = signOf(std::signbit(value) && !std::isnan(value), spec.sign);
    return pad(heap, prefix + digits, spec,
               spec.align      ? spec.align
                   : spec.zero ? '='
                               : '>',
               prefix.size());
}

std::string formatText(Heap &heap, std::string_view text, const FormatSpec &spec, char align)
{
    if (spec.precision >= 0)
        text = text.substr(0, byteOffset(text, static_cast<std::size_t>(spec.precision)));
    heap.charge(text.size());
    return pad(heap, std::string(text), spec, spec.align ? spec.align : align, 0);
}

std::int64_t readNumber(std::string_view text, std::size_t &at)
{
    std::int64_t number = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        number = number * 10 + (text[at++] - '0');
        if (number > 1'000'000'000)
            raise("too many decimal digits in format string");
    }
    return number;
}

// ---- printf style -------------------------------------------------------------------------------

// Hands out the values to the right of `%`.
class PercentArguments
{
public:
    PercentArguments(Heap &heap, const Value &all) : m_heap(heap), m_all(all) { }

    Value next()
    {
        if (!m_all.is(Kind::Tuple)) {
            if (m_next++ > 0)
                raise("not enough arguments for format string");
            return m_all;
        }
        if (m_next >= m_all.sequence->items.size())
            raise("not enough arguments for format string");
        return m_all.sequence->items[m_next++];
    }

    Value named(std::string_view name)
    {
        if (!m_all.is(Kind::Dict))
            raise("format requires a mapping");
        const Value *found = m_all.dict->find(m_heap, name);
        if (!found)
            raise("'" + std::string(name.substr(0, 80)) + "'");
        m_usedNames = true;
        return *found;
    }

    void finish() const
    {
        // Python lets whatever has items, even unused, stand for a mapping.
        const bool mapping = m_usedNames || m_all.is(Kind::Dict) || m_all.is(Kind::List)
            || m_all.is(Kind::Range) || m_all.is(Kind::Undefined);
        const bool rest =
            m_all.is(Kind::Tuple) ? m_next < m_all.sequence->items.size() : m_next == 0 && !mapping;
        if (rest)
            raise("not all arguments converted during string formatting");
    }

private:
    Heap &m_heap;
    const Value &m_all;
    std::size_t m_next = 0;
    bool m_usedNames = false;
};

std::string formatOnePercent(Heap &heap, const Value &value, FormatSpec spec)
{
    const char type = spec.type;
    switch (type) {
    case 's':
    case 'r':
    case 'a':
        return formatText(heap, type == 's' ? textOf(heap, value) : reprOf(heap, value), spec, '>');
    case 'c':
        if (value.is(Kind::String)) {
            if (value.string->length != 1)
                raise("%c requires int or char");
            return formatText(heap, value.text(), spec, '>');
        }
        if (!value.isIntegral())
            raise("%c requires int or char");
        spec.align = spec.align ? spec.align : '>';
        spec.precision = -1;
        return formatInteger(heap, value, spec);
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o': {
        requireDefined(value);
        Value whole = value;
        if (value.is(Kind::Float) && (type == 'd' || type == 'i' || type == 'u')) {
            if (!(std::fabs(value.real) < 9.2e18))
                raise("cannot convert the float to an integer");
            whole = integer(static_cast<std::int64_t>(value.real));
        }
        if (!whole.isIntegral() && !whole.is(Kind::UInt)) {
            raise(std::string("%") + type + " format: "
                  + (type == 'd' || type == 'i' || type == 'u' ? "a real number" : "an integer")
                  + " is required, not " + typeName(value));
        }
        spec.type = type == 'i' || type == 'u' ? 'd' : type;
        const std::int64_t digits = spec.precision;
        spec.precision = -1;
        if (digits > 0) { // at least so many digits
            FormatSpec inner = spec;
            inner.width = digits
                + ((!whole.is(Kind::UInt) && whole.asInteger() < 0) || inner.sign != '-' ? 1 : 0);
            inner.fill = "0";
            inner.align = '=';
            return formatText(heap, formatInteger(heap, whole, inner),
                              FormatSpec{" ", spec.align, '-', false, false, spec.width}, '>');
        }
        return formatInteger(heap, whole, spec);
    }
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
        requireDefined(value);
        if (!value.isNumber())
            raise(std::string("must be real number, not ") + typeName(value));
        return formatReal(heap, value.asReal(), spec);
    default:
        raise(std::string("unsupported format character '") + type + "'");
    }
}

void append(Heap &heap, std::string &out, std::string_view text)
{
    heap.charge(text.size());
    heap.work(text.size());
    out += text;
}

} // namespace

Value formatPercent(Heap &heap, const String &formatString, const Value &values)
{
    const std::string_view format = formatString.text;
    PercentArguments arguments(heap, values);
    std::string out;
    for (std::size_t at = 0; at < format.size();) {
        const std::size_t percent = std::min(format.find('%', at), format.size());
        append(heap, out, format.substr(at, percent - at));
        at = percent + 1;
        if (percent == format.size())
            break;
        heap.step();
        FormatSpec spec;
        std::optional<Value> value;
        if (at < format.size() && format[at] == '(') {
            const std::size_t close = format.find(')', at);
            if (close == std::string_view::npos)
                raise("incomplete format key");
            value = arguments.named(format.substr(at + 1, close - at - 1));
            at = close + 1;
        }
        for (; at < format.size(); ++at) {
            const char flag = format[at];
            if (flag == '-')
                spec.align = '<';
            else if (flag == '0')
                spec.zero = true;
            else if (flag == '+' || (flag == ' ' && spec.sign != '+'))
                spec.sign = flag;
            else if (flag == '#')
                spec.alternate = true;
            else if (flag != ' ')
                break;
        }
        const auto readSize = [&]() -> std::int64_t {
            if (at >= format.size() || format[at] != '*')
                return readNumber(format, at);
            ++at;
            const Value size = arguments.next();
            if (!size.isIntegral())
                raise("* wants int");
            return std::clamp<std::int64_t>(size.asInteger(), -1'000'000'000, 1'000'000'000);
        };
        spec.width = readSize();
        if (spec.width < 0) {
            spec.align = '<';
            spec.width = -spec.width;
        }
        if (at < format.size() && format[at] == '.') {
            ++at;
            spec.precision = std::max<std::int64_t>(0, readSize());
        }
        while (at < format.size() && (format[at] == 'l' || format[at] == 'h' || format[at] == 'L'))
            ++at;
        if (at >= format.size())
            raise("incomplete format");
        spec.type = format[at++];
        if (spec.type == '%') {
            out += '%';
            continue;
        }
        if (spec.zero && !spec.align && spec.type != 's' && spec.type != 'r' && spec.type != 'c') {
            spec.fill = "0";
            spec.align = '=';
        }
        append(heap, out, formatOnePercent(heap, value ? *value : arguments.next(), spec));
    }
    arguments.finish();
    return heap.string(std::move(out), formatString.markup);
}

std::string formatValue(Heap &heap, const Value &value, const FormatSpec &spec)
{
    const bool isPlain = !spec.align && spec.sign == '-' && !spec.alternate && !spec.zero
        && spec.width == 0 && !spec.grouping && spec.precision < 0 && spec.type == 0;
    if (isPlain)
        return textOf(heap, value);
    FormatSpec filled = spec;
    if (spec.zero && !spec.align) {
        filled.fill = "0";
    }
    const auto wrongType = [&]() {
        raise(std::string("unknown format code '") + spec.type + "' for object of type '"
              + typeName(value) + "'");
    };
    if (value.is(Kind::String)) {
        if (spec.type != 0 && spec.type != 's')
            wrongType();
        return formatText(heap, value.text(), filled, '<');
    }
    if (value.isNumber()) {
        static constexpr std::string_view kInteger = "dboxXcn";
        static constexpr std::string_view kReal = "eEfFgG%n";
        if (value.is(Kind::Float)) {
            if (spec.type != 0 && kReal.find(spec.type) == std::string_view::npos)
                wrongType();
            return formatReal(heap, value.asReal(), filled);
        }
        if (spec.type == 0 || kInteger.find(spec.type) != std::string_view::npos) {
            if (value.is(Kind::Bool) && spec.type == 0)
                return formatText(heap, value.boolean ? "1" : "0", filled, '>');
            return formatInteger(heap, value, filled);
        }
        if (kReal.find(spec.type) == std::string_view::npos)
            wrongType();
        return formatReal(heap, value.asReal(), filled);
    }
    requireDefined(value);
    raise(std::string("unsupported format string passed to ") + typeName(value) + ".__format__");
}

// ---- str.format ---------------------------------------------------------------------------------

namespace {

FormatSpec parseSpec(std::string_view text)
{
    FormatSpec spec;
    std::size_t at = 0;
    const auto isAlign = [&](std::size_t i) {
        return i < text.size() && std::string_view("<>=^").find(text[i]) != std::string_view::npos;
    };
    if (!text.empty()) {
        std::size_t after = 0;
        nextCodePoint(text, after);
        if (isAlign(after)) {
            spec.fill = text.substr(0, after);
            spec.align = text[after];
            at = after + 1;
        } else if (isAlign(0)) {
            spec.align = text[0];
            at = 1;
        }
    }
    const auto take = [&](std::string_view any) -> char {
        return at < text.size() && any.find(text[at]) != std::string_view::npos ? text[at++] : '\0';
    };
    if (const char sign = take("+- "))
        spec.sign = sign;
    spec.alternate = take("#") != 0;
    spec.zero = take("0") != 0;
    spec.width = readNumber(text, at);
    spec.grouping = take(",_");
    if (take("."))
        spec.precision = readNumber(text, at);
    if (at < text.size())
        spec.type = text[at++];
    if (at != text.size())
        raise("invalid format specifier");
    return spec;
}

class BraceFormatter
{
public:
    BraceFormatter(Heap &heap, const Arguments &arguments)
        : m_heap(heap), m_arguments(arguments) { }

    std::string run(std::string_view format)
    {
        DepthGuard guard(m_heap);
        std::string out;
        for (std::size_t at = 0; at < format.size();) {
            const std::size_t brace = std::min(format.find_first_of("{}", at), format.size());
            append(m_heap, out, format.substr(at, brace - at));
            at = brace;
            if (at == format.size())
                break;
            if (at + 1 < format.size() && format[at + 1] == format[at]) {
                out += format[at];
                at += 2;
                continue;
            }
            if (format[at] == '}')
                raise("single '}' encountered in format string");
            const std::size_t close = closeOf(format, at);
            append(m_heap, out, replacement(format.substr(at + 1, close - at - 1)));
            at = close + 1;
        }
        return out;
    }

private:
    static std::size_t closeOf(std::string_view format, std::size_t open)
    {
        std::size_t level = 0;
        for (std::size_t i = open; i < format.size(); ++i) {
            if (format[i] == '{')
                ++level;
            else if (format[i] == '}' && --level == 0)
                return i;
        }
        raise("expected '}' before end of string");
    }

    std::string replacement(std::string_view field)
    {
        m_heap.step();
        std::string_view spec;
        const std::size_t colon = field.find(':');
        if (colon != std::string_view::npos) {
            spec = field.substr(colon + 1);
            field = field.substr(0, colon);
        }
        char conversion = 0;
        if (const std::size_t mark = field.find('!'); mark != std::string_view::npos) {
            if (mark + 2 != field.size())
                raise("expected ':' after conversion specifier");
            conversion = field[mark + 1];
            field = field.substr(0, mark);
        }
        Value value = lookUp(field);
        if (conversion == 'r' || conversion == 'a')
            value = m_heap.string(reprOf(m_heap, value));
        else if (conversion == 's')
            value = toString(m_heap, value);
        else if (conversion != 0)
            raise("unknown conversion specifier");
        return formatValue(m_heap, value, parseSpec(run(spec)));
    }

    // "0.name[key]"
    Value lookUp(std::string_view field)
    {
        const std::size_t end = std::min(field.find_first_of(".["), field.size());
        Value value = first(field.substr(0, end));
        for (std::size_t at = end; at < field.size();) {
            m_heap.step();
            if (field[at] == '.') {
                const std::size_t stop = std::min(field.find_first_of(".[", at + 1), field.size());
                value = getAttribute(m_heap, value, field.substr(at + 1, stop - at - 1));
                at = stop;
            } else if (field[at] == '[') {
                const std::size_t close = field.find(']', at);
                if (close == std::string_view::npos)
                    raise("missing ']' in format string");
                const std::string_view key = field.substr(at + 1, close - at - 1);
                value = getItem(m_heap, value,
                                isNumber(key) ? integer(number(key)) : m_heap.string(key));
                at = close + 1;
            } else {
                raise("only '.' or '[' may follow ']' in format field specifier");
            }
        }
        return value;
    }

    static bool isNumber(std::string_view text)
    {
        return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    }

    static std::int64_t number(std::string_view text)
    {
        std::size_t at = 0;
        return readNumber(text, at);
    }

    Value first(std::string_view name)
    {
        if (name.empty() || isNumber(name)) {
            if (name.empty() ? m_numbered : m_next > 0)
                raise("cannot mix automatic and manual field numbering");
            m_numbered = !name.empty();
            const std::size_t index =
                name.empty() ? m_next++ : static_cast<std::size_t>(number(name));
            if (index >= m_arguments.positional.size())
                raise("replacement index " + std::to_string(index)
                      + " out of range for positional args tuple");
            return m_arguments.positional[index];
        }
        m_heap.work(m_arguments.keyword.size() * sizeof(std::string_view));
        for (const auto &[keyword, value] : m_arguments.keyword) {
            if (keyword == name)
                return value;
        }
        raise("format has no argument '" + std::string(name.substr(0, 80)) + "'");
    }

    Heap &m_heap;
    const Arguments &m_arguments;
    std::size_t m_next = 0; // of the fields numbered by their order
    bool m_numbered = false; // a field says its number
};

} // namespace

Value formatBraces(Heap &heap, const String &format, const Arguments &arguments)
{
    return heap.string(BraceFormatter(heap, arguments).run(format.text), format.markup);
}

} // namespace alcove::llm::jinja
