// str() and repr() of values, and numbers as Python writes them.
//
// Any thread, per Heap. Failure when the text grows beyond the heap's bounds.
#pragma once

#include "core/llm/jinja/value.h"

namespace alcove::llm::jinja {

// str(value); empty for undefined.
std::string textOf(Heap &heap, const Value &value);
std::string reprOf(Heap &heap, const Value &value);
void appendRepr(Heap &heap, const Value &value, std::string &out);
// The text of a string value, str() of any other.
Value toString(Heap &heap, const Value &value);

// repr(float): the shortest digits that read back the same; never depends on the locale.
std::string floatText(double value);

} // namespace alcove::llm::jinja
