// Methods of strings, dicts, lists and numbers, as attributes that can be called.
//
// Any thread, per Heap. The sandbox is immutable: what would change a list or a dict is not
// offered. Meaning: the Python documentation, "Built-in Types".
#pragma once

#include "core/llm/jinja/value.h"

#include <optional>

namespace alcove::llm::jinja {

struct Method {
    std::string_view name;
    Value (*run)(Heap &heap, const Value &self, const Arguments &arguments);
};

// The method bound to `self`, or nullopt when its type has none of that name.
std::optional<Value> methodOf(Heap &heap, const Value &self, std::string_view name);
// Python has this method, and it would change `self`.
bool modifies(const Value &self, std::string_view name);

const Method *findStringMethod(std::string_view name); // string_methods.cpp

} // namespace alcove::llm::jinja
