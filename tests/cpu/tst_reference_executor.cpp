#include "core/cpu/reference_executor.h"
#include "tests/support/executor_checks.h"

#include <QTest>

#include <algorithm>

using namespace alcove;

class TestReferenceExecutor : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void float32Kv_data() { test::addFeedingRows(test::decoderCases()); }
    void float32Kv() { feed(llm::KvFormat::F32, test::kNmseFloat32); }

    void float16Kv_data() { test::addFeedingRows(test::decoderCases()); }
    void float16Kv() { feed(llm::KvFormat::F16, test::kNmseFloat16Kv); }

    void embeds_data()
    {
        QTest::addColumn<QString>("name");
        for (const test::ModelCase &one : test::modelCases()) {
            if (one.isEncoder())
                QTest::newRow(one.name.c_str()) << QString::fromStdString(one.name);
        }
    }
    void embeds()
    {
        QFETCH(QString, name);
        for (const test::ModelCase &one : test::modelCases()) {
            if (one.name != name.toStdString())
                continue;
            auto model = llm::Model::open(one.model);
            QVERIFY2(model, model ? "" : model.error().message.c_str());
            auto executor = cpu::createReferenceExecutor(*model, {});
            QVERIFY2(executor, executor ? "" : executor.error().message.c_str());
            const std::vector<float> known = test::readFloats(one.expected);
            // The file asks for the mean.
            for (const llm::Pooling pooling : {llm::Pooling::Mean, llm::Pooling::None}) {
                const auto vector = (*executor)->embed(one.tokens, pooling);
                QVERIFY2(vector, vector ? "" : vector.error().message.c_str());
                QCOMPARE(vector->size(), known.size());
                const double error = test::nmse(*vector, known);
                QVERIFY2(error <= test::kNmseFloat32,
                         qPrintable(QStringLiteral("NMSE %1").arg(error)));
                QCOMPARE((*executor)->length(), 0u);
            }
        }
    }

    void stopsAndContinues()
    {
        auto model = llm::Model::open(test::fixture("quant/llama-Q8_0.gguf"));
        QVERIFY(model);
        llm::ExecutorOptions options;
        options.contextLength = 16;
        auto executor = cpu::createReferenceExecutor(*model, options);
        auto other = cpu::createReferenceExecutor(*model, options);
        QVERIFY(executor && other);
        const std::vector<llm::Token> tokens = {1, 5, 77, 260, 31, 262};
        llm::ForwardHooks hooks;
        hooks.progress = [&](std::size_t done, std::size_t) {
            if (done == 4)
                hooks.cancel.cancel();
        };
        const auto stopped = (*executor)->forward(tokens, llm::LogitRows::Last, hooks);
        QVERIFY(!stopped);
        QVERIFY(stopped.error().cancelled());
        QCOMPARE((*executor)->length(), 4u);
        const auto rest = (*executor)->forward(std::span(tokens).subspan(4), llm::LogitRows::Last);
        const auto whole = (*other)->forward(tokens, llm::LogitRows::Last);
        QVERIFY(rest && whole);
        QVERIFY(*rest == *whole);
    }

    void saysWhatIsWrong()
    {
        auto model = llm::Model::open(test::fixture("quant/llama-Q8_0.gguf"));
        QVERIFY(model);
        llm::ExecutorOptions options;
        options.contextLength = 0xffffffffu;
        const auto tooLong = cpu::createReferenceExecutor(*model, options);
        QVERIFY(!tooLong);
        QCOMPARE(tooLong.error().code, ErrorCode::OutOfMemory);
        QVERIFY(tooLong.error().message.find("4294967295 tokens") != std::string::npos);
        options.contextLength = 2;
        auto executor = cpu::createReferenceExecutor(*model, options);
        QVERIFY(executor);
        const auto code = [&](const std::vector<llm::Token> &tokens) {
            const auto result = (*executor)->forward(tokens, llm::LogitRows::Last);
            return result ? ErrorCode::Internal : result.error().code;
        };
        QCOMPARE(code({}), ErrorCode::InvalidArgument);
        QCOMPARE(code({-1}), ErrorCode::InvalidArgument);
        QCOMPARE(code({1, 2, 3}), ErrorCode::ContextFull);
        QCOMPARE((*executor)->length(), 0u);
        QVERIFY(!(*executor)->sampleNext());
        QVERIFY(!(*executor)->truncate(1));
    }

private:
    void feed(llm::KvFormat format, double tolerance)
    {
        QFETCH(QString, model);
        auto opened = llm::Model::open(model.toStdString());
        if (!opened && opened.error().code == ErrorCode::Unsupported)
            QSKIP(opened.error().message.c_str());
        QVERIFY2(opened, opened ? "" : opened.error().message.c_str());
        llm::ExecutorOptions options;
        // As the known answers were computed: phi3 chooses its factors by it.
        options.contextLength = std::min(512u, (*opened)->spec().trainedContext);
        options.kvFormat = format;
        auto executor = cpu::createReferenceExecutor(*opened, options);
        QVERIFY2(executor, executor ? "" : executor.error().message.c_str());
        test::compareFeeding(**executor, tolerance);
    }
};

QTEST_APPLESS_MAIN(TestReferenceExecutor)
#include "tst_reference_executor.moc"
