#include "core/chat/chat_service.h"
#include "core/storage/storage_thread.h"
#include "paced_engine.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace alcove;
using namespace alcove::chat;
using alcove::storage::StorageThread;
using alcove::storage::Store;
using alcove::test::PacedEngine;

namespace {

constexpr int kPatience = 20'000; // ms; how long something that must happen may take

struct Fixture {
    QTemporaryDir folder;
    QString path = folder.filePath(QStringLiteral("alcove.sqlite3"));
    PacedEngine engine;
    std::unique_ptr<StorageThread> storage;
    std::unique_ptr<ChatService> service;
    std::unique_ptr<QSignalSpy> chatsListed, chatOpened, chatChanged, chatDeleted, added, appended,
        finished, failed, promptRejected, editRejected, progress;

    Fixture()
    {
        openStorage();
        openService();
    }
    void openStorage()
    {
        auto opened = StorageThread::open(path);
        if (opened)
            storage = std::move(*opened);
    }
    void openService()
    {
        service = std::make_unique<ChatService>(*storage, engine);
        ChatService *s = service.get();
        chatsListed = std::make_unique<QSignalSpy>(s, &ChatService::chatsListed);
        chatOpened = std::make_unique<QSignalSpy>(s, &ChatService::chatOpened);
        chatChanged = std::make_unique<QSignalSpy>(s, &ChatService::chatChanged);
        chatDeleted = std::make_unique<QSignalSpy>(s, &ChatService::chatDeleted);
        added = std::make_unique<QSignalSpy>(s, &ChatService::messageAdded);
        appended = std::make_unique<QSignalSpy>(s, &ChatService::answerTextAppended);
        finished = std::make_unique<QSignalSpy>(s, &ChatService::answerFinished);
        failed = std::make_unique<QSignalSpy>(s, &ChatService::failed);
        promptRejected = std::make_unique<QSignalSpy>(s, &ChatService::promptRejected);
        editRejected = std::make_unique<QSignalSpy>(s, &ChatService::editRejected);
        progress = std::make_unique<QSignalSpy>(s, &ChatService::promptProgress);
    }
    // Everything of the last run is gone but the database.
    void restart()
    {
        service.reset();
        storage.reset();
        openStorage();
        openService();
    }

    static bool wait(QSignalSpy &spy) { return spy.count() > 0 || spy.wait(kPatience); }
    Message answer(const QString &prompt, ChatId chat = kNoId)
    {
        finished->clear();
        service->sendPrompt(chat, prompt);
        if (!wait(*finished))
            return {};
        return finished->last().at(1).value<Message>();
    }
    Conversation open(ChatId chat)
    {
        chatOpened->clear();
        service->openChat(chat);
        return wait(*chatOpened) ? chatOpened->last().at(0).value<Conversation>() : Conversation();
    }
    ChatId lastChat() const { return finished->last().at(0).value<ChatId>(); }
    qint64 count(const char *sql)
    {
        return *storage->runBlocking([sql](Store &store) { return store.database().number(sql); });
    }
    Error lastError() const { return failed->last().at(0).value<Error>(); }
};

} // namespace

