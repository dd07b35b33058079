// The callables that belong to an evaluator: macros and `loop`. They are valid during its run.
#pragma once

#include "core/llm/jinja/evaluator.h"

#include <span>

namespace alcove::llm::jinja {

struct Macro : Callable {
    Evaluator *evaluator = nullptr;
    const MacroStatement *declaration = nullptr;
    Scope *scope = nullptr; // where it was declared

    Value call(Heap &heap, const Arguments &arguments) override;
    std::string describe() const override;
    const char *typeName() const override { return "Macro"; }
    Value attribute(Heap &heap, std::string_view name) override;
};

struct Loop : Callable {
    Evaluator *evaluator = nullptr;
    const ForStatement *statement = nullptr;
    Scope *scope = nullptr; // around the loop
    std::span<const Value> items;
    std::size_t index = 0;
    std::size_t depth = 0;
    bool hasSeen = false;
    Value seen; // by changed()

    Value call(Heap &heap, const Arguments &arguments) override; // of a recursive loop
    std::string describe() const override;
    const char *typeName() const override { return "LoopContext"; }
    bool takesCalls() const override { return true; }
    Value attribute(Heap &heap, std::string_view name) override;
};

// loop.cycle and loop.changed
struct LoopMethod : Callable {
    enum class Which { Cycle, Changed };
    Loop *loop = nullptr;
    Which which = Which::Cycle;

    Value call(Heap &heap, const Arguments &arguments) override;
    std::string describe() const override { return "<bound method of LoopContext>"; }
    const char *typeName() const override { return "method"; }
};

} // namespace alcove::llm::jinja
