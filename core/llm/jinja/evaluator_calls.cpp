// Calls: macros, `loop`, and whatever else can be called.
#include "core/llm/jinja/access.h"
#include "core/llm/jinja/arguments.h"
#include "core/llm/jinja/evaluator_objects.h"
#include "core/llm/jinja/globals.h"

#include <algorithm>

namespace alcove::llm::jinja {

Arguments Evaluator::evaluate(const CallArguments &arguments, Scope &scope)
{
    Arguments out;
    out.positional.reserve(arguments.positional.size());
    for (const ExprPtr &argument : arguments.positional)
        out.positional.push_back(evaluate(*argument, scope));
    if (arguments.rest) {
        const Value rest = evaluate(*arguments.rest, scope);
        const std::vector<Value> more = Items(m_heap, rest).copy(m_heap);
        out.positional.insert(out.positional.end(), more.begin(), more.end());
    }
    for (const auto &[name, argument] : arguments.keyword)
        out.keyword.emplace_back(name, evaluate(*argument, scope));
    if (arguments.restKeyword) {
        const Value rest = evaluate(*arguments.restKeyword, scope);
        requireDefined(rest);
        if (!rest.is(Kind::Dict))
            raise(std::string("argument after ** must be a mapping, not ") + typeName(rest));
        for (const auto &[key, value] : rest.dict->entries) {
            if (!key.is(Kind::String))
                raise("keywords must be strings");
            const auto same = [&k = key.text()](const auto &a) { return a.first == k; };
            m_heap.work(out.keyword.size() * 8);
            if (std::any_of(out.keyword.begin(), out.keyword.end(), same))
                raise("got multiple values for keyword argument '" + key.text().substr(0, 80)
                      + "'");
            m_heap.charge(sizeof(Value) + sizeof(std::string_view));
            out.keyword.emplace_back(key.text(), value);
        }
    }
    return out;
}

Value Evaluator::call(const Value &callee, const Arguments &arguments, std::uint32_t line)
{
    requireDefined(callee);
    if (!callee.is(Kind::Callable))
        raise(std::string("'") + typeName(callee) + "' object is not callable");
    const Value result = callee.callable->call(m_heap, arguments);
    m_line = line; // a macro leaves the line of its last statement
    return result;
}

Value Evaluator::makeMacro(const MacroStatement &declaration, Scope &scope)
{
    capture(scope);
    auto macro = std::make_unique<Macro>();
    macro->evaluator = this;
    macro->declaration = &declaration;
    macro->scope = &scope;
    Value v;
    v.kind = Kind::Callable;
    v.callable = m_heap.adopt(std::move(macro));
    return v;
}

Value Evaluator::callMacro(const MacroStatement &declaration, Scope &around,
                           const Arguments &arguments)
{
    const auto &parameters = declaration.parameters;
    const std::string name =
        declaration.spelling.empty() ? "caller" : "macro '" + declaration.spelling + "'";
    auto keyword = arguments.keyword;
    const auto take = [&](std::string_view wanted) -> std::optional<Value> {
        m_heap.work(keyword.size() * sizeof(std::string_view));
        const auto found = std::find_if(keyword.begin(), keyword.end(),
                                        [&](const auto &k) { return k.first == wanted; });
        if (found == keyword.end())
            return std::nullopt;
        const Value value = found->second;
        keyword.erase(found);
        return value;
    };
    ScopeHolder holder(*this, &around);
    Scope &scope = *holder;
    std::vector<const Parameter *> missing;
    bool hasCaller = false;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        hasCaller = hasCaller || parameters[i].spelling == "caller";
        if (i < arguments.positional.size()) {
            scope.set(parameters[i].name, arguments.positional[i]);
        } else if (const auto value = take(parameters[i].spelling)) {
            scope.set(parameters[i].name, *value);
        } else {
            missing.push_back(&parameters[i]);
        }
    }
    if (declaration.usesCaller && !hasCaller) {
        const auto caller = take("caller");
        scope.set(m_callerName, caller ? *caller : m_heap.missing("No caller defined"));
    }
    if (declaration.usesKwargs) {
        auto rest = std::make_unique<Dict>();
        for (const auto &[key, value] : keyword)
            rest->set(m_heap, m_heap.string(key), value);
        scope.set(m_kwargsName, m_heap.dict(std::move(rest)));
    } else if (!keyword.empty()) {
        raise(name + " takes no keyword argument '"
              + std::string(keyword.front().first.substr(0, 80)) + "'");
    }
    const std::size_t used = std::min(parameters.size(), arguments.positional.size());
    if (declaration.usesVarargs) {
        scope.set(m_varargsName,
                  m_heap.tuple({arguments.positional.begin() + static_cast<std::ptrdiff_t>(used),
                                arguments.positional.end()}));
    } else if (arguments.positional.size() > parameters.size()) {
        raise(name + " takes not more than " + std::to_string(parameters.size()) + " argument(s)");
    }
    for (const Parameter *parameter : missing) {
        scope.set(parameter->name,
                  parameter->fallback
                      ? evaluate(*parameter->fallback, scope)
                      : m_heap.missing("parameter '" + parameter->spelling + "' was not provided"));
    }
    std::string text;
    runBlock(declaration.body, scope, text);
    return m_heap.string(std::move(text));
}

