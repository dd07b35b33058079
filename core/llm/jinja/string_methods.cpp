// The methods of str.
#include "core/llm/jinja/access.h"
#include "core/llm/jinja/arguments.h"
#include "core/llm/jinja/format.h"
#include "core/llm/jinja/methods.h"
#include "core/llm/jinja/search.h"
#include "core/llm/jinja/text.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace alcove::llm::jinja {

namespace {

std::vector<Value> toValues(Heap &heap, const std::vector<std::string_view> &parts)
{
    std::vector<Value> values;
    values.reserve(parts.size());
    for (const std::string_view part : parts)
        values.push_back(heap.string(part));
    return values;
}

const std::string &requireText(const char *function, const Value &value)
{
    requireDefined(value);
    if (!value.is(Kind::String))
        raise(std::string(function) + "() argument must be str, not " + typeName(value));
    return value.text();
}

// The part [start:end] of the text that find() and its like look at.
struct Window {
    std::string_view text;
    std::size_t firstByte = 0;
    bool valid = true; // start is not behind the end
};

Window windowOf(const Value &self, const Signature &given, std::size_t first)
{
    Window window{self.text()};
    if (!given.has(first) && !given.has(first + 1))
        return window;
    const auto length = static_cast<std::int64_t>(self.string->length);
    const auto place = [&](std::size_t parameter, std::int64_t fallback) {
        const Value *value = given[parameter];
        if (!value || value->is(Kind::None))
            return fallback;
        const std::int64_t i = given.integer(parameter, fallback);
        return std::max<std::int64_t>(0, i < 0 ? i + length : i);
    };
    const std::int64_t start = place(first, 0);
    const std::int64_t stop = std::min(place(first + 1, length), length);
    if (start > stop) {
        window.valid = false;
        return window;
    }
    window.firstByte = byteOffset(window.text, static_cast<std::size_t>(start));
    const std::size_t end = byteOffset(window.text, static_cast<std::size_t>(stop));
    window.text = window.text.substr(window.firstByte, end - window.firstByte);
    return window;
}

enum class From { Left, Right };

Value findIn(Heap &heap, const Value &self, const Arguments &arguments, From from, bool mustExist,
             const char *name)
{
    const Signature given(name, arguments, {"sub", "start", "end"}, 1);
    const std::string &sub = requireText(name, *given[0]);
    const Window window = windowOf(self, given, 1);
    heap.work(self.text().size());
    const Needle needle(heap, sub);
    const std::size_t at = !window.valid ? std::string_view::npos
        : from == From::Left             ? needle.find(window.text)
                                         : needle.findLast(window.text);
    if (at == std::string_view::npos) {
        if (mustExist)
            raise("substring not found");
        return integer(std::int64_t(-1));
    }
    return integer(codePointCount(std::string_view(self.text()).substr(0, window.firstByte + at)));
}

Value split(Heap &heap, const Value &self, const Arguments &arguments, From from)
{
    const Signature given(from == From::Left ? "split" : "rsplit", arguments, {"sep", "maxsplit"});
    const std::int64_t limit = given.integer(1, -1);
    const std::string_view text = self.text();
    heap.work(text.size());
    const String *separator = given.string(0);
    std::vector<std::string_view> parts;
    // A part for each character at worst; counted before the list of them grows.
    if (!separator) {
        const auto bound = static_cast<std::ptrdiff_t>(limit);
        heap.charge(text.size() / 2 * sizeof(std::string_view));
        parts = from == From::Left ? splitSpace(text, bound) : splitSpaceFromRight(text, bound);
        return heap.list(toValues(heap, parts));
    }
    if (separator->text.empty())
        raise("empty separator");
    const Needle needle(heap, separator->text);
    std::vector<std::size_t> cuts;
    if (from == From::Left || limit < 0) {
        for (std::size_t at = needle.find(text); at != std::string_view::npos
             && (limit < 0 || static_cast<std::int64_t>(cuts.size()) < limit);
             at = needle.find(text, at + needle.size())) {
            heap.charge(sizeof(std::size_t));
            cuts.push_back(at);
        }
    } else {
        std::string_view rest = text;
        while (static_cast<std::int64_t>(cuts.size()) < limit) {
            heap.work(separator->text.size() > 32 ? rest.size() : 0); // searches from the left
            const std::size_t at = needle.findLast(rest);
            if (at == std::string_view::npos)
                break;
            heap.charge(sizeof(std::size_t));
            cuts.push_back(at);
            rest = rest.substr(0, at);
        }
        std::reverse(cuts.begin(), cuts.end());
    }
    std::size_t begin = 0;
    heap.charge((cuts.size() + 1) * sizeof(std::string_view));
    parts.reserve(cuts.size() + 1);
    for (const std::size_t cut : cuts) {
        parts.push_back(text.substr(begin, cut - begin));
        begin = cut + needle.size();
    }
    parts.push_back(text.substr(begin));
    return heap.list(toValues(heap, parts));
}

Value partition(Heap &heap, const Value &self, const Arguments &arguments, From from)
{
    const char *name = from == From::Left ? "partition" : "rpartition";
    const Signature given(name, arguments, {"sep"}, 1);
    const std::string &separator = requireText(name, *given[0]);
    if (separator.empty())
        raise("empty separator");
    const std::string_view text = self.text();
    heap.work(text.size());
    const Needle needle(heap, separator);
    const std::size_t at = from == From::Left ? needle.find(text) : needle.findLast(text);
    const Value empty = heap.string("");
    if (at == std::string_view::npos)
        return from == From::Left ? heap.tuple({self, empty, empty})
                                  : heap.tuple({empty, empty, self});
    return heap.tuple({heap.string(text.substr(0, at)), *given[0],
                       heap.string(text.substr(at + separator.size()))});
}

Value stripped(Heap &heap, const Value &self, const Arguments &arguments, Sides sides,
               const char *name)
{
    const Signature given(name, arguments, {"chars"});
    const String *characters = given.string(0);
    heap.work(self.text().size());
    return heap.substring(
        *self.string,
        strip(self.text(), sides,
              characters ? std::optional<std::string_view>(characters->text) : std::nullopt));
}

Value endsOrBegins(Heap &heap, const Value &self, const Arguments &arguments, From from)
{
    const char *name = from == From::Left ? "startswith" : "endswith";
    const Signature given(name, arguments, {"prefix", "start", "end"}, 1);
    const Window window = windowOf(self, given, 1);
    const auto matches = [&](const Value &wanted) {
        const std::string &text = requireText(name, wanted);
        heap.work(text.size());
        if (!window.valid || text.size() > window.text.size())
            return false;
        return (from == From::Left ? window.text.substr(0, text.size())
                                   : window.text.substr(window.text.size() - text.size()))
            == text;
    };
    if (!given[0]->is(Kind::Tuple))
        return boolean(matches(*given[0]));
    const auto &any = given[0]->sequence->items;
    return boolean(std::any_of(any.begin(), any.end(), matches));
}

Value replace(Heap &heap, const Value &self, const Arguments &arguments)
{
    const Signature given("replace", arguments, {"old", "new", "count"}, 2);
    const std::string &old = requireText("replace", *given[0]);
    const std::string &with = requireText("replace", *given[1]);
    const std::int64_t limit = given.integer(2, -1);
    const std::string_view text = self.text();
    heap.work(text.size());
    const Needle needle(heap, old);
    std::string out;
    std::size_t at = 0;
    const auto append = [&](std::string_view part) {
        heap.charge(part.size());
        heap.work(part.size());
        out += part;
    };
    for (std::int64_t done = 0; limit < 0 || done < limit; ++done) {
        if (old.empty()) { // between all characters
            append(with);
            if (at == text.size())
                return heap.string(std::move(out), self.string->markup);
            std::size_t after = at;
            nextCodePoint(text, after);
            append(text.substr(at, after - at));
            at = after;
            continue;
        }
        const std::size_t found = needle.find(text, at);
        if (found == std::string_view::npos)
            break;
        append(text.substr(at, found - at));
        append(with);
        at = found + old.size();
    }
    if (at == 0)
        return self;
    append(text.substr(at));
    return heap.string(std::move(out), self.string->markup);
}

Value join(Heap &heap, const Value &self, const Arguments &arguments)
{
    const Signature given("join", arguments, {"iterable"}, 1);
    std::string out;
    bool first = true;
    std::size_t index = 0;
    for (const Value &item : Items(heap, *given[0])) {
        if (!item.is(Kind::String)) {
            raise("sequence item " + std::to_string(index) + ": expected str instance, "
                  + typeName(item) + " found");
        }
        ++index;
        const std::string_view separator = first ? std::string_view() : self.text();
        first = false;
        heap.step();
        heap.charge(separator.size() + item.text().size());
        heap.work(separator.size() + item.text().size());
        out += separator;
        out += item.text();
    }
    return heap.string(std::move(out), self.string->markup);
}

Value aligned(Heap &heap, const Value &self, const Arguments &arguments, char align,
              const char *name)
{
    const Signature given(name, arguments, {"width", "fillchar"}, 1);
    FormatSpec spec;
    spec.align = align;
    spec.width = given.integer(0, 0);
    if (const String *fill = given.string(1)) {
        if (fill->length != 1)
            raise("the fill character must be exactly one character long");
        spec.fill = fill->text;
    }
    const auto length = static_cast<std::int64_t>(self.string->length);
    if (align == '^' && spec.width > length) {
        // str.center() gives an odd space to the left when the width is odd, unlike format().
        const std::int64_t missing = spec.width - length;
        const std::int64_t left = missing / 2 + (missing & spec.width & 1);
        spec.align = '>';
        spec.width = length + left;
        const Value half = heap.string(formatValue(heap, self, spec));
        spec.align = '<';
        spec.width = length + missing;
        return heap.string(formatValue(heap, half, spec));
    }
    return heap.string(formatValue(heap, self, spec), self.string->markup);
}

Value zeroFilled(Heap &heap, const Value &self, const Arguments &arguments)
{
    const Signature given("zfill", arguments, {"width"}, 1);
    const std::int64_t width = given.integer(0, 0);
    const auto length = static_cast<std::int64_t>(self.string->length);
    if (width <= length)
        return self;
    const auto missing = static_cast<std::uint64_t>(width - length);
    heap.charge(missing);
    heap.work(missing);
    const std::string &text = self.text();
    const std::size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    return heap.string(text.substr(0, sign) + std::string(static_cast<std::size_t>(missing), '0')
                       + text.substr(sign));
}

Value expandTabs(Heap &heap, const Value &self, const Arguments &arguments)
{
    const Signature given("expandtabs", arguments, {"tabsize"});
    const std::int64_t size = given.integer(0, 8);
    std::string out;
    std::int64_t column = 0;
    const std::string_view text = self.text();
    heap.work(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const char32_t c = nextCodePoint(text, at);
        if (c == '\t') {
            const std::int64_t spaces = size > 0 ? size - column % size : 0;
            heap.charge(static_cast<std::uint64_t>(spaces));
            out.append(static_cast<std::size_t>(spaces), ' ');
            column = 0;
            continue;
        }
        out.append(text.substr(begin, at - begin));
        column = c == '\n' || c == '\r' ? 0 : column + 1;
        if (size > 0)
            column %= size;
    }
    return heap.string(std::move(out));
}

Value count(Heap &heap, const Value &self, const Arguments &arguments)
{
    const Signature given("count", arguments, {"sub", "start", "end"}, 1);
    const std::string &sub = requireText("count", *given[0]);
    const Window window = windowOf(self, given, 1);
    heap.work(self.text().size());
    if (!window.valid)
        return integer(std::int64_t(0));
    if (sub.empty())
        return integer(codePointCount(window.text) + 1);
    const Needle needle(heap, sub);
    std::size_t found = 0;
    for (std::size_t at = needle.find(window.text); at != std::string_view::npos;
         at = needle.find(window.text, at + sub.size()))
        ++found;
    return integer(found);
}

Value splitLinesOf(Heap &heap, const Value &self, const Arguments &arguments)
{
    const Signature given("splitlines", arguments, {"keepends"});
    heap.work(self.text().size());
    heap.charge(self.text().size() * sizeof(std::string_view));
    return heap.list(toValues(
        heap, splitLines(self.text(), given.integer(0, 0) != 0 ? LineEnds::Keep : LineEnds::Drop)));
}

Value formatMap(Heap &heap, const Value &self, const Arguments &arguments)
{
    const Signature given("format_map", arguments, {"mapping"}, 1);
    if (!given[0]->is(Kind::Dict))
        raise("format_map() argument must be a mapping");
    Arguments named;
    for (const auto &[key, value] : given[0]->dict->entries) {
        if (key.is(Kind::String))
            named.keyword.emplace_back(key.text(), value);
    }
    return formatBraces(heap, *self.string, named);
}

Value withoutAffix(Heap &heap, const Value &self, const Arguments &arguments, From from)
{
    const char *name = from == From::Left ? "removeprefix" : "removesuffix";
    const Signature given(name, arguments, {"affix"}, 1);
    const std::string &affix = requireText(name, *given[0]);
    const std::string_view text = self.text();
    heap.work(affix.size());
    if (affix.empty() || affix.size() > text.size())
        return self;
    const std::size_t rest = text.size() - affix.size();
    if (from == From::Left)
        return text.substr(0, affix.size()) == affix ? heap.string(text.substr(affix.size()))
                                                     : self;
    return text.substr(rest) == affix ? heap.string(text.substr(0, rest)) : self;
}

using Mapping = std::string (*)(std::string_view);

template <Mapping mapping>
Value mapped(Heap &heap, const Value &self, const Arguments &arguments)
{
    const Signature none("str method", arguments, {});
    heap.charge(self.text().size());
    heap.work(self.text().size() * 8);
    return heap.string(mapping(self.text()), self.string->markup);
}

template <CharacterClass wanted>
Value isAll(Heap &heap, const Value &self, const Arguments &arguments)
{
    const Signature none("str method", arguments, {});
    heap.work(self.text().size());
    return boolean(allOf(self.text(), wanted));
}

using Check = bool (*)(std::string_view);

template <Check check>
Value checked(Heap &heap, const Value &self, const Arguments &arguments)
{
    const Signature none("str method", arguments, {});
    heap.work(self.text().size());
    return boolean(check(self.text()));
}

#define ALCOVE_METHOD(expression)                                                                  \
    [](Heap &heap, const Value &self, const Arguments &arguments) { return expression; }

constexpr Method kStringMethods[] = {
    {"capitalize", mapped<capitalise>},
    {"casefold", mapped<caseFold>},
    {"center", ALCOVE_METHOD(aligned(heap, self, arguments, '^', "center"))},
    {"count", count},
    {"endswith", ALCOVE_METHOD(endsOrBegins(heap, self, arguments, From::Right))},
    {"expandtabs", expandTabs},
    {"find", ALCOVE_METHOD(findIn(heap, self, arguments, From::Left, false, "find"))},
    {"format", ALCOVE_METHOD(formatBraces(heap, *self.string, arguments))},
    {"format_map", formatMap},
    {"index", ALCOVE_METHOD(findIn(heap, self, arguments, From::Left, true, "index"))},
    {"isalnum", isAll<CharacterClass::Alnum>},
    {"isalpha", isAll<CharacterClass::Alpha>},
    {"isascii", isAll<CharacterClass::Ascii>},
    {"isdecimal", isAll<CharacterClass::Decimal>},
    {"isdigit", isAll<CharacterClass::Digit>},
    {"islower", checked<isLower>},
    {"isnumeric", isAll<CharacterClass::Numeric>},
    {"isprintable", isAll<CharacterClass::Printable>},
    {"isspace", isAll<CharacterClass::Space>},
    {"istitle", checked<isTitle>},
    {"isupper", checked<isUpper>},
    {"join", join},
    {"ljust", ALCOVE_METHOD(aligned(heap, self, arguments, '<', "ljust"))},
    {"lower", mapped<toLower>},
    {"lstrip", ALCOVE_METHOD(stripped(heap, self, arguments, Sides::Left, "lstrip"))},
    {"partition", ALCOVE_METHOD(partition(heap, self, arguments, From::Left))},
    {"removeprefix", ALCOVE_METHOD(withoutAffix(heap, self, arguments, From::Left))},
    {"removesuffix", ALCOVE_METHOD(withoutAffix(heap, self, arguments, From::Right))},
    {"replace", replace},
    {"rfind", ALCOVE_METHOD(findIn(heap, self, arguments, From::Right, false, "rfind"))},
    {"rindex", ALCOVE_METHOD(findIn(heap, self, arguments, From::Right, true, "rindex"))},
    {"rjust", ALCOVE_METHOD(aligned(heap, self, arguments, '>', "rjust"))},
    {"rpartition", ALCOVE_METHOD(partition(heap, self, arguments, From::Right))},
    {"rsplit", ALCOVE_METHOD(split(heap, self, arguments, From::Right))},
    {"rstrip", ALCOVE_METHOD(stripped(heap, self, arguments, Sides::Right, "rstrip"))},
    {"split", ALCOVE_METHOD(split(heap, self, arguments, From::Left))},
    {"splitlines", splitLinesOf},
    {"startswith", ALCOVE_METHOD(endsOrBegins(heap, self, arguments, From::Left))},
    {"strip", ALCOVE_METHOD(stripped(heap, self, arguments, Sides::Both, "strip"))},
    {"swapcase", mapped<swapCase>},
    {"title", mapped<toTitle>},
    {"upper", mapped<toUpper>},
    {"zfill", zeroFilled},
};

#undef ALCOVE_METHOD

} // namespace

const Method *findStringMethod(std::string_view name)
{
    const auto *found = std::find_if(std::begin(kStringMethods), std::end(kStringMethods),
                                     [&](const Method &m) { return m.name == name; });
    return found == std::end(kStringMethods) ? nullptr : found;
}

} // namespace alcove::llm::jinja
