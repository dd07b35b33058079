#include "core/llm/jinja/arguments.h"

#include <algorithm>

namespace alcove::llm::jinja {

Signature::Signature(const char *function, const Arguments &arguments,
                     std::initializer_list<const char *> parameters, std::size_t required)
    : m_function(function)
{
    const std::string name = std::string(function) + "()";
    if (arguments.positional.size() > parameters.size()) {
        raise(name + " takes at most " + std::to_string(parameters.size()) + " arguments ("
              + std::to_string(arguments.positional.size()) + " given)");
    }
    for (std::size_t i = 0; i < arguments.positional.size(); ++i)
        m_values[i] = &arguments.positional[i];
    for (const auto &[keyword, value] : arguments.keyword) {
        const auto *found =
            std::find_if(parameters.begin(), parameters.end(),
                         [&k = keyword](const char *parameter) { return k == parameter; });
        if (found == parameters.end()) {
            raise(name + " got an unexpected keyword argument '"
                  + std::string(keyword.substr(0, 80)) + "'");
        }
        const auto index = static_cast<std::size_t>(found - parameters.begin());
        if (m_values[index])
            raise(name + " got multiple values for argument '" + std::string(keyword) + "'");
        m_values[index] = &value;
    }
    for (std::size_t i = 0; i < required; ++i) {
        if (!m_values[i])
            raise(name + " missing required argument: '" + *(parameters.begin() + i) + "'");
    }
}

Value Signature::value(std::size_t parameter, const Value &fallback) const
{
    return m_values[parameter] ? *m_values[parameter] : fallback;
}

std::int64_t Signature::integer(std::size_t parameter, std::int64_t fallback) const
{
    const Value *value = m_values[parameter];
    if (!value)
        return fallback;
    requireDefined(*value);
    if (!value->isIntegral()) {
        raise(std::string(m_function) + "(): '" + typeName(*value)
              + "' object cannot be interpreted as an integer");
    }
    return value->asInteger();
}

const String *Signature::string(std::size_t parameter) const
{
    const Value *value = m_values[parameter];
    if (!value || value->is(Kind::None))
        return nullptr;
    requireDefined(*value);
    if (!value->is(Kind::String))
        raise(std::string(m_function) + "() argument must be str, not " + typeName(*value));
    return value->string;
}

bool Signature::truth(std::size_t parameter, bool fallback) const
{
    return m_values[parameter] ? truthy(*m_values[parameter]) : fallback;
}

} // namespace alcove::llm::jinja
