// The signal protocol of the window's engine, with a real thread and a real model.
#include "core/engine/inference_engine.h"
#include "told_executor.h"

#include <QRegularExpression>
#include <QSignalSpy>

#include <atomic>
#include <new>

using namespace alcove;
using namespace alcove::engine;
using namespace alcove::test;

namespace {

constexpr int kPatience = 120'000; // milliseconds; never waited for unless something is broken

LoadRequest loadOf(quint64 id, const std::string &path = starterPath())
{
    LoadRequest request;
    request.id = id;
    request.modelPath = QString::fromStdString(path);
    return request;
}

GenerateRequest askOf(quint64 id, const QString &text = QStringLiteral("Hello"))
{
    GenerateRequest request;
    request.id = id;
    request.messages = {{Role::User, text}};
    request.sampling.temperature = 0;
    return request;
}

GenerateRequest endless(quint64 id)
{
    GenerateRequest request = askOf(id);
    request.ignoreEndOfTurn = true;
    return request;
}

// Listens to everything an engine says.
struct Listener {
    explicit Listener(ChatEngine &engine)
        : loadProgress(&engine, &ChatEngine::loadProgress),
          loadFinished(&engine, &ChatEngine::loadFinished),
          loadFailed(&engine, &ChatEngine::loadFailed), unloaded(&engine, &ChatEngine::unloaded),
          promptProgress(&engine, &ChatEngine::promptProgress),
          reasoningAppended(&engine, &ChatEngine::reasoningAppended),
          textAppended(&engine, &ChatEngine::textAppended),
          generationFinished(&engine, &ChatEngine::generationFinished),
          generationFailed(&engine, &ChatEngine::generationFailed)
    { }

    bool waitForLoads(int count)
    {
        return QTest::qWaitFor([&] { return loadFinished.count() + loadFailed.count() >= count; },
                               kPatience);
    }
    bool waitForAnswers(int count)
    {
        return QTest::qWaitFor(
            [&] { return generationFinished.count() + generationFailed.count() >= count; },
            kPatience);
    }
    LoadedModel model(int index) const { return loadFinished[index][1].value<LoadedModel>(); }
    Error loadError(int index) const { return loadFailed[index][1].value<Error>(); }
    Error error(int index) const { return generationFailed[index][1].value<Error>(); }
    GenerationResult result(int index) const
    {
        return generationFinished[index][1].value<GenerationResult>();
    }
    QString text(quint64 id) const { return joined(textAppended, id); }
    QString reasoning(quint64 id) const { return joined(reasoningAppended, id); }
    static QString joined(const QSignalSpy &pieces, quint64 id)
    {
        QString all;
        for (const QList<QVariant> &signal : pieces) {
            if (signal[0].toULongLong() == id)
                all += signal[1].toString();
        }
        return all;
    }

    QSignalSpy loadProgress;
    QSignalSpy loadFinished;
    QSignalSpy loadFailed;
    QSignalSpy unloaded;
    QSignalSpy promptProgress;
    QSignalSpy reasoningAppended;
    QSignalSpy textAppended;
    QSignalSpy generationFinished;
    QSignalSpy generationFailed;
};

} // namespace

