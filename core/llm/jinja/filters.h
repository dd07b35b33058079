// Filters: what follows a `|`.
//
// Any thread, per Heap. Failure for arguments that do not fit. All of Jinja's but random: the same
// template gives the same prompt.
// Meaning: the Jinja documentation, "List of Builtin Filters"; tojson as `transformers` defines it.
#pragma once

#include "core/llm/jinja/value.h"

#include <span>

namespace alcove::llm::jinja {

using FilterFunction = Value (*)(Heap &heap, const Value &value, const Arguments &arguments);

struct Filter {
    std::string_view name;
    FilterFunction run;
};

bool isFilter(std::string_view name);
// Failure when there is no such filter.
Value applyFilter(Heap &heap, std::string_view name, const Value &value,
                  const Arguments &arguments);

// Parts of the table, by what they work on.
std::span<const Filter> textFilters(); // filters_text.cpp
std::span<const Filter> sequenceFilters(); // filters_sequence.cpp
std::span<const Filter> orderFilters(); // filters_order.cpp
std::span<const Filter> wrapFilters(); // filters_wrap.cpp
std::span<const Filter> prettyFilters(); // filters_pretty.cpp
std::span<const Filter> linkFilters(); // filters_links.cpp

// item.path, where the path is "a.b.0" or an index.
Value attributeAt(Heap &heap, Value item, const Value &path);

} // namespace alcove::llm::jinja
