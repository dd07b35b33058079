// Tests: what follows an `is`.
//
// Any thread, per Heap. Failure for arguments that do not fit.
// Meaning: the Jinja documentation, "List of Builtin Tests".
#pragma once

#include "core/llm/jinja/value.h"

namespace alcove::llm::jinja {

bool isTest(std::string_view name);
// Failure when there is no such test.
bool applyTest(Heap &heap, std::string_view name, const Value &value, const Arguments &arguments);

} // namespace alcove::llm::jinja
