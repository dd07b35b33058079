// What a session does when a model, a device or the computer's memory lets it down.
#include "session_support.h"

#include <new>

using namespace alcove;
using namespace alcove::engine;
using namespace alcove::test;

namespace {

const std::vector<ChatMessage> kHello{{Role::User, "Hello"}};

// The processor's executor, lost like a graphics card at the draws that are told.
class LosingExecutor : public WrappedExecutor
{
public:
    LosingExecutor(std::unique_ptr<llm::Executor> real, std::shared_ptr<int> drawsLeft)
        : WrappedExecutor(std::move(real)), m_drawsLeft(std::move(drawsLeft))
    { }

    Result<llm::Token> sampleNext() override
    {
        if (m_lost || (*m_drawsLeft)-- == 0) {
            m_lost = true;
            return fail(ErrorCode::DeviceLost, "The graphics card stopped answering.");
        }
        return WrappedExecutor::sampleNext();
    }

private:
    std::shared_ptr<int> m_drawsLeft; // until the device is lost; below 0: never again
    bool m_lost = false;
};

Hardware losingCard(const std::shared_ptr<int> &drawsLeft, const std::shared_ptr<int> &made)
{
    return withCard(
        [drawsLeft, made](const DeviceOption &device, std::shared_ptr<const llm::Model> model,
                          const llm::ExecutorOptions &options,
                          const llm::LoadHooks &hooks) -> Result<std::unique_ptr<llm::Executor>> {
            ++*made;
            auto real = createOnProcessor(device, std::move(model), options, hooks);
            if (!real)
                return fail(real.error());
            return std::make_unique<LosingExecutor>(std::move(*real), drawsLeft);
        });
}

// The processor's executor, on a machine whose memory gives out once, at a call that is told.
class DrainedExecutor : public WrappedExecutor
{
public:
    struct Trouble {
        int readsLeft = -1; // until memory is refused; below 0: never
        int drawsLeft = -1;
        bool thrown = false; // by the computer, else told by the device
    };

    DrainedExecutor(std::unique_ptr<llm::Executor> real, std::shared_ptr<Trouble> trouble)
        : WrappedExecutor(std::move(real)), m_trouble(std::move(trouble))
    { }

    Result<std::vector<float>> forward(std::span<const llm::Token> tokens, llm::LogitRows rows,
                                       const llm::ForwardHooks &hooks) override
    {
        if (m_trouble->readsLeft-- == 0)
            return fail(refused());
        return WrappedExecutor::forward(tokens, rows, hooks);
    }
    Result<llm::Token> sampleNext() override
    {
        if (m_trouble->drawsLeft-- == 0)
            return fail(refused());
        return WrappedExecutor::sampleNext();
    }

private:
    Error refused() const
    {
        if (m_trouble->thrown)
            throw std::bad_alloc();
        return {ErrorCode::OutOfMemory, "The graphics card's memory does not suffice.", {}};
    }

    std::shared_ptr<Trouble> m_trouble;
};

ExecutorFactory refusingWith(ErrorCode code, const std::string &message)
{
    return [code, message](const DeviceOption &, std::shared_ptr<const llm::Model>,
                           const llm::ExecutorOptions &,
                           const llm::LoadHooks &) -> Result<std::unique_ptr<llm::Executor>> {
        return fail(code, message);
    };
}

std::string answerOf(Session &session)
{
    std::string text;
    GenerateHooks hooks;
    hooks.text = [&](std::string_view piece) { text += piece; };
    const auto report = session.answer(kHello, TemplateFallback::Refuse, greedy(), hooks);
    return report ? text : "failed: " + report.error().message;
}

} // namespace

