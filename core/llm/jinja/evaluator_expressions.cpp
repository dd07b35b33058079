// Expressions.
#include "core/llm/jinja/access.h"
#include "core/llm/jinja/evaluator.h"
#include "core/llm/jinja/filters.h"
#include "core/llm/jinja/operators.h"
#include "core/llm/jinja/repr.h"
#include "core/llm/jinja/tests.h"

namespace alcove::llm::jinja {

Value Evaluator::evaluate(const Expr &expr, Scope &scope)
{
    m_heap.step();
    if (expr.kind == ExprKind::Constant)
        return static_cast<const ConstantExpr &>(expr).value;
    if (expr.kind == ExprKind::Name)
        return lookUp(static_cast<const NameExpr &>(expr).name, scope);
    DepthGuard guard(m_heap);
    return evaluateNested(expr, scope);
}

Value Evaluator::evaluateNested(const Expr &expr, Scope &scope)
{
    const auto item = [&]() -> const Expr & {
        return *static_cast<const ItemsExpr &>(expr).items.front();
    };
    switch (expr.kind) {
    case ExprKind::Constant:
    case ExprKind::Name:
        break; // evaluate() has them
    case ExprKind::Concat:
        return concat(static_cast<const ItemsExpr &>(expr), scope);
    case ExprKind::Arithmetic:
    case ExprKind::Compare:
        return chain(static_cast<const ChainExpr &>(expr), scope);
    case ExprKind::And:
    case ExprKind::Or: {
        const bool stopsAt = expr.kind == ExprKind::Or;
        Value value;
        for (const ExprPtr &operand : static_cast<const ItemsExpr &>(expr).items) {
            value = evaluate(*operand, scope);
            if (truthy(value) == stopsAt)
                break;
        }
        return value;
    }
    case ExprKind::Not:
        return boolean(!truthy(evaluate(item(), scope)));
    case ExprKind::Negative: {
        const Value value = evaluate(item(), scope);
        m_line = expr.line;
        return negative(value);
    }
    case ExprKind::Positive: {
        const Value value = evaluate(item(), scope);
        m_line = expr.line;
        return positive(value);
    }
    case ExprKind::Conditional:
        return conditional(static_cast<const ConditionalExpr &>(expr), scope);
    case ExprKind::List:
    case ExprKind::Tuple:
        return items(static_cast<const ItemsExpr &>(expr), scope);
    case ExprKind::Dict:
        return dict(static_cast<const ItemsExpr &>(expr), scope);
    case ExprKind::Postfix: {
        const auto &steps = static_cast<const PostfixExpr &>(expr);
        return postfix(steps, evaluate(*steps.base, scope), scope);
    }
    }
    return none();
}

Value Evaluator::lookUp(NameId name, const Scope &scope)
{
    for (const Scope *s = &scope; s; s = s->parent) {
        m_heap.work(s->variables.size() * sizeof(Value));
        if (const Value *found = s->find(name))
            return *found;
    }
    const Value &given = m_variables[name];
    if (given.is(Kind::Undefined) && !given.missing)
        return m_heap.missing("'" + m_template.names[name] + "' is undefined");
    return given;
}

Value Evaluator::chain(const ChainExpr &expr, Scope &scope)
{
    Value left = evaluate(*expr.first, scope);
    for (const ChainExpr::Link &link : expr.links) {
        const Value right = evaluate(*link.operand, scope);
        m_line = expr.line;
        m_heap.step();
        if (expr.kind == ExprKind::Arithmetic) {
            left = arithmetic(m_heap, link.op, left, right);
            continue;
        }
        if (!compare(m_heap, link.op, left, right))
            return boolean(false);
        left = right;
    }
    return expr.kind == ExprKind::Arithmetic ? left : boolean(true);
}

Value Evaluator::conditional(const ConditionalExpr &expr, Scope &scope)
{
    for (const auto &branch : expr.branches) {
        if (truthy(evaluate(*branch.condition, scope)))
            return evaluate(*branch.value, scope);
    }
    if (expr.otherwise)
        return evaluate(*expr.otherwise, scope);
    return m_heap.missing("the inline if-expression on line " + std::to_string(expr.line)
                          + " evaluated to false and no else section was defined.");
}

Value Evaluator::concat(const ItemsExpr &expr, Scope &scope)
{
    std::string out;
    for (const ExprPtr &part : expr.items) {
        const Value value = evaluate(*part, scope);
        if (value.is(Kind::String)) {
            m_heap.charge(value.text().size());
            m_heap.work(value.text().size());
            out += value.text();
        } else {
            out += textOf(m_heap, value);
        }
    }
    return m_heap.string(std::move(out));
}

Value Evaluator::items(const ItemsExpr &expr, Scope &scope)
{
    std::vector<Value> values;
    values.reserve(expr.items.size());
    for (const ExprPtr &item : expr.items)
        values.push_back(evaluate(*item, scope));
    return m_heap.sequence(expr.kind == ExprKind::List ? Kind::List : Kind::Tuple,
                           std::move(values));
}

Value Evaluator::dict(const ItemsExpr &expr, Scope &scope)
{
    auto out = std::make_unique<Dict>();
    for (std::size_t i = 0; i + 1 < expr.items.size(); i += 2) {
        const Value key = evaluate(*expr.items[i], scope);
        const Value value = evaluate(*expr.items[i + 1], scope);
        out->set(m_heap, key, value);
    }
    return m_heap.dict(std::move(out));
}

Value Evaluator::postfix(const PostfixExpr &expr, Value value, Scope &scope)
{
    for (const Postfix &step : expr.steps) {
        m_heap.step();
        value = postfixStep(step, value, scope);
    }
    return value;
}

Value Evaluator::postfixStep(const Postfix &step, const Value &value, Scope &scope)
{
    switch (step.kind) {
    case PostfixKind::Attribute:
        m_line = step.line;
        return getAttribute(m_heap, value, step.name);
    case PostfixKind::Item: {
        const Value key = evaluate(*step.item, scope);
        m_line = step.line;
        return getItem(m_heap, value, key);
    }
    case PostfixKind::Slice: {
        const Value start = step.item ? evaluate(*step.item, scope) : none();
        const Value stop = step.stop ? evaluate(*step.stop, scope) : none();
        const Value stride = step.step ? evaluate(*step.step, scope) : none();
        m_line = step.line;
        return getSlice(m_heap, value, start, stop, stride);
    }
    case PostfixKind::Call: {
        const Arguments arguments = evaluate(step.arguments, scope);
        m_line = step.line;
        return call(value, arguments, step.line);
    }
    case PostfixKind::Filter: {
        const Arguments arguments = evaluate(step.arguments, scope);
        m_line = step.line;
        return applyFilter(m_heap, step.name, value, arguments);
    }
    case PostfixKind::Test:
    case PostfixKind::NotTest: {
        const Arguments arguments = evaluate(step.arguments, scope);
        m_line = step.line;
        const bool passes = applyTest(m_heap, step.name, value, arguments);
        return boolean(passes == (step.kind == PostfixKind::Test));
    }
    }
    return none();
}

} // namespace alcove::llm::jinja
