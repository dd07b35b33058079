// What a model thinks before it answers, from the engine to the disk and back.
#include "core/chat/chat_service.h"
#include "core/engine/scripted_engine.h"
#include "core/storage/storage_thread.h"
#include "paced_engine.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace alcove;
using namespace alcove::chat;
using alcove::engine::ScriptedEngine;
using alcove::storage::StorageThread;
using alcove::storage::Store;

namespace {

constexpr int kPatience = 20'000; // ms; how long something that must happen may take

// Keeps what the model is given.
class RecordingEngine : public ScriptedEngine
{
public:
    RecordingEngine() : ScriptedEngine({0, 0, 0}) { } // one step a turn of the event loop
    void generate(const engine::GenerateRequest &request) override
    {
        requests.append(request);
        ScriptedEngine::generate(request);
    }
    QVector<engine::GenerateRequest> requests;
};

const QString kPrompt = QStringLiteral("Think before you answer");

struct Fixture {
    QTemporaryDir folder;
    QString path = folder.filePath(QStringLiteral("alcove.sqlite3"));
    RecordingEngine engine;
    test::PacedEngine endless; // for what happens while it thinks
    engine::ChatEngine &used;
    std::unique_ptr<StorageThread> storage;
    std::unique_ptr<ChatService> service;
    std::unique_ptr<QSignalSpy> chatOpened, reasoning, reasoningEnded, text, finished, failed;

    enum class Engine { Scripted, Endless };
    explicit Fixture(Engine which = Engine::Scripted)
        : used(which == Engine::Scripted ? static_cast<engine::ChatEngine &>(engine) : endless)
    {
        endless.thoughts = QStringList(100'000, QStringLiteral("thought "));
        QSignalSpy loaded(&engine, &engine::ChatEngine::loadFinished);
        engine.load({});
        if (!loaded.wait(kPatience))
            qFatal("the scripted engine did not load");
        start();
    }
    void start()
    {
        auto opened = StorageThread::open(path);
        if (!opened)
            qFatal("%s", opened.error().message.c_str());
        storage = std::move(*opened);
        service = std::make_unique<ChatService>(*storage, used);
        ChatService *s = service.get();
        chatOpened = std::make_unique<QSignalSpy>(s, &ChatService::chatOpened);
        reasoning = std::make_unique<QSignalSpy>(s, &ChatService::answerReasoningAppended);
        reasoningEnded = std::make_unique<QSignalSpy>(s, &ChatService::answerReasoningEnded);
        text = std::make_unique<QSignalSpy>(s, &ChatService::answerTextAppended);
        finished = std::make_unique<QSignalSpy>(s, &ChatService::answerFinished);
        failed = std::make_unique<QSignalSpy>(s, &ChatService::failed);
    }
    void restart()
    {
        service.reset();
        storage.reset();
        start();
    }
    static bool wait(QSignalSpy &spy, int count = 1)
    {
        return QTest::qWaitFor([&] { return spy.count() >= count; }, kPatience);
    }
    Message answer(const QString &prompt, ChatId chat = kNoId)
    {
        finished->clear();
        service->sendPrompt(chat, prompt);
        return wait(*finished) ? finished->last().at(1).value<Message>() : Message();
    }
    Conversation open(ChatId chat)
    {
        chatOpened->clear();
        service->openChat(chat);
        return wait(*chatOpened) ? chatOpened->last().at(0).value<Conversation>() : Conversation();
    }
    static QString joined(const QSignalSpy &pieces)
    {
        QString all;
        for (const QList<QVariant> &piece : pieces)
            all += piece.at(2).toString();
        return all;
    }
    qint64 count(const char *sql)
    {
        return *storage->runBlocking([sql](Store &store) { return store.database().number(sql); });
    }
};

} // namespace

class TestChatReasoning : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void isKeptApartFromTheAnswer()
    {
        Fixture f;
        QStringList order;
        connect(f.service.get(), &ChatService::answerReasoningAppended, this,
                [&] { order << "reasoning"; });
        connect(f.service.get(), &ChatService::answerReasoningEnded, this,
                [&] { order << "thought"; });
        connect(f.service.get(), &ChatService::answerTextAppended, this, [&] { order << "text"; });
        const Message message = f.answer(kPrompt);
        const QString thought = ScriptedEngine::reasoningTo(kPrompt);
        const QString said = ScriptedEngine::answerTo(kPrompt);
        QVERIFY(!thought.isEmpty());
        QCOMPARE(message.state, MessageState::Complete);
        QCOMPARE(message.reasoning, thought);
        QCOMPARE(message.text, said);
        QVERIFY(message.reasoningSeconds > 0);
        QCOMPARE(f.joined(*f.reasoning), thought);
        QCOMPARE(f.joined(*f.text), said);
        QCOMPARE(f.reasoningEnded->count(), 1);
        QCOMPARE(f.reasoningEnded->at(0).at(1).value<MessageId>(), message.id);
        QCOMPARE(f.reasoningEnded->at(0).at(2).toDouble(), message.reasoningSeconds);
        order.removeDuplicates();
        QCOMPARE(order, (QStringList{"reasoning", "thought", "text"}));

