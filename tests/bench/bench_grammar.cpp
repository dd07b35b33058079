// How long a grammar takes to say which of 150,000 tokens may follow: bench-grammar [REPEATS]
#include "core/llm/grammar/grammar_constraint.h"
#include "core/llm/grammar/json_schema.h"
#include "core/llm/grammar/json_text_grammar.h"
#include "tests/support/vocabulary_file.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace alcove;
using namespace alcove::llm;
using namespace alcove::test;

namespace {

constexpr std::size_t kTokens = 150'000;
constexpr Token kFirstByte = 3; // of spmFile()

// Pieces as byte-level BPE learns them: words with and without a space before them, capitals, other
// scripts, numbers, runs of spaces and punctuation, code.
std::vector<HandToken> pieces()
{
    std::mt19937 random(20261128);
    const auto pick = [&](std::initializer_list<const char *> from) {
        return std::string(*(from.begin() + random() % from.size()));
    };
    const auto syllable = [&] {
        return pick({"b",  "c", "d", "f",  "g",  "h", "k",  "l",  "m", "n", "p",
                     "qu", "r", "s", "sh", "st", "t", "th", "tr", "v", "w", ""})
            + pick({"a", "e", "i", "o", "u", "ea", "ou", "y"})
            + pick({"", "", "n", "r", "s", "t", "l", "ng", "ck", "ment", "tion"});
    };
    std::set<std::string> seen;
    std::vector<HandToken> tokens;
    while (tokens.size() + kFirstByte + 256 < kTokens) {
        std::string text;
        const auto kind = random() % 100;
        if (kind < 72) { // words
            for (std::size_t n = 1 + random() % 4; n > 0; --n)
                text += syllable();
            if (random() % 5 == 0 && text[0] >= 'a')
                text[0] = char(text[0] - 'a' + 'A');
            if (random() % 5 < 3)
                text.insert(0, " ");
        } else if (kind < 86) { // characters of three bytes, of two bytes
            for (std::size_t n = 1 + random() % 4; n > 0; --n) {
                const auto c = kind < 81 ? 0x4E00 + random() % 0x3000 : 0x400 + random() % 0x60;
                if (c >= 0x800)
                    text += {char(0xE0 | (c >> 12)), char(0x80 | (c >> 6 & 0x3F))};
                else
                    text += char(0xC0 | (c >> 6));
                text += char(0x80 | (c & 0x3F));
            }
        } else if (kind < 92) { // code
            text = pick({"\":", "\",", "{\"", "\"}", "},",  "();",  "->", "::", " = ", " == ",
                         "//",  "</",  "[\"", "']",  "\\n", "\\\"", ".",  "_",  "(",   "\t"})
                + (random() % 3 ? syllable() : "");
            if (random() % 2)
                text += syllable();
        } else if (kind < 95) { // numbers
            text = std::to_string(random() % 1000);
        } else { // runs
            text.assign(1 + random() % 60, pick({" ", "\n", "-", "=", "*", "\t", "."})[0]);
            if (random() % 2)
                text += pick({"\n", "\"", "{", "}", "#", "a"});
        }
        if (seen.insert(text).second)
            tokens.push_back({text, kNormal, -float(tokens.size())});
    }
    return tokens;
}

std::shared_ptr<const TokenTrie> makeTrie()
{
    const std::string bytes = spmFile(pieces()).number("tokenizer.ggml.eos_token_id", 2).bytes();
    const auto file = GgufFile::parse(VocabularyFile::view(bytes), "vocabulary");
    if (!file)
        return nullptr;
    const auto tokenizer = Tokenizer::create(*file);
    return tokenizer ? std::make_shared<TokenTrie>(**tokenizer) : nullptr;
}

double milliseconds(ConstraintRun &run)
{
    const auto start = std::chrono::steady_clock::now();
    run.allowed();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
        .count();
}

double median(std::vector<double> times)
{
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

// The first mask of an answer that has come so far: nothing is known of the grammar yet.
void benchPlace(const GrammarConstraint &constraint, const char *name, std::string_view text,
                int repeats)
{
    std::vector<double> times;
    for (int i = 0; i < repeats; ++i) {
        const auto run = constraint.begin();
        for (const char c : text)
            run->accept(kFirstByte + static_cast<unsigned char>(c));
        times.push_back(milliseconds(*run));
    }
    std::printf("%-34s %10.3f %10.3f\n", name, median(times),
                *std::max_element(times.begin(), times.end()));
}

// Every mask of an answer, as it is written byte by byte.
void benchAnswer(const GrammarConstraint &constraint, const char *name, std::string_view text,
                 int repeats)
{
    // The least of some runs, mask by mask: what the machine does besides counts for less.
    std::vector<double> times(text.size() + 1, 1e9);
    for (int i = 0; i < repeats; ++i) {
        const auto run = constraint.begin();
        for (std::size_t at = 0; at <= text.size(); ++at) {
            times[at] = std::min(times[at], milliseconds(*run));
            if (at < text.size())
                run->accept(kFirstByte + static_cast<unsigned char>(text[at]));
        }
        if (!run->ended())
            std::printf("(%s does not end)\n", name);
    }
    std::printf("%-34s %10.3f %10.3f\n", name, median(times),
                *std::max_element(times.begin(), times.end()));
}

} // namespace

int main(int argc, char **argv)
{
    const int repeats = argc > 1 ? std::max(1, std::atoi(argv[1])) : 15;
    const auto trie = makeTrie();
    const auto json = Grammar::parse(std::string(jsonBaseRules()) + "root ::= value");
    const auto schema = grammarOfSchema(R"({"type": "object", "properties": {
        "title": {"type": "string", "maxLength": 200}, "pages": {"type": "integer", "minimum": 1},
        "kind": {"enum": ["novel", "novella", "poem"]},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 30}, "maxItems": 20}},
        "required": ["title", "pages", "kind", "tags"]})");
    if (!trie || !json || !schema)
        return 1;
    std::printf("%u tokens, %zu nodes\n\n%-34s %10s %10s\n", trie->vocabularySize(),
                trie->nodes().size(), "ms", "median", "worst");
    const GrammarConstraint any(*json, trie);
    benchPlace(any, "JSON, at the start", "", repeats);
    benchPlace(any, "JSON, in a string", R"({"a": "x)", repeats);
    benchPlace(any, "JSON, in a number", R"({"a": 12)", repeats);
    benchPlace(any, "JSON, behind a value", R"({"a": [1)", repeats);
    benchPlace(any, "JSON, at a value", R"({"a": )", repeats);
    benchPlace(any, "JSON, behind a brace", "{", repeats);
    const GrammarConstraint book(*schema, trie);
    benchPlace(book, "schema, in a bounded string", R"({"title":"x)", repeats);
    const std::string text = R"({"title": "On the Origin of Grüße — 日本", "pages": 502, )"
                             R"("kind": "novel", "tags": ["old", "dry\n", "long"]})";
    benchAnswer(any, "JSON, an answer byte by byte", text, repeats);
    benchAnswer(book, "schema, an answer byte by byte", text, repeats);
    return 0;
}
