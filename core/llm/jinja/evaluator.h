// Evaluator: runs the syntax tree of a template once.
//
// One use per render, one thread. Raises a Failure; line() tells where. Values it makes live in the
// heap that it is given, whose bounds it keeps; the output is bounded too.
#pragma once

#include "core/llm/jinja/ast.h"
#include "core/llm/jinja/parser.h"

#include <deque>
#include <string>
#include <vector>

namespace alcove::llm::jinja {

// The variables of one frame: the template, a loop's turn, a macro's call. Names that are not found
// go to the frame around it in the source.
struct Scope {
    Scope *parent = nullptr;
    std::vector<std::pair<NameId, Value>> variables;
    bool captured = false; // a macro refers to it, so it outlives its turn

    const Value *find(NameId name) const;
    void set(NameId name, const Value &value);
};

class Evaluator
{
public:
    // `variables` by NameId; undefined() for what is not given.
    Evaluator(const Template &source, Heap &heap, std::vector<Value> variables,
              std::size_t outputBytes);

    std::string run();
    std::uint32_t line() const { return m_line; }

private:
    friend struct Macro;
    friend struct Loop;

    enum class Flow { Next, Break, Continue };

    // A scope that ends with the block that opened it.
    class ScopeHolder
    {
    public:
        ScopeHolder(Evaluator &evaluator, Scope *parent)
            : m_evaluator(evaluator), m_scope(evaluator.openScope(parent))
        { }
        ~ScopeHolder() { m_evaluator.closeScope(m_scope); }
        ScopeHolder(const ScopeHolder &) = delete;
        ScopeHolder &operator=(const ScopeHolder &) = delete;
        Scope &operator*() { return *m_scope; }
        void renew(); // for the next turn of a loop

    private:
        Evaluator &m_evaluator;
        Scope *m_scope;
    };

    // Statements (evaluator.cpp)
    Flow runBlock(const Block &block, Scope &scope, std::string &out);
    Flow runStatement(const Statement &statement, Scope &scope, std::string &out);
    Flow runIf(const IfStatement &statement, Scope &scope, std::string &out);
    Flow runFor(const ForStatement &statement, Scope &scope, const Value &iterable,
                std::size_t depth, std::string &out);
    Flow runScoped(const ScopeStatement &statement, Scope &scope, std::string &out);
    Flow runSetBlock(const SetStatement &statement, Scope &scope);
    void runCallBlock(const CallBlockStatement &statement, Scope &scope, std::string &out);
    void assign(const Target &target, const Value &value, Scope &scope);
    void write(std::string &out, std::string_view text);
    void print(std::string &out, const Value &value);
    Scope *openScope(Scope *parent);
    void closeScope(Scope *scope);
    static void capture(Scope &scope); // and the ones around it

    // Calls (evaluator_calls.cpp)
    Value makeMacro(const MacroStatement &declaration, Scope &scope);
    Value callMacro(const MacroStatement &declaration, Scope &scope, const Arguments &arguments);
    Value call(const Value &callee, const Arguments &arguments, std::uint32_t line);
    Arguments evaluate(const CallArguments &arguments, Scope &scope);

    // Expressions (evaluator_expressions.cpp)
    Value evaluate(const Expr &expr, Scope &scope);
    Value evaluateNested(const Expr &expr, Scope &scope); // what has parts
    Value lookUp(NameId name, const Scope &scope);
    Value chain(const ChainExpr &expr, Scope &scope);
    Value conditional(const ConditionalExpr &expr, Scope &scope);
    Value concat(const ItemsExpr &expr, Scope &scope);
    Value dict(const ItemsExpr &expr, Scope &scope);
    Value items(const ItemsExpr &expr, Scope &scope);
    Value postfix(const PostfixExpr &expr, Value value, Scope &scope);
    Value postfixStep(const Postfix &step, const Value &value, Scope &scope);

    const Template &m_template;
    Heap &m_heap;
    std::vector<Value> m_variables;
    std::size_t m_outputBytes;
    std::uint32_t m_line = 1;
    static constexpr NameId kNoName = ~NameId(0);
    NameId m_loopName = kNoName;
    NameId m_callerName = kNoName;
    NameId m_kwargsName = kNoName;
    NameId m_varargsName = kNoName;
    std::deque<Scope> m_scopes;
    std::vector<Scope *> m_freeScopes;
};

} // namespace alcove::llm::jinja
