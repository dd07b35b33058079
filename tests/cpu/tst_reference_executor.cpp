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

    // Going back and on again gives what a fresh start gives; recurrent layers go back to
    // checkpoints only.
    void goesBack_data()
    {
        QTest::addColumn<QString>("name");
        for (const char *name :
             {"arch/llama3", "arch/gemma3", "arch/lfm2", "arch/qwen35", "arch/granitehybrid"}) {
            if (!test::fixture(std::string(name) + ".gguf").empty())
                QTest::newRow(name) << QString::fromLatin1(name);
        }
    }
    void goesBack()
    {
        QFETCH(QString, name);
        auto model = llm::Model::open(test::fixture(name.toStdString() + ".gguf"));
        QVERIFY2(model, model ? "" : model.error().message.c_str());
        llm::ExecutorOptions options;
        options.contextLength = 100;
        auto executor = cpu::createReferenceExecutor(*model, options);
        auto fresh = cpu::createReferenceExecutor(*model, options);
        QVERIFY(executor && fresh);
        std::vector<llm::Token> tokens;
        for (int i = 0; i < 70; ++i)
            tokens.push_back((i * 37 + 5) % 120);
        const std::span all(tokens);
        QVERIFY((*executor)->forward(all.first(7), llm::LogitRows::None));
        QVERIFY((*executor)->forward(all.subspan(7), llm::LogitRows::None));
        const bool recurrent = (*model)->spec().isRecurrent();
        QCOMPARE((*executor)->restorable(69), recurrent ? 64u : 69u);
        QCOMPARE((*executor)->restorable(63), recurrent ? 7u : 63u);
        QCOMPARE((*executor)->restorable(6), recurrent ? 0u : 6u);
        QCOMPARE((*executor)->restorable(200), 70u);
        if (recurrent) {
            const auto refused = (*executor)->truncate(63);
            QVERIFY(!refused);
            QCOMPARE(refused.error().code, ErrorCode::InvalidArgument);
            QCOMPARE((*executor)->length(), 70u);
            QVERIFY(!(*executor)->discard(1, 2));
        }
        const auto expected = (*fresh)->forward(all.first(66), llm::LogitRows::Last);
        QVERIFY(expected);
        for (const std::uint32_t length : {64u, 7u, 0u}) {
            QVERIFY((*executor)->truncate(length));
            const auto again =
                (*executor)->forward(all.subspan(length, 66 - length), llm::LogitRows::Last);
            QVERIFY(again);
            QVERIFY(*again == *expected);
        }
    }

    // A cancelled token leaves no trace in a recurrent layer's state.
    void stopsWithoutATrace()
    {
        const std::string path = test::fixture("arch/granitehybrid.gguf");
        if (path.empty())
            QSKIP("This checkout does not have the hybrid fixtures.");
        auto model = llm::Model::open(path);
        QVERIFY(model);
        auto executor = cpu::createReferenceExecutor(*model, {});
        auto other = cpu::createReferenceExecutor(*model, {});
        QVERIFY(executor && other);
        const std::vector<llm::Token> tokens = {1, 5, 77, 26};
        llm::ForwardHooks hooks;
        hooks.progress = [&](std::size_t done, std::size_t) {
            if (done == 2)
                hooks.cancel.cancel();
        };
        QVERIFY(!(*executor)->forward(tokens, llm::LogitRows::Last, hooks));
        QCOMPARE((*executor)->length(), 2u);
        const auto rest = (*executor)->forward(std::span(tokens).subspan(2), llm::LogitRows::Last);
        const auto whole = (*other)->forward(tokens, llm::LogitRows::Last);
        QVERIFY(rest && whole);
        QVERIFY(*rest == *whole);
    }

    // In two steps or at once, the rest of the context ends up at the same place.
    void shiftsTheContext()
    {
        auto model = llm::Model::open(test::fixture("arch/qwen3.gguf"));
        QVERIFY(model);
        llm::ExecutorOptions options;
        options.contextLength = 32;
        options.kvFormat = llm::KvFormat::F32;
        auto executor = cpu::createReferenceExecutor(*model, options);
        auto same = cpu::createReferenceExecutor(*model, options);
        QVERIFY(executor && same);
        const std::vector<llm::Token> tokens = {1, 5, 77, 260, 31, 262, 281, 300};
        QVERIFY((*executor)->forward(tokens, llm::LogitRows::None));
        QVERIFY((*same)->forward(tokens, llm::LogitRows::None));
        QVERIFY(!(*executor)->discard(7, 2));
        QVERIFY((*executor)->discard(0, 3));
        QCOMPARE((*executor)->length(), 5u);
        QVERIFY((*same)->discard(0, 1));
        QVERIFY((*same)->discard(0, 2));
        const std::vector<llm::Token> next = {290};
        const auto once = (*executor)->forward(next, llm::LogitRows::Last);
        const auto twice = (*same)->forward(next, llm::LogitRows::Last);
        QVERIFY(once && twice);
        QVERIFY(test::nmse(*once, *twice) < 1e-9);
    }

    void roundsKeysAndValues_data()
    {
        QTest::addColumn<int>("keys");
        QTest::addColumn<int>("values");
        QTest::addColumn<double>("most");
        QTest::newRow("Q8_0") << int(llm::KvFormat::Q8_0) << int(llm::KvFormat::Q8_0) << 3e-3;
        QTest::newRow("F16 and Q4_0") << int(llm::KvFormat::F16) << int(llm::KvFormat::Q4_0) << 0.1;
    }
    void roundsKeysAndValues()
    {
        QFETCH(int, keys);
        QFETCH(int, values);
        QFETCH(double, most);
        for (const test::ModelCase &one : test::runnableCases()) {
            if (one.name != "arch/qwen2")
                continue;
            auto model = llm::Model::open(one.model);
            QVERIFY(model);
            llm::ExecutorOptions options;
            options.kvFormat = llm::KvFormat(keys);
            options.valueFormat = llm::KvFormat(values);
            auto executor = cpu::createReferenceExecutor(*model, options);
            QVERIFY2(executor, executor ? "" : executor.error().message.c_str());
            const auto logits = (*executor)->forward(one.tokens, llm::LogitRows::All);
            QVERIFY(logits);
            const double error = test::nmse(*logits, test::readFloats(one.expected));
            QVERIFY2(error > 1e-8 && error < most,
                     qPrintable(QStringLiteral("NMSE %1").arg(error)));
            options.kvFormat = llm::KvFormat::Q4_0;
            QVERIFY(!cpu::createReferenceExecutor(*model, options));
        }
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
