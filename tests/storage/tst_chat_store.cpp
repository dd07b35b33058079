#include "storage_fixture.h"

#include <QElapsedTimer>

using namespace alcove;
using namespace alcove::storage;
using alcove::test::good;
using alcove::test::StoreFixture;
using alcove::test::texts;
using alcove::test::titles;

class TestChatStore : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void startsAChat()
    {
        StoreFixture f;
        auto added = f.chats().addPrompt(kNoId, QStringLiteral("Title"), QStringLiteral("Hello"),
                                         f.draft(3));
        QVERIFY(good(added));
        QCOMPARE(added->chat.title, QStringLiteral("Title"));
        QCOMPARE(added->chat.createdAt, f.time(3));
        QCOMPARE(added->chat.updatedAt, f.time(3));
        QCOMPARE(added->branch.size(), 2);
        const Message &prompt = added->branch[0];
        QCOMPARE(prompt.role, llm::Role::User);
        QCOMPARE(prompt.state, MessageState::Complete);
        QCOMPARE(prompt.parent, kNoId);
        QCOMPARE(prompt.text, QStringLiteral("Hello"));
        QCOMPARE(prompt.modelName, QString());
        const Message &answer = added->branch[1];
        QCOMPARE(answer.role, llm::Role::Assistant);
        QCOMPARE(answer.state, MessageState::Streaming);
        QCOMPARE(answer.parent, prompt.id);
        QCOMPARE(answer.modelName, QStringLiteral("Tester"));
        QCOMPARE(answer.createdAt, f.time(3));
        QCOMPARE(answer.siblingIndex, 0);
        QCOMPARE(answer.siblingCount, 1);
    }

    void keepsEveryFieldOfAnAnswer()
    {
        StoreFixture f;
        auto added = f.chats().addPrompt(kNoId, {}, QStringLiteral("Q"), f.draft());
        QVERIFY(good(added));
        Message answer = added->branch.last();
        answer.text = QStringLiteral("naïve — 数据 \U0001F600\nend") + QChar(0) + QChar('x');
        answer.state = MessageState::Failed;
        answer.errorText = QStringLiteral("The device went away.");
        answer.promptTokens = 4'000'000'000u;
        answer.answerTokens = 77;
        answer.droppedMessages = 3;
        answer.prefillSeconds = 0.125;
        answer.decodeSeconds = 2.5;
        answer.reasoning = QStringLiteral("Let me think — 数据 \U0001F914\n\n") + QChar(0);
        answer.reasoningSeconds = 12.25;
        QVERIFY(good(f.chats().finishAnswer(answer)));
        f.open();
        auto read = f.chats().conversation(added->chat.id);
        QVERIFY(good(read));
        const Message &stored = read->branch.last();
        QCOMPARE(stored.text, answer.text);
        QCOMPARE(stored.state, answer.state);
        QCOMPARE(stored.errorText, answer.errorText);
        QCOMPARE(stored.promptTokens, answer.promptTokens);
        QCOMPARE(stored.answerTokens, answer.answerTokens);
        QCOMPARE(stored.droppedMessages, answer.droppedMessages);
        QCOMPARE(stored.prefillSeconds, answer.prefillSeconds);
        QCOMPARE(stored.decodeSeconds, answer.decodeSeconds);
        QCOMPARE(stored.reasoning, answer.reasoning);
        QCOMPARE(stored.reasoningSeconds, answer.reasoningSeconds);
        QCOMPARE(stored.createdAt, answer.createdAt);
    }

    void ordersTheList()
    {
        StoreFixture f;
        const ChatId old = f.turn(kNoId, QStringLiteral("old"), QStringLiteral("a"), 1).chat.id;
        const ChatId pinned = f.turn(kNoId, QStringLiteral("pin"), QStringLiteral("a"), 2).chat.id;
        f.turn(kNoId, QStringLiteral("new"), QStringLiteral("a"), 3);
        QVERIFY(good(f.chats().setPinned(pinned, true)));
        QCOMPARE(titles(*f.chats().list()), (QStringList{"pin", "new", "old"}));
        f.turn(old, QStringLiteral("again"), QStringLiteral("b"), 4);
        QCOMPARE(titles(*f.chats().list()), (QStringList{"pin", "old", "new"}));
        QCOMPARE(f.chats().list()->at(1).updatedAt, f.time(4));
        QVERIFY(!good(f.chats().setPinned(999, true)));
        auto unpinned = f.chats().setPinned(pinned, false);
        QVERIFY(good(unpinned));
        QVERIFY(!unpinned->pinned);
        QCOMPARE(titles(*f.chats().list()), (QStringList{"old", "new", "pin"}));
    }

    void renames()
    {
        StoreFixture f;
        const ChatId id = f.turn(kNoId, QStringLiteral("first"), QStringLiteral("a")).chat.id;
        auto renamed = f.chats().rename(id, QStringLiteral("  Two\nwords "));
        QVERIFY(good(renamed));
        QCOMPARE(renamed->title, QStringLiteral("Two words"));
        QCOMPARE(titles(*f.chats().search(QStringLiteral("two"))), QStringList{"Two words"});
        auto missing = f.chats().rename(77, QStringLiteral("x"));
        QVERIFY(!missing);
        QCOMPARE(missing.error().code, ErrorCode::NotFound);
    }

    // prompt 1 - answer A - prompt 2 - answer B
    //          \ answer A'
    // prompt 1' - answer C
    void keepsEveryBranch()
    {
        StoreFixture f;
        const auto first = f.turn(kNoId, QStringLiteral("p1"), QStringLiteral("A"));
        const ChatId chat = first.chat.id;
        const MessageId p1 = first.branch[0].id;
        const MessageId a = first.branch[1].id;
        const auto second = f.turn(chat, QStringLiteral("p2"), QStringLiteral("B"));
        QCOMPARE(texts(f.chats().conversation(chat)->branch), (QStringList{"p1", "A", "p2", "B"}));

        auto regenerated = f.chats().addAnswer(a, f.draft(1));
        QVERIFY(good(regenerated));
        QCOMPARE(texts(regenerated->branch), (QStringList{"p1", ""}));
        QCOMPARE(regenerated->branch[1].siblingIndex, 1);
        QCOMPARE(regenerated->branch[1].siblingCount, 2);
        f.finish(*regenerated, QStringLiteral("A'"));

        auto edited = f.chats().editPrompt(p1, QStringLiteral("p1'"), f.draft(2));
        QVERIFY(good(edited));
        QCOMPARE(edited->branch[0].parent, kNoId);
        QCOMPARE(edited->branch[0].siblingIndex, 1);
        QCOMPARE(edited->branch[0].siblingCount, 2);
        QCOMPARE(edited->branch[1].siblingCount, 1);
        f.finish(*edited, QStringLiteral("C"));
        QCOMPARE(texts(f.chats().conversation(chat)->branch), (QStringList{"p1'", "C"}));

        // The newest leaf under p1 is A'.
        auto selected = f.chats().selectSibling(edited->branch[0].id, 0);
        QVERIFY(good(selected));
        QCOMPARE(texts(selected->branch), (QStringList{"p1", "A'"}));
        selected = f.chats().selectSibling(selected->branch[1].id, 0);
        QVERIFY(good(selected));
        QCOMPARE(texts(selected->branch), (QStringList{"p1", "A", "p2", "B"}));
        QCOMPARE(selected->branch[0].siblingCount, 2);
        QCOMPARE(selected->branch[1].siblingCount, 2);
        QCOMPARE(selected->branch[1].siblingIndex, 0);
        QCOMPARE(selected->branch[3].id, second.branch[3].id);
        f.open(); // the choice is stored
        QCOMPARE(texts(f.chats().conversation(chat)->branch), (QStringList{"p1", "A", "p2", "B"}));

        for (const int outside : {-1, 2, 1 << 30}) {
            auto none = f.chats().selectSibling(a, outside);
            QVERIFY(!none);
            QCOMPARE(none.error().code, ErrorCode::NotFound);
        }
        // A prompt is not regenerated, an answer not edited.
        QVERIFY(!f.chats().addAnswer(p1, f.draft()));
        QVERIFY(!f.chats().editPrompt(a, QStringLiteral("x"), f.draft()));
        QVERIFY(!f.chats().addAnswer(12345, f.draft()));
        QCOMPARE(*f.database().number("SELECT count(*) FROM messages"), 7);
    }

    void rootsOfOtherChatsAreNoSiblings()
    {
        StoreFixture f;
        f.turn(kNoId, QStringLiteral("one"), QStringLiteral("a"));
        const auto second = f.turn(kNoId, QStringLiteral("two"), QStringLiteral("b"));
        QCOMPARE(f.chats().conversation(second.chat.id)->branch[0].siblingCount, 1);
        QVERIFY(!f.chats().selectSibling(second.branch[0].id, 1));
    }

    void deletesSoftly()
    {
        StoreFixture f;
        const auto made = f.turn(kNoId, QStringLiteral("secret"), QStringLiteral("answer"));
        const ChatId id = made.chat.id;
        QVERIFY(good(f.chats().remove(id, f.time(10))));
        QVERIFY(f.chats().list()->isEmpty());
        QVERIFY(f.chats().search(QStringLiteral("secret"))->isEmpty());
        QCOMPARE(f.chats().conversation(id).error().code, ErrorCode::NotFound);
        QVERIFY(!f.chats().addPrompt(id, {}, QStringLiteral("x"), f.draft()));
        QVERIFY(!f.chats().addAnswer(made.branch[1].id, f.draft()));
        QVERIFY(!f.chats().editPrompt(made.branch[0].id, QStringLiteral("x"), f.draft()));
        QVERIFY(!f.chats().selectSibling(made.branch[0].id, 0));
        QVERIFY(!f.chats().rename(id, QStringLiteral("x")));
        QVERIFY(!f.chats().remove(id, f.time(11)));

        QCOMPARE(*f.chats().purge(f.time(10)), 0); // "before" the limit only
        auto restored = f.chats().restore(id);
        QVERIFY(good(restored));
        QCOMPARE(restored->title, QStringLiteral("secret"));
        QCOMPARE(texts(f.chats().conversation(id)->branch), (QStringList{"secret", "answer"}));
        QCOMPARE(titles(*f.chats().search(QStringLiteral("secret"))), QStringList{"secret"});
    }

    void purges()
    {
        StoreFixture f;
        const auto gone = f.turn(kNoId, QStringLiteral("gone"), QStringLiteral("words"));
        const auto kept = f.turn(kNoId, QStringLiteral("kept"), QStringLiteral("words"));
        auto growing = f.chats().addPrompt(gone.chat.id, {}, QStringLiteral("more"), f.draft());
        QVERIFY(good(growing));
        QVERIFY(
            good(f.chats().appendPiece(growing->branch.last().id, 0, {QStringLiteral("piece")})));
        QVERIFY(good(f.chats().remove(gone.chat.id, f.time(10))));
        QCOMPARE(*f.chats().purge(f.time(11)), 1);
        QVERIFY(!f.chats().restore(gone.chat.id));
        QCOMPARE(*f.database().number("SELECT count(*) FROM messages"), 2);
        QCOMPARE(*f.database().number("SELECT count(*) FROM answer_pieces"), 0);
        QCOMPARE(titles(*f.chats().search(QStringLiteral("words"))), QStringList{"kept"});
        QVERIFY(good(f.database().execute(
            "INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1);"
            "INSERT INTO chats_fts (chats_fts, rank) VALUES ('integrity-check', 1);")));
        QCOMPARE(f.chats().conversation(kept.chat.id)->branch.size(), 2);
        // An id is never given twice.
        QVERIFY(f.turn(kNoId, QStringLiteral("next"), QStringLiteral("x")).chat.id > kept.chat.id);
    }

    void keepsWhatAnswersStandOn()
    {
        StoreFixture f;
        auto added = f.chats().addPrompt(kNoId, {}, QStringLiteral("Q"), f.draft(),
                                         {QStringLiteral("Law"), QStringLiteral("Art")});
        QVERIFY(good(added));
        QCOMPARE(added->collections, (QStringList{"Art", "Law"}));
        Message answer = added->branch.last();
        answer.state = MessageState::Complete;
        answer.text = QStringLiteral("It is so. [1]");
        answer.passagesRead = 3;
        answer.citations = {{1, QStringLiteral("/a.pdf"), QStringLiteral("A"), 1,
                             QStringLiteral("12"), 5, 9, QStringLiteral("text"),
                             QStringLiteral("ff")}};
        QVERIFY(good(f.chats().finishAnswer(answer)));
        QVERIFY(good(f.chats().finishAnswer(answer))); // once more changes nothing
        const auto found = f.chats().conversation(added->chat.id);
        QVERIFY(good(found));
        QCOMPARE(found->branch.last().citations, answer.citations);
        QCOMPARE(found->branch.last().passagesRead, 3u);
        QVERIFY(found->branch.first().citations.isEmpty());

        QCOMPARE(*f.chats().setCollections(added->chat.id, {QStringLiteral("Law")}),
                 QStringList{QStringLiteral("Law")});
        QCOMPARE(f.chats().conversation(added->chat.id)->collections,
                 QStringList{QStringLiteral("Law")});
        QVERIFY(!f.chats().setCollections(added->chat.id + 1, {}));
        // The next prompt leaves the choice as it is.
        const auto next = f.chats().addPrompt(added->chat.id, {}, QStringLiteral("And?"), f.draft(),
                                              {QStringLiteral("Art")});
        QCOMPARE(next->collections, QStringList{QStringLiteral("Law")});

        QVERIFY(good(f.chats().remove(added->chat.id, f.time(10))));
        QCOMPARE(*f.chats().purge(f.time(11)), 1);
        QCOMPARE(*f.database().number("SELECT count(*) FROM message_citations"), 0);
        QCOMPARE(*f.database().number("SELECT count(*) FROM chat_collections"), 0);
        QCOMPARE(*f.database().number("SELECT count(*) FROM collections"), 2);
    }

    void savesAnAnswerInPieces()
    {
        StoreFixture f;
        auto added = f.chats().addPrompt(kNoId, {}, QStringLiteral("Q"), f.draft());
        QVERIFY(good(added));
        const MessageId id = added->branch.last().id;
        for (int i = 0; i < 12; ++i)
            QVERIFY(good(f.chats().appendPiece(id, i, {QString::number(i) + QLatin1Char(' ')})));
        auto growing = f.chats().conversation(added->chat.id);
        QCOMPARE(growing->branch.last().text, QStringLiteral("0 1 2 3 4 5 6 7 8 9 10 11 "));
        QCOMPARE(growing->branch.last().state, MessageState::Streaming);

        f.open(); // as after a crash
        QCOMPARE(*f.chats().interruptStreaming(), 1);
        auto found = f.chats().conversation(added->chat.id);
        QCOMPARE(found->branch.last().text, QStringLiteral("0 1 2 3 4 5 6 7 8 9 10 11 "));
        QCOMPARE(found->branch.last().state, MessageState::Interrupted);
        QCOMPARE(*f.database().number("SELECT count(*) FROM answer_pieces"), 0);
        QCOMPARE(*f.chats().interruptStreaming(), 0);
        QCOMPARE(f.chats().search(QStringLiteral("11"))->size(), 1);
    }

    void savesReasoningInPieces()
    {
        StoreFixture f;
        auto added = f.chats().addPrompt(kNoId, {}, QStringLiteral("Q"), f.draft());
        QVERIFY(good(added));
        const MessageId id = added->branch.last().id;
        const auto append = [&](qint64 number, const AnswerPiece &piece) {
            return good(f.chats().appendPiece(id, number, piece));
        };
        QVERIFY(append(0, {{}, QStringLiteral("Let me "), 0.5}));
        QVERIFY(append(1, {{}, QStringLiteral("think."), 1.25}));
        auto growing = f.chats().conversation(added->chat.id);
        QCOMPARE(growing->branch.last().reasoning, QStringLiteral("Let me think."));
        QCOMPARE(growing->branch.last().reasoningSeconds, 1.25);
        QCOMPARE(growing->branch.last().text, QString());
        // The end of the one and the beginning of the other may come together.
        QVERIFY(append(2, {QStringLiteral("It "), QStringLiteral(" Yes."), 1.5}));
        QVERIFY(append(3, {QStringLiteral("is."), {}, 1.5}));

        f.open(); // as after a crash
        QCOMPARE(*f.chats().interruptStreaming(), 1);
        const Message found = f.chats().conversation(added->chat.id)->branch.last();
        QCOMPARE(found.reasoning, QStringLiteral("Let me think. Yes."));
        QCOMPARE(found.reasoningSeconds, 1.5);
        QCOMPARE(found.text, QStringLiteral("It is."));
        QCOMPARE(found.state, MessageState::Interrupted);
        QCOMPARE(*f.database().number("SELECT count(*) FROM answer_pieces"), 0);
    }

    // A search is for what was said, whichever way the word is looked for.
    void reasoningIsNotSearched()
    {
        StoreFixture f;
        auto added = f.chats().addPrompt(kNoId, QStringLiteral("t"), QStringLiteral("Q"), {});
        QVERIFY(good(added));
        added->branch.last().reasoning = QString::fromUtf8("pondering 数据库");
        f.finish(*added, QStringLiteral("answer"));
        QCOMPARE(f.chats().search(QStringLiteral("answer"))->size(), 1);
        QCOMPARE(f.chats().search(QStringLiteral("pondering"))->size(), 0);
        QCOMPARE(f.chats().search(QString::fromUtf8("据库"))->size(), 0);
    }

    void finishingReplacesThePieces()
    {
        StoreFixture f;
        auto added = f.chats().addPrompt(kNoId, {}, QStringLiteral("Q"), f.draft());
        const MessageId id = added->branch.last().id;
        QVERIFY(good(f.chats().appendPiece(id, 0, {QStringLiteral("half")})));
        f.finish(*added, QStringLiteral("half and whole"));
        QCOMPARE(f.chats().conversation(added->chat.id)->branch.last().text,
                 QStringLiteral("half and whole"));
        QCOMPARE(*f.database().number("SELECT count(*) FROM answer_pieces"), 0);
        Message unknown;
        unknown.id = 4711;
        QCOMPARE(f.chats().finishAnswer(unknown).error().code, ErrorCode::NotFound);
        QVERIFY(!f.chats().appendPiece(4711, 0, {QStringLiteral("x")})); // foreign keys are on
    }

    // The bytes written for a growing answer follow its length, not the square of it.
    void growingAnswerIsWrittenOnce()
    {
        StoreFixture f;
        auto added = f.chats().addPrompt(kNoId, {}, QStringLiteral("Q"), f.draft());
        QVERIFY(good(f.database().execute("PRAGMA wal_autocheckpoint = 0")));
        QVERIFY(good(f.database().execute("PRAGMA wal_checkpoint(TRUNCATE)")));
        const QString piece(100, QLatin1Char('x'));
        for (int i = 0; i < 1000; ++i)
            QVERIFY(good(f.chats().appendPiece(added->branch.last().id, i, {piece})));
        const qint64 written = QFileInfo(f.path + QStringLiteral("-wal")).size();
        QVERIFY2(written > 100'000, "the log must have been looked at");
        // Rewriting the text each time would be 50 MB.
        QVERIFY2(written < 20'000'000, qPrintable(QString::number(written)));
    }

    void searches_data()
    {
        QTest::addColumn<QString>("words");
        QTest::addColumn<QStringList>("found");
        const QStringList all{"c", "b", "a"};
        QTest::newRow("nothing") << "" << all;
        QTest::newRow("blank") << " \t " << all;
        QTest::newRow("text") << "harbour" << QStringList{"a"};
        QTest::newRow("beginning") << "harb" << QStringList{"a"};
        QTest::newRow("case and accents") << "ZURICH" << QStringList{"b"};
        QTest::newRow("accents typed") << "zürich" << QStringList{"b"};
        QTest::newRow("title") << "b" << QStringList{"b"};
        QTest::newRow("words in several messages") << "harbour lighthouse" << QStringList{"a"};
        QTest::newRow("all words") << "harbour zurich" << QStringList{};
        QTest::newRow("common") << "common" << all;
        QTest::newRow("inner part of Chinese") << QString::fromUtf8("据库") << QStringList{"c"};
        QTest::newRow("symbols") << "->" << QStringList{"c"};
        QTest::newRow("hyphen") << "well-known" << QStringList{"b"};
        // Full-text syntax and SQL are words like any other.
        for (const char *hostile :
             {"\"",           "'",           "\"\"",     "AND",
              "OR",           "NOT",         "NEAR(",    "a* b*",
              "text:harbour", "^harbour",    "harbour)", "(",
              "{text}:x",     "harbour AND", "* *",      "';DROP TABLE chats;--",
              "\\",           "%",           "_",        "+",
              "-harbour",     "harbour\"*",  "rowid:1"})
            QTest::newRow(hostile) << QString::fromLatin1(hostile) << QStringList{"*"};
        QTest::newRow("NUL") << (QStringLiteral("harb") + QChar(0) + QStringLiteral("light"))
                             << QStringList{"a"};
        QTest::newRow("half a surrogate") << QString(QChar(0xd83d)) << QStringList{};
        QTest::newRow("many words") << QStringLiteral("common ").repeated(500) << all;
        QTest::newRow("one long word") << QString(200'000, QLatin1Char('q')) << QStringList{};
    }

    void searches()
    {
        QFETCH(QString, words);
        QFETCH(QStringList, found);
        StoreFixture f;
        const auto a = f.turn(kNoId, QStringLiteral("The harbour"), QStringLiteral("common"), 1,
                              QStringLiteral("a"));
        f.turn(a.chat.id, QStringLiteral("and"), QStringLiteral("a lighthouse"), 1);
        f.turn(kNoId, QStringLiteral("Zürich is well-known"), QStringLiteral("common"), 2,
               QStringLiteral("b"));
        f.turn(kNoId, QString::fromUtf8("数据库 -> x"), QStringLiteral("common"), 3,
               QStringLiteral("c"));
        auto result = f.chats().search(words);
        QVERIFY(good(result));
        if (found != QStringList{"*"}) // "*": any answer but an error
            QCOMPARE(titles(*result), found);
        QCOMPARE(f.chats().list()->size(), 3);
    }

    void longConversations()
    {
        StoreFixture f;
        constexpr int kMessages = 10'000;
        const ChatId chat = f.turn(kNoId, QStringLiteral("p"), QStringLiteral("a")).chat.id;
        {
            auto transaction = storage::Transaction::begin(f.database());
            QVERIFY(good(transaction));
            auto insert = f.database().prepare(
                "INSERT INTO messages (chat_id, parent_id, role, state, text, created_at)"
                " VALUES (?1, ?2, ?3, 'complete', ?4, 0)");
            QVERIFY(good(insert));
            qint64 leaf = *f.database().number("SELECT active_leaf FROM chats");
            for (int i = 2; i < kMessages; ++i) {
                (void)insert->bind(1, chat);
                (void)insert->bind(2, leaf);
                (void)insert->bind(3, i % 2 ? QStringLiteral("assistant") : QStringLiteral("user"));
                (void)insert->bind(4, QStringLiteral("word ").repeated(60));
                QVERIFY(good(insert->step()));
                insert->reset();
                leaf = f.database().lastInsertId();
            }
            QVERIFY(good(f.database().run("UPDATE chats SET active_leaf = ?1", leaf)));
            QVERIFY(good(transaction->commit()));
        }
        f.open();
        QElapsedTimer clock;
        clock.start();
        auto read = f.chats().conversation(chat);
        const qint64 opening = clock.restart();
        QVERIFY(good(read));
        QCOMPARE(read->branch.size(), kMessages);
        for (int i = 1; i < kMessages; ++i)
            QCOMPARE(read->branch[i].parent, read->branch[i - 1].id);
        clock.restart();
        auto selected = f.chats().selectSibling(read->branch[0].id, 0);
        const qint64 selecting = clock.restart();
        QVERIFY(good(selected));
        QCOMPARE(selected->branch.size(), kMessages);
        QVERIFY(good(f.chats().remove(chat, f.time(0))));
        clock.restart();
        QCOMPARE(*f.chats().purge(f.time(1)), 1);
        qInfo("10,000 messages: opened in %lld ms, branch selected in %lld ms, purged in %lld ms",
              opening, selecting, clock.elapsed());
        QCOMPARE(*f.database().number("SELECT count(*) FROM messages"), 0);
    }

    // No step of these queries may read a whole table.
    void queriesUseIndexes()
    {
        StoreFixture f;
        auto plan =
            f.database().prepare("EXPLAIN QUERY PLAN SELECT count(*) FROM messages s"
                                 " WHERE s.parent_id IS ?1 AND s.chat_id = ?2 AND s.id < ?3");
        QVERIFY(good(plan));
        QVERIFY(*plan->step());
        QVERIFY2(plan->text(3).contains(QLatin1String("SEARCH")), qPrintable(plan->text(3)));
        QVERIFY2(plan->text(3).contains(QLatin1String("messages_by_parent")),
                 qPrintable(plan->text(3)));
    }
};

QTEST_APPLESS_MAIN(TestChatStore)
#include "tst_chat_store.moc"
