// What any executor must do with the model fixtures: the same logits however the tokens are fed.
#pragma once

#include "core/llm/executor.h"
#include "tests/support/fixtures.h"

#include <QTest>

#include <algorithm>
#include <set>

namespace alcove::test {

// The fixtures that the dense llama family covers, in every format.
inline std::vector<ModelCase> runnableCases()
{
    static const std::set<std::string> kArchitectures = {"arch/llama3", "arch/qwen2", "arch/qwen3"};
    std::vector<ModelCase> cases;
    for (ModelCase &one : modelCases()) {
        if (one.name.rfind("quant/", 0) == 0 || kArchitectures.count(one.name))
            cases.push_back(std::move(one));
    }
    return cases;
}

// All decoders among the fixtures.
inline std::vector<ModelCase> decoderCases()
{
    std::vector<ModelCase> cases = modelCases();
    cases.erase(std::remove_if(cases.begin(), cases.end(),
                               [](const ModelCase &one) { return one.isEncoder(); }),
                cases.end());
    return cases;
}

// Rows for a data-driven test: each case fed whole, token by token, and split 1 + 7 + 16.
inline void addFeedingRows(const std::vector<ModelCase> &cases = runnableCases())
{
    QTest::addColumn<QString>("model");
    QTest::addColumn<QString>("expected");
    QTest::addColumn<QVector<int>>("tokens");
    QTest::addColumn<QVector<int>>("split");
    for (const ModelCase &one : cases) {
        const QVector<int> tokens(one.tokens.begin(), one.tokens.end());
        const auto row = [&](const char *how, const QVector<int> &split) {
            QTest::addRow("%s, %s", one.name.c_str(), how)
                << QString::fromStdString(one.model) << QString::fromStdString(one.expected)
                << tokens << split;
        };
        row("whole", {int(tokens.size())});
        row("one by one", QVector<int>(tokens.size(), 1));
        row("1+7+16", {1, 7, 16});
    }
}

// Feeds the row's tokens in its pieces and compares all logits. Use from a test function.
inline void compareFeeding(llm::Executor &executor, double tolerance)
{
    QFETCH(QString, expected);
    QFETCH(QVector<int>, tokens);
    QFETCH(QVector<int>, split);
    const std::vector<float> known = readFloats(expected.toStdString());
    std::vector<float> logits;
    int at = 0;
    for (const int count : split) {
        const std::vector<llm::Token> piece(tokens.begin() + at, tokens.begin() + at + count);
        const auto part = executor.forward(piece, llm::LogitRows::All);
        QVERIFY2(part, part ? "" : part.error().message.c_str());
        logits.insert(logits.end(), part->begin(), part->end());
        at += count;
    }
    QCOMPARE(executor.length(), std::uint32_t(tokens.size()));
    QCOMPARE(logits.size(), known.size());
    const double error = nmse(logits, known);
    QVERIFY2(error <= tolerance, qPrintable(QStringLiteral("NMSE %1").arg(error)));
    QCOMPARE(argmaxDisagreements(logits, known, executor.spec().vocabulary), 0);
}

// Texts of many lengths, embedded together, give what each gives alone. Use from a test function.
inline void compareEmbeddingTogether(llm::Executor &executor, double tolerance)
{
    std::vector<std::vector<llm::Token>> texts;
    std::size_t total = 0;
    for (const std::size_t length : {5, 1, 70, 33, 64, 90, 2, 2, 100}) {
        std::vector<llm::Token> text(std::min<std::size_t>(length, executor.capacity()));
        for (std::size_t i = 0; i < text.size(); ++i)
            text[i] = llm::Token((11 + texts.size() * 7 + i * 13) % executor.spec().vocabulary);
        total += text.size();
        texts.push_back(std::move(text));
    }
    std::size_t last = 0;
    llm::ForwardHooks hooks;
    hooks.progress = [&](std::size_t done, std::size_t of) {
        QVERIFY(done >= last && done <= of);
        last = done;
    };
    for (const llm::Pooling pooling :
         {llm::Pooling::None, llm::Pooling::Mean, llm::Pooling::Cls, llm::Pooling::Last}) {
        last = 0;
        const auto together = executor.embedAll(texts, pooling, hooks);
        QVERIFY2(together, together ? "" : together.error().message.c_str());
        QCOMPARE(together->size(), texts.size());
        QCOMPARE(last, total);
        QCOMPARE(executor.length(), 0u);
        for (std::size_t i = 0; i < texts.size(); ++i) {
            const auto alone = executor.embed(texts[i], pooling);
            QVERIFY(alone);
            // The kernels that fit the number of tokens round differently.
            const double error = nmse((*together)[i], *alone);
            QVERIFY2(error < tolerance,
                     qPrintable(QStringLiteral("text %1: %2").arg(i).arg(error)));
        }
    }
    texts[3].clear();
    QVERIFY(!executor.embedAll(texts, llm::Pooling::Mean));
    QVERIFY(executor.embedAll({}, llm::Pooling::Mean)->empty());
    CancelToken cancel;
    cancel.cancel();
    hooks.cancel = cancel;
    texts[3] = {1, 2};
    const auto stopped = executor.embedAll(texts, llm::Pooling::Mean, hooks);
    QVERIFY(!stopped && stopped.error().cancelled());
    QVERIFY(executor.embed(texts[0], llm::Pooling::Mean));
}

} // namespace alcove::test
