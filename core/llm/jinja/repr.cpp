#include "core/llm/jinja/repr.h"

#include "core/llm/jinja/text.h"

#include <charconv>
#include <cmath>
#include <iterator>

namespace alcove::llm::jinja {

namespace {

void appendHex(std::string &out, char32_t c, int digits)
{
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
        out += "0123456789abcdef"[(c >> shift) & 0xF];
}

void appendQuoted(std::string_view text, std::string &out)
{
    const bool doubled =
        text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
    const char quote = doubled ? '"' : '\'';
    out += quote;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const char32_t c = nextCodePoint(text, at);
        if (c == static_cast<char32_t>(quote) || c == '\\') {
            out += '\\';
            out += static_cast<char>(c);
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (isPrintable(c)) {
            out.append(text.substr(begin, at - begin));
        } else if (c < 0x100) {
            out += "\\x";
            appendHex(out, c, 2);
        } else if (c < 0x10000) {
            out += "\\u";
            appendHex(out, c, 4);
        } else {
            out += "\\U";
            appendHex(out, c, 8);
        }
    }
    out += quote;
}

void appendItems(Heap &heap, const std::vector<Value> &items, std::size_t from, std::string &out)
{
    for (std::size_t i = from; i < items.size(); ++i) {
        if (i > from)
            out += ", ";
        appendRepr(heap, items[i], out);
    }
}

void appendSequence(Heap &heap, const Value &value, std::string &out)
{
    const Sequence &sequence = *value.sequence;
    switch (value.kind) {
    case Kind::List:
        out += '[';
        appendItems(heap, sequence.items, 0, out);
        out += ']';
        return;
    case Kind::Tuple:
        out += '(';
        appendItems(heap, sequence.items, 0, out);
        out += sequence.items.size() == 1 ? ",)" : ")";
        return;
    case Kind::Range:
        out += "range(" + std::to_string(sequence.start) + ", " + std::to_string(sequence.stop);
        if (sequence.step != 1)
            out += ", " + std::to_string(sequence.step);
        out += ')';
        return;
    case Kind::View:
        out += typeName(value);
        out += "([";
        appendItems(heap, sequence.items, 0, out);
        out += "])";
        return;
    default:
        out += "<generator object ";
        out += sequence.generator;
        out += '>';
    }
}

} // namespace

std::string floatText(double value)
{
    if (std::isnan(value))
        return "nan";
    if (std::isinf(value))
        return value < 0 ? "-inf" : "inf";
    char buffer[64];
    const auto end =
        std::to_chars(std::begin(buffer), std::end(buffer), value, std::chars_format::scientific)
            .ptr;
    const std::string_view all(buffer, static_cast<std::size_t>(end - buffer));
    const std::size_t e = all.find('e');
    int exponent = 0;
    const char *digitsOfExponent = all.data() + e + 1;
    if (*digitsOfExponent == '+')
        ++digitsOfExponent;
    std::from_chars(digitsOfExponent, all.data() + all.size(), exponent);
    if (exponent < -4 || exponent >= 16) {
        std::string out(all.substr(0, e));
        out += exponent < 0 ? "e-" : "e+";
        const std::string magnitude = std::to_string(exponent < 0 ? -exponent : exponent);
        return out + (magnitude.size() < 2 ? "0" : "") + magnitude;
    }
    const auto fixed =
        std::to_chars(std::begin(buffer), std::end(buffer), value, std::chars_format::fixed).ptr;
    std::string out(buffer, static_cast<std::size_t>(fixed - buffer));
    if (out.find('.') == std::string::npos)
        out += ".0";
    return out;
}

void appendRepr(Heap &heap, const Value &value, std::string &out)
{
    heap.step();
    const std::size_t before = out.size();
    switch (value.kind) {
    case Kind::Undefined:
        out += "Undefined";
        break;
    case Kind::None:
        out += "None";
        break;
    case Kind::Bool:
        out += value.boolean ? "True" : "False";
        break;
    case Kind::Int:
        out += std::to_string(value.integer);
        break;
    case Kind::UInt:
        out += std::to_string(value.large);
        break;
    case Kind::Float:
        out += floatText(value.real);
        break;
    case Kind::String:
        heap.charge(value.text().size());
        if (value.string->markup)
            out += "Markup(";
        appendQuoted(value.text(), out);
        if (value.string->markup)
            out += ')';
        heap.work(out.size() - before);
        break;
    case Kind::List:
    case Kind::Tuple:
    case Kind::Range:
    case Kind::View:
    case Kind::Generator: {
        DepthGuard guard(heap);
        appendSequence(heap, value, out);
        break;
    }
    case Kind::Dict: {
        DepthGuard guard(heap);
        out += '{';
        bool first = true;
        for (const auto &[key, item] : value.dict->entries) {
            if (!first)
                out += ", ";
            first = false;
            appendRepr(heap, key, out);
            out += ": ";
            appendRepr(heap, item, out);
        }
        out += '}';
        break;
    }
    case Kind::Namespace: {
        DepthGuard guard(heap);
        out += "<Namespace {";
        bool first = true;
        for (const auto &[name, item] : value.space->fields) {
            if (!first)
                out += ", ";
            first = false;
            appendQuoted(name, out);
            out += ": ";
            appendRepr(heap, item, out);
        }
        out += "}>";
        break;
    }
    case Kind::Callable:
        out += value.callable->describe();
        break;
    }
    heap.charge(8);
}

std::string reprOf(Heap &heap, const Value &value)
{
    std::string out;
    appendRepr(heap, value, out);
    return out;
}

std::string textOf(Heap &heap, const Value &value)
{
    if (value.is(Kind::String)) {
        heap.charge(value.text().size());
        return value.text();
    }
    if (value.is(Kind::Undefined))
        return {};
    return reprOf(heap, value);
}

Value toString(Heap &heap, const Value &value)
{
    return value.is(Kind::String) ? value : heap.string(textOf(heap, value));
}

} // namespace alcove::llm::jinja
