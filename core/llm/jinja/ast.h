// The syntax tree of a parsed template. Immutable after parsing; any thread may read it.
//
// Operators of one precedence are kept as one flat node, and so are filters, tests, attributes and
// calls behind a value, so that the tree is only as deep as what is written is nested.
#pragma once

#include "core/llm/jinja/value.h"

#include <memory>
#include <string>
#include <vector>

namespace alcove::llm::jinja {

using NameId = std::uint32_t; // index into the template's table of names

enum class ExprKind : std::uint8_t {
    Constant,
    Name,
    Concat, // ~
    Arithmetic, // + - * / // % **
    Compare,
    And,
    Or,
    Not,
    Negative,
    Positive,
    Conditional,
    List,
    Tuple,
    Dict,
    Postfix,
};

struct Expr {
    explicit Expr(ExprKind k, std::uint32_t l) : kind(k), line(l) { }
    virtual ~Expr() = default;
    ExprKind kind;
    std::uint32_t line;
};
using ExprPtr = std::unique_ptr<Expr>;

struct ConstantExpr : Expr {
    using Expr::Expr;
    Value value;
};

struct NameExpr : Expr {
    using Expr::Expr;
    NameId name = 0;
};

// Concat, And, Or, List, Tuple; Not, Negative and Positive have one item;
// Dict has keys and values in turn.
struct ItemsExpr : Expr {
    using Expr::Expr;
    std::vector<ExprPtr> items;
};

enum class Operator : std::uint8_t {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
};

// Arithmetic (evaluated from the left) and Compare (chained as in Python).
struct ChainExpr : Expr {
    using Expr::Expr;
    struct Link {
        Operator op;
        ExprPtr operand;
    };
    ExprPtr first;
    std::vector<Link> links;
};

// value if condition else (value if condition else ... otherwise)
struct ConditionalExpr : Expr {
    using Expr::Expr;
    struct Branch {
        ExprPtr value;
        ExprPtr condition;
    };
    std::vector<Branch> branches;
    ExprPtr otherwise; // null: undefined
};

struct CallArguments {
    std::vector<ExprPtr> positional;
    std::vector<std::pair<std::string, ExprPtr>> keyword;
    ExprPtr rest; // *rest
    ExprPtr restKeyword; // **rest
};

enum class PostfixKind : std::uint8_t { Attribute, Item, Slice, Call, Filter, Test, NotTest };

struct Postfix {
    PostfixKind kind = PostfixKind::Attribute;
    std::uint32_t line = 0;
    std::string name; // Attribute, Filter, Test
    ExprPtr item; // Item; Slice: start
    ExprPtr stop; // Slice
    ExprPtr step; // Slice
    CallArguments arguments;
};

struct PostfixExpr : Expr {
    using Expr::Expr;
    ExprPtr base; // null in a filter block, whose body is the value
    std::vector<Postfix> steps;
};

enum class StatementKind : std::uint8_t {
    Text,
    Print,
    If,
    For,
    Set,
    SetBlock,
    Macro,
    CallBlock,
    FilterBlock,
    With,
    Scope,
    Break,
    Continue,
};

struct Statement {
    explicit Statement(StatementKind k, std::uint32_t l) : kind(k), line(l) { }
    virtual ~Statement() = default;
    StatementKind kind;
    std::uint32_t line;
};
using Block = std::vector<std::unique_ptr<Statement>>;

struct TextStatement : Statement {
    using Statement::Statement;
    std::string text;
};

struct PrintStatement : Statement {
    using Statement::Statement;
    ExprPtr value;
};

struct IfStatement : Statement {
    using Statement::Statement;
    struct Branch {
        ExprPtr condition; // null: else
        Block body;
    };
    std::vector<Branch> branches;
};

// What is assigned to: a name, an attribute of a namespace, or several of them.
struct Target {
    enum class Kind : std::uint8_t { Name, Attribute, Several };
    Kind kind = Kind::Name;
    NameId name = 0;
    std::string attribute;
    std::vector<Target> parts;
};

struct ForStatement : Statement {
    using Statement::Statement;
    Target target;
    ExprPtr iterable;
    ExprPtr filter; // may be null
    Block body;
    Block otherwise;
    bool recursive = false;
    bool usesLoop = false;
};

struct SetStatement : Statement {
    using Statement::Statement;
    Target target;
    ExprPtr value; // Set
    std::unique_ptr<PostfixExpr> filter; // SetBlock; may be null
    Block body; // SetBlock
};

struct Parameter {
    NameId name = 0;
    std::string spelling;
    ExprPtr fallback; // null: required
};

struct MacroStatement : Statement {
    using Statement::Statement;
    NameId name = 0;
    std::string spelling; // empty for a call block's body
    std::vector<Parameter> parameters;
    Block body;
    bool usesVarargs = false;
    bool usesKwargs = false;
    bool usesCaller = false;
};

struct CallBlockStatement : Statement {
    using Statement::Statement;
    std::unique_ptr<PostfixExpr> call; // its last step is the call
    std::unique_ptr<MacroStatement> caller;
};

// With: targets and values, then a body of its own scope. Scope: just the body.
// FilterBlock: the body goes through the filter.
struct ScopeStatement : Statement {
    using Statement::Statement;
    std::vector<Target> targets;
    std::vector<ExprPtr> values;
    std::unique_ptr<PostfixExpr> filter;
    Block body;
};

} // namespace alcove::llm::jinja
