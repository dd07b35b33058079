// Filters on text.
#include "core/llm/jinja/access.h"
#include "core/llm/jinja/arguments.h"
#include "core/llm/jinja/filters.h"
#include "core/llm/jinja/format.h"
#include "core/llm/jinja/methods.h"
#include "core/llm/jinja/repr.h"
#include "core/llm/jinja/text.h"

#include <algorithm>
#include <cmath>

namespace alcove::llm::jinja {

namespace {

Value callMethod(Heap &heap, std::string_view name, const Value &self, Arguments arguments)
{
    return findStringMethod(name)->run(heap, self, arguments);
}

Value capitalize(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("capitalize", arguments, {});
    return callMethod(heap, "capitalize", toString(heap, value), {});
}

Value lower(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("lower", arguments, {});
    return callMethod(heap, "lower", toString(heap, value), {});
}

Value upper(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("upper", arguments, {});
    return callMethod(heap, "upper", toString(heap, value), {});
}

// Unlike str.title(), words begin only after white space, hyphens and opening brackets.
Value title(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("title", arguments, {});
    const Value text = toString(heap, value);
    heap.charge(text.text().size() * 2);
    heap.work(text.text().size() * 8);
    const std::string_view all = text.text();
    std::string out;
    const auto separates = [](char32_t c) {
        return isSpace(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
    };
    for (std::size_t at = 0; at < all.size();) {
        const std::size_t begin = at;
        const char32_t first = nextCodePoint(all, at);
        if (separates(first)) {
            out.append(all.substr(begin, at - begin));
            continue;
        }
        out += toUpper(all.substr(begin, at - begin));
        const std::size_t rest = at;
        while (at < all.size()) {
            std::size_t after = at;
            if (separates(nextCodePoint(all, after)))
                break;
            at = after;
        }
        out += toLower(all.substr(rest, at - rest));
    }
    return heap.string(std::move(out));
}

Value trim(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("trim", arguments, {"chars"});
    const Value text = toString(heap, value);
    const String *characters = given.string(0);
    heap.work(text.text().size());
    return heap.substring(
        *text.string,
        strip(text.text(), Sides::Both,
              characters ? std::optional<std::string_view>(characters->text) : std::nullopt));
}

Value center(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("center", arguments, {"width"});
    return callMethod(heap, "center", toString(heap, value), {{integer(given.integer(0, 80))}, {}});
}

Value replace(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("replace", arguments, {"old", "new", "count"}, 2);
    const Value count = given.value(2, none());
    const Value limit = count.is(Kind::None) ? integer(std::int64_t(-1)) : count;
    return callMethod(heap, "replace", toString(heap, value),
                      {{toString(heap, *given[0]), toString(heap, *given[1]), limit}, {}});
}

Value formatFilter(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Value format = toString(heap, value);
    if (!arguments.positional.empty() && !arguments.keyword.empty())
        raise("can't handle positional and keyword arguments at the same time");
    if (arguments.keyword.empty())
        return formatPercent(heap, *format.string, heap.tuple(arguments.positional));
    auto named = std::make_unique<Dict>();
    for (const auto &[name, item] : arguments.keyword)
        named->set(heap, heap.string(name), item);
    return formatPercent(heap, *format.string, heap.dict(std::move(named)));
}

Value indent(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("indent", arguments, {"width", "first", "blank"});
    requireDefined(value);
    if (!value.is(Kind::String))
        raise(std::string("indent needs a string, not ") + typeName(value));
    std::string indention;
    const Value width = given.value(0, integer(std::int64_t(4)));
    if (width.is(Kind::String)) {
        indention = width.text();
    } else {
        const std::int64_t spaces = std::max<std::int64_t>(0, given.integer(0, 4));
        heap.charge(static_cast<std::uint64_t>(spaces));
        indention.assign(static_cast<std::size_t>(spaces), ' ');
    }
    const bool first = given.truth(1, false);
    const bool blank = given.truth(2, false);
    heap.charge(value.text().size() * (sizeof(std::string_view) + 1));
    heap.work(value.text().size());
    // A newline at the end makes an empty last line, as in Jinja.
    const std::string text = value.text() + "\n";
    const auto lines = splitLines(text, LineEnds::Drop);
    std::string out;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0)
            out += '\n';
        if ((i == 0 && first) || (i > 0 && (blank || !lines[i].empty()))) {
            heap.charge(indention.size());
            heap.work(indention.size());
            out += indention;
        }
        out += lines[i];
    }
    return heap.string(std::move(out), value.string->markup);
}

Value truncate(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("truncate", arguments, {"length", "killwords", "end", "leeway"});
    requireDefined(value);
    if (!value.is(Kind::String))
        raise(std::string("truncate needs a string, not ") + typeName(value));
    const Value &text = value;
    const std::int64_t length = given.integer(0, 255);
    const String *mark = given.string(2);
    const std::string end = mark ? mark->text : "...";
    const Value leewayValue = given.value(3, none());
    const std::int64_t leeway = leewayValue.is(Kind::None) ? 5 : given.integer(3, 5);
    const auto endLength = static_cast<std::int64_t>(codePointCount(end));
    if (length < endLength)
        raise("truncate: expected length >= " + std::to_string(endLength) + ", got "
              + std::to_string(length));
    if (leeway < 0)
        raise("truncate: expected leeway >= 0, got " + std::to_string(leeway));
    const auto size = static_cast<std::int64_t>(text.string->length);
    if (size <= length || size - length <= leeway)
        return text;
    heap.work(text.text().size());
    const std::string_view all = text.text();
    std::string_view kept =
        all.substr(0, byteOffset(all, static_cast<std::size_t>(length - endLength)));
    if (!given.truth(1, false)) {
        const std::size_t space = kept.rfind(' ');
        kept = kept.substr(0, space == std::string_view::npos ? kept.size() : space);
    }
    return heap.string(std::string(kept) + end);
}

Value wordCount(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("wordcount", arguments, {});
    const Value text = toString(heap, value);
    heap.work(text.text().size());
    std::int64_t words = 0;
    bool inWord = false;
    const std::string_view all = text.text();
    for (std::size_t at = 0; at < all.size();) {
        const bool part = isIdentifierPart(nextCodePoint(all, at));
        words += part && !inWord ? 1 : 0;
        inWord = part;
    }
    return integer(words);
}

Value escape(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("escape", arguments, {});
    const Value text = toString(heap, value);
    if (text.string->markup)
        return text;
    heap.charge(text.text().size() * 5);
    heap.work(text.text().size());
    return heap.string(escapeHtml(text.text()), true);
}

Value forceEscape(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("forceescape", arguments, {});
    const Value text = toString(heap, value);
    heap.charge(text.text().size() * 5);
    heap.work(text.text().size());
    return heap.string(escapeHtml(text.text()), true);
}

Value safe(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("safe", arguments, {});
    return heap.string(textOf(heap, value), true);
}

// Removes comments and tags, and makes runs of white space one space.
Value stripTags(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("striptags", arguments, {});
    const Value text = toString(heap, value);
    heap.charge(text.text().size() * 4);
    heap.work(text.text().size() * 4);
    std::string_view rest = text.text();
    std::string plain;
    while (!rest.empty()) {
        const std::size_t open = std::min(rest.find('<'), rest.size());
        plain += rest.substr(0, open);
        rest.remove_prefix(open);
        if (rest.empty())
            break;
        const bool comment = rest.substr(0, 4) == "<!--";
        const std::size_t close = comment ? rest.find("-->", 4) : rest.find('>');
        if (close == std::string_view::npos) {
            plain += rest;
            break;
        }
        rest.remove_prefix(close + (comment ? 3 : 1));
    }
    std::string out;
    for (const std::string_view word : splitSpace(plain, -1)) {
        if (!out.empty())
            out += ' ';
        out += word;
    }
    static constexpr std::pair<std::string_view, char> kReferences[] = {
        {"&amp;", '&'}, {"&lt;", '<'},   {"&gt;", '>'},
        {"&#34;", '"'}, {"&quot;", '"'}, {"&#39;", '\''}};
    std::string unescaped;
    for (std::size_t at = 0; at < out.size();) {
        const std::string_view here = std::string_view(out).substr(at);
        const auto *reference =
            std::find_if(std::begin(kReferences), std::end(kReferences),
                         [&](const auto &r) { return here.substr(0, r.first.size()) == r.first; });
        if (reference == std::end(kReferences)) {
            unescaped += out[at++];
        } else {
            unescaped += reference->second;
            at += reference->first.size();
        }
    }
    return heap.string(std::move(unescaped));
}

std::string quoteForUrl(std::string_view text, bool isQuery)
{
    static constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' || c == '~'
            || (c == '/' && !isQuery);
        if (plain) {
            out += c;
        } else if (c == ' ' && isQuery) {
            out += '+';
        } else {
            out += '%';
            out += kHex[static_cast<unsigned char>(c) >> 4];
            out += kHex[static_cast<unsigned char>(c) & 0xF];
        }
    }
    return out;
}

