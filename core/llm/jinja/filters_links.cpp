// Filters that write HTML: attributes, and links around the addresses in a text.
#include "core/llm/jinja/access.h"
#include "core/llm/jinja/arguments.h"
#include "core/llm/jinja/filters.h"
#include "core/llm/jinja/repr.h"
#include "core/llm/jinja/text.h"

#include <algorithm>
#include <set>

namespace alcove::llm::jinja {

namespace {

// The text with HTML's characters as references, unless it is marked safe.
std::string escaped(Heap &heap, const Value &value)
{
    const Value text = toString(heap, value);
    heap.charge(text.text().size() * 5);
    heap.work(text.text().size());
    return text.string->markup ? text.text() : escapeHtml(text.text());
}

Value xmlAttributes(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("xmlattr", arguments, {"autospace"});
    requireDefined(value);
    if (!value.is(Kind::Dict))
        raise(std::string("xmlattr needs a dict, not ") + typeName(value));
    std::string out;
    for (const auto &[key, item] : value.dict->entries) {
        heap.step();
        if (item.is(Kind::None) || item.is(Kind::Undefined))
            continue;
        if (!key.is(Kind::String))
            raise(std::string("xmlattr needs names that are strings, not ") + typeName(key));
        if (key.text().find_first_of(" \t\n\r\f\v/>=") != std::string::npos)
            raise("Invalid character in attribute name: " + reprOf(heap, key));
        if (!out.empty())
            out += ' ';
        out += escaped(heap, key) + "=\"" + escaped(heap, item) + "\"";
    }
    if (!out.empty() && given.truth(0, true))
        out.insert(out.begin(), ' ');
    return heap.string(std::move(out));
}

// Addresses, as Jinja's patterns know them. A word is a text without white space.

char lowered(char c)
{
    return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
}

bool startsWithCaseless(std::string_view text, std::string_view start)
{
    return text.size() >= start.size()
        && std::equal(start.begin(), start.end(), text.begin(),
                      [](char wanted, char c) { return wanted == lowered(c); });
}

bool isHex(char c)
{
    return (c >= '0' && c <= '9') || (lowered(c) >= 'a' && lowered(c) <= 'f');
}

// \w of Python's patterns, and further characters.
bool allWord(std::string_view text, std::string_view more)
{
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        nextCodePoint(text, at);
        const std::string_view one = text.substr(begin, at - begin);
        if (one != "_" && !allOf(one, CharacterClass::Alnum)
            && more.find(one) == std::string_view::npos)
            return false;
    }
    return true;
}

bool isLabel(std::string_view label, std::size_t least, std::size_t most)
{
    const std::size_t length = codePointCount(label);
    return length >= least && length <= most && allWord(label, "%-");
}

bool isTopLevel(std::string_view name)
{
    if (startsWithCaseless(name, "xn--")) {
        const std::string_view rest = name.substr(4);
        const std::size_t length = codePointCount(rest);
        if (length >= 2 && length <= 59 && allWord(rest, "%"))
            return true;
    }
    return name.size() >= 2 && name.size() <= 63
        && std::all_of(name.begin(), name.end(),
                       [](char c) { return lowered(c) >= 'a' && lowered(c) <= 'z'; });
}

bool isKnownTopLevel(std::string_view name)
{
    static constexpr std::string_view kKnown[] = {"com", "net", "int",  "edu",
                                                  "gov", "org", "info", "mil"};
    return std::any_of(std::begin(kKnown), std::end(kKnown), [&](std::string_view known) {
        return name.size() == known.size() && startsWithCaseless(name, known);
    });
}

// Whether all labels but the last are of these lengths.
bool areLabels(std::string_view host, std::size_t least, std::size_t most)
{
    while (!host.empty()) {
        const std::size_t dot = host.find('.');
        if (dot == std::string_view::npos || !isLabel(host.substr(0, dot), least, most))
            return false;
        host.remove_prefix(dot + 1);
    }
    return true;
}

std::size_t decimalsAt(std::string_view text, std::size_t &at)
{
    std::size_t count = 0;
    while (at < text.size()) {
        std::size_t after = at;
        nextCodePoint(text, after);
        if (!allOf(text.substr(at, after - at), CharacterClass::Decimal))
            break;
        at = after;
        ++count;
    }
    return count;
}

// A port, a path, or nothing more.
bool isRestOfUrl(std::string_view rest)
{
    std::size_t at = 0;
    if (!rest.empty() && rest[0] == ':') {
        at = 1;
        const std::size_t digits = decimalsAt(rest, at);
        if (digits < 1 || digits > 5)
            return false;
    }
    return at == rest.size() || rest[at] == '/' || rest[at] == '?' || rest[at] == '#';
}

bool isIp4Url(std::string_view text)
{
    std::size_t at = 0;
    for (int part = 0; part < 4; ++part) {
        if (part > 0 && (at == text.size() || text[at++] != '.'))
            return false;
        const std::size_t digits = decimalsAt(text, at);
        if (digits < 1 || digits > 3)
            return false;
    }
    return isRestOfUrl(text.substr(at));
}

// "[", two groups that end in a colon, one to six that may, "]".
bool isIp6Url(std::string_view text)
{
    const std::size_t close = text.find(']');
    if (text.empty() || text[0] != '[' || close == std::string_view::npos)
        return false;
    std::string_view body = text.substr(1, close - 1);
    constexpr std::size_t kDigits = 4;
    std::size_t groups = 0;
    for (int piece = 0;; ++piece) {
        const std::size_t size = std::min(body.find(':'), body.size());
        if (!std::all_of(body.begin(), body.begin() + std::ptrdiff_t(size), isHex))
            return false;
        const bool ends = size == body.size();
        if (piece < 2) {
            if (ends || size > kDigits)
                return false;
        } else {
            groups += (size + kDigits - 1) / kDigits + (size == 0 && !ends ? 1 : 0);
        }
        if (ends)
            break;
        body.remove_prefix(size + 1);
    }
    return groups <= 6 && isRestOfUrl(text.substr(close + 1));
}

bool isUrl(std::string_view word)
{
    const bool secure = startsWithCaseless(word, "https://");
    const bool scheme = secure || startsWithCaseless(word, "http://");
    const std::size_t begin = secure ? 8 : scheme ? 7 : startsWithCaseless(word, "www.") ? 4 : 0;
    const auto named = [](std::string_view text, auto isLast, std::size_t least, std::size_t most) {
        const std::size_t end = std::min(text.find_first_of(":/?#"), text.size());
        const std::string_view host = text.substr(0, end);
        const std::size_t last = host.rfind('.') + 1; // 0 when there is none
        return isLast(host.substr(last)) && areLabels(host.substr(0, last), least, most)
            && (last > 0 || least == 1) && isRestOfUrl(text.substr(end));
    };
    if (begin > 0 && named(word.substr(begin), isTopLevel, 1, word.size()))
        return true;
    if (named(word, isKnownTopLevel, 2, 63))
        return true;
    return scheme && (isIp4Url(word.substr(begin)) || isIp6Url(word.substr(begin)));
}

bool isMail(std::string_view word)
{
    const std::size_t at = word.rfind('@');
    if (at == std::string_view::npos || at == 0)
        return false;
    const std::string_view host = word.substr(at + 1);
    const std::size_t dot = host.rfind('.');
    return dot != std::string_view::npos && dot > 0 && dot + 1 < host.size() && host[0] != '.'
        && host[0] != '-' && allWord(host, ".-") && allWord(host.substr(dot + 1), "");
}

// A word without the brackets and punctuation around it; what closes a bracket inside stays.
struct Peeled {
    std::string_view head;
    std::string_view middle;
    std::string_view tail;
};

Peeled peel(std::string_view word)
{
    std::size_t begin = 0;
    for (;;) {
        const std::string_view rest = word.substr(begin);
        if (rest.substr(0, 1) == "(" || rest.substr(0, 1) == "<")
            begin += 1;
        else if (rest.substr(0, 4) == "&lt;")
            begin += 4;
        else
            break;
    }
    std::size_t end = word.size();
    for (;;) {
        const std::string_view rest = word.substr(begin, end - begin);
        if (!rest.empty() && std::string_view(")>.,").find(rest.back()) != std::string_view::npos)
            end -= 1;
        else if (rest.size() >= 4 && rest.substr(rest.size() - 4) == "&gt;")
            end -= 4;
        else
            break;
    }
    static constexpr std::pair<std::string_view, std::string_view> kBrackets[] = {
        {"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}};
    for (const auto &[open, close] : kBrackets) {
        const std::string_view middle = word.substr(begin, end - begin);
        const std::size_t opened = countOccurrences(middle, open);
        if (opened <= countOccurrences(middle, close))
            continue;
        for (std::size_t i = std::min(opened, countOccurrences(word.substr(end), close)); i > 0;
             --i)
            end = word.find(close, end) + close.size();
    }
    return {word.substr(0, begin), word.substr(begin, end - begin), word.substr(end)};
}

struct LinkStyle {
    std::string attributes; // rel and target
    std::optional<std::int64_t> limit; // of the shown address
    std::vector<std::string> schemes; // further ones
};

std::string shown(std::string_view address, const std::optional<std::int64_t> &limit)
{
    const auto length = static_cast<std::int64_t>(codePointCount(address));
    if (!limit || length <= *limit)
        return std::string(address);
    // A negative limit counts from the end, as in a slice.
    const std::int64_t kept = *limit < 0 ? std::max<std::int64_t>(0, length + *limit) : *limit;
    return std::string(address.substr(0, byteOffset(address, std::size_t(kept)))) + "...";
}

std::string linked(std::string_view word, const LinkStyle &style)
{
    const std::string address(word);
    const auto link = [&](const std::string &to, const std::string &text) {
        return "<a href=\"" + to + "\"" + style.attributes + ">" + text + "</a>";
    };
    if (isUrl(word)) {
        const bool scheme = word.starts_with("https://") || word.starts_with("http://");
        return link((scheme ? "" : "https://") + address, shown(word, style.limit));
    }
    if (word.starts_with("mailto:") && isMail(word.substr(7)))
        return "<a href=\"" + address + "\">" + address.substr(7) + "</a>";
    if (!word.starts_with("www.") && !word.starts_with("@")
        && word.find(':') == std::string_view::npos && isMail(word))
        return "<a href=\"mailto:" + address + "\">" + address + "</a>";
    for (const std::string &scheme : style.schemes) {
        if (word != scheme && word.starts_with(scheme))
            return link(address, address);
    }
    return address;
}

// "ftp:", "tel:", "git+ssh://"
bool isScheme(std::string_view text)
{
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || codePointCount(text.substr(0, colon)) < 2)
        return false;
    const std::string_view rest = text.substr(colon + 1);
    return allWord(text.substr(0, colon), ".+-") && (rest.empty() || rest == "/" || rest == "//");
}

LinkStyle linkStyle(Heap &heap, const Signature &given)
{
    LinkStyle style;
    if (given.has(0) && !given.value(0, none()).is(Kind::None))
        style.limit = given.integer(0, 0);
    std::set<std::string, std::less<>> relations = {"noopener"}; // Jinja's policy
    if (given.truth(1, false))
        relations.insert("nofollow");
    if (const String *rel = given.string(3)) {
        heap.charge(rel->text.size() * 4);
        heap.work(rel->text.size() * 4);
        for (const std::string_view one : splitSpace(rel->text, -1))
            relations.emplace(one);
    }
    std::string rel;
    for (const std::string &one : relations)
        rel += (rel.empty() ? "" : " ") + one;
    style.attributes = " rel=\"" + escaped(heap, heap.string(std::move(rel))) + "\"";
    if (const String *target = given.string(2); target && !target->text.empty())
        style.attributes += " target=\"" + escaped(heap, *given[2]) + "\"";
    if (given.has(4) && !given.value(4, none()).is(Kind::None)) {
        for (const Value &scheme : Items(heap, *given[4])) {
            if (!scheme.is(Kind::String) || !isScheme(scheme.text()))
                raise(reprOf(heap, scheme) + " is not a valid URI scheme prefix.");
            heap.charge(scheme.text().size() + sizeof(std::string));
            style.schemes.push_back(scheme.text());
        }
    }
    return style;
}

Value urlize(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("urlize", arguments,
                          {"trim_url_limit", "nofollow", "target", "rel", "extra_schemes"});
    const LinkStyle style = linkStyle(heap, given);
    const std::string text = escaped(heap, value);
    const std::string_view all = text;
    heap.work(all.size() * 16); // a word is looked through so often
    std::string out;
    for (std::size_t at = 0; at < all.size();) {
        heap.step();
        const std::size_t begin = at;
        std::size_t after = at;
        const bool space = isSpace(nextCodePoint(all, after));
        do {
            at = after;
            if (at == all.size())
                break;
        } while (isSpace(nextCodePoint(all, after)) == space);
        const std::string_view word = all.substr(begin, at - begin);
        const std::size_t before = out.size();
        if (space) {
            out += word;
        } else {
            heap.work(style.schemes.size() * 8);
            const Peeled parts = peel(word);
            out += parts.head;
            out += linked(parts.middle, style);
            out += parts.tail;
        }
        heap.charge(out.size() - before);
        heap.work(out.size() - before);
    }
    return heap.string(std::move(out));
}

constexpr Filter kLinkFilters[] = {{"urlize", urlize}, {"xmlattr", xmlAttributes}};

} // namespace

std::span<const Filter> linkFilters()
{
    return kLinkFilters;
}

} // namespace alcove::llm::jinja
