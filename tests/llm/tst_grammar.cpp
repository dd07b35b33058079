// Grammars: what they accept, what is refused where, and the tokens that they allow.
#include "core/llm/grammar/gbnf_parser.h"
#include "core/llm/grammar/grammar_constraint.h"
#include "core/llm/grammar/grammar_matcher.h"
#include "core/llm/grammar/json_text_grammar.h"
#include "core/llm/utf8.h"
#include "form_cases.h"
#include "tests/support/vocabulary_file.h"

#include <QTest>

#include <algorithm>
#include <random>

using namespace alcove;
using namespace alcove::llm;
using namespace alcove::test;

namespace {

using State = GrammarMatcher::State;

std::shared_ptr<const Grammar> grammarOf(const std::string &text)
{
    auto grammar = Grammar::parse(text);
    if (!grammar) {
        qWarning("%s", grammar.error().message.c_str());
        return nullptr;
    }
    return *grammar;
}

bool accepts(const std::string &grammar, std::string_view text)
{
    const auto parsed = grammarOf(grammar);
    if (!parsed)
        return false;
    GrammarMatcher matcher(parsed);
    return matcher.canEnd(matcher.next(matcher.start(), text));
}

// A tokenizer whose tokens are these texts, by bytes; 0 ends an answer.
std::shared_ptr<const Tokenizer> tokenizerOf(const std::vector<std::string> &texts)
{
    std::vector<std::string> spellings = {"</s>"};
    std::vector<std::int32_t> kinds = {3};
    std::vector<float> scores = {0};
    for (const std::string &text : texts) {
        spellings.push_back(text);
        // A byte token is spelled <0xNN>.
        kinds.push_back(text.size() == 6 && text.rfind("<0x", 0) == 0 ? 6 : 1);
        scores.push_back(-float(spellings.size()));
    }
    VocabularyFile file;
    file.text("general.architecture", "llama")
        .text("tokenizer.ggml.model", "llama")
        .texts("tokenizer.ggml.tokens", spellings)
        .numbers("tokenizer.ggml.token_type", kinds)
        .floats("tokenizer.ggml.scores", scores)
        .number("tokenizer.ggml.eos_token_id", 0);
    static std::vector<std::string> kept; // the parsed file points into it
    kept.push_back(file.bytes());
    const auto parsed = GgufFile::parse(
        std::as_bytes(std::span(kept.back().data(), kept.back().size())), "vocabulary");
    if (!parsed) {
        qWarning("%s", parsed.error().message.c_str());
        return nullptr;
    }
    auto tokenizer = Tokenizer::create(*parsed);
    if (!tokenizer)
        qWarning("%s", tokenizer.error().message.c_str());
    return tokenizer ? *tokenizer : nullptr;
}

std::vector<Token> allowedTokens(ConstraintRun &run, std::uint32_t vocabulary)
{
    std::vector<Token> tokens;
    const TokenMask &mask = run.allowed();
    for (Token token = 0; token < Token(vocabulary); ++token) {
        if (mask.allows(token))
            tokens.push_back(token);
    }
    return tokens;
}

} // namespace

