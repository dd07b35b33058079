// Every architecture among the fixtures on every set of kernels, and what executors promise about
// going back, shifting and formats, against the reference executor.
#include "core/cpu/reference_executor.h"
#include "core/llm/memory_need.h"
#include "tests/cpu/cpu_executor_support.h"

#include <QTest>

#include <thread>

using namespace alcove;
using namespace alcove::test;

namespace {

// Rows for the decoders of `arch/`.
void addArchitectureRows()
{
    QTest::addColumn<QString>("model");
    for (const ModelCase &one : decoderCases()) {
        if (one.name.rfind("arch/", 0) == 0)
            QTest::newRow(one.name.c_str()) << QString::fromStdString(one.model);
    }
}

double toleranceOf(const llm::Model &model, double exact)
{
    return quantised(model) ? kNmseInt8Activations : exact;
}

std::vector<float> lastLogits(llm::Executor &executor, std::span<const llm::Token> tokens)
{
    const auto logits = executor.forward(tokens, llm::LogitRows::Last);
    return logits ? *logits : std::vector<float>();
}

std::unique_ptr<llm::Executor> reference(const std::shared_ptr<const llm::Model> &model,
                                         const llm::ExecutorOptions &options)
{
    auto executor = cpu::createReferenceExecutor(model, options);
    return executor ? std::move(*executor) : nullptr;
}

} // namespace

