#include "core/llm/jinja/access.h"

#include "core/llm/jinja/methods.h"
#include "core/llm/jinja/repr.h"
#include "core/llm/jinja/text.h"

#include <algorithm>
#include <limits>

namespace alcove::llm::jinja {

namespace {

Value noAttribute(Heap &heap, const Value &value, std::string_view name)
{
    return heap.missing("'" + describeType(value) + "' has no attribute '" + std::string(name)
                        + "'");
}

Value unsafeAttribute(Heap &heap, const Value &value, std::string_view name)
{
    return heap.missing("access to attribute '" + std::string(name) + "' of '" + typeName(value)
                        + "' object is unsafe.");
}

bool isDunder(std::string_view name)
{
    return name.size() > 4 && name.substr(0, 2) == "__" && name.substr(name.size() - 2) == "__";
}

// What Python's getattr() would find; nullopt when nothing.
std::optional<Value> ownAttribute(Heap &heap, const Value &value, std::string_view name)
{
    requireDefined(value);
    if (value.is(Kind::Namespace)) {
        const Value *field = value.space->find(heap, name);
        return field ? std::optional(*field) : std::nullopt;
    }
    if (value.is(Kind::Callable)) {
        const Value attribute = value.callable->attribute(heap, name);
        if (!attribute.is(Kind::Undefined) || attribute.missing)
            return attribute;
    }
    if (isDunder(name) || modifies(value, name))
        return unsafeAttribute(heap, value, name);
    return methodOf(heap, value, name);
}

// The index into `size` items that `key` means, or nullopt.
std::optional<std::size_t> indexOf(const Value &key, std::size_t size)
{
    if (!key.isIntegral())
        return std::nullopt;
    const std::int64_t i = key.asInteger();
    const auto count = static_cast<std::int64_t>(size);
    if (i >= count || i < -count)
        return std::nullopt;
    return static_cast<std::size_t>(i < 0 ? i + count : i);
}

std::optional<Value> ownItem(Heap &heap, const Value &value, const Value &key)
{
    switch (value.kind) {
    case Kind::Dict: {
        if (key.is(Kind::String)) {
            const Value *found = value.dict->find(heap, key.text());
            return found ? std::optional(*found) : std::nullopt;
        }
        if (key.is(Kind::List) || key.is(Kind::Dict) || key.is(Kind::View))
            return std::nullopt; // unhashable
        const Value *found = value.dict->find(heap, key);
        return found ? std::optional(*found) : std::nullopt;
    }
    case Kind::List:
    case Kind::Tuple:
    case Kind::Range: {
        const auto index = indexOf(key, value.sequence->items.size());
        return index ? std::optional(value.sequence->items[*index]) : std::nullopt;
    }
    case Kind::String: {
        const auto index = indexOf(key, value.string->length);
        if (!index)
            return std::nullopt;
        const std::string_view text = value.text();
        if (value.string->ascii())
            return heap.string(text.substr(*index, 1));
        heap.work(text.size());
        const std::size_t begin = byteOffset(text, *index);
        std::size_t end = begin;
        nextCodePoint(text, end);
        return heap.string(text.substr(begin, end - begin));
    }
    default:
        return std::nullopt;
    }
}

struct Slice {
    std::int64_t start;
    std::int64_t stop;
    std::int64_t step;
    std::size_t count;
};

std::int64_t sliceIndex(const Value &value, std::int64_t size, std::int64_t missing,
                        std::int64_t lowest, std::int64_t highest)
{
    if (value.is(Kind::None))
        return missing;
    if (!value.isIntegral())
        raise("slice indices must be integers or None");
    std::int64_t i = value.asInteger();
    if (i < 0)
        i += size;
    return std::clamp(i, lowest, highest);
}

Slice resolveSlice(const Value &start, const Value &stop, const Value &step, std::size_t length)
{
    Slice slice{};
    const auto size = static_cast<std::int64_t>(length);
    slice.step = sliceIndex(step, 0, 1, std::numeric_limits<std::int64_t>::min() + 1,
                            std::numeric_limits<std::int64_t>::max());
    if (slice.step == 0)
        raise("slice step cannot be zero");
    if (slice.step > 0) {
        slice.start = sliceIndex(start, size, 0, 0, size);
        slice.stop = sliceIndex(stop, size, size, 0, size);
        const std::int64_t span = slice.stop - slice.start;
        slice.count = span <= 0 ? 0 : static_cast<std::size_t>((span - 1) / slice.step + 1);
    } else {
        slice.start = sliceIndex(start, size, size - 1, -1, size - 1);
        slice.stop = sliceIndex(stop, size, -1, -1, size - 1);
        const std::int64_t span = slice.start - slice.stop;
        slice.count = span <= 0 ? 0 : static_cast<std::size_t>((span - 1) / -slice.step + 1);
    }
    return slice;
}

Value sliceString(Heap &heap, const String &string, const Slice &slice)
{
    const std::string_view text = string.text;
    if (slice.count == 0)
        return heap.string(std::string_view{});
    heap.work(text.size());
    const auto start = static_cast<std::size_t>(slice.start);
    if (slice.step == 1) {
        const std::size_t begin = string.ascii() ? start : byteOffset(text, start);
        const std::size_t size =
            string.ascii() ? slice.count : byteOffset(text.substr(begin), slice.count);
        return heap.substring(string, text.substr(begin, size));
    }
    std::vector<std::size_t> offsets; // of the code points
    heap.charge(string.length * sizeof(std::size_t));
    offsets.reserve(string.length);
    for (std::size_t at = 0; at < text.size(); nextCodePoint(text, at))
        offsets.push_back(at);
    std::string out;
    for (std::size_t i = 0; i < slice.count; ++i) {
        const std::size_t begin = offsets[static_cast<std::size_t>(
            slice.start + static_cast<std::int64_t>(i) * slice.step)];
        std::size_t end = begin;
        nextCodePoint(text, end);
        out.append(text.substr(begin, end - begin));
    }
    return heap.string(std::move(out));
}

} // namespace

Value getAttribute(Heap &heap, const Value &value, std::string_view name)
{
    if (const auto own = ownAttribute(heap, value, name))
        return *own;
    if (value.is(Kind::Dict)) {
        if (const Value *found = value.dict->find(heap, name))
            return *found;
    }
    return noAttribute(heap, value, name);
}

Value getItem(Heap &heap, const Value &value, const Value &key)
{
    requireDefined(value);
    if (const auto item = ownItem(heap, value, key))
        return *item;
    if (key.is(Kind::String)) {
        if (const auto attribute = ownAttribute(heap, value, key.text()))
            return *attribute;
        return noAttribute(heap, value, key.text());
    }
    return heap.missing(describeType(value) + " has no element " + reprOf(heap, key));
}

Value getSlice(Heap &heap, const Value &value, const Value &start, const Value &stop,
               const Value &step)
{
    requireDefined(value);
    if (value.is(Kind::String))
        return sliceString(heap, *value.string,
                           resolveSlice(start, stop, step, value.string->length));
    if (value.is(Kind::Dict))
        raise("unhashable type: 'slice'");
    if (!value.isSequence())
        raise(std::string("'") + typeName(value) + "' object is not subscriptable");
    const Sequence &sequence = *value.sequence;
    const Slice slice = resolveSlice(start, stop, step, sequence.items.size());
    if (value.is(Kind::Range)) {
        const auto at = [&](std::int64_t i) { return sequence.start + i * sequence.step; };
        if (slice.count == 0)
            return heap.range(at(slice.start), at(slice.start), sequence.step);
        const std::int64_t last = slice.start + static_cast<std::int64_t>(slice.count) * slice.step;
        return heap.range(at(slice.start), at(last), sequence.step * slice.step);
    }
    std::vector<Value> items;
    heap.charge(slice.count * sizeof(Value));
    heap.work(slice.count * sizeof(Value));
    items.reserve(slice.count);
    for (std::size_t i = 0; i < slice.count; ++i) {
        items.push_back(sequence.items[static_cast<std::size_t>(
            slice.start + static_cast<std::int64_t>(i) * slice.step)]);
    }
    return heap.sequence(value.kind, std::move(items));
}

std::vector<Value> entriesOf(Heap &heap, const Dict &dict, ViewOf view)
{
    std::vector<Value> items;
    heap.work(dict.entries.size() * sizeof(Value));
    items.reserve(dict.entries.size());
    for (const auto &[key, value] : dict.entries) {
        items.push_back(view == ViewOf::Keys         ? key
                            : view == ViewOf::Values ? value
                                                     : heap.tuple({key, value}));
    }
    return items;
}

Items::Items(Heap &heap, const Value &value)
{
    switch (value.kind) {
    case Kind::List:
    case Kind::Tuple:
    case Kind::Range:
    case Kind::View:
        m_items = value.sequence->items;
        return;
    case Kind::Generator:
        m_items = std::span<const Value>(value.sequence->items).subspan(value.sequence->next);
        value.sequence->next = value.sequence->items.size();
        return;
    case Kind::Dict:
        heap.charge(value.dict->entries.size() * sizeof(Value));
        m_own = entriesOf(heap, *value.dict, ViewOf::Keys);
        break;
    case Kind::String: {
        const std::string_view text = value.text();
        heap.charge(value.string->length * sizeof(Value));
        m_own.reserve(value.string->length);
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t begin = at;
            nextCodePoint(text, at);
            m_own.push_back(heap.string(text.substr(begin, at - begin)));
        }
        break;
    }
    case Kind::Undefined:
        break;
    default:
        raise(std::string("'") + typeName(value) + "' object is not iterable");
    }
    m_items = m_own;
}

std::vector<Value> Items::copy(Heap &heap) const
{
    heap.charge(m_items.size() * sizeof(Value));
    heap.work(m_items.size() * sizeof(Value));
    return {m_items.begin(), m_items.end()};
}

bool isIterable(const Value &value)
{
    switch (value.kind) {
    case Kind::Undefined:
    case Kind::String:
    case Kind::List:
    case Kind::Tuple:
    case Kind::Range:
    case Kind::Dict:
    case Kind::View:
    case Kind::Generator:
        return true;
    default:
        return false;
    }
}

std::optional<std::size_t> lengthOf(const Value &value)
{
    switch (value.kind) {
    case Kind::Undefined:
        return 0;
    case Kind::String:
        return value.string->length;
    case Kind::List:
    case Kind::Tuple:
    case Kind::Range:
    case Kind::View:
        return value.sequence->items.size();
    case Kind::Dict:
        return value.dict->entries.size();
    default:
        return std::nullopt;
    }
}

} // namespace alcove::llm::jinja
