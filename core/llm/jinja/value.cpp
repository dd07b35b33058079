#include "core/llm/jinja/value.h"

#include "core/llm/jinja/text.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace alcove::llm::jinja {

namespace {

constexpr std::size_t kIndexedFrom = 9; // entries; fewer are searched faster in a row

std::size_t hashText(std::string_view text)
{
    return std::hash<std::string_view>{}(text);
}

bool isOrdered(const Value &a, const Value &b)
{
    return (a.isNumber() && b.isNumber()) || (a.is(Kind::String) && b.is(Kind::String))
        || (a.is(Kind::List) && b.is(Kind::List)) || (a.is(Kind::Tuple) && b.is(Kind::Tuple));
}

// Python's range covers the 64-bit integers exactly; so does a comparison among them.
bool equalNumbers(const Value &a, const Value &b)
{
    if (a.isIntegral() && b.isIntegral())
        return a.asInteger() == b.asInteger();
    if (a.is(Kind::UInt) && b.is(Kind::UInt))
        return a.large == b.large;
    return a.asReal() == b.asReal();
}

bool equalItems(Heap &heap, const std::vector<Value> &a, const std::vector<Value> &b)
{
    if (a.size() != b.size())
        return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!equal(heap, a[i], b[i]))
            return false;
    }
    return true;
}

bool equalDicts(Heap &heap, const Dict &a, const Dict &b)
{
    if (a.entries.size() != b.entries.size())
        return false;
    for (const auto &[key, value] : a.entries) {
        const Value *other = b.find(heap, key);
        if (!other || !equal(heap, value, *other))
            return false;
    }
    return true;
}

} // namespace

double Value::asReal() const
{
    switch (kind) {
    case Kind::Bool:
        return boolean ? 1.0 : 0.0;
    case Kind::Int:
        return static_cast<double>(integer);
    case Kind::UInt:
        return static_cast<double>(large);
    case Kind::Float:
        return real;
    default:
        return 0.0;
    }
}

std::int64_t Value::asInteger() const
{
    return kind == Kind::Bool ? (boolean ? 1 : 0) : integer;
}

const std::string &Value::text() const
{
    return string->text;
}

const Value *Dict::find(Heap &heap, std::string_view key) const
{
    heap.work(key.size());
    if (m_index.empty()) {
        for (const auto &[k, v] : entries) {
            if (k.is(Kind::String) && k.text() == key)
                return &v;
        }
        return nullptr;
    }
    const auto [begin, end] = m_index.equal_range(hashText(key));
    for (auto it = begin; it != end; ++it) {
        heap.step(); // keys may have been chosen to share a hash
        const auto &[k, v] = entries[it->second];
        if (k.is(Kind::String) && k.text() == key)
            return &v;
    }
    return nullptr;
}

const Value *Dict::find(Heap &heap, const Value &key) const
{
    const std::size_t hash = hashOf(heap, key);
    if (m_index.empty()) {
        for (const auto &[k, v] : entries) {
            if (equal(heap, k, key))
                return &v;
        }
        return nullptr;
    }
    const auto [begin, end] = m_index.equal_range(hash);
    for (auto it = begin; it != end; ++it) {
        if (equal(heap, entries[it->second].first, key))
            return &entries[it->second].second;
    }
    return nullptr;
}

void Dict::set(Heap &heap, const Value &key, const Value &value)
{
    if (const Value *found = find(heap, key)) {
        const_cast<Value &>(*found) = value; // ours: found points into m_entries
        return;
    }
    entries.emplace_back(key, value);
    if (entries.size() < kIndexedFrom)
        return;
    const std::size_t first = m_index.empty() ? 0 : entries.size() - 1;
    for (std::size_t i = first; i < entries.size(); ++i)
        m_index.emplace(hashOf(heap, entries[i].first), static_cast<std::uint32_t>(i));
}

const Value *Namespace::find(Heap &heap, std::string_view name) const
{
    heap.work(fields.size() * sizeof(std::string));
    for (const auto &[key, value] : fields) {
        if (key == name)
            return &value;
    }
    return nullptr;
}

void Namespace::set(Heap &heap, std::string_view name, const Value &value)
{
    if (const Value *found = find(heap, name)) {
        const_cast<Value &>(*found) = value; // ours: found points into fields
        return;
    }
    heap.charge(name.size() + sizeof(Value) + sizeof(std::string));
    fields.emplace_back(std::string(name), value);
}

void Heap::work(std::uint64_t bytes)
{
    constexpr std::uint64_t kBytesPerStep = 128;
    m_steps += bytes / kBytesPerStep;
    if (m_steps > m_bounds.steps)
        tooManySteps();
}

