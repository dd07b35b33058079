// Attributes, items, slices and iteration of values, as Jinja's immutable sandbox allows them.
//
// Any thread, per Heap. What does not exist is undefined, not a Failure; using an undefined value's
// attributes, or walking what cannot be walked, is a Failure.
#pragma once

#include "core/llm/jinja/value.h"

#include <optional>
#include <span>

namespace alcove::llm::jinja {

// value.name: Python's attributes first, then the items of a dict.
Value getAttribute(Heap &heap, const Value &value, std::string_view name);
// value[key]: items first, then attributes.
Value getItem(Heap &heap, const Value &value, const Value &key);
// value[start:stop:step]; none() for a part that is left out.
Value getSlice(Heap &heap, const Value &value, const Value &start, const Value &stop,
               const Value &step);

// The items of what a for loop can walk. A generator is used up. The span lives as long as this.
class Items
{
public:
    Items(Heap &heap, const Value &value);
    Items(const Items &) = delete;
    Items &operator=(const Items &) = delete;

    std::span<const Value> all() const { return m_items; }
    std::size_t size() const { return m_items.size(); }
    const Value *begin() const { return m_items.data(); }
    const Value *end() const { return m_items.data() + m_items.size(); }
    std::vector<Value> copy(Heap &heap) const;

private:
    std::vector<Value> m_own;
    std::span<const Value> m_items;
};

bool isIterable(const Value &value);
// len(value), where it has one.
std::optional<std::size_t> lengthOf(const Value &value);
// The dict's keys, values or (key, value) tuples.
std::vector<Value> entriesOf(Heap &heap, const Dict &dict, ViewOf view);

} // namespace alcove::llm::jinja