        const ChatId chat = f.finished->last().at(0).value<ChatId>();
        f.restart();
        const Message stored = f.open(chat).branch.last();
        QCOMPARE(stored.reasoning, thought);
        QCOMPARE(stored.text, said);
        QCOMPARE(stored.reasoningSeconds, message.reasoningSeconds);
        QCOMPARE(f.failed->count(), 0);
    }

    void answersWithoutItHaveNone()
    {
        Fixture f;
        const Message message = f.answer(QStringLiteral("Hello"));
        QCOMPARE(message.reasoning, QString());
        QCOMPARE(message.reasoningSeconds, 0.0);
        QCOMPARE(f.reasoning->count() + f.reasoningEnded->count(), 0);
    }

    void isNotGivenBackToTheModel()
    {
        Fixture f;
        f.answer(kPrompt);
        f.answer(QStringLiteral("And now?"), f.finished->last().at(0).value<ChatId>());
        const auto &messages = f.engine.requests.last().messages;
        QCOMPARE(messages.size(), 3);
        QCOMPARE(messages[1].role, engine::Role::Assistant);
        QCOMPARE(messages[1].text, ScriptedEngine::answerTo(kPrompt));
    }

    void stoppedWhileThinking()
    {
        Fixture f(Fixture::Engine::Endless);
        f.service->sendPrompt(kNoId, kPrompt);
        QVERIFY(f.wait(*f.reasoning, 3));
        f.service->stopAnswer();
        QVERIFY(f.wait(*f.finished));
        const auto message = f.finished->last().at(1).value<Message>();
        QCOMPARE(message.state, MessageState::Stopped);
        QCOMPARE(message.text, QString());
        QCOMPARE(message.reasoning, f.joined(*f.reasoning));
        QVERIFY(message.reasoningSeconds > 0);
        const ChatId chat = f.finished->last().at(0).value<ChatId>();
        QCOMPARE(f.open(chat).branch.last().reasoning, message.reasoning);
        // An answer that never came is no part of the next prompt.
        f.endless.thoughts.clear();
        f.answer(QStringLiteral("Hello"), chat);
        QCOMPARE(f.endless.requests.last().messages.size(), 1);
    }

    void savesWhileItGrows()
    {
        Fixture f(Fixture::Engine::Endless);
        f.service->sendPrompt(kNoId, kPrompt);
        const char *pieces = "SELECT count(*) FROM answer_pieces WHERE reasoning <> ''"
                             " AND reasoning_seconds > 0 AND text = ''";
        QTRY_VERIFY_WITH_TIMEOUT(f.count(pieces) >= 3, kPatience);
        // Opening the chat meanwhile shows all of it, saved or not.
        QString seen;
        connect(f.service.get(), &ChatService::chatOpened, this,
                [&] { seen = f.joined(*f.reasoning); });
        const Conversation growing = f.open(f.service->answeringChat());
        QCOMPARE(growing.branch.last().state, MessageState::Streaming);
        QCOMPARE(growing.branch.last().reasoning, seen);
        f.service->stopAnswer();
        QVERIFY(f.wait(*f.finished));
        QCOMPARE(f.finished->last().at(1).value<Message>().reasoning, f.joined(*f.reasoning));
        QCOMPARE(f.count("SELECT count(*) FROM answer_pieces"), 0);
    }

    void quittingKeepsTheReasoningSoFar()
    {
        Fixture f(Fixture::Engine::Endless);
        f.service->sendPrompt(kNoId, kPrompt);
        QVERIFY(f.wait(*f.reasoning, 10));
        const ChatId chat = f.service->answeringChat();
        const QString thought = f.joined(*f.reasoning);
        f.restart();
        const Message found = f.open(chat).branch.last();
        QCOMPARE(found.state, MessageState::Interrupted);
        QCOMPARE(found.reasoning, thought);
        QCOMPARE(found.text, QString());
        QVERIFY(found.reasoningSeconds > 0);
    }

    void aFailureKeepsIt()
    {
        Fixture f;
        const Message message = f.answer(QStringLiteral("Think of an error"));
        QCOMPARE(message.state, MessageState::Failed);
        QCOMPARE(message.reasoning, ScriptedEngine::reasoningTo(kPrompt));
        QVERIFY(!message.text.isEmpty());
    }
};

QTEST_GUILESS_MAIN(TestChatReasoning)
#include "tst_chat_reasoning.moc"
