// The functions every template can call: range, dict, namespace, cycler, joiner, raise_exception
// and strftime_now.
//
// Any thread, per Heap.
#pragma once

#include "core/llm/jinja/date_text.h"
#include "core/llm/jinja/value.h"

#include <optional>

namespace alcove::llm::jinja {

// The global of that name, or undefined(). `now`: what strftime_now tells instead of the clock.
Value globalNamed(Heap &heap, std::string_view name, const std::optional<DateTime> &now);

// cycle(values...) of `loop`.
Value cycleThrough(const Arguments &arguments, std::size_t index);

} // namespace alcove::llm::jinja
