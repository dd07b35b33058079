// A user's ways through the window: deleting and thinking better of it, versions of an answer, a
// conversation of ten thousand messages, files dropped on it, a layout from right to left.

#include "window_test.h"

#include <QClipboard>
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QMimeData>

using namespace alcove;
using test::find;
using test::itemNamed;

class TestWindowUse : public test::WindowTest
{
    Q_OBJECT
private Q_SLOTS:
    void aDeletedChatComesBack()
    {
        send(QStringLiteral("a question"));
        const qint64 id = m_chat->chatId();
        const int rows = m_chats->rowCount();
        m_chat->remove(id, m_chat->title());
        QTRY_COMPARE(m_chats->rowCount(), rows - 1);
        QTRY_VERIFY(button(QStringLiteral("Undo")));
        click(QStringLiteral("Undo"));
        QTRY_COMPARE(m_chats->rowCount(), rows);
        m_chat->open(id);
        QTRY_COMPARE(m_chat->messages()->rowCount(), 2);
        noWarnings();
    }

    void versionsOfAnAnswerCanBeGoneThrough()
    {
        m_engine->answer = QStringLiteral("The first answer.");
        send(QStringLiteral("a question"));
        m_engine->answer = QStringLiteral("The second answer.");
        click(QStringLiteral("Answer again"));
        QTRY_COMPARE(lastText(), QStringLiteral("The second answer."));
        QTRY_VERIFY(!m_chat->answering());
        QTRY_VERIFY(button(QStringLiteral("Earlier version")));
        click(QStringLiteral("Earlier version"));
        QTRY_COMPARE(lastText(), QStringLiteral("The first answer."));
        QTRY_VERIFY(
            !button(QStringLiteral("Earlier version"))->object()->property("enabled").toBool());
        click(QStringLiteral("Later version"));
        QTRY_COMPARE(lastText(), QStringLiteral("The second answer."));
        noWarnings();
    }

    void tenThousandMessagesKeepFewItemsAlive()
    {
        constexpr int kMessages = 10000;
        fill(kMessages);
        QTRY_COMPARE_WITH_TIMEOUT(m_chat->messages()->rowCount(), kMessages, 20000);
        QQuickItem *list = itemNamed(m_window->contentItem(), "MessageList");
        QVERIFY(list);
        QTRY_VERIFY(list->property("nearEnd").toBool()); // it opens at the end
        QVERIFY(list->property("following").toBool());
        auto *content = list->property("contentItem").value<QQuickItem *>();
        QVERIFY(content);
        QVERIFY(content->childItems().size() < 60);
        // To the beginning and through the middle.
        list->forceActiveFocus();
        QTest::keyClick(m_window, Qt::Key_Home);
        QTRY_VERIFY(list->property("contentY").toReal() - list->property("originY").toReal() < 1);
        QVERIFY(!list->property("following").toBool());
        for (int i = 0; i < 40; ++i)
            QTest::keyClick(m_window, Qt::Key_PageDown);
        QVERIFY(list->property("contentY").toReal() - list->property("originY").toReal() > 1000);
        QVERIFY(content->childItems().size() < 120);
        QTest::keyClick(m_window, Qt::Key_End);
        QTRY_VERIFY(list->property("nearEnd").toBool());
        noWarnings();
    }

    void theListFollowsTheEndUnlessScrolledUp()
    {
        fill(200);
        QTRY_COMPARE_WITH_TIMEOUT(m_chat->messages()->rowCount(), 200, 20000);
        QQuickItem *list = itemNamed(m_window->contentItem(), "MessageList");
        QTRY_VERIFY(list && list->property("nearEnd").toBool());
        QString longAnswer;
        for (int i = 0; i < 80; ++i)
            longAnswer += QStringLiteral("Paragraph %1 of a long answer.\n\n").arg(i);
        m_engine->answer = longAnswer;
        m_engine->pieces = 60;
        send(QStringLiteral("go on"));
        QTRY_VERIFY(list->property("nearEnd").toBool());
        // Up a page: what is being read stays where it is while the next answer grows.
        list->forceActiveFocus();
        QTest::keyClick(m_window, Qt::Key_PageUp);
        QVERIFY(!list->property("following").toBool());
        m_chat->setDraft(QStringLiteral("and on"));
        m_chat->send();
        QTRY_VERIFY(list->property("following").toBool()); // one's own message is shown
        QTRY_VERIFY(m_chat->answering());
        QTest::keyClick(m_window, Qt::Key_PageUp);
        QTest::keyClick(m_window, Qt::Key_PageUp);
        QVERIFY(!list->property("following").toBool());
        const qreal before = list->property("contentY").toReal();
        QTRY_VERIFY(!m_chat->answering());
        QVERIFY(std::abs(list->property("contentY").toReal() - before) < 1);
        QTRY_VERIFY(button(QStringLiteral("Jump to the end")));
        noWarnings();
    }