class TestSessionTrouble : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void badFilesAreRefusedWithASentence_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("text") << QByteArray("This is no model.");
        QTest::newRow("cut off") << QByteArray::fromStdString(
            readFile(starterPath()).substr(0, 9000));
    }
    void badFilesAreRefusedWithASentence()
    {
        QFETCH(QByteArray, bytes);
        const QTemporaryDir folder;
        SessionOptions options;
        options.modelPath = folder.filePath(QStringLiteral("bad.gguf")).toStdString();
        std::ofstream(options.modelPath, std::ios::binary) << bytes.toStdString();
        const auto session = Session::open(processorOnly(), options);
        QVERIFY(!session);
        QCOMPARE(session.error().code, ErrorCode::InvalidFile);
        QVERIFY(session.error().message.back() == '.');
    }

    void aMissingFileIsNotFound()
    {
        SessionOptions options;
        options.modelPath = "/nowhere/model.gguf";
        const auto session = Session::open(processorOnly(), options);
        QVERIFY(!session);
        QCOMPARE(session.error().code, ErrorCode::NotFound);
    }

    void loadingCanBeCancelled()
    {
        SessionOptions options;
        options.modelPath = starterPath();
        llm::LoadHooks hooks;
        hooks.cancel.cancel();
        const auto session = Session::open(processorOnly(), options, hooks);
        QVERIFY(!session);
        QVERIFY(session.error().cancelled());
    }

    void aFullCardLeavesTheProcessor()
    {
        const auto session = openSession(
            withCard(refusingWith(ErrorCode::OutOfDeviceMemory, "It is too small by 3 GB.")));
        QVERIFY(session);
        QCOMPARE(session->info().device.id(), std::string("cpu"));
        QVERIFY(session->info().warning.find("Test card") != std::string::npos);
        QVERIFY(session->info().warning.find("too small by 3 GB") != std::string::npos);
        QVERIFY(session->info().deviceReason.find("Test card") != std::string::npos);
        QVERIFY(!answerOf(*session).empty());
    }

    void aChosenCardIsNotReplaced()
    {
        SessionOptions options;
        options.modelPath = starterPath();
        options.device = *DeviceRequest::parse("vulkan:0");
        const auto session = Session::open(
            withCard(refusingWith(ErrorCode::OutOfDeviceMemory, "It is too small by 3 GB.")),
            options);
        QVERIFY(!session);
        QCOMPARE(session.error().code, ErrorCode::OutOfDeviceMemory);
        QCOMPARE(session.error().message, std::string("It is too small by 3 GB."));
    }

    void cancellingDoesNotFallBack()
    {
        SessionOptions options;
        options.modelPath = starterPath();
        const auto session =
            Session::open(withCard(refusingWith(ErrorCode::Cancelled, "Stopped.")), options);
        QVERIFY(!session);
        QVERIFY(session.error().cancelled());
    }

    void refusedMemoryIsAnError()
    {
        const auto throwing = [](const DeviceOption &, std::shared_ptr<const llm::Model>,
                                 const llm::ExecutorOptions &,
                                 const llm::LoadHooks &) -> Result<std::unique_ptr<llm::Executor>> {
            throw std::bad_alloc();
        };
        SessionOptions options;
        options.modelPath = starterPath();
        options.device = *DeviceRequest::parse("vulkan:0");
        const auto session = Session::open(withCard(throwing), options);
        QVERIFY(!session);
        QCOMPARE(session.error().code, ErrorCode::OutOfMemory);
    }

    void aContextThatNoMemoryHoldsIsAnError()
    {
        SessionOptions options;
        options.modelPath = starterPath();
        options.executor.contextLength = 2'000'000'000;
        const auto session = Session::open(processorOnly(), options);
        QVERIFY(!session);
        QCOMPARE(session.error().code, ErrorCode::OutOfMemory);
    }

    void refusedMemoryMidAnswerPasses_data()
    {
        QTest::addColumn<int>("reads");
        QTest::addColumn<int>("draws");
        QTest::addColumn<bool>("thrown");
        QTest::newRow("the device's, reading") << 0 << -1 << false;
        QTest::newRow("the computer's, reading") << 0 << -1 << true;
        QTest::newRow("the device's, first draw") << -1 << 0 << false;
        QTest::newRow("the device's, later") << -1 << 3 << false;
        QTest::newRow("the computer's, later") << -1 << 3 << true;
    }

    // The answer ends with the reason; the model stays and answers the next time as if nothing had
    // been.
    void refusedMemoryMidAnswerPasses()
    {
        QFETCH(int, reads);
        QFETCH(int, draws);
        QFETCH(bool, thrown);
        const auto undisturbed = openSession(processorOnly());
        QVERIFY(undisturbed);
        const std::string expected = answerOf(*undisturbed);
        const auto trouble = std::make_shared<DrainedExecutor::Trouble>();
        const auto session = openSession(withCard(
            [trouble](const DeviceOption &device, std::shared_ptr<const llm::Model> model,
                      const llm::ExecutorOptions &options,
                      const llm::LoadHooks &hooks) -> Result<std::unique_ptr<llm::Executor>> {
                auto real = createOnProcessor(device, std::move(model), options, hooks);
                if (!real)
                    return fail(real.error());
                return std::make_unique<DrainedExecutor>(std::move(*real), trouble);
            }));
        QVERIFY(session);
        QCOMPARE(answerOf(*session), expected);
        *trouble = {reads, draws, thrown};
        const std::vector<ChatMessage> other{{Role::User, "Tell me a story about a bear."}};
        const auto report =
            session->answer(other, TemplateFallback::Refuse, greedy(), GenerateHooks{});
        QVERIFY(!report);
        QCOMPARE(report.error().code, ErrorCode::OutOfMemory);
        QVERIFY(!report.error().message.empty());
        QCOMPARE(answerOf(*session), expected);
    }

    void aLostDeviceIsRebuiltAndTheConversationReplayed()
    {
        const auto undisturbed = openSession(processorOnly());
        QVERIFY(undisturbed);
        const std::string expected = answerOf(*undisturbed);
        for (const int draws : {0, 1, 4}) {
            const auto drawsLeft = std::make_shared<int>(draws);
            const auto made = std::make_shared<int>(0);
            const auto session = openSession(losingCard(drawsLeft, made));
            QVERIFY(session);
            QCOMPARE(session->info().device.id(), std::string("vulkan:0"));
            std::string text;
            GenerateHooks hooks;
            hooks.text = [&](std::string_view piece) { text += piece; };
            const auto report = session->answer(kHello, TemplateFallback::Refuse, greedy(), hooks);
            QVERIFY2(report, report ? "" : report.error().message.c_str());
            QCOMPARE(report->deviceRestarts, 1u);
            QCOMPARE(*made, 2);
            QCOMPARE(text, expected);
            QCOMPARE(answerOf(*session), expected);
            QCOMPARE(*made, 2);
        }
    }

    // The form of an answer goes on where it was.
    void aLostDeviceKeepsTheForm()
    {
        GenerateOptions options = greedy(30);
        options.sampling.temperature = 1.2f;
        options.sampling.seed = 9;
        options.grammar = *llm::Grammar::parse("root ::= [A-Z] [a-z ]{20} [.]");
        for (const int draws : {0, 1, 3}) {
            const auto drawsLeft = std::make_shared<int>(draws);
            const auto session = openSession(losingCard(drawsLeft, std::make_shared<int>(0)));
            QVERIFY(session);
            std::string text;
            GenerateHooks hooks;
            hooks.text = [&](std::string_view piece) { text += piece; };
            const auto report = session->answer(kHello, TemplateFallback::Refuse, options, hooks);
            QVERIFY2(report, report ? "" : report.error().message.c_str());
            QCOMPARE(report->deviceRestarts, 1u);
            QCOMPARE(report->reason, StopReason::EndOfTurn);
            QCOMPARE(text.size(), std::size_t(22));
            QVERIFY2(text.front() >= 'A' && text.front() <= 'Z' && text.back() == '.',
                     text.c_str());
        }
    }

    void aDeviceLostTwiceIsAnErrorThatPasses()
    {
        const auto drawsLeft = std::make_shared<int>(2);
        const auto made = std::make_shared<int>(0);
        const auto session = openSession(losingCard(drawsLeft, made));
        QVERIFY(session);
        GenerateHooks hooks;
        hooks.token = [&](llm::Token) { *drawsLeft = 0; };
        const auto report = session->answer(kHello, TemplateFallback::Refuse, greedy(), hooks);
        QVERIFY(!report);
        QCOMPARE(report.error().code, ErrorCode::DeviceLost);
        *drawsLeft = -1;
        const auto undisturbed = openSession(processorOnly());
        QVERIFY(undisturbed);
        QCOMPARE(answerOf(*session), answerOf(*undisturbed));
    }

    void aBrokenTemplateIsTold_data()
    {
        QTest::addColumn<QByteArray>("from");
        QTest::addColumn<QByteArray>("to");
        QTest::addColumn<bool>("knownAtLoad");
        QTest::newRow("does not parse")
            << QByteArray("{% endfor %}") << QByteArray("{% endfox %}") << true;
        QTest::newRow("absent") << QByteArray("tokenizer.chat_template")
                                << QByteArray("tokenizer.chat_tamplate") << true;
        QTest::newRow("fails while it runs")
            << QByteArray("{% for message in messages %}")
            << QByteArray("{% for message in 7        %}") << false;
    }
    void aBrokenTemplateIsTold()
    {
        QFETCH(QByteArray, from);
        QFETCH(QByteArray, to);
        QFETCH(bool, knownAtLoad);
        const QTemporaryDir folder;
        const std::string path =
            patchedCopy(starterPath(), folder, from.toStdString(), to.toStdString());
        QVERIFY(!path.empty());
        const auto session = openSession(processorOnly(), 0, path);
        QVERIFY(session);
        QCOMPARE(!session->info().chatTemplateError.empty(), knownAtLoad);
        const auto refused = session->answer(kHello, TemplateFallback::Refuse, greedy(), {});
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::TemplateFailed);
        QVERIFY(!refused.error().message.empty());
        const auto agreed = session->answer(kHello, TemplateFallback::ChatMl, greedy(), {});
        QVERIFY(agreed);
        QCOMPARE(agreed->reason, StopReason::EndOfTurn);
    }
};

QTEST_APPLESS_MAIN(TestSessionTrouble)
#include "tst_session_trouble.moc"
