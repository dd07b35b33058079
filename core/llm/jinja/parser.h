// Parser: builds the syntax tree of a template from its tokens.
//
// One use per source, one thread. Raises a Failure with the line. Nesting is bounded by the heap's
// depth; filters and tests that do not exist are refused here unless only a branch may reach them.
// Grammar: the Jinja documentation, "Template Designer Documentation".
#pragma once

#include "core/llm/jinja/ast.h"
#include "core/llm/jinja/lexer.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace alcove::llm::jinja {

struct Template {
    Block body;
    std::vector<std::string> names; // by NameId
};

class Parser
{
public:
    // Constants of the tree live in `heap`.
    Parser(std::string_view source, Heap &heap);

    Template parse();

private:
    enum class Conditional { No, Yes };
    enum class WithFilter { No, Yes };
    enum class WithNamespace { No, Yes };
    using Names = std::initializer_list<std::string_view>;

    // What a filter or test that does not exist leaves behind until its surroundings are known.
    struct Unknown {
        std::string reason;
        std::uint32_t line;
        bool certain; // no branch around it can be skipped
    };

    void advance();
    const Token &peek();
    bool isOperator(std::string_view text) const;
    bool isName(std::string_view text) const;
    bool isAnyName(Names names) const;
    bool skipOperator(std::string_view text);
    bool skipName(std::string_view text);
    void expectOperator(std::string_view text);
    void expect(TokenType type, const char *what);
    std::string expectName();
    [[noreturn]] void unexpected(const char *wanted) const;
    NameId nameId(std::string_view name);
    NameId readName(std::string_view name); // notes the special ones
    void branchSince(std::size_t first);
    void certainSince(std::size_t first);

    // Statements (parser.cpp)
    Block parseBlock(Names ends);
    Block parseBody(Names ends); // after a tag's own words: its end, then the block
    void parseTag(Block &into);
    void parsePrint(Block &into);
    std::unique_ptr<Statement> parseIf();
    std::unique_ptr<Statement> parseFor();
    std::unique_ptr<Statement> parseSet();
    std::unique_ptr<Statement> parseMacro();
    std::unique_ptr<Statement> parseCallBlock();
    std::unique_ptr<Statement> parseFilterBlock();
    std::unique_ptr<Statement> parseWith();
    std::unique_ptr<Statement> parseScope(std::string_view tag);
    void parseParameters(MacroStatement &macro);
    void parseFunctionBody(MacroStatement &macro, std::string_view end);
    Target parseTarget(WithNamespace space);
    Target parseTargets(WithNamespace space);

    // Expressions (parser_expressions.cpp)
    ExprPtr parseExpression(Conditional conditional = Conditional::Yes);
    ExprPtr parseTuple(Conditional conditional, Names ends = {});
    ExprPtr parseOr();
    ExprPtr parseAnd();
    ExprPtr parseNot();
    ExprPtr parseCompare();
    ExprPtr parseSum();
    ExprPtr parseConcat();
    ExprPtr parseProduct();
    ExprPtr parsePower();
    ExprPtr parseUnary(WithFilter filter);
    ExprPtr parsePrimary();
    ExprPtr parseParenthesised();
    ExprPtr parseList();
    ExprPtr parseDict();
    void parsePostfix(ExprPtr &base);
    void parseFilters(ExprPtr &base);
    void parseFilter(std::vector<Postfix> &steps);
    void parseTest(std::vector<Postfix> &steps);
    void parseSubscript(std::vector<Postfix> &steps);
    CallArguments parseArguments();
    std::unique_ptr<PostfixExpr> parseFilterChain();

    Heap &m_heap;
    Lexer m_lexer;
    Token m_token;
    Token m_peeked;
    bool m_hasPeeked = false;
    Template m_template;
    std::unordered_map<std::string, NameId> m_nameIds;
    std::vector<ForStatement *> m_loops; // around the current place, outermost first
    std::vector<MacroStatement *> m_macros; // around the current place, outermost first
    std::size_t m_breakable = 0; // loops since the innermost function's beginning
    std::vector<Unknown> m_unknown;
};

} // namespace alcove::llm::jinja