    void aWheelTurnedUpStopsTheFollowing()
    {
        fill(200);
        QTRY_COMPARE_WITH_TIMEOUT(m_chat->messages()->rowCount(), 200, 20000);
        QQuickItem *list = itemNamed(m_window->contentItem(), "MessageList");
        QTRY_VERIFY(list && list->property("nearEnd").toBool());
        m_engine->answer = QStringLiteral("A paragraph of a long answer.\n\n").repeated(60);
        m_engine->pieces = 60;
        m_engine->waits = true;
        m_chat->setDraft(QStringLiteral("go on"));
        m_chat->send();
        QTRY_VERIFY(m_chat->answering());
        QTRY_VERIFY(list->property("nearEnd").toBool());
        for (int i = 0; i < 3; ++i)
            wheel(list, 120);
        QTRY_VERIFY_WITH_TIMEOUT(!list->property("moving").toBool(), 20000);
        QVERIFY(!list->property("nearEnd").toBool());
        QVERIFY(!list->property("following").toBool());
        const qreal before = list->property("contentY").toReal();
        m_engine->answerNow();
        QTRY_VERIFY(!m_chat->answering());
        QVERIFY(std::abs(list->property("contentY").toReal() - before) < 1);
        // Back at the end it follows again.
        click(QStringLiteral("Jump to the end"));
        QTRY_VERIFY(list->property("nearEnd").toBool());
        QVERIFY(list->property("following").toBool());
        m_engine->waits = false;
        send(QStringLiteral("once more"));
        QTRY_VERIFY(list->property("nearEnd").toBool());
        noWarnings();
    }

