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

} // namespace alcove::test