void Heap::charge(std::uint64_t bytes)
{
    if (bytes > m_bounds.bytes || m_bytes > m_bounds.bytes - bytes)
        raise("it makes more text and lists than is allowed");
    m_bytes += bytes;
}

void Heap::tooManySteps() const
{
    raise("it takes more steps than is allowed");
}

void Heap::tooDeep() const
{
    raise("it is nested deeper than is allowed");
}

Value Heap::string(std::string text, bool markup)
{
    charge(text.size());
    auto object = std::make_unique<String>();
    object->length = codePointCount(text);
    object->text = std::move(text);
    object->markup = markup;
    Value v;
    v.kind = Kind::String;
    v.string = adopt(std::move(object));
    return v;
}

Value Heap::substring(const String &of, std::string_view part)
{
    if (part.size() == of.text.size()) {
        Value v;
        v.kind = Kind::String;
        v.string = &of;
        return v;
    }
    return string(std::string(part), of.markup);
}

Value Heap::sequence(Kind kind, std::vector<Value> items)
{
    charge(items.size() * sizeof(Value));
    auto object = std::make_unique<Sequence>();
    object->items = std::move(items);
    Value v;
    v.kind = kind;
    v.sequence = adopt(std::move(object));
    return v;
}

Value Heap::generator(const char *name, std::vector<Value> items)
{
    const Value v = sequence(Kind::Generator, std::move(items));
    v.sequence->generator = name;
    return v;
}

Value Heap::range(std::int64_t start, std::int64_t stop, std::int64_t step)
{
    std::vector<Value> items;
    if (step > 0 ? start < stop : start > stop) {
        // In unsigned arithmetic, which cannot overflow: stop - start may not fit the signed type.
        const std::uint64_t span = step > 0
            ? static_cast<std::uint64_t>(stop) - static_cast<std::uint64_t>(start)
            : static_cast<std::uint64_t>(start) - static_cast<std::uint64_t>(stop);
        const std::uint64_t stride =
            step > 0 ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
        const std::uint64_t count = (span - 1) / stride + 1;
        constexpr std::uint64_t kLongest = 100'000; // of the sandbox
        if (count > kLongest)
            raise("range too big: the sandbox blocks ranges larger than 100000");
        charge(count * sizeof(Value));
        items.reserve(static_cast<std::size_t>(count));
        auto at = static_cast<std::uint64_t>(start);
        for (std::uint64_t i = 0; i < count; ++i, at += static_cast<std::uint64_t>(step))
            items.push_back(integer(static_cast<std::int64_t>(at)));
    }
    const Value v = sequence(Kind::Range, std::move(items));
    v.sequence->start = start;
    v.sequence->stop = stop;
    v.sequence->step = step;
    return v;
}

Value Heap::missing(std::string reason)
{
    auto object = std::make_unique<Missing>();
    object->reason = std::move(reason);
    charge(object->reason.size());
    Value v;
    v.kind = Kind::Undefined;
    v.missing = adopt(std::move(object));
    return v;
}

Value Heap::dict(std::unique_ptr<Dict> object)
{
    constexpr std::uint64_t kEntryBytes = 2 * sizeof(Value) + 32; // with its place in the index
    charge(object->entries.size() * kEntryBytes);
    Value v;
    v.kind = Kind::Dict;
    v.dict = adopt(std::move(object));
    return v;
}

Value Heap::space(std::unique_ptr<Namespace> object)
{
    Value v;
    v.kind = Kind::Namespace;
    v.space = adopt(std::move(object));
    return v;
}

bool truthy(const Value &value)
{
    switch (value.kind) {
    case Kind::Undefined:
    case Kind::None:
        return false;
    case Kind::Bool:
        return value.boolean;
    case Kind::Int:
        return value.integer != 0;
    case Kind::UInt:
        return value.large != 0;
    case Kind::Float:
        return value.real != 0;
    case Kind::String:
        return !value.text().empty();
    case Kind::List:
    case Kind::Tuple:
    case Kind::Range:
    case Kind::View:
        return !value.sequence->items.empty();
    case Kind::Dict:
        return !value.dict->entries.empty();
    case Kind::Generator:
    case Kind::Namespace:
    case Kind::Callable:
        return true;
    }
    return false;
}

