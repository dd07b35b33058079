#include "core/llm/jinja/parser.h"

#include "core/llm/jinja/filters.h"
#include "core/llm/jinja/tests.h"

#include <algorithm>

namespace alcove::llm::jinja {

namespace {

constexpr std::size_t kNodeBytes = 128; // of an expression, its place in a list and its parents'

ExprPtr makeItems(ExprKind kind, std::uint32_t line, std::vector<ExprPtr> items)
{
    auto expr = std::make_unique<ItemsExpr>(kind, line);
    expr->items = std::move(items);
    return expr;
}

ExprPtr makeItem(ExprKind kind, std::uint32_t line, ExprPtr item)
{
    std::vector<ExprPtr> items;
    items.push_back(std::move(item));
    return makeItems(kind, line, std::move(items));
}

ExprPtr makeConstant(std::uint32_t line, const Value &value)
{
    auto expr = std::make_unique<ConstantExpr>(ExprKind::Constant, line);
    expr->value = value;
    return expr;
}

void addLink(ExprPtr &chain, ExprKind kind, Operator op, ExprPtr operand, bool isNew)
{
    if (isNew) {
        auto expr = std::make_unique<ChainExpr>(kind, chain->line);
        expr->first = std::move(chain);
        chain = std::move(expr);
    }
    static_cast<ChainExpr &>(*chain).links.push_back({op, std::move(operand)});
}

// The steps behind `base`, which becomes a Postfix when it is none yet, with room for one more.
std::vector<Postfix> &stepsOf(Heap &heap, ExprPtr &base)
{
    heap.charge(2 * sizeof(Postfix)); // the list may double
    if (base->kind != ExprKind::Postfix) {
        auto expr = std::make_unique<PostfixExpr>(ExprKind::Postfix, base->line);
        expr->base = std::move(base);
        base = std::move(expr);
    }
    return static_cast<PostfixExpr &>(*base).steps;
}

} // namespace

ExprPtr Parser::parseExpression(Conditional conditional)
{
    DepthGuard guard(m_heap);
    const std::size_t unknown = m_unknown.size();
    ExprPtr value = parseOr();
    if (conditional == Conditional::No || !isName("if"))
        return value;
    auto expr = std::make_unique<ConditionalExpr>(ExprKind::Conditional, m_token.line);
    while (skipName("if")) {
        if (!value) { // a condition without else is itself the value of the next condition
            value = std::move(expr);
            expr = std::make_unique<ConditionalExpr>(ExprKind::Conditional, m_token.line);
        }
        ConditionalExpr::Branch branch;
        branch.value = std::move(value);
        branch.condition = parseOr();
        expr->branches.push_back(std::move(branch));
        value = nullptr;
        if (skipName("else"))
            value = parseOr();
        else
            m_heap.step();
    }
    expr->otherwise = std::move(value);
    branchSince(unknown);
    return expr;
}

ExprPtr Parser::parseTuple(Conditional conditional, Names ends)
{
    const std::uint32_t line = m_token.line;
    const auto atEnd = [&] {
        return m_token.type == TokenType::VariableEnd || m_token.type == TokenType::BlockEnd
            || isOperator(")") || isAnyName(ends);
    };
    if (atEnd())
        unexpected("an expression");
    ExprPtr first = parseExpression(conditional);
    if (!isOperator(","))
        return first;
    std::vector<ExprPtr> items;
    items.push_back(std::move(first));
    while (skipOperator(",")) {
        if (atEnd())
            break;
        items.push_back(parseExpression(conditional));
    }
    return makeItems(ExprKind::Tuple, line, std::move(items));
}

ExprPtr Parser::parseOr()
{
    const std::uint32_t line = m_token.line;
    ExprPtr first = parseAnd();
    if (!isName("or"))
        return first;
    std::vector<ExprPtr> items;
    items.push_back(std::move(first));
    while (skipName("or"))
        items.push_back(parseAnd());
    return makeItems(ExprKind::Or, line, std::move(items));
}

ExprPtr Parser::parseAnd()
{
    const std::uint32_t line = m_token.line;
    ExprPtr first = parseNot();
    if (!isName("and"))
        return first;
    std::vector<ExprPtr> items;
    items.push_back(std::move(first));
    while (skipName("and"))
        items.push_back(parseNot());
    return makeItems(ExprKind::And, line, std::move(items));
}

ExprPtr Parser::parseNot()
{
    const std::uint32_t line = m_token.line;
    std::size_t count = 0;
    while (skipName("not"))
        ++count;
    ExprPtr expr = parseCompare();
    // Two negations are not nothing (they make a bool), but four are two.
    for (std::size_t i = 0; i < (count < 2 ? count : 2 + count % 2); ++i)
        expr = makeItem(ExprKind::Not, line, std::move(expr));
    return expr;
}

ExprPtr Parser::parseCompare()
{
    static constexpr std::pair<std::string_view, Operator> kComparisons[] = {
        {"==", Operator::Equal},     {"!=", Operator::NotEqual}, {"<", Operator::Less},
        {"<=", Operator::LessEqual}, {">", Operator::Greater},   {">=", Operator::GreaterEqual},
    };
    ExprPtr expr = parseSum();
    for (bool first = true;; first = false) {
        Operator op = Operator::In;
        if (m_token.type == TokenType::Operator) {
            const auto *found =
                std::find_if(std::begin(kComparisons), std::end(kComparisons),
                             [&](const auto &c) { return c.first == m_token.text; });
            if (found == std::end(kComparisons))
                return expr;
            op = found->second;
            advance();
        } else if (isName("in")) {
            advance();
        } else if (isName("not") && peek().type == TokenType::Name && peek().text == "in") {
            advance();
            advance();
            op = Operator::NotIn;
        } else {
            return expr;
        }
        addLink(expr, ExprKind::Compare, op, parseSum(), first);
    }
}

ExprPtr Parser::parseSum()
{
    ExprPtr expr = parseConcat();
    for (bool first = true;; first = false) {
        const bool add = isOperator("+");
        if (!add && !isOperator("-"))
            return expr;
        advance();
        addLink(expr, ExprKind::Arithmetic, add ? Operator::Add : Operator::Subtract, parseConcat(),
                first);
    }
}

ExprPtr Parser::parseConcat()
{
    const std::uint32_t line = m_token.line;
    ExprPtr first = parseProduct();
    if (!isOperator("~"))
        return first;
    std::vector<ExprPtr> items;
    items.push_back(std::move(first));
    while (skipOperator("~"))
        items.push_back(parseProduct());
    return makeItems(ExprKind::Concat, line, std::move(items));
}

ExprPtr Parser::parseProduct()
{
    ExprPtr expr = parsePower();
    for (bool first = true;; first = false) {
        Operator op = Operator::Multiply;
        if (isOperator("/"))
            op = Operator::Divide;
        else if (isOperator("//"))
            op = Operator::FloorDivide;
        else if (isOperator("%"))
            op = Operator::Modulo;
        else if (!isOperator("*"))
            return expr;
        advance();
        addLink(expr, ExprKind::Arithmetic, op, parsePower(), first);
    }
}

ExprPtr Parser::parsePower()
{
    ExprPtr expr = parseUnary(WithFilter::Yes);
    for (bool first = true; skipOperator("**"); first = false)
        addLink(expr, ExprKind::Arithmetic, Operator::Power, parseUnary(WithFilter::Yes), first);
    return expr;
}

ExprPtr Parser::parseUnary(WithFilter filter)
{
    const std::uint32_t line = m_token.line;
    ExprPtr expr;
    if (isOperator("-") || isOperator("+")) {
        DepthGuard guard(m_heap);
        const ExprKind kind = isOperator("-") ? ExprKind::Negative : ExprKind::Positive;
        advance();
        expr = makeItem(kind, line, parseUnary(WithFilter::No));
    } else {
        expr = parsePrimary();
    }
    parsePostfix(expr);
    if (filter == WithFilter::Yes)
        parseFilters(expr);
    return expr;
}

ExprPtr Parser::parsePrimary()
{
    m_heap.charge(kNodeBytes);
    const std::uint32_t line = m_token.line;
    switch (m_token.type) {
    case TokenType::Name: {
        const std::string_view name = m_token.text;
        ExprPtr expr;
        if (name == "true" || name == "True") {
            expr = makeConstant(line, boolean(true));
        } else if (name == "false" || name == "False") {
            expr = makeConstant(line, boolean(false));
        } else if (name == "none" || name == "None") {
            expr = makeConstant(line, none());
        } else {
            auto variable = std::make_unique<NameExpr>(ExprKind::Name, line);
            variable->name = readName(name);
            expr = std::move(variable);
        }
        advance();
        return expr;
    }
    case TokenType::String: {
        Value value = m_token.value;
        advance();
        if (m_token.type == TokenType::String) { // neighbours are one string
            std::string joined = value.text();
            for (; m_token.type == TokenType::String; advance())
                joined += m_token.value.text();
            value = m_heap.string(std::move(joined));
        }
        return makeConstant(line, value);
    }
    case TokenType::Number: {
        const Value value = m_token.value;
        advance();
        return makeConstant(line, value);
    }
    case TokenType::Operator:
        if (m_token.text == "(")
            return parseParenthesised();
        if (m_token.text == "[")
            return parseList();
        if (m_token.text == "{")
            return parseDict();
        break;
    default:
        break;
    }
    unexpected("an expression");
}

ExprPtr Parser::parseParenthesised()
{
    const std::uint32_t line = m_token.line;
    advance();
    if (skipOperator(")"))
        return makeItems(ExprKind::Tuple, line, {});
    ExprPtr expr = parseTuple(Conditional::Yes);
    expectOperator(")");
    return expr;
}

ExprPtr Parser::parseList()
{
    const std::uint32_t line = m_token.line;
    advance();
    std::vector<ExprPtr> items;
    while (!isOperator("]")) {
        if (!items.empty()) {
            expectOperator(",");
            if (isOperator("]"))
                break;
        }
        items.push_back(parseExpression());
    }
    advance();
    return makeItems(ExprKind::List, line, std::move(items));
}

ExprPtr Parser::parseDict()
{
    const std::uint32_t line = m_token.line;
    advance();
    std::vector<ExprPtr> items;
    while (!isOperator("}")) {
        if (!items.empty()) {
            expectOperator(",");
            if (isOperator("}"))
                break;
        }
        items.push_back(parseExpression());
        expectOperator(":");
        items.push_back(parseExpression());
    }
    advance();
    return makeItems(ExprKind::Dict, line, std::move(items));
}

void Parser::parsePostfix(ExprPtr &base)
{
    for (;;) {
        const std::uint32_t line = m_token.line;
        if (skipOperator(".")) {
            Postfix step;
            step.line = line;
            if (m_token.type == TokenType::Number && m_token.value.is(Kind::Int)) {
                step.kind = PostfixKind::Item;
                step.item = makeConstant(line, m_token.value);
                advance();
            } else {
                step.kind = PostfixKind::Attribute;
                step.name = expectName();
            }
            stepsOf(m_heap, base).push_back(std::move(step));
        } else if (isOperator("[")) {
            parseSubscript(stepsOf(m_heap, base));
        } else if (isOperator("(")) {
            Postfix step;
            step.kind = PostfixKind::Call;
            step.line = line;
            step.arguments = parseArguments();
            stepsOf(m_heap, base).push_back(std::move(step));
        } else {
            return;
        }
    }
}

void Parser::parseFilters(ExprPtr &base)
{
    for (;;) {
        if (skipOperator("|")) {
            parseFilter(stepsOf(m_heap, base));
        } else if (isName("is")) {
            parseTest(stepsOf(m_heap, base));
        } else if (isOperator("(")) { // calls what a filter or test gave
            Postfix step;
            step.kind = PostfixKind::Call;
            step.line = m_token.line;
            step.arguments = parseArguments();
            stepsOf(m_heap, base).push_back(std::move(step));
        } else {
            return;
        }
    }
}

void Parser::parseFilter(std::vector<Postfix> &steps)
{
    Postfix step;
    step.kind = PostfixKind::Filter;
    step.line = m_token.line;
    step.name = expectName();
    while (skipOperator("."))
        step.name += "." + expectName();
    if (!isFilter(step.name))
        m_unknown.push_back(
            {"no filter named '" + step.name.substr(0, 80) + "'", step.line, false});
    if (isOperator("("))
        step.arguments = parseArguments();
    steps.push_back(std::move(step));
}

std::unique_ptr<PostfixExpr> Parser::parseFilterChain()
{
    auto expr = std::make_unique<PostfixExpr>(ExprKind::Postfix, m_token.line);
    while (skipOperator("|"))
        parseFilter(expr->steps);
    return expr;
}

void Parser::parseTest(std::vector<Postfix> &steps)
{
    Postfix step;
    step.line = m_token.line;
    advance(); // is
    step.kind = skipName("not") ? PostfixKind::NotTest : PostfixKind::Test;
    step.name = expectName();
    while (skipOperator("."))
        step.name += "." + expectName();
    if (!isTest(step.name))
        m_unknown.push_back({"no test named '" + step.name.substr(0, 80) + "'", step.line, false});
    if (isOperator("(")) {
        step.arguments = parseArguments();
    } else if (isName("is")) {
        raise("tests cannot be chained with 'is'", m_token.line);
    } else if ((m_token.type == TokenType::Name && !isAnyName({"else", "or", "and"}))
               || m_token.type == TokenType::String || m_token.type == TokenType::Number
               || isOperator("[") || isOperator("{")) {
        ExprPtr argument = parsePrimary();
        parsePostfix(argument);
        step.arguments.positional.push_back(std::move(argument));
    }
    steps.push_back(std::move(step));
}

void Parser::parseSubscript(std::vector<Postfix> &steps)
{
    const std::uint32_t line = m_token.line;
    advance(); // [
    Postfix step;
    step.line = line;
    const auto atEnd = [&] { return isOperator("]") || isOperator(",") || isOperator(":"); };
    if (isOperator("]"))
        unexpected("an expression");
    if (!isOperator(":"))
        step.item = parseExpression();
    if (isOperator(":")) {
        advance();
        step.kind = PostfixKind::Slice;
        if (!atEnd())
            step.stop = parseExpression();
        if (skipOperator(":") && !atEnd())
            step.step = parseExpression();
    } else {
        step.kind = PostfixKind::Item;
        if (isOperator(",")) {
            std::vector<ExprPtr> items;
            items.push_back(std::move(step.item));
            while (skipOperator(",")) {
                if (isOperator("]"))
                    break;
                items.push_back(parseExpression());
            }
            step.item = makeItems(ExprKind::Tuple, line, std::move(items));
        }
    }
    expectOperator("]");
    steps.push_back(std::move(step));
}

CallArguments Parser::parseArguments()
{
    CallArguments arguments;
    expectOperator("(");
    for (bool first = true; !isOperator(")"); first = false) {
        if (!first) {
            expectOperator(",");
            if (isOperator(")"))
                break;
        }
        const std::uint32_t line = m_token.line;
        if (skipOperator("*")) {
            if (arguments.rest || arguments.restKeyword)
                raise("invalid syntax for function call expression", line);
            arguments.rest = parseExpression();
        } else if (skipOperator("**")) {
            if (arguments.restKeyword)
                raise("invalid syntax for function call expression", line);
            arguments.restKeyword = parseExpression();
        } else if (m_token.type == TokenType::Name && peek().type == TokenType::Operator
                   && peek().text == "=") {
            if (arguments.restKeyword)
                raise("invalid syntax for function call expression", line);
            std::string name = expectName();
            advance(); // =
            const auto same = [&](const auto &argument) { return argument.first == name; };
            if (std::any_of(arguments.keyword.begin(), arguments.keyword.end(), same))
                raise("keyword argument repeated: " + name.substr(0, 80), line);
            arguments.keyword.emplace_back(std::move(name), parseExpression());
        } else {
            if (!arguments.keyword.empty() || arguments.rest || arguments.restKeyword)
                raise("invalid syntax for function call expression", line);
            arguments.positional.push_back(parseExpression());
        }
    }
    expectOperator(")");
    return arguments;
}

} // namespace alcove::llm::jinja
