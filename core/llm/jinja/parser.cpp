#include "core/llm/jinja/parser.h"

#include <algorithm>

namespace alcove::llm::jinja {

namespace {

const char *describe(TokenType type)
{
    switch (type) {
    case TokenType::Data:
        return "text";
    case TokenType::VariableBegin:
        return "'{{'";
    case TokenType::VariableEnd:
        return "end of print statement";
    case TokenType::BlockBegin:
        return "'{%'";
    case TokenType::BlockEnd:
        return "end of statement block";
    case TokenType::String:
        return "a string";
    case TokenType::Number:
        return "a number";
    case TokenType::End:
        return "end of template";
    case TokenType::Name:
    case TokenType::Operator:
        break;
    }
    return "";
}

} // namespace

Parser::Parser(std::string_view source, Heap &heap) : m_heap(heap), m_lexer(source, heap)
{
    m_token = m_lexer.next();
}

Template Parser::parse()
{
    m_template.body = parseBlock({});
    if (!m_unknown.empty())
        raise(m_unknown.front().reason, m_unknown.front().line);
    return std::move(m_template);
}

void Parser::advance()
{
    if (m_hasPeeked) {
        m_token = m_peeked;
        m_hasPeeked = false;
    } else {
        m_token = m_lexer.next();
    }
}

const Token &Parser::peek()
{
    if (!m_hasPeeked) {
        m_peeked = m_lexer.next();
        m_hasPeeked = true;
    }
    return m_peeked;
}

bool Parser::isOperator(std::string_view text) const
{
    return m_token.type == TokenType::Operator && m_token.text == text;
}

bool Parser::isName(std::string_view text) const
{
    return m_token.type == TokenType::Name && m_token.text == text;
}

bool Parser::isAnyName(Names names) const
{
    return std::any_of(names.begin(), names.end(), [&](std::string_view n) { return isName(n); });
}

bool Parser::skipOperator(std::string_view text)
{
    if (!isOperator(text))
        return false;
    advance();
    return true;
}

bool Parser::skipName(std::string_view text)
{
    if (!isName(text))
        return false;
    advance();
    return true;
}

void Parser::expectOperator(std::string_view text)
{
    if (!skipOperator(text))
        unexpected(("'" + std::string(text) + "'").c_str());
}

void Parser::expect(TokenType type, const char *what)
{
    if (m_token.type != type)
        unexpected(what);
    advance();
}

std::string Parser::expectName()
{
    if (m_token.type != TokenType::Name)
        unexpected("a name");
    std::string name(m_token.text);
    advance();
    return name;
}

void Parser::unexpected(const char *wanted) const
{
    std::string got = describe(m_token.type);
    if (got.empty())
        got = "'" + std::string(m_token.text.substr(0, 80)) + "'";
    raise("expected " + std::string(wanted) + ", got " + got, m_token.line);
}

NameId Parser::nameId(std::string_view name)
{
    const auto [it, added] =
        m_nameIds.emplace(std::string(name), static_cast<NameId>(m_template.names.size()));
    if (added) {
        m_heap.charge(name.size() + 96);
        m_template.names.emplace_back(name);
    }
    return it->second;
}

NameId Parser::readName(std::string_view name)
{
    if (name == "loop") {
        for (ForStatement *loop : m_loops)
            loop->usesLoop = true;
    } else if (name == "varargs") {
        for (MacroStatement *macro : m_macros)
            macro->usesVarargs = true;
    } else if (name == "kwargs") {
        for (MacroStatement *macro : m_macros)
            macro->usesKwargs = true;
    } else if (name == "caller") {
        for (MacroStatement *macro : m_macros)
            macro->usesCaller = true;
    }
    return nameId(name);
}

// What was not found since `first` stands in a branch that may never be taken.
void Parser::branchSince(std::size_t first)
{
    const auto begin = m_unknown.begin() + static_cast<std::ptrdiff_t>(first);
    m_unknown.erase(std::remove_if(begin, m_unknown.end(),
                                   [](const Unknown &unknown) { return !unknown.certain; }),
                    m_unknown.end());
}

void Parser::certainSince(std::size_t first)
{
    for (std::size_t i = first; i < m_unknown.size(); ++i)
        m_unknown[i].certain = true;
}

Block Parser::parseBlock(Names ends)
{
    DepthGuard guard(m_heap);
    Block block;
    for (;;) {
        m_heap.charge(sizeof(ForStatement) + sizeof(Statement *)); // a statement, at most
        switch (m_token.type) {
        case TokenType::Data: {
            auto text = std::make_unique<TextStatement>(StatementKind::Text, m_token.line);
            text->text = m_token.text;
            block.push_back(std::move(text));
            advance();
            break;
        }
        case TokenType::VariableBegin:
            advance();
            parsePrint(block);
            expect(TokenType::VariableEnd, "end of print statement");
            break;
        case TokenType::BlockBegin:
            advance();
            if (isAnyName(ends))
                return block;
            parseTag(block);
            expect(TokenType::BlockEnd, "end of statement block");
            break;
        default:
            if (ends.size() == 0)
                return block;
            std::string wanted;
            for (const std::string_view end : ends)
                wanted += (wanted.empty() ? "'" : "' or '") + std::string(end);
            raise("unexpected end of template, expected " + wanted + "'", m_token.line);
        }
    }
}

Block Parser::parseBody(Names ends)
{
    skipOperator(":"); // as in Python, allowed and ignored
    expect(TokenType::BlockEnd, "end of statement block");
    return parseBlock(ends);
}

void Parser::parsePrint(Block &into)
{
    auto print = std::make_unique<PrintStatement>(StatementKind::Print, m_token.line);
    print->value = parseTuple(Conditional::Yes);
    into.push_back(std::move(print));
}

void Parser::parseTag(Block &into)
{
    const std::uint32_t line = m_token.line;
    if (m_token.type != TokenType::Name)
        unexpected("a tag's name");
    const std::string tag(m_token.text);
    advance();
    if (tag == "if") {
        into.push_back(parseIf());
    } else if (tag == "for") {
        into.push_back(parseFor());
    } else if (tag == "set") {
        into.push_back(parseSet());
    } else if (tag == "macro") {
        into.push_back(parseMacro());
    } else if (tag == "call") {
        into.push_back(parseCallBlock());
    } else if (tag == "filter") {
        into.push_back(parseFilterBlock());
    } else if (tag == "with") {
        into.push_back(parseWith());
    } else if (tag == "generation" || tag == "block" || tag == "autoescape") {
        into.push_back(parseScope(tag));
    } else if (tag == "print") {
        for (bool first = true; m_token.type != TokenType::BlockEnd; first = false) {
            if (!first)
                expectOperator(",");
            auto print = std::make_unique<PrintStatement>(StatementKind::Print, line);
            print->value = parseExpression();
            into.push_back(std::move(print));
        }
    } else if (tag == "break" || tag == "continue") {
        if (m_breakable == 0)
            raise("'" + tag + "' outside of a loop", line);
        into.push_back(std::make_unique<Statement>(
            tag == "break" ? StatementKind::Break : StatementKind::Continue, line));
    } else if (tag == "include" || tag == "import" || tag == "from" || tag == "extends") {
        raise("'" + tag + "' needs other templates, and a chat template has none", line);
    } else {
        raise("encountered unknown tag '" + tag.substr(0, 80) + "'", line);
    }
}

std::unique_ptr<Statement> Parser::parseIf()
{
    auto statement = std::make_unique<IfStatement>(StatementKind::If, m_token.line);
    const std::size_t unknown = m_unknown.size();
    for (;;) {
        IfStatement::Branch branch;
        branch.condition = parseTuple(Conditional::No);
        branch.body = parseBody({"elif", "else", "endif"});
        statement->branches.push_back(std::move(branch));
        if (skipName("elif"))
            continue;
        if (skipName("else")) {
            IfStatement::Branch otherwise;
            otherwise.body = parseBody({"endif"});
            statement->branches.push_back(std::move(otherwise));
        }
        advance(); // endif
        branchSince(unknown);
        return statement;
    }
}

std::unique_ptr<Statement> Parser::parseFor()
{
    auto statement = std::make_unique<ForStatement>(StatementKind::For, m_token.line);
    statement->target = parseTargets(WithNamespace::No);
    if (!skipName("in"))
        unexpected("'in'");
    statement->iterable = parseTuple(Conditional::No, {"recursive"});
    if (skipName("if"))
        statement->filter = parseExpression();
    statement->recursive = skipName("recursive");
    const std::size_t unknown = m_unknown.size();
    m_loops.push_back(statement.get());
    ++m_breakable;
    statement->body = parseBody({"endfor", "else"});
    --m_breakable;
    m_loops.pop_back();
    if (skipName("else"))
        statement->otherwise = parseBody({"endfor"});
    certainSince(unknown);
    advance(); // endfor
    return statement;
}

std::unique_ptr<Statement> Parser::parseSet()
{
    const std::uint32_t line = m_token.line;
    Target target = parseTargets(WithNamespace::Yes);
    if (skipOperator("=")) {
        auto statement = std::make_unique<SetStatement>(StatementKind::Set, line);
        statement->target = std::move(target);
        statement->value = parseTuple(Conditional::Yes);
        return statement;
    }
    auto statement = std::make_unique<SetStatement>(StatementKind::SetBlock, line);
    statement->target = std::move(target);
    if (isOperator("|"))
        statement->filter = parseFilterChain();
    const std::size_t unknown = m_unknown.size();
    statement->body = parseBody({"endset"});
    certainSince(unknown);
    advance();
    return statement;
}

void Parser::parseParameters(MacroStatement &macro)
{
    expectOperator("(");
    bool optional = false;
    while (!isOperator(")")) {
        if (!macro.parameters.empty()) {
            expectOperator(",");
            if (isOperator(")"))
                break;
        }
        Parameter parameter;
        const std::uint32_t line = m_token.line;
        parameter.spelling = expectName();
        parameter.name = nameId(parameter.spelling);
        if (skipOperator("=")) {
            parameter.fallback = parseExpression();
            optional = true;
        } else if (optional) {
            raise("a parameter without default follows one with a default", line);
        }
        macro.parameters.push_back(std::move(parameter));
    }
    expectOperator(")");
}

void Parser::parseFunctionBody(MacroStatement &macro, std::string_view end)
{
    const std::size_t breakable = std::exchange(m_breakable, 0);
    const std::size_t unknown = m_unknown.size();
    m_macros.push_back(&macro);
    macro.body = parseBody({end});
    m_macros.pop_back();
    certainSince(unknown);
    m_breakable = breakable;
    advance();
}

std::unique_ptr<Statement> Parser::parseMacro()
{
    auto macro = std::make_unique<MacroStatement>(StatementKind::Macro, m_token.line);
    macro->spelling = expectName();
    macro->name = nameId(macro->spelling);
    parseParameters(*macro);
    parseFunctionBody(*macro, "endmacro");
    return macro;
}

std::unique_ptr<Statement> Parser::parseCallBlock()
{
    const std::uint32_t line = m_token.line;
    auto statement = std::make_unique<CallBlockStatement>(StatementKind::CallBlock, line);
    statement->caller = std::make_unique<MacroStatement>(StatementKind::Macro, line);
    if (isOperator("("))
        parseParameters(*statement->caller);
    ExprPtr call = parseExpression();
    if (call->kind != ExprKind::Postfix
        || static_cast<PostfixExpr &>(*call).steps.back().kind != PostfixKind::Call)
        raise("expected a call", line);
    statement->call.reset(static_cast<PostfixExpr *>(call.release()));
    parseFunctionBody(*statement->caller, "endcall");
    return statement;
}

std::unique_ptr<Statement> Parser::parseFilterBlock()
{
    auto statement = std::make_unique<ScopeStatement>(StatementKind::FilterBlock, m_token.line);
    statement->filter = std::make_unique<PostfixExpr>(ExprKind::Postfix, m_token.line);
    parseFilter(statement->filter->steps);
    while (skipOperator("|"))
        parseFilter(statement->filter->steps);
    const std::size_t unknown = m_unknown.size();
    statement->body = parseBody({"endfilter"});
    certainSince(unknown);
    advance();
    return statement;
}

std::unique_ptr<Statement> Parser::parseWith()
{
    auto statement = std::make_unique<ScopeStatement>(StatementKind::With, m_token.line);
    while (m_token.type != TokenType::BlockEnd) {
        if (!statement->targets.empty())
            expectOperator(",");
        statement->targets.push_back(parseTarget(WithNamespace::No));
        expectOperator("=");
        statement->values.push_back(parseExpression());
    }
    const std::size_t unknown = m_unknown.size();
    statement->body = parseBody({"endwith"});
    certainSince(unknown);
    advance();
    return statement;
}

std::unique_ptr<Statement> Parser::parseScope(std::string_view tag)
{
    auto statement = std::make_unique<ScopeStatement>(StatementKind::Scope, m_token.line);
    const std::string end = "end" + std::string(tag);
    if (tag == "block") {
        const std::string name = expectName();
        while (skipName("scoped") || skipName("required")) { }
    } else if (tag == "autoescape") {
        parseExpression(); // chat templates render plain text
    }
    const std::size_t breakable = std::exchange(m_breakable, 0);
    const std::size_t unknown = m_unknown.size();
    statement->body = parseBody({end});
    certainSince(unknown);
    m_breakable = breakable;
    advance();
    if (tag == "block" && m_token.type == TokenType::Name)
        advance(); // the name may be repeated
    return statement;
}

Target Parser::parseTarget(WithNamespace space)
{
    DepthGuard guard(m_heap);
    Target target;
    if (skipOperator("(")) {
        target = parseTargets(space);
        expectOperator(")");
        return target;
    }
    const std::uint32_t line = m_token.line;
    const std::string name = expectName();
    for (const char *constant : {"true", "false", "none", "True", "False", "None"}) {
        if (name == constant)
            raise("can't assign to '" + name + "'", line);
    }
    target.name = nameId(name);
    if (space == WithNamespace::Yes && skipOperator(".")) {
        target.kind = Target::Kind::Attribute;
        target.attribute = expectName();
    }
    return target;
}

Target Parser::parseTargets(WithNamespace space)
{
    Target first = parseTarget(space);
    if (!isOperator(","))
        return first;
    Target all;
    all.kind = Target::Kind::Several;
    all.parts.push_back(std::move(first));
    while (skipOperator(",")) {
        if (isName("in") || isOperator("=") || isOperator(")")
            || m_token.type == TokenType::BlockEnd)
            break;
        all.parts.push_back(parseTarget(space));
    }
    return all;
}

} // namespace alcove::llm::jinja