class TestGrammar : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void accepts_data()
    {
        QTest::addColumn<QString>("form");
        QTest::addColumn<QStringList>("good");
        QTest::addColumn<QStringList>("bad");
        for (const FormCase &one : grammarCases())
            QTest::newRow(one.name) << one.form << one.good << one.bad;
    }
    void accepts()
    {
        QFETCH(QString, form);
        QFETCH(QStringList, good);
        QFETCH(QStringList, bad);
        for (const QString &text : good)
            QVERIFY2(::accepts(form.toStdString(), text.toStdString()), qPrintable(text));
        for (const QString &text : bad)
            QVERIFY2(!::accepts(form.toStdString(), text.toStdString()), qPrintable(text));
    }

    void refuses_data()
    {
        QTest::addColumn<QString>("grammar");
        QTest::addColumn<QString>("says");
        const auto row = [](const char *name, const std::string &grammar, const char *says) {
            QTest::newRow(name) << QString::fromStdString(grammar) << QString(says);
        };
        row("empty", "", "no rule 'root'");
        row("no root", "x ::= \"a\"", "no rule 'root'");
        row("root only used", "x ::= root", "no rule 'root'");
        row("undefined", "root ::= \"a\"\n  x", "line 2, column 4: '::=' was expected");
        row("undefined rule", "root ::= \"a\" x", "line 1, column 14: the rule 'x' is not defined");
        row("twice", "root ::= \"a\"\nx ::= \"a\"\nroot ::= \"b\"",
            "line 3, column 1: the rule 'root' is there twice");
        row("no arrow", "root = \"a\"", "line 1, column 6: '::=' was expected");
        row("no name", "\"a\" ::= \"b\"", "line 1, column 1: a rule's name");
        row("open literal", "root ::= \"é\" \"abc", "line 1, column 14: the text that begins here");
        row("literal over lines", "root ::= \"a\nb\"", "line 1, column 10: the text that begins");
        row("open class", "root ::= [ab", "line 1, column 10: the class that begins here");
        row("class over lines", "root ::= [a\nb]", "line 1, column 10: the class that begins here");
        row("range", "root ::= [z-a]", "line 1, column 11: the range's first");
        row("open group", "root ::= (\"a\"\n",
            "')' was expected for the group that begins at line 1, "
            "column 10");
        row("closed too often", "root ::= \"a\")", "line 1, column 13: this does not belong");
        row("lone star", "root ::= *", "line 1, column 10: this does not belong");
        row("unknown character", "root ::= \"a\" & \"b\"",
            "line 1, column 14: this does not belong");
        row("unknown escape", "root ::= \"\\q\"", "line 1, column 11: this escape is not known");
        row("short escape", "root ::= \"\\u12\"", "line 1, column 11: this escape needs 4");
        row("surrogate", "root ::= \"\\uD800\"", "line 1, column 11: this escape is no character");
        row("beyond Unicode", "root ::= \"\\U00110000\"", "this escape is no character");
        row("end after backslash", "root ::= \"\\", "line 1, column 11: this escape is not known");
        row("bounds", "root ::= \"a\"{3,2}", "line 1, column 14: the repetition's first number");
        row("no number", "root ::= \"a\"{}", "line 1, column 14: a number was expected");
        row("no second number", "root ::= \"a\"{1,x}", "line 1, column 16: a number was expected");
        row("open bounds", "root ::= \"a\"{1,2", "line 1, column 17: '}' was expected");
        row("long repetition", "root ::= \"a\"{99999999999999999999}", "longer than 131072");
        row("large", "root ::= ((\"a\"{1000}){1000}){1000}", "too large");
        row("large and empty", "root ::= ((\"\"{100000}){100000}){100000}", "too large");
        row("many postfixes", "root ::= \"a\"" + std::string(20, '?'), "nested too deeply");
        row("deep", "root ::= " + std::string(200, '(') + "\"a\"" + std::string(200, ')'),
            "column 110: the groups are nested too deeply");
        row("left recursion", "root ::= root \"a\" | \"b\"",
            "line 1, column 1: the rule 'root' can begin "
            "with itself");
        row("hidden left recursion", "root ::= x* y\nx ::= \"a\"\ny ::= \"b\"? root",
            "can begin with itself");
        row("indirect left recursion", "root ::= x\nx ::= y \"a\"\ny ::= (\"b\" | x) \"c\"",
            "can begin with itself");
        row("left recursion behind what is empty",
            "root ::= a b root | \"x\"\nb ::= \"q\"{0,2}\na ::= c d (e | c)\nd ::= c c\n"
            "c ::= \"\"\ne ::= \"e\"+",
            "the rule 'root' can begin with itself");
        row("left recursion nobody uses", "root ::= \"a\"\nx ::= x",
            "line 2, column 1: the rule 'x'");
        row("bytes that are no text", "root ::= \"\xff\"", "this is not UTF-8");
        row("too long", std::string(kMaxGrammarBytes + 1, ' '), "longer than");
    }
    void refuses()
    {
        QFETCH(QString, grammar);
        QFETCH(QString, says);
        QByteArray text = grammar.toUtf8();
        if (QTest::currentDataTag() == QLatin1String("bytes that are no text"))
            text = "root ::= \"\xff\"";
        const auto parsed = Grammar::parse(std::string_view(text.data(), std::size_t(text.size())));
        QVERIFY(!parsed);
        QCOMPARE(parsed.error().code, ErrorCode::InvalidArgument);
        const QString message = QString::fromStdString(parsed.error().message);
        QVERIFY2(message.contains(says), qPrintable(message));
    }

    // The same, but for a part that is never empty.
    void recursionBehindTextIsNone()
    {
        for (const char *a : {"c d e", "c (d e | e)", "c d e+", "c (d | c) e{1,2}"})
            QVERIFY(grammarOf(std::string("root ::= a b root | \"x\"\nb ::= \"q\"{0,2}\na ::= ") + a
                              + "\nd ::= c c\nc ::= \"\"\ne ::= \"e\"+"));
    }

    void sets()
    {
        const CodePointSet set({{'c', 'e'}, {'a', 'b'}, {'g', 'g'}, {0xD000, 0xE000}});
        QCOMPARE(set.ranges().size(), 4u); // a-e, g, and the two sides of the surrogates
        QVERIFY(set.covers('a', 'e') && !set.covers('a', 'g') && set.touches('f', 'g'));
        QVERIFY(!set.touches('f', 'f') && !set.contains(0xD800) && set.contains(0xE000));
        QVERIFY(set.complement().complement() == set);
        QVERIFY(!set.complement().contains('a') && set.complement().contains('f'));
        QVERIFY(set.without(CodePointSet({{'b', 'd'}}))
                == CodePointSet({{'a', 'a'}, {'e', 'e'}, {'g', 'g'}, {0xD000, 0xE000}}));
        QVERIFY(CodePointSet().complement() == CodePointSet::all());
        QVERIFY(CodePointSet::all().complement().ranges().empty());
    }

    // Every character of a set and no other, in its shortest form.
    void setsAsBytes()
    {
        const auto grammar = grammarOf("root ::= [\\x24\\u00a2-\\u0939\\ud7ff\\ue000-\\uffff"
                                       "\\U00010348-\\U00010350\\U0010FFFF]");
        QVERIFY(grammar);
        GrammarMatcher matcher(grammar);
        const CodePointSet set({{0x24, 0x24},
                                {0xa2, 0x939},
                                {0xd7ff, 0xd7ff},
                                {0xe000, 0xffff},
                                {0x10348, 0x10350},
                                {0x10FFFF, 0x10FFFF}});
        for (char32_t c = 0; c <= kLastCodePoint; ++c) {
            if (c >= 0xD800 && c < 0xE000)
                continue;
            std::string text;
            appendUtf8(text, c);
            const State state = matcher.next(matcher.start(), text);
            if (matcher.canEnd(state) != set.contains(c))
                QFAIL(qPrintable(QStringLiteral("U+%1").arg(std::uint32_t(c), 4, 16)));
        }
        // Longer forms, surrogates, what is beyond Unicode and stray bytes lead nowhere.
        const auto any = grammarOf("root ::= .");
        GrammarMatcher all(any);
        for (const char *bytes :
             {"\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80",
              "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
              "\xf5\x80\x80\x80", "\x80", "\xff", "\xc3\x28"})
            QCOMPARE(all.next(all.start(), bytes), GrammarMatcher::kDead);
    }

    void textMayStopInsideACharacter()
    {
        const auto grammar = grammarOf("root ::= [é日] \"!\"");
        GrammarMatcher matcher(grammar);
        State state = matcher.next(matcher.start(), "\xe6");
        QVERIFY(state != GrammarMatcher::kDead && !matcher.canEnd(state));
        QVERIFY(matcher.next(state, "\x97") != GrammarMatcher::kDead);
        QCOMPARE(matcher.next(state, "\x98"), GrammarMatcher::kDead);
        state = matcher.next(state, "\x97\xa5");
        QVERIFY(matcher.canEnd(matcher.next(state, "!")));
        QVERIFY(!matcher.canGoOn(matcher.next(state, "!")));
    }

    void trimKeepsWhatCanFollow()
    {
        const auto grammar = grammarOf(std::string(jsonBaseRules()) + "root ::= value");
        GrammarMatcher matcher(grammar);
        const std::string text = "[{\"a\": [1, 2, {\"b\": \"c";
        State state = matcher.next(matcher.start(), text);
        const std::size_t before = matcher.stateCount();
        state = matcher.trim(state);
        QVERIFY(matcher.stateCount() < before);
        QCOMPARE(matcher.stateCount(), std::size_t(3)); // dead, start, and this one
        QVERIFY(matcher.canEnd(matcher.next(state, "\"}]}]")));
        QCOMPARE(matcher.next(state, "\"}]}]]"), GrammarMatcher::kDead);
        QVERIFY(matcher.canEnd(matcher.next(matcher.start(), "[]")));
    }

    // Forgetting at every step changes nothing that follows.
    void trimAgreesWithNotTrimming()
    {
        std::mt19937 random(5);
        const auto grammar = grammarOf(std::string(jsonBaseRules()) + "root ::= value");
        for (int round = 0; round < 20; ++round) {
            GrammarMatcher kept(grammar);
            GrammarMatcher trimmed(grammar);
            State a = kept.start();
            State b = trimmed.start();
            for (int step = 0; step < 60 && kept.canGoOn(a); ++step) {
                std::vector<std::uint8_t> open;
                for (int byte = 0; byte < 256; ++byte) {
                    const State next = kept.next(a, std::uint8_t(byte));
                    const State other = trimmed.next(b, std::uint8_t(byte));
                    QCOMPARE(other == GrammarMatcher::kDead, next == GrammarMatcher::kDead);
                    QCOMPARE(trimmed.canEnd(other), kept.canEnd(next));
                    if (next != GrammarMatcher::kDead)
                        open.push_back(std::uint8_t(byte));
                }
                const std::uint8_t byte = open[random() % open.size()];
                a = kept.next(a, byte);
                b = trimmed.trim(trimmed.next(b, byte));
            }
            QVERIFY(!kept.gaveUp() && !trimmed.gaveUp());
        }
    }

    // Each character is a state of its own, more than are kept.
    void answersMayPassWhatIsKept()
    {
        const auto tokenizer = tokenizerOf({"a", "b", "!"});
        const auto trie = std::make_shared<TokenTrie>(*tokenizer);
        const auto grammar = grammarOf("root ::= [ab]{0,20000} \"!\"");
        QVERIFY(grammar);
        const auto run = GrammarConstraint(grammar, trie).begin();
        for (int i = 0; i < 20'000; ++i) {
            const TokenMask &mask = run->allowed();
            QVERIFY(mask.allows(1) && mask.allows(2) && mask.allows(3) && !mask.allows(0));
            run->accept(Token(1 + i % 2));
        }
        QCOMPARE(allowedTokens(*run, 4), (std::vector<Token>{3}));
        run->accept(3);
        QVERIFY(run->ended());
        QVERIFY(!run->gaveUp());
        // Also when nobody asks what is allowed.
        const auto follower = GrammarConstraint(grammar, trie).begin();
        for (int i = 0; i < 20'000; ++i) {
            follower->accept(Token(1 + i % 2));
            QVERIFY(!follower->ended() && !follower->gaveUp());
        }
        QCOMPARE(allowedTokens(*follower, 4), (std::vector<Token>{3}));
    }

    void givesUpWhereThereAreTooManyWays()
    {
        const auto grammar = grammarOf("root ::= ([a-z]? [A-Z]?){1000}");
        QVERIFY(grammar);
        GrammarMatcher matcher(grammar);
        QVERIFY(matcher.gaveUp());
        QCOMPARE(matcher.start(), GrammarMatcher::kDead);
        // Just as many as there may be.
        GrammarMatcher other(grammarOf("root ::= ([a-z]? [A-Z]?){500}"));
        QVERIFY(other.canEnd(other.next(other.start(), std::string_view("aBcD"))));
        QVERIFY(!other.gaveUp());
    }

    // Work is bounded too: hardly two texts lead to the same state here, of hundreds of places.
    void givesUpAfterTooMuchWork()
    {
        GrammarMatcher matcher(grammarOf("root ::= [ab]* \"a\" [ab]{900}"));
        std::mt19937 random(4);
        State state = matcher.start();
        State last = state;
        bool large = false;
        int read = 0;
        for (; read < 100'000 && state != GrammarMatcher::kDead; ++read) {
            last = state;
            large = large || matcher.isLarge();
            state = matcher.next(state, std::uint8_t('a' + random() % 2));
        }
        QVERIFY(matcher.gaveUp() && large);
        QVERIFY(matcher.stateCount() <= GrammarMatcher::kMaxStates);
        // When it is forgotten, the text goes on.
        last = matcher.trim(last);
        QVERIFY(!matcher.isLarge());
        QVERIFY(matcher.next(last, std::string_view("abab")) != GrammarMatcher::kDead);
    }

    // A grammar with very many ways to read the same text ends and does not grow without bound.
    void hugeAmbiguityLeadsNowhere()
    {
        const auto grammar =
            grammarOf("root ::= x\nx ::= \"a\" x \"a\" | \"a\" x \"b\" | \"a\" x x | \"a\"");
        QVERIFY(grammar);
        GrammarMatcher matcher(grammar);
        State state = matcher.start();
        for (int i = 0; i < 400; ++i)
            state = matcher.next(state, std::string_view("a"));
        QCOMPARE(state, GrammarMatcher::kDead);
        QVERIFY(matcher.gaveUp());
        // A short text is read all the same.
        GrammarMatcher other(grammar);
        QVERIFY(other.canEnd(other.next(other.start(), std::string_view("aab"))));
        QVERIFY(!other.gaveUp());
    }

    void masksSayWhatMayFollow()
    {
        const auto tokenizer = tokenizerOf({"a", "b", "ab", "abc", "c", "bc", "ca"});
        QVERIFY(tokenizer);
        const auto trie = std::make_shared<TokenTrie>(*tokenizer);
        const GrammarConstraint constraint(grammarOf("root ::= \"ab\" \"c\"?"), trie);
        const auto run = constraint.begin();
        QCOMPARE(allowedTokens(*run, 8), (std::vector<Token>{1, 3, 4})); // a, ab, abc
        run->accept(1);
        QCOMPARE(allowedTokens(*run, 8), (std::vector<Token>{2, 6})); // b, bc
        run->accept(2);
        QVERIFY(!run->ended());
        QCOMPARE(allowedTokens(*run, 8), (std::vector<Token>{0, 5})); // the end, c
        run->accept(5);
        QVERIFY(run->ended());
        QCOMPARE(allowedTokens(*run, 8), (std::vector<Token>{0}));
        // Another run begins afresh; what is not allowed ends it.
        const auto other = constraint.begin();
        other->accept(7);
        QVERIFY(other->ended());
        QCOMPARE(allowedTokens(*other, 8), (std::vector<Token>{0}));
        const auto third = constraint.begin();
        third->accept(0);
        QVERIFY(third->ended());
    }

    void noTokenLeadsOn()
    {
        const auto tokenizer = tokenizerOf({"a", "b"});
        const auto trie = std::make_shared<TokenTrie>(*tokenizer);
        const auto run = GrammarConstraint(grammarOf("root ::= \"a\" \"x\""), trie).begin();
        run->accept(1);
        QCOMPARE(allowedTokens(*run, 3), (std::vector<Token>{0}));
        QVERIFY(!run->ended()); // but for a token that is not there
    }

    void charactersMayBeSplitAmongTokens()
    {
        const auto tokenizer = tokenizerOf({"<0xE6>", "<0x97>", "<0xA5>", "<0x98>", "x"});
        const auto trie = std::make_shared<TokenTrie>(*tokenizer);
        const auto run = GrammarConstraint(grammarOf("root ::= \"日\""), trie).begin();
        for (const Token token : {1, 2, 3}) {
            QCOMPARE(allowedTokens(*run, 6), (std::vector<Token>{token}));
            run->accept(token);
        }
        QVERIFY(run->ended());
    }

    // The walk through the prefix tree finds what trying every token finds.
    void masksAgreeWithEveryTokenTried()
    {
        std::mt19937 random(8);
        const std::string_view alphabet = "{}[]\":, a1\\n-.";
        std::vector<std::string> texts;
        for (char c : alphabet)
            texts.push_back(std::string(1, c));
        while (texts.size() < 600) {
            std::string text;
            for (std::size_t n = 1 + random() % 5; n > 0; --n)
                text += alphabet[random() % alphabet.size()];
            if (std::find(texts.begin(), texts.end(), text) == texts.end())
                texts.push_back(text);
        }
        const auto tokenizer = tokenizerOf(texts);
        QVERIFY(tokenizer);
        const auto trie = std::make_shared<TokenTrie>(*tokenizer);
        const auto grammar = grammarOf(std::string(jsonBaseRules()) + "root ::= value");
        const GrammarConstraint constraint(grammar, trie);
        for (int round = 0; round < 40; ++round) {
            const auto run = constraint.begin();
            GrammarMatcher matcher(grammar);
            State state = matcher.start();
            for (int step = 0; step < 40 && !run->ended(); ++step) {
                std::vector<Token> expected;
                for (Token token = 1; token <= Token(texts.size()); ++token) {
                    if (matcher.next(state, tokenizer->bytesOf(token)) != GrammarMatcher::kDead)
                        expected.push_back(token);
                }
                if (matcher.canEnd(state) || expected.empty())
                    expected.insert(expected.begin(), 0);
                const auto actual = allowedTokens(*run, std::uint32_t(texts.size()) + 1);
                QCOMPARE(actual, expected);
                const Token drawn = actual[random() % actual.size()];
                if (drawn == 0)
                    break;
                run->accept(drawn);
                state = matcher.next(state, tokenizer->bytesOf(drawn));
            }
        }
    }

    void triesKnowTheirTexts()
    {
        const auto tokenizer = tokenizerOf({"b", "abc", "ab", "ab\xc3\xa9"});
        const TokenTrie trie(*tokenizer);
        QCOMPARE(trie.vocabularySize(), 5u);
        QCOMPARE(trie.text(2), std::string_view("abc"));
        QCOMPARE(trie.text(0), std::string_view()); // ends an answer
        QCOMPARE(trie.text(77), std::string_view());
        QCOMPARE(trie.text(-1), std::string_view());
        QCOMPARE(trie.depth(), std::size_t(4));
        QCOMPARE(trie.enders().size(), std::size_t(1));
        QCOMPARE(trie.nodes().size(), std::size_t(7)); // a ab abc ab\xc3 ab\xc3\xa9 b, and the end
        QCOMPARE(trie.nodes()[0].after, 5u);
    }
};

QTEST_APPLESS_MAIN(TestGrammar)
#include "tst_grammar.moc"
