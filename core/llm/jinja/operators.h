// Operators of the template language on values, with Python's meaning.
//
// Any thread, per Heap. Failure, worded as Python's exceptions, for operands that do not fit,
// division by zero, and integers beyond 64 bits.
#pragma once

#include "core/llm/jinja/ast.h"

namespace alcove::llm::jinja {

Value arithmetic(Heap &heap, Operator op, const Value &a, const Value &b);
bool compare(Heap &heap, Operator op, const Value &a, const Value &b);
bool contains(Heap &heap, const Value &container, const Value &item);
Value negative(const Value &value);
Value positive(const Value &value);

} // namespace alcove::llm::jinja