class TestChatService : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void answersAPrompt()
    {
        Fixture f;
        f.service->setModelName(QStringLiteral("Tester"));
        f.service->sendPrompt(kNoId, QStringLiteral("Hello there\nsecond line"));
        QVERIFY(f.wait(*f.finished));
        QCOMPARE(f.failed->count(), 0);
        const auto summary = f.chatChanged->at(0).at(0).value<ChatSummary>();
        QCOMPARE(summary.title, QStringLiteral("Hello there"));
        QCOMPARE(f.added->count(), 2);
        const auto prompt = f.added->at(0).at(1).value<Message>();
        const auto growing = f.added->at(1).at(1).value<Message>();
        QCOMPARE(f.added->at(0).at(0).value<ChatId>(), summary.id);
        QCOMPARE(prompt.text, QStringLiteral("Hello there\nsecond line"));
        QCOMPARE(growing.state, MessageState::Streaming);
        QCOMPARE(growing.parent, prompt.id);
        QCOMPARE(f.appended->count(), 3);
        QCOMPARE(f.appended->at(0).at(0).value<ChatId>(), summary.id);
        QCOMPARE(f.appended->at(0).at(1).value<MessageId>(), growing.id);
        QCOMPARE(f.progress->at(0).at(2).toDouble(), 0.5);
        const auto message = f.finished->at(0).at(1).value<Message>();
        QCOMPARE(message.id, growing.id);
        QCOMPARE(message.text, QStringLiteral("one two three"));
        QCOMPARE(message.state, MessageState::Complete);
        QCOMPARE(message.modelName, QStringLiteral("Tester"));
        QCOMPARE(message.promptTokens, 10u);
        QCOMPARE(message.answerTokens, 3u);
        QCOMPARE(message.droppedMessages, 1u);
        QCOMPARE(message.prefillSeconds, 0.5);
        QCOMPARE(message.decodeSeconds, 1.5);
        QCOMPARE(f.service->answeringChat(), kNoId);
        QCOMPARE(f.service->answeringMessage(), kNoId);

        f.restart();
        const Conversation stored = f.open(summary.id);
        QCOMPARE(stored.branch.size(), 2);
        QCOMPARE(stored.branch[1].text, message.text);
        QCOMPARE(stored.branch[1].state, MessageState::Complete);
        QCOMPARE(stored.branch[1].decodeSeconds, 1.5);
    }

    // A second connection sees prompt and answer at the moment the engine is asked.
    void commitsBeforeTheEngineIsAsked()
    {
        Fixture f;
        qint64 prompts = -1;
        qint64 streaming = -1;
        f.engine.onGenerate = [&] {
            auto other = storage::Database::open(f.path, storage::Database::Mode::ReadOnly);
            prompts = *other->number("SELECT count(*) FROM messages WHERE text = 'Now'");
            streaming = *other->number("SELECT count(*) FROM messages WHERE state = 'streaming'");
        };
        f.answer(QStringLiteral("Now"));
        QCOMPARE(prompts, 1);
        QCOMPARE(streaming, 1);
    }

    void givesTheModelTheBranch()
    {
        Fixture f;
        AnswerOptions options;
        options.systemPrompt = QStringLiteral("Be brief.");
        options.sampling.temperature = 0.25f;
        options.sampling.seed = 42;
        options.seedChoice = SeedChoice::Fixed;
        options.maxTokens = 99;
        options.templateFallback = engine::TemplateFallback::ChatMl;
        f.service->setAnswerOptions(options);
        f.answer(QStringLiteral("first"));
        f.answer(QStringLiteral("second"), f.lastChat());
        QCOMPARE(f.engine.requests.size(), 2);
        const engine::GenerateRequest &request = f.engine.requests[1];
        QCOMPARE(request.messages.size(), 4);
        QCOMPARE(request.messages[0].role, engine::Role::System);
        QCOMPARE(request.messages[0].text, QStringLiteral("Be brief."));
        QCOMPARE(request.messages[1].text, QStringLiteral("first"));
        QCOMPARE(request.messages[2].role, engine::Role::Assistant);
        QCOMPARE(request.messages[2].text, QStringLiteral("one two three"));
        QCOMPARE(request.messages[3].text, QStringLiteral("second"));
        QCOMPARE(request.sampling.temperature, 0.25f);
        QCOMPARE(request.sampling.seed, std::uint64_t(42));
        QCOMPARE(request.maxTokens, 99u);
        QCOMPARE(request.templateFallback, engine::TemplateFallback::ChatMl);
        QVERIFY(request.id != f.engine.requests[0].id);

        options.seedChoice = SeedChoice::Fresh;
        f.service->setAnswerOptions(options);
        f.answer(QStringLiteral("third"), f.lastChat());
        f.answer(QStringLiteral("fourth"), f.lastChat());
        QVERIFY(f.engine.requests[2].sampling.seed != f.engine.requests[3].sampling.seed);
    }

    void editsAndRegeneratesBesideTheOld()
    {
        Fixture f;
        const Message first = f.answer(QStringLiteral("question"));
        const ChatId chat = f.lastChat();
        f.engine.words = QStringList{QStringLiteral("again")};

        f.finished->clear();
        f.chatOpened->clear();
        f.added->clear();
        f.service->regenerate(first.id);
        QVERIFY(f.wait(*f.finished));
        QCOMPARE(f.added->count(), 0);
        auto opened = f.chatOpened->at(0).at(0).value<Conversation>();
        QCOMPARE(opened.branch.size(), 2);
        QCOMPARE(opened.branch[1].state, MessageState::Streaming);
        QCOMPARE(opened.branch[1].siblingIndex, 1);
        QCOMPARE(opened.branch[1].siblingCount, 2);
        auto second = f.finished->last().at(1).value<Message>();
        QCOMPARE(second.siblingIndex, 1);
        QCOMPARE(second.siblingCount, 2);
        QCOMPARE(f.engine.requests.last().messages.size(), 1);
        QCOMPARE(f.engine.requests.last().messages[0].text, QStringLiteral("question"));

        f.finished->clear();
        f.service->editPrompt(opened.branch[0].id, QStringLiteral("better question"));
        QVERIFY(f.wait(*f.finished));
        QCOMPARE(f.engine.requests.last().messages.size(), 1);
        QCOMPARE(f.engine.requests.last().messages[0].text, QStringLiteral("better question"));
        opened = f.open(chat);
        QCOMPARE(opened.branch[0].text, QStringLiteral("better question"));
        QCOMPARE(opened.branch[0].siblingIndex, 1);

        f.chatOpened->clear();
        f.service->selectSibling(opened.branch[0].id, 0);
        QVERIFY(f.wait(*f.chatOpened));
        opened = f.chatOpened->at(0).at(0).value<Conversation>();
        QCOMPARE(opened.branch[0].text, QStringLiteral("question"));
        QCOMPARE(opened.branch[1].text, QStringLiteral("again"));
        f.chatOpened->clear();
        f.service->selectSibling(opened.branch[1].id, 0);
        QVERIFY(f.wait(*f.chatOpened));
        QCOMPARE(f.chatOpened->at(0).at(0).value<Conversation>().branch[1].text,
                 QStringLiteral("one two three"));
        QCOMPARE(f.failed->count(), 0);
    }

    void stops()
    {
        Fixture f;
        f.engine.words = QStringList(1000, QStringLiteral("word "));
        f.service->sendPrompt(kNoId, QStringLiteral("go on"));
        QVERIFY(f.wait(*f.appended));
        QVERIFY(f.service->answeringChat() != kNoId);
        QVERIFY(f.service->answeringMessage() != kNoId);
        f.service->stopAnswer();
        QVERIFY(f.wait(*f.finished));
        const auto message = f.finished->at(0).at(1).value<Message>();
        QCOMPARE(message.state, MessageState::Stopped);
        QCOMPARE(message.text.size(), f.appended->count() * 5);
        const int stops = f.engine.stops;
        f.service->stopAnswer(); // nothing to stop
        QCOMPARE(f.engine.stops, stops);
        QCOMPARE(f.open(f.lastChat()).branch[1].text, message.text);
        QCOMPARE(f.failed->count(), 0);
    }

    void stopsBeforeTheEngineIsAsked()
    {
        Fixture f;
        f.service->sendPrompt(kNoId, QStringLiteral("never mind"));
        f.service->stopAnswer();
        QVERIFY(f.wait(*f.finished));
        QCOMPARE(f.engine.requests.size(), 0);
        const auto message = f.finished->at(0).at(1).value<Message>();
        QCOMPARE(message.state, MessageState::Stopped);
        QCOMPARE(message.text, QString());
        QCOMPARE(f.open(f.lastChat()).branch.size(), 2);
    }

    void storesAFailure()
    {
        Fixture f;
        f.engine.failAfterWords = Error{ErrorCode::OutOfDeviceMemory, "The card is full.", {}};
        const Message message = f.answer(QStringLiteral("go"));
        QCOMPARE(message.state, MessageState::Failed);
        QCOMPARE(message.errorText, QStringLiteral("The card is full."));
        QCOMPARE(message.text, QStringLiteral("one two three"));
        QCOMPARE(f.failed->count(), 1);
        QCOMPARE(f.lastError().code, ErrorCode::OutOfDeviceMemory);
        QCOMPARE(f.open(f.lastChat()).branch[1].errorText, QStringLiteral("The card is full."));
        // The next prompt still finds roles that take turns.
        f.engine.failAfterWords.reset();
        f.answer(QStringLiteral("again"), f.lastChat());
        QCOMPARE(f.engine.requests.last().messages.size(), 3);
    }

    void cancelledIsStopped()
    {
        Fixture f;
        f.engine.failAfterWords = Error{ErrorCode::Cancelled, {}, {}};
        const Message message = f.answer(QStringLiteral("go"));
        QCOMPARE(message.state, MessageState::Stopped);
        QCOMPARE(f.failed->count(), 0);
    }

    void mergesPromptsWithoutAnswers()
    {
        Fixture f;
        f.engine.words.clear();
        f.engine.failAfterWords = Error{ErrorCode::Internal, "No.", {}};
        f.answer(QStringLiteral("first"));
        f.answer(QStringLiteral("second"), f.lastChat());
        QCOMPARE(f.engine.requests.last().messages.size(), 1);
        QCOMPARE(f.engine.requests.last().messages[0].text, QStringLiteral("first\n\nsecond"));
    }

    void writesOneAnswerAtATime()
    {
        Fixture f;
        f.engine.words = QStringList(1000, QStringLiteral("word "));
        f.service->sendPrompt(kNoId, QStringLiteral("one"));
        f.service->sendPrompt(kNoId, QStringLiteral("two")); // while the first is being stored
        QCOMPARE(f.promptRejected->count(), 1);
        QCOMPARE(f.promptRejected->at(0).at(1).toString(), QStringLiteral("two"));
        QCOMPARE(f.failed->count(), 1);
        QVERIFY(f.wait(*f.appended));
        const MessageId answer = f.service->answeringMessage();
        f.service->sendPrompt(f.service->answeringChat(), QStringLiteral("three"));
        f.service->regenerate(answer);
        f.service->editPrompt(answer - 1, QStringLiteral("four"));
        QCOMPARE(f.promptRejected->count(), 2);
        QCOMPARE(f.editRejected->count(), 1);
        QCOMPARE(f.editRejected->at(0).at(0).value<MessageId>(), answer - 1);
        QCOMPARE(f.editRejected->at(0).at(1).toString(), QStringLiteral("four"));
        QCOMPARE(f.failed->count(), 4);
        QVERIFY(!f.lastError().message.empty());
        f.service->stopAnswer();
        QVERIFY(f.wait(*f.finished));
        QCOMPARE(f.count("SELECT count(*) FROM messages"), 2);
        QCOMPARE(f.engine.requests.size(), 1);
    }

    void refusesAnEmptyPrompt()
    {
        Fixture f;
        f.service->sendPrompt(kNoId, QStringLiteral(" \n\t"));
        QCOMPARE(f.failed->count(), 1);
        QCOMPARE(f.promptRejected->count(), 1);
        QCOMPARE(f.count("SELECT count(*) FROM chats"), 0);
    }

    void refusesWhatIsGone()
    {
        Fixture f;
        f.service->sendPrompt(999, QStringLiteral("hello"));
        QVERIFY(f.wait(*f.failed));
        QCOMPARE(f.lastError().code, ErrorCode::NotFound);
        QCOMPARE(f.promptRejected->at(0).at(0).value<ChatId>(), 999);
        QCOMPARE(f.promptRejected->at(0).at(1).toString(), QStringLiteral("hello"));
        f.failed->clear();
        f.service->regenerate(999);
        QVERIFY(f.wait(*f.failed));
        f.failed->clear();
        f.service->openChat(999);
        QVERIFY(f.wait(*f.failed));
        QCOMPARE(f.engine.requests.size(), 0);
        QCOMPARE(f.answer(QStringLiteral("still works")).state, MessageState::Complete);
    }

    void savesWhileTheAnswerGrows()
    {
        Fixture f;
        f.engine.words = QStringList(100'000, QStringLiteral("word "));
        f.service->sendPrompt(kNoId, QStringLiteral("go on"));
        QVERIFY(f.wait(*f.appended));
        const char *pieces = "SELECT count(*) FROM answer_pieces";
        QTRY_VERIFY_WITH_TIMEOUT(f.count(pieces) >= 3, kPatience);
        // Opening the chat meanwhile shows all of the text, saved or not.
        const ChatId chat = f.service->answeringChat();
        f.chatOpened->clear();
        f.service->openChat(chat);
        int seen = -1;
        connect(f.service.get(), &ChatService::chatOpened, this,
                [&] { seen = int(f.appended->count()); });
        QVERIFY(f.wait(*f.chatOpened));
        const auto conversation = f.chatOpened->at(0).at(0).value<Conversation>();
        QCOMPARE(conversation.branch[1].state, MessageState::Streaming);
        QCOMPARE(conversation.branch[1].text.size(), seen * 5);
        f.service->stopAnswer();
        QVERIFY(f.wait(*f.finished));
        QCOMPARE(f.count(pieces), 0);
    }

    void quittingKeepsTheAnswerSoFar()
    {
        Fixture f;
        f.engine.words = QStringList(100'000, QStringLiteral("word "));
        f.service->sendPrompt(kNoId, QStringLiteral("go on"));
        QTRY_VERIFY_WITH_TIMEOUT(f.appended->count() > 20, kPatience);
        const ChatId chat = f.service->answeringChat();
        const auto said = f.appended->count() * 5;
        f.restart();
        QCOMPARE(f.engine.stops, 1);
        const Conversation found = f.open(chat);
        QCOMPARE(found.branch[1].state, MessageState::Interrupted);
        QCOMPARE(found.branch[1].text.size(), said);
        QCOMPARE(f.count("SELECT count(*) FROM answer_pieces"), 0);
    }

    void quittingWhileAPromptIsStored()
    {
        Fixture f;
        f.service->sendPrompt(kNoId, QStringLiteral("kept"));
        f.restart();
        QCOMPARE(f.engine.requests.size(), 0);
        QCOMPARE(f.count("SELECT count(*) FROM messages WHERE text = 'kept'"), 1);
        QCOMPARE(f.count("SELECT count(*) FROM messages WHERE state = 'interrupted'"), 1);
    }

    void listsSearchesRenamesDeletesRestores()
    {
        Fixture f;
        f.answer(QStringLiteral("apples"));
        const ChatId apples = f.lastChat();
        f.answer(QStringLiteral("pears"));
        f.service->listChats();
        QVERIFY(f.wait(*f.chatsListed));
        QCOMPARE(f.chatsListed->at(0).at(0).value<QVector<ChatSummary>>().size(), 2);

        QSignalSpy searched(f.service.get(), &ChatService::searchFinished);
        f.service->searchChats(QStringLiteral("appl"));
        QVERIFY(f.wait(searched));
        QCOMPARE(searched.at(0).at(0).toString(), QStringLiteral("appl"));
        QCOMPARE(searched.at(0).at(1).value<QVector<ChatSummary>>().size(), 1);

        f.chatChanged->clear();
        f.service->renameChat(apples, QStringLiteral("Fruit"));
        f.service->setPinned(apples, true);
        QTRY_COMPARE_WITH_TIMEOUT(f.chatChanged->count(), 2, kPatience);
        const auto changed = f.chatChanged->at(1).at(0).value<ChatSummary>();
        QCOMPARE(changed.title, QStringLiteral("Fruit"));
        QVERIFY(changed.pinned);

        f.service->deleteChat(apples);
        QVERIFY(f.wait(*f.chatDeleted));
        QCOMPARE(f.chatDeleted->at(0).at(0).value<ChatId>(), apples);
        f.chatChanged->clear();
        f.service->restoreChat(apples);
        QVERIFY(f.wait(*f.chatChanged));
        QCOMPARE(f.chatChanged->at(0).at(0).value<ChatSummary>().title, QStringLiteral("Fruit"));
        QCOMPARE(f.failed->count(), 0);
    }

    void deletingStopsTheAnswer()
    {
        Fixture f;
        f.engine.words = QStringList(100'000, QStringLiteral("word "));
        f.service->sendPrompt(kNoId, QStringLiteral("go on"));
        QVERIFY(f.wait(*f.appended));
        f.service->deleteChat(f.service->answeringChat());
        QVERIFY(f.wait(*f.finished));
        QVERIFY(f.wait(*f.chatDeleted));
        QCOMPARE(f.finished->at(0).at(1).value<Message>().state, MessageState::Stopped);
        QCOMPARE(f.failed->count(), 0);
    }

    void purgesAtTheStart()
    {
        Fixture f;
        f.answer(QStringLiteral("old"));
        const ChatId old = f.lastChat();
        f.answer(QStringLiteral("young"));
        const ChatId young = f.lastChat();
        f.storage->runBlocking([&](Store &store) {
            const QDateTime now = QDateTime::currentDateTimeUtc();
            (void)store.chats().remove(old, now.addDays(-31));
            (void)store.chats().remove(young, now.addDays(-29));
        });
        f.restart();
        f.service->restoreChat(young);
        QVERIFY(f.wait(*f.chatChanged));
        f.service->restoreChat(old);
        QVERIFY(f.wait(*f.failed));
        QCOMPARE(f.lastError().code, ErrorCode::NotFound);
    }

    void fullDiskGivesThePromptBack()
    {
        Fixture f;
        f.answer(QStringLiteral("before"));
        const ChatId chat = f.lastChat();
        limitSize(f, 0);
        const QString text = QString(100'000, QLatin1Char('x'));
        f.service->sendPrompt(chat, text);
        QVERIFY(f.wait(*f.failed));
        QCOMPARE(f.lastError().code, ErrorCode::DiskFull);
        QCOMPARE(f.promptRejected->count(), 1);
        QCOMPARE(f.promptRejected->at(0).at(0).value<ChatId>(), chat);
        QCOMPARE(f.promptRejected->at(0).at(1).toString(), text);
        QCOMPARE(f.engine.requests.size(), 1);
        QCOMPARE(f.open(chat).branch.size(), 2);
        limitSize(f, 1'000'000);
        QCOMPARE(f.answer(text, chat).state, MessageState::Complete);
    }

    void fullDiskKeepsTheAnswerAndSavesItLater()
    {
        Fixture f;
        f.engine.words = QStringList(60, QString(5000, QLatin1Char('y')));
        f.engine.interval = 20; // the answer takes longer than a piece's turn to be saved
        f.engine.onGenerate = [&] { limitSize(f, 0); };
        const Message message = f.answer(QStringLiteral("go"));
        QCOMPARE(message.state, MessageState::Complete);
        QCOMPARE(message.text.size(), 300'000);
        QCOMPARE(f.failed->count(), 1); // said once, not at each attempt
        QCOMPARE(f.lastError().code, ErrorCode::DiskFull);
        const ChatId chat = f.lastChat();
        // Not on the disk, but not lost either.
        QCOMPARE(f.count("SELECT count(*) FROM messages WHERE state = 'streaming'"), 1);
        QCOMPARE(f.open(chat).branch[1].text.size(), 300'000);
        QCOMPARE(f.open(chat).branch[1].state, MessageState::Complete);
        limitSize(f, 1'000'000);
        f.restart();
        QCOMPARE(f.open(chat).branch[1].text.size(), 300'000);
        QCOMPARE(f.open(chat).branch[1].state, MessageState::Complete);
    }

private:
    // So many pages more than there are; SQLite then says that the disk is full.
    static void limitSize(Fixture &f, qint64 more)
    {
        f.storage->runBlocking([more](Store &store) {
            const qint64 pages = *store.database().number("PRAGMA page_count");
            const std::string sql = "PRAGMA max_page_count = " + std::to_string(pages + more);
            (void)store.database().execute(sql.c_str());
        });
    }
};

QTEST_GUILESS_MAIN(TestChatService)
#include "tst_chat_service.moc"
