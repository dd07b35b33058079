// Signature: binds the arguments of a call to parameter names, as Python does.
//
// Any thread. Failure for too many, unknown, repeated and missing arguments, and, from the readers,
// for arguments of the wrong type.
#pragma once

#include "core/llm/jinja/value.h"

#include <array>
#include <initializer_list>

namespace alcove::llm::jinja {

class Signature
{
public:
    // At most 8 parameters, of which the first `required` must be given.
    Signature(const char *function, const Arguments &arguments,
              std::initializer_list<const char *> parameters, std::size_t required = 0);

    const Value *operator[](std::size_t parameter) const { return m_values[parameter]; }
    bool has(std::size_t parameter) const { return m_values[parameter] != nullptr; }

    Value value(std::size_t parameter, const Value &fallback) const;
    std::int64_t integer(std::size_t parameter, std::int64_t fallback) const;
    // A string; none counts as not given.
    const String *string(std::size_t parameter) const;
    bool truth(std::size_t parameter, bool fallback) const;

private:
    const char *m_function;
    std::array<const Value *, 8> m_values{};
};

} // namespace alcove::llm::jinja