    void reasoningIsOpenedByKeyboard()
    {
        m_engine->reasoning = QStringLiteral("Let me see.\nIt must be so.");
        m_engine->answer = QStringLiteral("Because.");
        m_engine->waits = true;
        m_chat->setDraft(QStringLiteral("Why?"));
        m_chat->send();
        QTRY_VERIFY(button(QString::fromUtf8("Thinking…")));
        QVERIFY(!text(m_engine->reasoning));
        m_engine->answerNow();
        QTRY_VERIFY(!m_chat->answering());
        const QString label = QStringLiteral("Thought for a moment");
        QTRY_VERIFY(button(label));
        QCOMPARE(button(label)->text(QAccessible::Description), QStringLiteral("Collapsed"));
        QVERIFY(!text(m_engine->reasoning)); // folded, and no part of the answer
        QTRY_VERIFY(text(QStringLiteral("Because.")));

        // To the newest message, and from it to what belongs to it.
        QQuickItem *list = itemNamed(m_window->contentItem(), "MessageList");
        QVERIFY(list);
        list->forceActiveFocus(Qt::TabFocusReason);
        QTest::keyClick(m_window, Qt::Key_Down);
        QTest::keyClick(m_window, Qt::Key_Tab);
        auto *header = qobject_cast<QQuickItem *>(button(label)->object());
        QTRY_VERIFY(header->hasActiveFocus());
        for (const Qt::Key key : {Qt::Key_Space, Qt::Key_Return, Qt::Key_Enter}) {
            QTest::keyClick(m_window, key);
            QTRY_VERIFY(text(m_engine->reasoning));
            QCOMPARE(button(label)->text(QAccessible::Description), QStringLiteral("Expanded"));
            QTest::keyClick(m_window, key);
            QTRY_VERIFY(!text(m_engine->reasoning));
        }
        // What is copied is the answer.
        const auto answer = find(root(), QAccessible::ListItem, QStringLiteral("Answer: Because."));
        QVERIFY(answer);
        click(QStringLiteral("Copy"), answer);
        QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("Because."));
        noWarnings();
    }

    void whatIsOpenedAtTheEndStaysInPlace()
    {
        fill(200);
        QTRY_COMPARE_WITH_TIMEOUT(m_chat->messages()->rowCount(), 200, 20000);
        QString thought;
        for (int i = 0; i < 120; ++i)
            thought += QStringLiteral("Line %1 of what was thought.\n").arg(i);
        m_engine->reasoning = thought;
        send(QStringLiteral("Why?"));
        QQuickItem *list = itemNamed(m_window->contentItem(), "MessageList");
        QTRY_VERIFY(list && list->property("nearEnd").toBool());
        const QString label = QStringLiteral("Thought for a moment");
        QTRY_VERIFY(button(label));
        auto *header = qobject_cast<QQuickItem *>(button(label)->object());
        const auto top = [&] { return header->mapToScene({0, 0}).y(); };
        const double before = top();
        click(label);
        QTRY_VERIFY(text(thought));
        QTRY_VERIFY(!list->property("nearEnd").toBool());
        QVERIFY(!list->property("following").toBool());
        QVERIFY(std::abs(top() - before) < 1);
        // Folded in again, the list is at its end, and follows it.
        click(label);
        QTRY_VERIFY(list->property("nearEnd").toBool());
        QTRY_VERIFY(list->property("following").toBool());
        send(QStringLiteral("And why is that?"));
        QTRY_VERIFY(list->property("nearEnd").toBool());
        noWarnings();
    }

    void whatIsOpenedWhileItThinksIsFollowed()
    {
        fill(200);
        QTRY_COMPARE_WITH_TIMEOUT(m_chat->messages()->rowCount(), 200, 20000);
        m_engine->reasoning = QStringLiteral("A line of thought.\n").repeated(60);
        m_engine->waits = true;
        m_chat->setDraft(QStringLiteral("Why?"));
        m_chat->send();
        const QString label = QString::fromUtf8("Thinking…");
        QTRY_VERIFY(button(label));
        QQuickItem *list = itemNamed(m_window->contentItem(), "MessageList");
        QTRY_VERIFY(list && list->property("nearEnd").toBool());
        click(label);
        QTRY_VERIFY(text(m_engine->reasoning));
        QTRY_VERIFY(list->property("nearEnd").toBool());
        QVERIFY(list->property("following").toBool());
        m_engine->answerNow();
        QTRY_VERIFY(!m_chat->answering());
        QTRY_VERIFY(list->property("nearEnd").toBool());
        noWarnings();
    }

    void stoppedWhileThinkingShowsTheReasoning()
    {
        m_engine->reasoning = QStringLiteral("Let me see.");
        m_engine->waits = true;
        m_chat->setDraft(QStringLiteral("Why?"));
        m_chat->send();
        QTRY_VERIFY(button(QString::fromUtf8("Thinking…")));
        m_chat->stop();
        QTRY_VERIFY(text(QStringLiteral("Let me see.")));
        QVERIFY(
            text(QStringLiteral("You stopped this answer while the model was still thinking.")));
        const auto answer = find(root(), QAccessible::ListItem, QStringLiteral("Answer: "));
        QVERIFY(answer);
        QAccessibleInterface *copy = find(answer, QAccessible::Button, QStringLiteral("Copy"));
        QVERIFY(copy && !copy->object()->property("enabled").toBool());
        noWarnings();
    }

    void aModelDroppedOnTheWindowIsOpened()
    {
        QMimeData model;
        const QString path =
            QStringLiteral(ALCOVE_SOURCE_DIR "/resources/models/starter-q8_0.gguf");
        model.setUrls({QUrl::fromLocalFile(path)});
        QVERIFY(drag(model));
        QTRY_VERIFY(find(root(), QAccessible::AlertMessage,
                         QStringLiteral("Open model starter-q8_0.gguf")));
        QVERIFY(drop(model));
        QTRY_COMPARE(m_models->path(), path);
        noWarnings();
    }

    void aDocumentDroppedOnTheChatIsItsOwn()
    {
        const QString path = m_dir->filePath(QStringLiteral("note.txt"));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write("Plums are blue.") > 0);
        file.close();
        QMimeData document;
        document.setUrls({QUrl::fromLocalFile(path)});
        QVERIFY(drag(document));
        // Without the translation that brings the plural forms.
        QTRY_VERIFY(
            find(root(), QAccessible::AlertMessage, QStringLiteral("Ask about 1 document(s)")));
        QVERIFY(drop(document));
        QTRY_COMPARE_WITH_TIMEOUT(m_chatDocuments->attachments().size(), 1, 20'000);
        QTRY_VERIFY_WITH_TIMEOUT(!m_library->busy(), 20'000);
        QVERIFY(m_library->collections().isEmpty());
        noWarnings();
    }

    void aDropThatMeansNothingSaysSo()
    {
        QMimeData two;
        two.setUrls({QUrl::fromLocalFile(QStringLiteral("/a.gguf")),
                     QUrl::fromLocalFile(QStringLiteral("/b.gguf"))});
        const QString before = m_models->path();
        drag(two);
        QTRY_VERIFY(find(root(), QAccessible::AlertMessage,
                         QStringLiteral("Alcove reads documents, and opens one model file "
                                        "(.gguf) at a time.")));
        drop(two);
        QTest::qWait(50);
        QCOMPARE(m_models->path(), before);
        noWarnings();
    }

    void rightToLeftMirrorsTheWindow()
    {
        QGuiApplication::setLayoutDirection(Qt::RightToLeft);
        const auto back = qScopeGuard([] { QGuiApplication::setLayoutDirection(Qt::LeftToRight); });
        send(QStringLiteral("a question"));
        QQuickItem *sidebar = itemNamed(m_window->contentItem(), "Sidebar");
        QVERIFY(sidebar);
        QTRY_VERIFY(sidebar->mapToScene({0, 0}).x() > m_window->width() / 2.0);
        // The user's own words move to the other side too.
        QQuickItem *row = itemNamed(m_window->contentItem(), "ChatRow");
        QVERIFY(row);
        QVERIFY(row->property("mirrored").toBool());
        QVERIFY(row->property("rightPadding").toReal() > row->property("leftPadding").toReal());
        noWarnings();
    }

private:
    // A chat of so many messages, straight into the database, and opened.
    void fill(int messages)
    {
        auto database = storage::Database::open(m_dir->filePath(QStringLiteral("a.sqlite3")),
                                                storage::Database::Mode::ReadWrite);
        QVERIFY2(database, database ? "" : database.error().message.c_str());
        const std::string sql =
            "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE;"
            "INSERT INTO chats (id, title, created_at, updated_at) VALUES (900, 'Long', 1, 1);"
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
            + std::to_string(messages)
            + ") INSERT INTO messages (id, chat_id, parent_id, role, state, text, created_at) "
              "SELECT 1000 + i, 900, CASE WHEN i > 1 THEN 999 + i END, "
              "CASE WHEN i % 2 THEN 'user' ELSE 'assistant' END, 'complete', "
              "'Message ' || i || CASE WHEN i % 4 = 0 THEN char(10, 10) || '- one' || char(10) || "
              "'- two' ELSE '' END, i FROM n;"
              "UPDATE chats SET active_leaf = 1000 + "
            + std::to_string(messages) + " WHERE id = 900; COMMIT;";
        const auto done = database->execute(sql.c_str());
        QVERIFY2(done, done ? "" : done.error().message.c_str());
        m_chat->open(900);
    }

    void wheel(QQuickItem *item, int turn)
    {
        const QPointF at = item->mapToScene({item->width() / 2, item->height() / 2});
        QWheelEvent event(at, m_window->mapToGlobal(at), {}, {0, turn}, Qt::NoButton,
                          Qt::NoModifier, Qt::NoScrollPhase, false);
        event.setTimestamp(m_turned += 20); // the list reckons how fast it is turned
        QCoreApplication::sendEvent(m_window, &event);
        QTest::qWait(20);
    }
    bool drag(const QMimeData &data)
    {
        QDragEnterEvent enter(m_window->contentItem()->boundingRect().center().toPoint(),
                              Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(m_window, &enter);
        return enter.isAccepted();
    }
    bool drop(const QMimeData &data)
    {
        QDropEvent event(m_window->contentItem()->boundingRect().center(), Qt::CopyAction, &data,
                         Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(m_window, &event);
        return event.isAccepted();
    }

    quint64 m_turned = 1000; // when the wheel was turned last
};

QTEST_MAIN(TestWindowUse)
#include "tst_window_use.moc"
