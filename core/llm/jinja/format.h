// Python's two ways of formatting: "%05.1f" % x, and "{:>8}".format(x).
//
// Any thread, per Heap. Failure for malformed formats and values that do not fit them.
// Sources: the Python documentation, "printf-style String Formatting" and "Format String Syntax".
#pragma once

#include "core/llm/jinja/value.h"

namespace alcove::llm::jinja {

Value formatPercent(Heap &heap, const String &format, const Value &arguments);
Value formatBraces(Heap &heap, const String &format, const Arguments &arguments);

// One replacement's look.
struct FormatSpec {
    std::string fill = " ";
    char align = 0; // < > ^ =, or 0 for the type's own
    char sign = '-';
    bool alternate = false;
    bool zero = false;
    std::int64_t width = 0;
    char grouping = 0; // , or _
    std::int64_t precision = -1;
    char type = 0;
};

// format(value, spec)
std::string formatValue(Heap &heap, const Value &value, const FormatSpec &spec);

} // namespace alcove::llm::jinja
