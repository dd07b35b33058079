// What an executor makes of the tiny models, beside what they are by definition. Use from a test
// function.
#pragma once

#include "core/llm/executor.h"
#include "tests/support/fixtures.h"
#include "tests/support/plain_models.h"
#include "tests/support/plain_phi3.h"

#include <QFile>
#include <QTest>

#include <functional>
#include <memory>

namespace alcove::test {

struct PlainCase {
    const char *name;
    std::function<std::unique_ptr<PlainModel>()> make;
    bool processorOnly = false; // the graphics kernels do not know its norms of q and k
    std::uint32_t context = 64; // positions of the executor
};

inline std::vector<PlainCase> plainDecoders()
{
    return {
        {"granitemoe", [] { return std::make_unique<PlainGraniteMoe>(false); }},
        {"granitemoe, shared", [] { return std::make_unique<PlainGraniteMoe>(true); }},
        {"lfm2moe", [] { return std::make_unique<PlainLfm2Moe>(); }},
        // The context decides, not how much of it is used.
        {"phi3, short factors",
         [] { return std::make_unique<PlainPhi3>(PlainPhi3::Factors::Short); }, false,
         PlainPhi3::kOriginalContext},
        {"phi3, long factors", [] { return std::make_unique<PlainPhi3>(PlainPhi3::Factors::Long); },
         false, PlainPhi3::kOriginalContext + 1},
    };
}

inline std::vector<PlainCase> plainEncoders()
{
    using Jina = PlainJinaBert;
    return {
        {"jina-bert-v2, gate apart",
         [] { return std::make_unique<Jina>(Jina::Gate::Apart, Jina::HeadNorms::No); }},
        {"jina-bert-v2, fused gate, norms of q and k",
         [] { return std::make_unique<Jina>(Jina::Gate::Fused, Jina::HeadNorms::Yes); }, true},
    };
}

inline void addPlainRows(const std::vector<PlainCase> &cases)
{
    QTest::addColumn<int>("index");
    int index = 0;
    for (const PlainCase &one : cases)
        QTest::newRow(one.name) << index++;
}

inline std::vector<int> plainTokens()
{
    std::vector<int> tokens;
    for (int i = 0; i < 21; ++i)
        tokens.push_back((3 + i * 17 + i * i) % 40);
    return tokens;
}

inline void writeBytes(const QString &path, const std::string &bytes)
{
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly)
        || file.write(bytes.data(), qint64(bytes.size())) != qint64(bytes.size()))
        qFatal("cannot write %s", qPrintable(path));
}

inline std::vector<float> flat(const plain::Rows &rows)
{
    std::vector<float> values;
    for (const plain::Vector &row : rows)
        values.insert(values.end(), row.begin(), row.end());
    return values;
}

inline void comparePlainLogits(llm::Executor &executor, const PlainModel &model)
{
    const std::vector<int> tokens = plainTokens();
    const std::vector<float> expected = flat(model.compute(tokens));
    for (const std::vector<std::size_t> &split :
         {std::vector<std::size_t>{21}, std::vector<std::size_t>(21, 1), {1, 4, 16}}) {
        QVERIFY(executor.truncate(0));
        std::vector<float> actual;
        std::size_t at = 0;
        for (const std::size_t count : split) {
            const std::vector<llm::Token> part(tokens.begin() + std::ptrdiff_t(at),
                                               tokens.begin() + std::ptrdiff_t(at + count));
            const auto logits = executor.forward(part, llm::LogitRows::All);
            QVERIFY2(logits, logits ? "" : logits.error().message.c_str());
            actual.insert(actual.end(), logits->begin(), logits->end());
            at += count;
        }
        QCOMPARE(actual.size(), expected.size());
        const double error = nmse(actual, expected);
        QVERIFY2(error <= 1e-9, qPrintable(QStringLiteral("NMSE %1").arg(error)));
    }
}

// The vector that a kind of pooling makes of the hidden values, one row a token.
inline plain::Vector pooled(const plain::Rows &hidden, llm::Pooling pooling)
{
    if (pooling == llm::Pooling::Cls)
        return hidden.front();
    if (pooling == llm::Pooling::Last)
        return hidden.back();
    plain::Vector mean(hidden.front().size());
    for (const plain::Vector &row : hidden)
        mean = plain::sum(mean, row, 1 / double(hidden.size()));
    return mean;
}

// `asked`: of the executor; Pooling::None takes the file's.
inline void comparePlainVector(llm::Executor &executor, const PlainModel &model, llm::Pooling asked,
                               llm::Pooling expectedPooling)
{
    const std::vector<int> tokens = plainTokens();
    for (const std::size_t count : {std::size_t(1), std::size_t(2), tokens.size()}) {
        const std::vector<int> text(tokens.begin(), tokens.begin() + std::ptrdiff_t(count));
        const auto actual = executor.embed({text.begin(), text.end()}, asked);
        QVERIFY2(actual, actual ? "" : actual.error().message.c_str());
        const std::vector<float> expected = flat({pooled(model.compute(text), expectedPooling)});
        QCOMPARE(actual->size(), expected.size());
        const double error = nmse(*actual, expected);
        QVERIFY2(error <= 1e-9, qPrintable(QStringLiteral("NMSE %1").arg(error)));
    }
}

} // namespace alcove::test
