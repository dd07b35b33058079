// Forms of answers out of arbitrary text, and answers drawn from them by arbitrary bytes.
//
// Input: a letter ('s': a JSON schema, else GBNF), the form's text, a zero byte, and the bytes that
// choose each next token among those that are allowed.
#include "core/llm/grammar/grammar_constraint.h"
#include "core/llm/grammar/grammar_matcher.h"
#include "core/llm/grammar/json_schema.h"
#include "tests/support/vocabulary_file.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace alcove::llm;
using namespace alcove::test;

namespace {

constexpr std::size_t kMostSteps = 24; // drawn by the input
constexpr std::size_t kMostClosing = 40; // drawn to come to an end

void require(bool condition)
{
    if (!condition)
        std::abort();
}

// Single bytes, and pieces that a vocabulary has: several bytes of structure, parts of characters.
std::shared_ptr<const TokenTrie> makeTrie()
{
    std::vector<HandToken> tokens;
    float score = 0;
    for (const char *text :
         {"{\"",   "\":",  "\": ", "\",",  "\"}",      "},", "}]",   "[[", "[]", "{}", "true",
          "false", "null", "ab",   "abc",  "abcdefgh", "12", "2026", "-0", ".5", "e+", "\\u00",
          "\\n",   "é",    "日",   "日本", "\n",       "  ", " \"",  "a",  "x",  "1"})
        tokens.push_back({text, kNormal, --score});
    static const std::string bytes =
        spmFile(tokens).number("tokenizer.ggml.eos_token_id", 2).bytes();
    const auto file = GgufFile::parse(VocabularyFile::view(bytes), "vocabulary");
    require(file.has_value());
    const auto tokenizer = Tokenizer::create(*file);
    require(tokenizer.has_value());
    return std::make_shared<TokenTrie>(**tokenizer);
}

// An answer in the making: the constraint, and a matcher of its own that every token is held
// against.
class Answer
{
public:
    Answer(const std::shared_ptr<const Grammar> &grammar,
           const std::shared_ptr<const TokenTrie> &trie)
        : m_trie(trie), m_run(GrammarConstraint(grammar, trie).begin()), m_matcher(grammar),
          m_state(m_matcher.start())
    { }

    const std::string &text() const { return m_text; }
    bool gaveUp() const { return m_matcher.gaveUp(); }
    bool complete() const { return m_matcher.canEnd(m_state); }

    // The tokens that may follow; none when only the end may.
    std::vector<Token> allowed()
    {
        std::vector<Token> tokens;
        const TokenMask &mask = m_run->allowed();
        for (Token token = 0; token < Token(m_trie->vocabularySize()); ++token) {
            const std::string_view text = m_trie->text(token);
            const bool leadsOn =
                !text.empty() && m_matcher.next(m_state, text) != GrammarMatcher::kDead;
            // Bounds are met sooner by the one that has gone further.
            if (!m_matcher.gaveUp())
                require(text.empty() || leadsOn == mask.allows(token));
            if (leadsOn && mask.allows(token))
                tokens.push_back(token);
        }
        for (const Token ender : m_trie->enders())
            require(m_matcher.gaveUp() || mask.allows(ender) == (complete() || tokens.empty()));
        return tokens;
    }

    void take(Token token)
    {
        m_text += m_trie->text(token);
        m_run->accept(token);
        m_state = m_matcher.next(m_state, m_trie->text(token));
        // What is forgotten is nothing that follows depends on.
        if (m_text.size() % 5 == 0)
            m_state = m_matcher.trim(m_state);
        require(m_matcher.gaveUp() || m_run->ended() == !m_matcher.canGoOn(m_state));
    }

private:
    std::shared_ptr<const TokenTrie> m_trie;
    std::unique_ptr<ConstraintRun> m_run;
    GrammarMatcher m_matcher;
    GrammarMatcher::State m_state;
    std::string m_text;
};

// The token that most likely closes what is open.
Token closing(const std::vector<Token> &tokens, const TokenTrie &trie)
{
    for (const std::string_view wanted : {"\"", "}", "]", ":", "1", "a", ")"}) {
        for (const Token token : tokens) {
            if (trie.text(token) == wanted)
                return token;
        }
    }
    return tokens.front();
}

void draw(const std::shared_ptr<const Grammar> &grammar, std::string_view choices, bool json)
{
    static const std::shared_ptr<const TokenTrie> trie = makeTrie();
    Answer answer(grammar, trie);
    for (std::size_t i = 0; i < kMostSteps + kMostClosing; ++i) {
        const bool chosen = i < std::min(choices.size(), kMostSteps);
        if (answer.gaveUp() || (!chosen && answer.complete()))
            break;
        const std::vector<Token> tokens = answer.allowed();
        if (tokens.empty())
            break;
        const auto byte = static_cast<unsigned char>(chosen ? choices[i] : 0);
        answer.take(chosen ? tokens[byte % tokens.size()] : closing(tokens, *trie));
    }
    if (json && answer.complete())
        require(nlohmann::json::accept(answer.text()));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::string_view input(reinterpret_cast<const char *>(data), size);
    const bool schema = input[0] == 's';
    const std::string_view form = input.substr(1, input.find('\0', 1) - 1);
    const std::string_view choices = input.substr(std::min(size, form.size() + 2));
    const auto grammar = schema ? grammarOfSchema(form) : Grammar::parse(form);
    if (grammar) {
        draw(*grammar, choices, schema);
        return 0;
    }
    require(!grammar.error().message.empty());
    if (!schema)
        return 0;
    // What is written for a schema is GBNF, even where it is too large or refers to itself.
    if (const auto text = grammarTextOfSchema(form)) {
        const std::string &detail = grammar.error().detail;
        const bool expected = detail.find("left recursion") != std::string::npos
            || detail.find("too large") != std::string::npos
            || detail.find("longer than") != std::string::npos;
        if (!expected)
            std::fprintf(stderr, "%s\n%s\n", detail.c_str(), text->c_str());
        require(expected);
    }
    return 0;
}
