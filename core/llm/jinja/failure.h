// Failure: what the interpreter throws inside itself. ChatTemplate catches every one and turns it
// into a TemplateFailed error, so none leaves the library.
#pragma once

#include <cstdint>
#include <string>

namespace alcove::llm::jinja {

struct Failure {
    std::string reason;
    std::uint32_t line = 0; // 0: the line the evaluator is at
};

[[noreturn]] inline void raise(std::string reason, std::uint32_t line = 0)
{
    throw Failure{std::move(reason), line};
}

} // namespace alcove::llm::jinja
