// A form holds the answer, and not what a model thinks before it.
#include "core/llm/grammar/after_reasoning.h"
#include "core/llm/grammar/grammar.h"
#include "core/llm/grammar/grammar_constraint.h"
#include "tests/support/vocabulary_file.h"

#include <QTest>

using namespace alcove;
using namespace alcove::llm;
using namespace alcove::test;

namespace {

// 0 ends an answer; those in angle brackets are control tokens.
const std::vector<std::string> kTokens = {
    "</s>",  "<think>", "</think>", "<|channel|>", "<|message|>", "<|end|>",  "analysis",
    "final", "a",       "b",        "x",           "<|start|>",   "assistant"};

Token tokenOf(const std::string &text)
{
    return Token(std::find(kTokens.begin(), kTokens.end(), text) - kTokens.begin());
}

std::shared_ptr<const Tokenizer> tokenizer()
{
    static const std::string bytes = [] {
        std::vector<std::int32_t> kinds;
        std::vector<float> scores;
        for (const std::string &text : kTokens) {
            kinds.push_back(text.front() == '<' ? 3 : 1);
            scores.push_back(-float(kinds.size()));
        }
        VocabularyFile file;
        file.text("general.architecture", "llama")
            .text("tokenizer.ggml.model", "llama")
            .texts("tokenizer.ggml.tokens", kTokens)
            .numbers("tokenizer.ggml.token_type", kinds)
            .floats("tokenizer.ggml.scores", scores)
            .number("tokenizer.ggml.eos_token_id", 0);
        return file.bytes();
    }();
    static const auto file = GgufFile::parse(VocabularyFile::view(bytes), "vocabulary");
    static const auto made =
        file ? Tokenizer::create(*file) : Result<std::shared_ptr<const Tokenizer>>();
    return made ? *made : nullptr;
}

// The answer is "ab".
AfterReasoning constraintOf(const AnswerFormat &format, AnswerStart start)
{
    const auto grammar = Grammar::parse("root ::= \"ab\"");
    if (!grammar)
        qFatal("%s", grammar.error().message.c_str());
    return AfterReasoning(
        std::make_shared<GrammarConstraint>(*grammar, std::make_shared<TokenTrie>(*tokenizer())),
        format, start, tokenizer());
}

AnswerFormat thinking()
{
    AnswerFormat format;
    format.reasoning.push_back({"<think>", "</think>", 0});
    return format;
}

QStringList allowed(ConstraintRun &run)
{
    QStringList texts;
    for (std::size_t i = 0; i < kTokens.size(); ++i) {
        if (run.allowed().allows(Token(i)))
            texts << QString::fromStdString(kTokens[i]);
    }
    return texts;
}

void accept(ConstraintRun &run, const std::vector<std::string> &texts)
{
    for (const std::string &text : texts)
        run.accept(tokenOf(text));
}

} // namespace

class TestAfterReasoning : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void thePromptHasOpenedIt()
    {
        QVERIFY(tokenizer());
        const AfterReasoning constraint = constraintOf(thinking(), AnswerStart::Reasoning);
        const auto run = constraint.begin();
        QCOMPARE(allowed(*run).size(), qsizetype(kTokens.size()));
        accept(*run, {"x", "b", "a", "a"});
        QCOMPARE(allowed(*run).size(), qsizetype(kTokens.size()));
        accept(*run, {"</think>"});
        QCOMPARE(allowed(*run), QStringList{"a"});
        QVERIFY(!run->ended());
        accept(*run, {"a"});
        QCOMPARE(allowed(*run), QStringList{"b"});
        accept(*run, {"b"});
        QVERIFY(allowed(*run).contains("</s>"));
        QVERIFY(!allowed(*run).contains("a") && !allowed(*run).contains("b"));
        QVERIFY(run->ended());
    }

    void theModelMayOpenItItself()
    {
        const AfterReasoning constraint = constraintOf(thinking(), AnswerStart::Answer);
        const auto thinks = constraint.begin();
        QCOMPARE(allowed(*thinks), (QStringList{"<think>", "a"}));
        accept(*thinks, {"<think>", "x", "x", "</think>"});
        QCOMPARE(allowed(*thinks), QStringList{"a"});
        const auto answers = constraint.begin();
        accept(*answers, {"a"});
        QCOMPARE(allowed(*answers), QStringList{"b"});
        accept(*answers, {"b"});
        QVERIFY(answers->ended());
    }

    void channelsComeBefore()
    {
        AnswerFormat format;
        format.headers = AnswerFormat::Headers::Harmony;
        const auto run = constraintOf(format, AnswerStart::Header).begin();
        accept(*run, {"<|channel|>", "analysis", "<|message|>", "x", "a"});
        QCOMPARE(allowed(*run).size(), qsizetype(kTokens.size()));
        accept(*run, {"<|end|>", "<|start|>", "assistant", "<|channel|>", "final"});
        QCOMPARE(allowed(*run).size(), qsizetype(kTokens.size()));
        accept(*run, {"<|message|>"});
        QCOMPARE(allowed(*run), QStringList{"a"});
    }

    void aTurnMayEndInThought()
    {
        const auto run = constraintOf(thinking(), AnswerStart::Reasoning).begin();
        accept(*run, {"x", "</s>"});
        QVERIFY(run->ended());
    }
};

QTEST_APPLESS_MAIN(TestAfterReasoning)
#include "tst_after_reasoning.moc"