class TestInferenceEngine : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void loadsAndAnswers()
    {
        InferenceEngine engine(processorOnly);
        Listener heard(engine);
        engine.load(loadOf(7));
        QCOMPARE(heard.loadFinished.count(), 0); // returned at once
        QVERIFY(heard.waitForLoads(1));
        QCOMPARE(heard.loadFailed.count(), 0);
        QCOMPARE(heard.loadFinished[0][0].toULongLong(), 7u);
        const LoadedModel model = heard.model(0);
        QCOMPARE(model.name, QStringLiteral("Alcove Starter"));
        QCOMPARE(model.contextLength, 2048u);
        QVERIFY(!model.device.isEmpty());
        QVERIFY(!model.deviceReason.isEmpty());
        QVERIFY(model.memoryBytes > 0);
        for (const QList<QVariant> &signal : heard.loadProgress) {
            QCOMPARE(signal[0].toULongLong(), 7u);
            QVERIFY(signal[1].toDouble() >= 0 && signal[1].toDouble() <= 1);
        }

        engine.generate(askOf(8));
        QVERIFY(heard.waitForAnswers(1));
        QCOMPARE(heard.generationFailed.count(), 0);
        QCOMPARE(heard.generationFinished[0][0].toULongLong(), 8u);
        const auto direct = openSession(processorOnly());
        QVERIFY(direct);
        std::string expected;
        GenerateHooks hooks;
        hooks.text = [&](std::string_view piece) { expected += piece; };
        const std::vector<ChatMessage> hello{{Role::User, "Hello"}};
        QVERIFY(direct->answer(hello, TemplateFallback::Refuse, greedy(), hooks));
        QCOMPARE(heard.text(8), QString::fromStdString(expected));
        const GenerationResult result = heard.result(0);
        QCOMPARE(result.reason, StopReason::EndOfTurn);
        QVERIFY(result.promptTokens > 0);
        QVERIFY(result.answerTokens > 0);
        QVERIFY(heard.promptProgress.count() > 0);
        QCOMPARE(heard.promptProgress.last()[1].toUInt(), result.promptTokens);
    }

    void textComesBeforeTheEndAndNotTooOften()
    {
        InferenceEngine engine(processorOnly);
        Listener heard(engine);
        engine.load(loadOf(1));
        QVERIFY(heard.waitForLoads(1));
        QStringList order;
        connect(&engine, &ChatEngine::textAppended, this, [&] { order << QStringLiteral("text"); });
        connect(&engine, &ChatEngine::generationFinished, this,
                [&] { order << QStringLiteral("end"); });
        GenerateRequest request = endless(2);
        request.maxTokens = 300;
        engine.generate(request);
        QVERIFY(heard.waitForAnswers(1));
        QCOMPARE(order.count(QStringLiteral("end")), 1);
        QCOMPARE(order.last(), QStringLiteral("end"));
        const GenerationResult result = heard.result(0);
        QCOMPARE(result.answerTokens, 300u);
        // One piece a frame at most, and one for the rest at the end.
        QVERIFY(heard.textAppended.count() <= int(result.decodeSeconds * 1000 / 16) + 2);
    }

    void reasoningComesApartAndFirst_data()
    {
        QTest::addColumn<QString>("opening"); // of an answer, by the template
        QTest::addColumn<QString>("written"); // by the model
        QTest::newRow("the template opens it")
            << "<think>\\n"
            << "Let me see: é.\n\nYes.\n</think>\n\nBecause of ñ.";
        QTest::newRow("the model opens it")
            << ""
            << "<think>\nLet me see: é.\n\nYes.\n</think>\n\nBecause of ñ.";
    }

    void reasoningComesApartAndFirst()
    {
        QFETCH(QString, opening);
        QFETCH(QString, written);
        const QTemporaryDir folder;
        const std::string path = modelThatThinks(folder, opening.toStdString());
        InferenceEngine engine([&] { return hardwareThatWrites(written.toStdString()); });
        Listener heard(engine);
        QStringList order;
        connect(&engine, &ChatEngine::reasoningAppended, this, [&] { order << "reasoning"; });
        connect(&engine, &ChatEngine::textAppended, this, [&] { order << "text"; });
        connect(&engine, &ChatEngine::generationFinished, this, [&] { order << "end"; });
        engine.load(loadOf(1, path));
        engine.generate(askOf(2));
        QVERIFY(heard.waitForAnswers(1));
        QCOMPARE(heard.generationFinished.count(), 1);
        QCOMPARE(heard.reasoning(2), QString::fromUtf8("Let me see: é.\n\nYes."));
        QCOMPARE(heard.text(2), QString::fromUtf8("Because of ñ."));
        order.removeDuplicates();
        QCOMPARE(order, (QStringList{"reasoning", "text", "end"}));
    }

    // The window has no tools to offer; what a model writes all the same has to be seen.
    void aToolCallIsShown()
    {
        const QTemporaryDir folder;
        const std::string path = modelThatThinks(folder, "");
        InferenceEngine engine([] {
            return hardwareThatWrites("Wait.\n<tool_call>\n{\"name\": \"get\", \"arguments\": "
                                      "{\"a\": 1}}\n</tool_call>");
        });
        Listener heard(engine);
        engine.load(loadOf(1, path));
        engine.generate(askOf(2));
        QVERIFY(heard.waitForAnswers(1));
        QCOMPARE(heard.reasoning(2), QString());
        QCOMPARE(heard.text(2), QStringLiteral("Wait.\n\n```\nget {\"a\":1}\n```\n"));
    }

    void generatingWithoutAModelFails()
    {
        InferenceEngine engine(processorOnly);
        Listener heard(engine);
        engine.generate(askOf(3));
        QVERIFY(heard.waitForAnswers(1));
        QCOMPARE(heard.generationFailed.count(), 1);
        QCOMPARE(heard.generationFailed[0][0].toULongLong(), 3u);
        QCOMPARE(heard.error(0).code, ErrorCode::InvalidArgument);
    }

    void aBadFileLeavesTheEngineUsable()
    {
        const QTemporaryDir folder;
        const std::string bad = folder.filePath(QStringLiteral("bad.gguf")).toStdString();
        std::ofstream(bad) << "This is no model.";
        InferenceEngine engine(processorOnly);
        Listener heard(engine);
        engine.load(loadOf(1));
        engine.load(loadOf(2, bad));
        QVERIFY(heard.waitForLoads(2));
        QCOMPARE(heard.loadFailed.last()[0].toULongLong(), 2u);
        QCOMPARE(heard.loadError(heard.loadFailed.count() - 1).code, ErrorCode::InvalidFile);
        engine.generate(askOf(3)); // the old model is gone
        QVERIFY(heard.waitForAnswers(1));
        QCOMPARE(heard.generationFailed.count(), 1);
        engine.load(loadOf(4));
        engine.generate(askOf(5));
        QVERIFY(heard.waitForAnswers(2));
        QCOMPARE(heard.generationFinished.count(), 1);
        QVERIFY(!heard.text(5).isEmpty());
    }

    void unknownDevicesAreRefused()
    {
        InferenceEngine engine(processorOnly);
        Listener heard(engine);
        LoadRequest request = loadOf(1);
        request.device = QStringLiteral("vulkan:5");
        engine.load(request);
        request.id = 2;
        request.device = QStringLiteral("abacus");
        engine.load(request);
        QVERIFY(heard.waitForLoads(2));
        QCOMPARE(heard.loadFailed.count(), 2);
        QCOMPARE(heard.loadError(1).code, ErrorCode::InvalidArgument);
    }

    void stopEndsARunningAnswer()
    {
        InferenceEngine engine(processorOnly);
        Listener heard(engine);
        engine.load(loadOf(1));
        QVERIFY(heard.waitForLoads(1));
        engine.generate(endless(2));
        QVERIFY(QTest::qWaitFor([&] { return heard.textAppended.count() >= 1; }, kPatience));
        engine.stop();
        QVERIFY(heard.waitForAnswers(1));
        QCOMPARE(heard.generationFinished.count(), 1);
        QCOMPARE(heard.result(0).reason, StopReason::Stopped);
        QVERIFY(heard.result(0).answerTokens > 0);

        engine.stop(); // nothing runs: nothing happens, and the next answer is not affected
        engine.generate(askOf(3));
        QVERIFY(heard.waitForAnswers(2));
        QCOMPARE(heard.result(1).reason, StopReason::EndOfTurn);
    }

    void eachQueuedAnswerEndsOnce()
    {
        InferenceEngine engine(processorOnly);
        Listener heard(engine);
        engine.load(loadOf(1));
        engine.generate(endless(2));
        engine.generate(endless(3));
        engine.stop();
        engine.generate(askOf(4));
        QVERIFY(heard.waitForAnswers(3));
        QCOMPARE(heard.generationFinished.count(), 3);
        QCOMPARE(heard.generationFailed.count(), 0);
        QCOMPARE(heard.generationFinished[0][0].toULongLong(), 2u);
        QCOMPARE(heard.result(0).reason, StopReason::Stopped);
        QCOMPARE(heard.generationFinished[1][0].toULongLong(), 3u);
        QCOMPARE(heard.result(1).reason, StopReason::Stopped);
        QCOMPARE(heard.generationFinished[2][0].toULongLong(), 4u);
        QCOMPARE(heard.result(2).reason, StopReason::EndOfTurn);
    }

    void cancelLoadEndsTheLoadOnce()
    {
        // A device whose loading lasts until it is cancelled.
        const auto entered = std::make_shared<std::atomic<bool>>(false);
        const auto hardware = [entered] {
            return withCard(
                [entered](const DeviceOption &, std::shared_ptr<const llm::Model>,
                          const llm::ExecutorOptions &,
                          const llm::LoadHooks &hooks) -> Result<std::unique_ptr<llm::Executor>> {
                    *entered = true;
                    for (std::uint64_t done = 0; !hooks.cancel.cancelled(); ++done) {
                        hooks.progress(done % 100, 100);
                        QThread::msleep(1);
                    }
                    return fail(ErrorCode::Cancelled, "Stopped.");
                });
        };
        InferenceEngine engine(hardware);
        Listener heard(engine);
        engine.load(loadOf(1));
        QVERIFY(QTest::qWaitFor([&] { return entered->load(); }, kPatience));
        engine.cancelLoad();
        QVERIFY(heard.waitForLoads(1));
        QCOMPARE(heard.loadFailed.count(), 1);
        QVERIFY(heard.loadError(0).cancelled());
        QCOMPARE(heard.loadFinished.count(), 0);

        LoadRequest onProcessor = loadOf(2);
        onProcessor.device = QStringLiteral("cpu");
        engine.load(onProcessor);
        QVERIFY(heard.waitForLoads(2));
        QCOMPARE(heard.loadFinished.count(), 1);
    }

    void onlyTheNewestOfManyLoadsCounts()
    {
        InferenceEngine engine(processorOnly);
        Listener heard(engine);
        for (quint64 id = 1; id <= 5; ++id)
            engine.load(loadOf(id));
        QVERIFY(heard.waitForLoads(5));
        QCOMPARE(heard.loadFinished.count() + heard.loadFailed.count(), 5);
        QCOMPARE(heard.loadFinished.last()[0].toULongLong(), 5u);
        for (int i = 0; i < heard.loadFailed.count(); ++i)
            QVERIFY(heard.loadError(i).cancelled());
    }

    void switchingStopsTheAnswerAndFreesTheOldModel()
    {
        // Counts the executors that are alive: never two.
        const auto alive = std::make_shared<std::atomic<int>>(0);
        const auto most = std::make_shared<std::atomic<int>>(0);
        const auto hardware = [alive, most] {
            Hardware counted = processorOnly();
            counted.createExecutor =
                [alive,
                 most](const DeviceOption &device, std::shared_ptr<const llm::Model> model,
                       const llm::ExecutorOptions &options,
                       const llm::LoadHooks &hooks) -> Result<std::unique_ptr<llm::Executor>> {
                const std::shared_ptr<const llm::Model> counting(
                    model.get(), [model, alive](const llm::Model *) { --*alive; });
                *most = std::max(most->load(), ++*alive);
                return createOnProcessor(device, counting, options, hooks);
            };
            return counted;
        };
        InferenceEngine engine(hardware);
        Listener heard(engine);
        engine.load(loadOf(1));
        QVERIFY(heard.waitForLoads(1));
        engine.generate(endless(2));
        QVERIFY(QTest::qWaitFor([&] { return heard.textAppended.count() >= 1; }, kPatience));
        engine.load(loadOf(3));
        QVERIFY(heard.waitForLoads(2));
        QVERIFY(heard.waitForAnswers(1));
        QCOMPARE(heard.result(0).reason, StopReason::Stopped);
        QCOMPARE(heard.loadFinished.count(), 2);
        QCOMPARE(alive->load(), 1);
        QCOMPARE(most->load(), 1);
        engine.unload();
        QVERIFY(QTest::qWaitFor([&] { return heard.unloaded.count() == 1; }, kPatience));
        QCOMPARE(alive->load(), 0);
        engine.generate(askOf(4));
        QVERIFY(heard.waitForAnswers(2));
        QCOMPARE(heard.generationFailed.count(), 1);
    }

    void memoryThatRunsOutLeavesTheEngineUsable()
    {
        const auto full = std::make_shared<std::atomic<bool>>(true);
        const auto hardware = [full] {
            Hardware sometimes = processorOnly();
            sometimes.createExecutor =
                [full](const DeviceOption &device, std::shared_ptr<const llm::Model> model,
                       const llm::ExecutorOptions &options,
                       const llm::LoadHooks &hooks) -> Result<std::unique_ptr<llm::Executor>> {
                if (*full)
                    throw std::bad_alloc();
                return createOnProcessor(device, std::move(model), options, hooks);
            };
            return sometimes;
        };
        InferenceEngine engine(hardware);
        Listener heard(engine);
        engine.load(loadOf(1));
        QVERIFY(heard.waitForLoads(1));
        QCOMPARE(heard.loadError(0).code, ErrorCode::OutOfMemory);
        QVERIFY(!heard.loadError(0).message.empty());
        *full = false;
        engine.load(loadOf(2));
        engine.generate(askOf(3));
        QVERIFY(heard.waitForAnswers(1));
        QCOMPARE(heard.generationFinished.count(), 1);
    }

    void aTemplateThatFailsAsksFirst()
    {
        const QTemporaryDir folder;
        const std::string path = patchedCopy(starterPath(), folder, "{% endfor %}", "{% endfox %}");
        InferenceEngine engine(processorOnly);
        Listener heard(engine);
        engine.load(loadOf(1, path));
        QVERIFY(heard.waitForLoads(1));
        QVERIFY(!heard.model(0).chatTemplateError.isEmpty());
        engine.generate(askOf(2));
        QVERIFY(heard.waitForAnswers(1));
        QCOMPARE(heard.error(0).code, ErrorCode::TemplateFailed);
        GenerateRequest agreed = askOf(3);
        agreed.templateFallback = TemplateFallback::ChatMl;
        engine.generate(agreed);
        QVERIFY(heard.waitForAnswers(2));
        QCOMPARE(heard.generationFinished.count(), 1);
    }

    void anUnknownPreTokenizerIsInTheLog()
    {
        const QTemporaryDir folder;
        const std::string path = patchedCopy(starterPath(), folder, "gpt-2", "gpt-9");
        InferenceEngine engine(processorOnly);
        Listener heard(engine);
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("gpt-9")));
        engine.load(loadOf(1, path));
        QVERIFY(heard.waitForLoads(1));
        QVERIFY(heard.model(0).warning.contains(QLatin1String("gpt-9")));
        // It reads and writes with the default all the same.
        engine.generate(askOf(2));
        QVERIFY(heard.waitForAnswers(1));
        QCOMPARE(heard.generationFinished.count(), 1);
    }

    void leavingWhileBusyDoesNotHang()
    {
        for (int round = 0; round < 3; ++round) {
            InferenceEngine engine(processorOnly);
            Listener heard(engine);
            engine.load(loadOf(1));
            if (round > 0)
                QVERIFY(heard.waitForLoads(1));
            engine.generate(endless(2));
            if (round > 1)
                QVERIFY(
                    QTest::qWaitFor([&] { return heard.textAppended.count() >= 1; }, kPatience));
        }
        // Reached: each destructor stopped its thread and waited for it.
    }

    void runsOnThisMachine()
    {
        InferenceEngine engine;
        Listener heard(engine);
        engine.load(loadOf(1));
        engine.generate(askOf(2));
        QVERIFY(heard.waitForAnswers(1));
        QCOMPARE(heard.generationFinished.count(), 1);
        QVERIFY(!heard.text(2).isEmpty());
    }
};

QTEST_GUILESS_MAIN(TestInferenceEngine)
#include "tst_inference_engine.moc"