class TestCpuArchitectures : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void matchesTheFixtures_data() { addFeedingRows(decoderCases()); }
    void matchesTheFixtures()
    {
        QFETCH(QString, model);
        ALCOVE_OPEN_OR_SKIP(opened, model.toStdString());
        // As the known answers were computed: phi3 chooses its factors by it.
        const std::uint32_t context = std::min(512u, opened->spec().trainedContext);
        for (const cpu::KernelTable *kernels : cpu::runnableKernels()) {
            for (const llm::KvFormat format : {llm::KvFormat::F16, llm::KvFormat::F32}) {
                const auto executor = create(opened, contextOf(context, format), *kernels);
                QVERIFY(executor);
                compareFeeding(
                    *executor,
                    toleranceOf(*opened,
                                format == llm::KvFormat::F32 ? kNmseFloat32 : kNmseFloat16Kv));
                if (QTest::currentTestFailed()) {
                    qWarning("with the %s kernels, KV format %d", kernels->name, int(format));
                    return;
                }
            }
        }
    }

    void embedsLikeTheFixtures_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("expected");
        QTest::addColumn<QVector<int>>("tokens");
        for (const ModelCase &one : modelCases()) {
            if (one.isEncoder())
                QTest::newRow(one.name.c_str())
                    << QString::fromStdString(one.model) << QString::fromStdString(one.expected)
                    << QVector<int>(one.tokens.begin(), one.tokens.end());
        }
    }
    void embedsLikeTheFixtures()
    {
        QFETCH(QString, model);
        QFETCH(QString, expected);
        QFETCH(QVector<int>, tokens);
        ALCOVE_OPEN_OR_SKIP(opened, model.toStdString());
        const std::vector<llm::Token> text(tokens.begin(), tokens.end());
        const std::vector<float> known = readFloats(expected.toStdString());
        for (const cpu::KernelTable *kernels : cpu::runnableKernels()) {
            const auto executor = create(opened, contextOf(128, llm::KvFormat::F32), *kernels);
            QVERIFY(executor);
            for (int turn = 0; turn < 2; ++turn) {
                const auto vector = executor->embed(text, llm::Pooling::Mean);
                QVERIFY2(vector, vector ? "" : vector.error().message.c_str());
                QCOMPARE(vector->size(), known.size());
                const double error = nmse(*vector, known);
                QVERIFY2(error <= toleranceOf(*opened, kNmseFloat32),
                         qPrintable(QStringLiteral("%1: NMSE %2").arg(kernels->name).arg(error)));
                QCOMPARE(executor->length(), 0u);
            }
            const auto written = executor->forward(text, llm::LogitRows::Last);
            QVERIFY(!written);
            QCOMPARE(written.error().code, ErrorCode::Unsupported);
        }
    }

    // More tokens than a batch: every slice must see all the others.
    void embedsLongTexts_data() { embedsLikeTheFixtures_data(); }
    void embedsLongTexts()
    {
        QFETCH(QString, model);
        ALCOVE_OPEN_OR_SKIP(opened, model.toStdString());
        const auto options = contextOf(150, llm::KvFormat::F32);
        const auto executor = create(opened, options);
        const auto plain = reference(opened, options);
        QVERIFY(executor && plain);
        const auto tokens =
            someTokens(std::min(150u, executor->capacity()), opened->spec().vocabulary);
        for (const llm::Pooling pooling :
             {llm::Pooling::None, llm::Pooling::Mean, llm::Pooling::Cls, llm::Pooling::Last}) {
            const auto actual = executor->embed(tokens, pooling);
            const auto expected = plain->embed(tokens, pooling);
            QVERIFY(actual && expected);
            QVERIFY(nmse(*actual, *expected) <= toleranceOf(*opened, kNmseFloat32));
        }
        const auto tooLong = executor->embed(someTokens(200, 50), llm::Pooling::Mean);
        QVERIFY(!tooLong);
        QCOMPARE(tooLong.error().code, ErrorCode::ContextFull);
    }

    void embedsSeveralTexts_data()
    {
        QTest::addColumn<QString>("model");
        for (const ModelCase &one : modelCases()) {
            if (one.isEncoder() || one.name == "arch/qwen3" || one.name == "arch/lfm2")
                QTest::newRow(one.name.c_str()) << QString::fromStdString(one.model);
        }
    }
    void embedsSeveralTexts()
    {
        QFETCH(QString, model);
        ALCOVE_OPEN_OR_SKIP(opened, model.toStdString());
        const auto executor = create(opened, contextOf(100, llm::KvFormat::F32));
        QVERIFY(executor);
        compareEmbeddingTogether(*executor, toleranceOf(*opened, kNmseFloat32));
    }

    void embedsWithDecoders_data() { addArchitectureRows(); }
    void embedsWithDecoders()
    {
        QFETCH(QString, model);
        ALCOVE_OPEN_OR_SKIP(opened, model.toStdString());
        const auto options = contextOf(100, llm::KvFormat::F32);
        const auto executor = create(opened, options);
        const auto plain = reference(opened, options);
        QVERIFY(executor && plain);
        const auto tokens = someTokens(70, opened->spec().vocabulary);
        for (const llm::Pooling pooling :
             {llm::Pooling::Mean, llm::Pooling::Cls, llm::Pooling::Last}) {
            const auto actual = executor->embed(tokens, pooling);
            const auto expected = plain->embed(tokens, pooling);
            QVERIFY(actual && expected);
            const double error = nmse(*actual, *expected);
            QVERIFY2(error <= toleranceOf(*opened, kNmseFloat32),
                     qPrintable(QString::number(error)));
            QCOMPARE(executor->length(), 0u);
        }
        // Nothing of the embedded text is left behind.
        const auto fresh = create(opened, options);
        QVERIFY(fresh);
        QVERIFY(lastLogits(*executor, tokens) == lastLogits(*fresh, tokens));
        const auto occupied = executor->embed(tokens, llm::Pooling::Mean);
        QVERIFY(!occupied);
        QCOMPARE(occupied.error().code, ErrorCode::InvalidArgument);
    }

    void goesBackAndContinues_data() { addArchitectureRows(); }
    void goesBackAndContinues()
    {
        QFETCH(QString, model);
        ALCOVE_OPEN_OR_SKIP(opened, model.toStdString());
        const auto options = contextOf(300, llm::KvFormat::F32);
        const auto executor = create(opened, options);
        const auto fresh = create(opened, options);
        QVERIFY(executor && fresh);
        const auto tokens = someTokens(200, opened->spec().vocabulary);
        const auto others = someTokens(90, opened->spec().vocabulary / 2);
        const auto expected = lastLogits(*fresh, tokens);
        QCOMPARE(expected.size(), std::size_t(opened->spec().vocabulary));
        QCOMPARE(lastLogits(*executor, tokens), expected);
        for (const std::uint32_t wanted : {200u, 150u, 70u, 3u, 0u}) {
            const std::uint32_t length = executor->restorable(wanted);
            QVERIFY(length <= wanted);
            QVERIFY(opened->spec().isRecurrent() ? wanted - length <= 64 : wanted == length);
            QVERIFY(executor->truncate(length));
            QCOMPARE(executor->length(), length);
            // Something else in between must leave no trace.
            QVERIFY(executor->forward(others, llm::LogitRows::None));
            QVERIFY(executor->truncate(length));
            if (length == 200)
                continue;
            const auto again = lastLogits(*executor, std::span(tokens).subspan(length));
            const double error = nmse(again, expected);
            QVERIFY2(error <= toleranceOf(*opened, kNmseFloat32),
                     qPrintable(QStringLiteral("from %1: NMSE %2").arg(length).arg(error)));
        }
        if (!opened->spec().isRecurrent())
            return;
        const auto refused = executor->truncate(executor->length() - 1);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::InvalidArgument);
        QCOMPARE(executor->length(), 200u);
    }

    // Many short calls, as in a long chat: few checkpoints are kept, and those spread out.
    void keepsCheckpointsBounded()
    {
        for (const char *name : {"arch/lfm2", "arch/qwen35", "arch/granitehybrid"}) {
            const auto model = openFixture(name);
            if (!model)
                QSKIP("No model with a recurrent state can be read here.");
            const auto executor = create(model, contextOf(256));
            QVERIFY(executor);
            const auto bytes = executor->info().kvBytes;
            const auto tokens = someTokens(200, model->spec().vocabulary);
            for (const llm::Token &token : tokens)
                QVERIFY(executor->forward({&token, 1}, llm::LogitRows::None));
            QCOMPARE(executor->info().kvBytes, bytes);
            for (const std::uint32_t wanted : {199u, 150u, 100u, 50u}) {
                const std::uint32_t length = executor->restorable(wanted);
                QVERIFY(length <= wanted && wanted - length <= 64);
                QVERIFY(executor->truncate(length));
            }
        }
    }

    // Wherever a forward call is cut off, what it leaves behind can be continued.
    void stopsInTheMiddleOfABatch_data() { addArchitectureRows(); }
    void stopsInTheMiddleOfABatch()
    {
        QFETCH(QString, model);
        ALCOVE_OPEN_OR_SKIP(opened, model.toStdString());
        const auto executor = create(opened, contextOf(300, llm::KvFormat::F32));
        const auto fresh = create(opened, contextOf(300, llm::KvFormat::F32));
        QVERIFY(executor && fresh);
        const auto tokens = someTokens(250, opened->spec().vocabulary);
        llm::ForwardHooks hooks;
        std::thread stopper;
        hooks.progress = [&](std::size_t, std::size_t) {
            if (!stopper.joinable())
                stopper = std::thread([cancel = hooks.cancel]() mutable { cancel.cancel(); });
        };
        const auto stopped = executor->forward(tokens, llm::LogitRows::Last, hooks);
        stopper.join();
        const auto expected = lastLogits(*fresh, tokens);
        if (stopped) {
            QCOMPARE(executor->length(), 250u);
            return;
        }
        QVERIFY(stopped.error().cancelled());
        QVERIFY(executor->length() < 250u);
        const auto rest = lastLogits(*executor, std::span(tokens).subspan(executor->length()));
        QVERIFY(nmse(rest, expected) <= 1e-9);
    }

    // Longer than a window's ring, and back again.
    void windowsWrapAround_data()
    {
        QTest::addColumn<QString>("model");
        for (const char *name : {"arch/gemma2", "arch/gemma3", "arch/gptoss"})
            QTest::newRow(name) << QString::fromStdString(fixture(std::string(name) + ".gguf"));
    }
    void windowsWrapAround()
    {
        QFETCH(QString, model);
        if (model.isEmpty())
            QSKIP("The fixture is not here.");
        ALCOVE_OPEN_OR_SKIP(opened, model.toStdString());
        const auto options = contextOf(700, llm::KvFormat::F32);
        const auto executor = create(opened, options);
        const auto plain = reference(opened, options);
        QVERIFY(executor && plain);
        // The rings are shorter than the context.
        QVERIFY(executor->info().kvBytes < plain->info().kvBytes);
        const auto tokens = someTokens(650, opened->spec().vocabulary);
        const auto expected = plain->forward(tokens, llm::LogitRows::All);
        const auto actual = executor->forward(tokens, llm::LogitRows::All);
        QVERIFY(actual && expected);
        const double tolerance = toleranceOf(*opened, kNmseFloat32);
        QVERIFY2(nmse(*actual, *expected) <= tolerance,
                 qPrintable(QString::number(nmse(*actual, *expected))));
        // What the ring has lost cannot be gone back to, but there is always the start.
        QCOMPARE(executor->restorable(10), 0u);
        QCOMPARE(executor->restorable(600), 600u);
        QVERIFY(!executor->truncate(10));
        QVERIFY(executor->truncate(600));
        const auto vocabulary = opened->spec().vocabulary;
        const auto again = lastLogits(*executor, std::span(tokens).subspan(600));
        const std::vector<float> last(expected->end() - vocabulary, expected->end());
        QVERIFY(nmse(again, last) <= tolerance);
        // One shift, the same on both, and on.
        QVERIFY(executor->discard(20, 300));
        QVERIFY(plain->discard(20, 300));
        QCOMPARE(executor->length(), 350u);
        const auto more = someTokens(30, vocabulary);
        const auto shifted = executor->forward(more, llm::LogitRows::All);
        const auto shiftedPlain = plain->forward(more, llm::LogitRows::All);
        QVERIFY(shifted && shiftedPlain);
        QVERIFY2(nmse(*shifted, *shiftedPlain) <= tolerance,
                 qPrintable(QString::number(nmse(*shifted, *shiftedPlain))));
        QVERIFY(executor->truncate(0));
        const auto fresh = create(opened, options);
        QVERIFY(fresh);
        QVERIFY(lastLogits(*executor, more) == lastLogits(*fresh, more));
    }

    // What is said before a model is loaded is what it then takes.
    void takesTheMemoryThatWasSaid_data() { addArchitectureRows(); }
    void takesTheMemoryThatWasSaid()
    {
        QFETCH(QString, model);
        ALCOVE_OPEN_OR_SKIP(opened, model.toStdString());
        for (const llm::KvFormat format :
             {llm::KvFormat::F32, llm::KvFormat::F16, llm::KvFormat::Q8_0}) {
            const auto options = contextOf(480, format);
            const auto need = llm::memoryNeed(opened->spec(), options);
            const auto executor = create(opened, options);
            QVERIFY(executor);
            const double said = double(need.kvBytes + need.recurrentBytes);
            const double taken = double(executor->info().kvBytes);
            QVERIFY2(std::abs(said - taken) <= 0.05 * taken,
                     qPrintable(QStringLiteral("said %1, taken %2").arg(said).arg(taken)));
            QCOMPARE(need.weightBytes, executor->info().weightBytes);
        }
    }

    // A shift leaves room, and what follows is as the reference has it.
    void shiftsTheContext_data() { addArchitectureRows(); }
    void shiftsTheContext()
    {
        QFETCH(QString, model);
        ALCOVE_OPEN_OR_SKIP(opened, model.toStdString());
        for (const llm::KvFormat format :
             {llm::KvFormat::F32, llm::KvFormat::F16, llm::KvFormat::Q8_0}) {
            const auto options = contextOf(64, format);
            const auto executor = create(opened, options);
            const auto plain = reference(opened, options);
            QVERIFY(executor && plain);
            const auto tokens = someTokens(60, opened->spec().vocabulary);
            QVERIFY(executor->forward(tokens, llm::LogitRows::None));
            const auto shifted = executor->discard(4, 20);
            QCOMPARE(bool(shifted), !opened->spec().isRecurrent());
            if (!shifted) {
                QCOMPARE(shifted.error().code, ErrorCode::Unsupported);
                QCOMPARE(executor->length(), 60u);
                return;
            }
            QCOMPARE(executor->length(), 40u);
            QVERIFY(plain->forward(tokens, llm::LogitRows::None));
            QVERIFY(plain->discard(4, 20));
            const auto more = someTokens(24, opened->spec().vocabulary);
            const auto actual = executor->forward(more, llm::LogitRows::All);
            const auto expected = plain->forward(more, llm::LogitRows::All);
            QVERIFY(actual && expected);
            const double error = nmse(*actual, *expected);
            const double exact = format == llm::KvFormat::F32 ? kNmseFloat32
                : format == llm::KvFormat::F16                ? kNmseFloat16Kv
                                                              : 3 * kNmseInt8Activations;
            QVERIFY2(error <= std::max(exact, toleranceOf(*opened, exact)),
                     qPrintable(QString::number(error)));
            QVERIFY(!executor->discard(60, 10));
            QVERIFY(executor->discard(0, executor->length()));
            QCOMPARE(executor->length(), 0u);
        }
    }

    // Keys in 8 bits and values in 8 or 4 cost no more than rounding as the reference does it. (A
    // value at the edge of two steps falls to either side, so the two are not compared directly.)
    void keepsQuantisedKeysAndValues_data() { addArchitectureRows(); }
    void keepsQuantisedKeysAndValues()
    {
        QFETCH(QString, model);
        ALCOVE_OPEN_OR_SKIP(opened, model.toStdString());
        for (const llm::KvFormat values : {llm::KvFormat::Q8_0, llm::KvFormat::Q4_0}) {
            auto options = contextOf(100, llm::KvFormat::Q8_0);
            options.valueFormat = values;
            const auto tokens = someTokens(90, opened->spec().vocabulary);
            const auto plain = reference(opened, options);
            const auto full = reference(opened, contextOf(100, llm::KvFormat::F32));
            const auto roomy = create(opened, contextOf(100));
            QVERIFY(plain && full && roomy);
            const auto rounded = plain->forward(tokens, llm::LogitRows::All);
            const auto expected = full->forward(tokens, llm::LogitRows::All);
            QVERIFY(rounded && expected);
            const double most = 1.5 * nmse(*rounded, *expected) + kNmseInt8Activations;
            for (const cpu::KernelTable *kernels : cpu::runnableKernels()) {
                const auto executor = create(opened, options, *kernels);
                QVERIFY(executor);
                QVERIFY(executor->info().kvBytes < roomy->info().kvBytes);
                const auto actual = executor->forward(tokens, llm::LogitRows::All);
                QVERIFY(actual);
                const double error = nmse(*actual, *expected);
                QVERIFY2(error <= most,
                         qPrintable(QStringLiteral("%1: NMSE %2").arg(kernels->name).arg(error)));
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestCpuArchitectures)
#include "tst_cpu_architectures.moc"
