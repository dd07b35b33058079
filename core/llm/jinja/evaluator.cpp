#include "core/llm/jinja/evaluator.h"

#include "core/llm/jinja/access.h"
#include "core/llm/jinja/evaluator_objects.h"
#include "core/llm/jinja/repr.h"

#include <algorithm>

namespace alcove::llm::jinja {

const Value *Scope::find(NameId name) const
{
    for (const auto &[id, value] : variables) {
        if (id == name)
            return &value;
    }
    return nullptr;
}

void Scope::set(NameId name, const Value &value)
{
    for (auto &[id, old] : variables) {
        if (id == name) {
            old = value;
            return;
        }
    }
    variables.emplace_back(name, value);
}

Evaluator::Evaluator(const Template &source, Heap &heap, std::vector<Value> variables,
                     std::size_t outputBytes)
    : m_template(source), m_heap(heap), m_variables(std::move(variables)),
      m_outputBytes(outputBytes)
{
    m_variables.resize(source.names.size(), undefined());
    const auto idOf = [&source](std::string_view name) {
        const auto found = std::find(source.names.begin(), source.names.end(), name);
        return found == source.names.end() ? kNoName
                                           : static_cast<NameId>(found - source.names.begin());
    };
    m_loopName = idOf("loop");
    m_callerName = idOf("caller");
    m_kwargsName = idOf("kwargs");
    m_varargsName = idOf("varargs");
}

std::string Evaluator::run()
{
    std::string out;
    ScopeHolder root(*this, nullptr);
    runBlock(m_template.body, *root, out);
    return out;
}

Scope *Evaluator::openScope(Scope *parent)
{
    Scope *scope = nullptr;
    if (m_freeScopes.empty()) {
        m_heap.charge(sizeof(Scope));
        scope = &m_scopes.emplace_back();
    } else {
        scope = m_freeScopes.back();
        m_freeScopes.pop_back();
    }
    scope->parent = parent;
    return scope;
}

void Evaluator::closeScope(Scope *scope)
{
    if (scope->captured)
        return;
    scope->variables.clear();
    m_freeScopes.push_back(scope);
}

void Evaluator::capture(Scope &scope)
{
    for (Scope *s = &scope; s && !s->captured; s = s->parent)
        s->captured = true;
}

void Evaluator::ScopeHolder::renew()
{
    if (!m_scope->captured) {
        m_scope->variables.clear();
        return;
    }
    m_scope = m_evaluator.openScope(m_scope->parent);
}

void Evaluator::write(std::string &out, std::string_view text)
{
    if (text.size() > m_outputBytes || out.size() > m_outputBytes - text.size())
        raise("the text is longer than is allowed");
    m_heap.charge(text.size());
    m_heap.work(text.size());
    out += text;
}

void Evaluator::print(std::string &out, const Value &value)
{
    if (value.is(Kind::String))
        write(out, value.text());
    else
        write(out, textOf(m_heap, value));
}

Evaluator::Flow Evaluator::runBlock(const Block &block, Scope &scope, std::string &out)
{
    DepthGuard guard(m_heap);
    for (const auto &statement : block) {
        m_heap.step();
        if (statement->kind == StatementKind::Text) {
            write(out, static_cast<const TextStatement &>(*statement).text);
            continue;
        }
        m_line = statement->line;
        const Flow flow = runStatement(*statement, scope, out);
        if (flow != Flow::Next)
            return flow;
    }
    return Flow::Next;
}

Evaluator::Flow Evaluator::runStatement(const Statement &statement, Scope &scope, std::string &out)
{
    switch (statement.kind) {
    case StatementKind::Text:
        return Flow::Next; // runBlock writes it
    case StatementKind::Print:
        print(out, evaluate(*static_cast<const PrintStatement &>(statement).value, scope));
        return Flow::Next;
    case StatementKind::If:
        return runIf(static_cast<const IfStatement &>(statement), scope, out);
    case StatementKind::For: {
        const auto &loop = static_cast<const ForStatement &>(statement);
        return runFor(loop, scope, evaluate(*loop.iterable, scope), 0, out);
    }
    case StatementKind::Set: {
        const auto &set = static_cast<const SetStatement &>(statement);
        assign(set.target, evaluate(*set.value, scope), scope);
        return Flow::Next;
    }
    case StatementKind::SetBlock:
        return runSetBlock(static_cast<const SetStatement &>(statement), scope);
    case StatementKind::Macro: {
        const auto &macro = static_cast<const MacroStatement &>(statement);
        scope.set(macro.name, makeMacro(macro, scope));
        return Flow::Next;
    }
    case StatementKind::CallBlock:
        runCallBlock(static_cast<const CallBlockStatement &>(statement), scope, out);
        return Flow::Next;
    case StatementKind::FilterBlock:
    case StatementKind::With:
    case StatementKind::Scope:
        return runScoped(static_cast<const ScopeStatement &>(statement), scope, out);
    case StatementKind::Break:
        return Flow::Break;
    case StatementKind::Continue:
        return Flow::Continue;
    }
    return Flow::Next;
}

Evaluator::Flow Evaluator::runIf(const IfStatement &statement, Scope &scope, std::string &out)
{
    for (const auto &branch : statement.branches) {
        if (!branch.condition || truthy(evaluate(*branch.condition, scope)))
            return runBlock(branch.body, scope, out);
    }
    return Flow::Next;
}

Evaluator::Flow Evaluator::runFor(const ForStatement &statement, Scope &scope,
                                  const Value &iterable, std::size_t depth, std::string &out)
{
    const Items all(m_heap, iterable);
    std::span<const Value> items = all.all();
    ScopeHolder turn(*this, &scope);

    const auto passes = [&](const Value &item) {
        turn.renew();
        assign(statement.target, item, *turn);
        return truthy(evaluate(*statement.filter, *turn));
    };
    std::vector<Value> filtered;
    // `loop` knows how many turns there will be; without it the filter may see what the body set.
    const bool filterFirst = statement.filter && (statement.usesLoop || statement.recursive);
    if (filterFirst) {
        for (const Value &item : items) {
            m_heap.step();
            if (passes(item)) {
                m_heap.charge(sizeof(Value));
                filtered.push_back(item);
            }
        }
        items = filtered;
    }
    Loop *loop = nullptr;
    Value loopValue;
    if (statement.usesLoop || statement.recursive) {
        // The loop's value may be kept beyond the loop, so what it refers to must be the heap's.
        if (filterFirst || !(iterable.isSequence() || iterable.is(Kind::Generator)))
            items = m_heap.list({items.begin(), items.end()}).sequence->items;
        if (statement.recursive)
            capture(scope);
        auto object = std::make_unique<Loop>();
        object->evaluator = this;
        object->statement = &statement;
        object->scope = &scope;
        object->items = items;
        object->depth = depth;
        loop = m_heap.adopt(std::move(object));
        loopValue.kind = Kind::Callable;
        loopValue.callable = loop;
    }
    bool any = false;
    for (std::size_t i = 0; i < items.size(); ++i) {
        m_heap.step();
        if (statement.filter && !filterFirst && !passes(items[i]))
            continue;
        any = true;
        turn.renew();
        if (loop) {
            loop->index = i;
            if (m_loopName != kNoName)
                (*turn).set(m_loopName, loopValue);
        }
        assign(statement.target, items[i], *turn);
        const Flow flow = runBlock(statement.body, *turn, out);
        if (flow == Flow::Break)
            break;
    }
    if (any || statement.otherwise.empty())
        return Flow::Next;
    ScopeHolder otherwise(*this, &scope);
    return runBlock(statement.otherwise, *otherwise, out);
}

Evaluator::Flow Evaluator::runScoped(const ScopeStatement &statement, Scope &scope,
                                     std::string &out)
{
    ScopeHolder inner(*this, &scope);
    if (statement.kind == StatementKind::FilterBlock) {
        std::string text;
        const Flow flow = runBlock(statement.body, *inner, text);
        if (flow == Flow::Next)
            print(out, postfix(*statement.filter, m_heap.string(std::move(text)), *inner));
        return flow;
    }
    for (std::size_t i = 0; i < statement.targets.size(); ++i)
        assign(statement.targets[i], evaluate(*statement.values[i], scope), *inner);
    return runBlock(statement.body, *inner, out);
}

Evaluator::Flow Evaluator::runSetBlock(const SetStatement &statement, Scope &scope)
{
    ScopeHolder inner(*this, &scope);
    std::string text;
    const Flow flow = runBlock(statement.body, *inner, text);
    if (flow != Flow::Next)
        return flow;
    Value value = m_heap.string(std::move(text));
    if (statement.filter)
        value = postfix(*statement.filter, value, *inner);
    assign(statement.target, value, scope);
    return Flow::Next;
}

void Evaluator::assign(const Target &target, const Value &value, Scope &scope)
{
    switch (target.kind) {
    case Target::Kind::Name:
        m_heap.work(scope.variables.size() * sizeof(Value));
        scope.set(target.name, value);
        m_heap.charge(sizeof(Value));
        return;
    case Target::Kind::Attribute: {
        const Value owner = lookUp(target.name, scope);
        if (!owner.is(Kind::Namespace))
            raise("cannot assign attribute on non-namespace object");
        owner.space->set(m_heap, target.attribute, value);
        return;
    }
    case Target::Kind::Several: {
        const Items parts(m_heap, value);
        if (parts.size() < target.parts.size()) {
            raise("not enough values to unpack (expected " + std::to_string(target.parts.size())
                  + ", got " + std::to_string(parts.size()) + ")");
        }
        if (parts.size() > target.parts.size()) {
            raise("too many values to unpack (expected " + std::to_string(target.parts.size())
                  + ")");
        }
        for (std::size_t i = 0; i < target.parts.size(); ++i)
            assign(target.parts[i], parts.all()[i], scope);
        return;
    }
    }
}

} // namespace alcove::llm::jinja