const char *typeName(const Value &value)
{
    switch (value.kind) {
    case Kind::Undefined:
        return "Undefined";
    case Kind::None:
        return "NoneType";
    case Kind::Bool:
        return "bool";
    case Kind::Int:
    case Kind::UInt:
        return "int";
    case Kind::Float:
        return "float";
    case Kind::String:
        return value.string->markup ? "Markup" : "str";
    case Kind::List:
        return "list";
    case Kind::Tuple:
        return "tuple";
    case Kind::Range:
        return "range";
    case Kind::Dict:
        return "dict";
    case Kind::View:
        return value.sequence->view == ViewOf::Keys  ? "dict_keys"
            : value.sequence->view == ViewOf::Values ? "dict_values"
                                                     : "dict_items";
    case Kind::Generator:
        return "generator";
    case Kind::Namespace:
        return "Namespace";
    case Kind::Callable:
        return value.callable->typeName();
    }
    return "object";
}

std::string describeType(const Value &value)
{
    if (value.is(Kind::None))
        return "None";
    if (value.is(Kind::Namespace))
        return "jinja2.utils.Namespace object"; // the words of Jinja, which people search for
    return std::string(typeName(value)) + " object";
}

void raiseUndefined(const Value &value)
{
    raise(value.missing ? value.missing->reason : "a value is undefined");
}

bool equal(Heap &heap, const Value &a, const Value &b)
{
    heap.step();
    if (a.isNumber() && b.isNumber())
        return equalNumbers(a, b);
    if (a.kind != b.kind)
        return false;
    switch (a.kind) {
    case Kind::Undefined:
    case Kind::None:
        return true;
    case Kind::String:
        heap.work(std::min(a.text().size(), b.text().size()));
        return a.text() == b.text();
    case Kind::List:
    case Kind::Tuple:
    case Kind::Range: {
        DepthGuard guard(heap);
        return equalItems(heap, a.sequence->items, b.sequence->items);
    }
    case Kind::Dict: {
        DepthGuard guard(heap);
        return equalDicts(heap, *a.dict, *b.dict);
    }
    case Kind::View: {
        if (a.sequence == b.sequence)
            return true;
        if (a.sequence->view != b.sequence->view || a.sequence->view == ViewOf::Values)
            return false;
        if (a.sequence->items.size() != b.sequence->items.size())
            return false;
        DepthGuard guard(heap);
        for (const Value &item : a.sequence->items) {
            const auto &others = b.sequence->items;
            if (std::none_of(others.begin(), others.end(),
                             [&](const Value &other) { return equal(heap, item, other); }))
                return false;
        }
        return true;
    }
    case Kind::Generator:
        return a.sequence == b.sequence;
    case Kind::Namespace:
        return a.space == b.space;
    case Kind::Callable:
        return a.callable == b.callable;
    default:
        return false;
    }
}

bool less(Heap &heap, const Value &a, const Value &b, const char *symbol)
{
    heap.step();
    requireDefined(a);
    requireDefined(b);
    if (!isOrdered(a, b)) {
        raise(std::string("'") + symbol + "' not supported between instances of '" + typeName(a)
              + "' and '" + typeName(b) + "'");
    }
    if (a.isNumber()) {
        if (a.isIntegral() && b.isIntegral())
            return a.asInteger() < b.asInteger();
        if (a.is(Kind::UInt) && b.is(Kind::UInt))
            return a.large < b.large;
        return a.asReal() < b.asReal();
    }
    if (a.is(Kind::String)) {
        heap.work(std::min(a.text().size(), b.text().size()));
        return a.text() < b.text(); // the order of UTF-8 is that of code points
    }
    DepthGuard guard(heap);
    const auto &left = a.sequence->items;
    const auto &right = b.sequence->items;
    for (std::size_t i = 0; i < left.size() && i < right.size(); ++i) {
        if (!equal(heap, left[i], right[i]))
            return less(heap, left[i], right[i], symbol);
    }
    return left.size() < right.size();
}

std::size_t hashOf(Heap &heap, const Value &value)
{
    heap.step();
    switch (value.kind) {
    case Kind::None:
        return 1;
    case Kind::Undefined:
        return 2;
    case Kind::Bool:
    case Kind::Int:
        return std::hash<double>{}(static_cast<double>(value.asInteger()));
    case Kind::UInt:
    case Kind::Float:
        return std::hash<double>{}(value.asReal());
    case Kind::String:
        heap.work(value.text().size());
        return hashText(value.text());
    case Kind::Tuple: {
        DepthGuard guard(heap);
        std::size_t hash = 3;
        for (const Value &item : value.sequence->items)
            hash = hash * 1'000'003u + hashOf(heap, item);
        return hash;
    }
    case Kind::Range:
        return value.sequence->items.size();
    case Kind::Generator:
        return std::hash<const void *>{}(value.sequence);
    case Kind::Namespace:
        return std::hash<const void *>{}(value.space);
    case Kind::Callable:
        return std::hash<const void *>{}(value.callable);
    default:
        raise(std::string("unhashable type: '") + typeName(value) + "'");
    }
}

} // namespace alcove::llm::jinja