void Evaluator::runCallBlock(const CallBlockStatement &statement, Scope &scope, std::string &out)
{
    const PostfixExpr &expr = *statement.call;
    const Postfix &last = expr.steps.back();
    // What is called: the expression without its last step.
    Value callee = evaluate(*expr.base, scope);
    for (std::size_t i = 0; i + 1 < expr.steps.size(); ++i)
        callee = postfixStep(expr.steps[i], callee, scope);
    Arguments arguments = evaluate(last.arguments, scope);
    arguments.keyword.emplace_back("caller", makeMacro(*statement.caller, scope));
    print(out, call(callee, arguments, last.line));
}

Value Macro::call(Heap &, const Arguments &arguments)
{
    return evaluator->callMacro(*declaration, *scope, arguments);
}

std::string Macro::describe() const
{
    return declaration->spelling.empty() ? "<Macro anonymous>"
                                         : "<Macro '" + declaration->spelling + "'>";
}

Value Macro::attribute(Heap &heap, std::string_view name)
{
    if (name == "name")
        return declaration->spelling.empty() ? none() : heap.string(declaration->spelling);
    if (name == "arguments") {
        std::vector<Value> names;
        for (const Parameter &parameter : declaration->parameters)
            names.push_back(heap.string(parameter.spelling));
        return heap.tuple(std::move(names));
    }
    if (name == "catch_kwargs")
        return boolean(declaration->usesKwargs);
    if (name == "catch_varargs")
        return boolean(declaration->usesVarargs);
    if (name == "caller")
        return boolean(declaration->usesCaller);
    return undefined();
}

Value Loop::call(Heap &heap, const Arguments &arguments)
{
    const Signature given("loop", arguments, {"iterable"}, 1);
    if (!statement->recursive)
        raise("The loop must have the 'recursive' marker to be called recursively.");
    std::string text;
    evaluator->runFor(*statement, *scope, *given[0], depth + 1, text);
    return heap.string(std::move(text));
}

std::string Loop::describe() const
{
    return "<LoopContext " + std::to_string(index + 1) + "/" + std::to_string(items.size()) + ">";
}

Value Loop::attribute(Heap &heap, std::string_view name)
{
    if (name == "index")
        return integer(index + 1);
    if (name == "index0")
        return integer(index);
    if (name == "revindex")
        return integer(items.size() - index);
    if (name == "revindex0")
        return integer(items.size() - index - 1);
    if (name == "first")
        return boolean(index == 0);
    if (name == "last")
        return boolean(index + 1 == items.size());
    if (name == "length")
        return integer(items.size());
    if (name == "depth")
        return integer(depth + 1);
    if (name == "depth0")
        return integer(depth);
    if (name == "previtem")
        return index > 0 ? items[index - 1] : heap.missing("there is no previous item");
    if (name == "nextitem")
        return index + 1 < items.size() ? items[index + 1] : heap.missing("there is no next item");
    if (name != "cycle" && name != "changed")
        return undefined();
    auto method = std::make_unique<LoopMethod>();
    method->loop = this;
    method->which = name == "cycle" ? LoopMethod::Which::Cycle : LoopMethod::Which::Changed;
    Value v;
    v.kind = Kind::Callable;
    v.callable = heap.adopt(std::move(method));
    return v;
}

Value LoopMethod::call(Heap &heap, const Arguments &arguments)
{
    if (which == Which::Cycle)
        return cycleThrough(arguments, loop->index);
    if (!arguments.keyword.empty())
        raise("changed() takes no keyword arguments");
    const Value now = heap.tuple(arguments.positional);
    const bool changed = !loop->hasSeen || !equal(heap, loop->seen, now);
    loop->hasSeen = true;
    loop->seen = now;
    return boolean(changed);
}

} // namespace alcove::llm::jinja