Value urlEncode(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("urlencode", arguments, {});
    if (value.is(Kind::String) || !isIterable(value)) {
        const Value text = toString(heap, value);
        heap.charge(text.text().size() * 3);
        heap.work(text.text().size());
        return heap.string(quoteForUrl(text.text(), false));
    }
    std::string out;
    const auto add = [&](const Value &key, const Value &item) {
        const std::string left = textOf(heap, key);
        const std::string right = textOf(heap, item);
        heap.charge((left.size() + right.size()) * 3);
        heap.work(left.size() + right.size());
        if (!out.empty())
            out += '&';
        out += quoteForUrl(left, true) + "=" + quoteForUrl(right, true);
    };
    if (value.is(Kind::Dict)) {
        for (const auto &[key, item] : value.dict->entries)
            add(key, item);
        return heap.string(std::move(out));
    }
    for (const Value &pair : Items(heap, value)) {
        const Items parts(heap, pair);
        if (parts.size() != 2)
            raise("urlencode needs pairs");
        add(parts.all()[0], parts.all()[1]);
    }
    return heap.string(std::move(out));
}

Value fileSize(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("filesizeformat", arguments, {"binary"});
    requireDefined(value);
    const Value number = applyFilter(heap, "float", value, {{none()}, {}});
    if (!number.is(Kind::Float))
        raise("could not convert the value to a number of bytes");
    const bool binary = given.truth(0, false);
    const double base = binary ? 1024 : 1000;
    const double bytes = number.real;
    if (bytes == 1)
        return heap.string("1 Byte");
    if (bytes < base || std::isnan(bytes))
        return heap.string(std::to_string(static_cast<std::int64_t>(std::isnan(bytes) ? 0 : bytes))
                           + " Bytes");
    static constexpr const char *kDecimal[] = {"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"};
    static constexpr const char *kBinary[] = {"KiB", "MiB", "GiB", "TiB",
                                              "PiB", "EiB", "ZiB", "YiB"};
    double unit = base;
    std::size_t prefix = 0;
    while (prefix < 7 && bytes >= unit * base) {
        unit *= base;
        ++prefix;
    }
    FormatSpec spec;
    spec.type = 'f';
    spec.precision = 1;
    return heap.string(formatValue(heap, real(bytes / unit), spec) + " "
                       + (binary ? kBinary[prefix] : kDecimal[prefix]));
}

constexpr Filter kTextFilters[] = {
    {"capitalize", capitalize},
    {"center", center},
    {"e", escape},
    {"escape", escape},
    {"filesizeformat", fileSize},
    {"forceescape", forceEscape},
    {"format", formatFilter},
    {"indent", indent},
    {"lower", lower},
    {"replace", replace},
    {"safe", safe},
    {"striptags", stripTags},
    {"title", title},
    {"trim", trim},
    {"truncate", truncate},
    {"upper", upper},
    {"urlencode", urlEncode},
    {"wordcount", wordCount},
};

} // namespace

std::span<const Filter> textFilters()
{
    return kTextFilters;
}

} // namespace alcove::llm::jinja
