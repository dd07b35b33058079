// The chats of the sidebar by mouse and keyboard: in which section each stands, renaming, deleting
// and thinking better of it.

#include "window_test.h"

#include "core/storage/sqlite.h"

using namespace alcove;
using test::find;
using test::itemsNamed;

class TestWindowChats : public test::WindowTest
{
    Q_OBJECT
private Q_SLOTS:
    void chatsStandUnderTheirDays()
    {
        const QStringList expected = {
            QStringLiteral("# Pinned"),     QStringLiteral("kept"),
            QStringLiteral("# Today"),      QStringLiteral("now"),
            QStringLiteral("early"),        QStringLiteral("# Yesterday"),
            QStringLiteral("late"),         QStringLiteral("# Last 7 days"),
            QStringLiteral("two days"),     QStringLiteral("seven days"),
            QStringLiteral("# Older"),      QStringLiteral("eight days"),
            QStringLiteral("last century"),
        };
        QTRY_COMPARE(shown(), expected);
        noWarnings();
    }

    void aHeadingLeavesWithItsLastChat()
    {
        QTRY_VERIFY(row(QStringLiteral("late")));
        choose(QStringLiteral("late"));
        QTest::keyClick(m_window, Qt::Key_Delete);
        QTRY_VERIFY(!shown().contains(QStringLiteral("# Yesterday")));
        click(QStringLiteral("Undo"));
        QTRY_VERIFY(shown().contains(QStringLiteral("# Yesterday")));
    }

    void renamedByKey()
    {
        QTRY_VERIFY(row(QStringLiteral("early")));
        choose(QStringLiteral("early"));
        QTest::keyClick(m_window, Qt::Key_F2);
        QTRY_COMPARE(find(root(), QAccessible::EditableText, QStringLiteral("Title of the chat")),
                     QAccessible::queryAccessibleInterface(m_window->activeFocusItem()));
        type(QStringLiteral("morning")); // what was there is selected
        QTest::keyClick(m_window, Qt::Key_Return);
        QTRY_VERIFY(row(QStringLiteral("morning")));
        QVERIFY(!row(QStringLiteral("early")));
        QTRY_COMPARE(stored(QStringLiteral("SELECT title FROM chats WHERE id = 6")),
                     QStringLiteral("morning"));
        // The keyboard is back in the list, and the chat that was open still is.
        QCOMPARE(m_chat->chatId(), 0);
        QTRY_VERIFY(list()->hasActiveFocus());

        // Esc leaves the title as it is.
        choose(QStringLiteral("morning"));
        QTest::keyClick(m_window, Qt::Key_F2);
        type(QStringLiteral("x"));
        QTest::keyClick(m_window, Qt::Key_Escape);
        QTRY_VERIFY(list()->hasActiveFocus());
        QVERIFY(row(QStringLiteral("morning")));
        noWarnings();
    }

    void renamedByMouse()
    {
        QTRY_VERIFY(row(QStringLiteral("early")));
        chooseFromMenu(QStringLiteral("early"), QStringLiteral("Rename"));
        QTRY_VERIFY(find(root(), QAccessible::EditableText, QStringLiteral("Title of the chat")));
        type(QStringLiteral("morning"));
        QTest::keyClick(m_window, Qt::Key_Return);
        QTRY_VERIFY(row(QStringLiteral("morning")));
        noWarnings();
    }

    void renamedInTheHeader()
    {
        send(QStringLiteral("a question"));
        click(QStringLiteral("Rename the chat: a question"));
        type(QStringLiteral("an answer"));
        QTest::keyClick(m_window, Qt::Key_Return);
        QTRY_COMPARE(m_chat->title(), QStringLiteral("an answer"));
        QTRY_VERIFY(row(QStringLiteral("an answer")));
        QCOMPARE(QAccessible::queryAccessibleInterface(m_window->activeFocusItem()),
                 button(QStringLiteral("Rename the chat: an answer")));
        noWarnings();
    }

    void deletedByMouseComesBack()
    {
        QTRY_VERIFY(row(QStringLiteral("early")));
        const QStringList before = shown();
        chooseFromMenu(QStringLiteral("early"), QStringLiteral("Delete"));
        QTRY_VERIFY(!row(QStringLiteral("early")));
        QTRY_VERIFY(
            find(root(), QAccessible::AlertMessage, QString::fromUtf8("“early” was deleted.")));
        click(QStringLiteral("Undo"));
        QTRY_COMPARE(shown(), before);
        QTRY_COMPARE(m_chat->title(), QStringLiteral("early")); // and is shown
        noWarnings();
    }

    void deletedByKeyComesBack()
    {
        QTRY_VERIFY(row(QStringLiteral("early")));
        const QStringList before = shown();
        choose(QStringLiteral("early"));
        QTest::keyClick(m_window, Qt::Key_Delete);
        QTRY_VERIFY(!row(QStringLiteral("early")));
        QTRY_VERIFY(button(QStringLiteral("Undo")));
        QTRY_COMPARE(
            stored(QStringLiteral("SELECT deleted_at IS NOT NULL FROM chats WHERE id = 6")),
            QStringLiteral("1"));
        QTest::keySequence(m_window, QKeySequence::Undo);
        QTRY_COMPARE(shown(), before);
        QTRY_COMPARE(stored(QStringLiteral("SELECT deleted_at IS NULL FROM chats WHERE id = 6")),
                     QStringLiteral("1"));
        noWarnings();
    }

    void theMenuIsUsedByKeyboard()
    {
        QTRY_VERIFY(row(QStringLiteral("early")));
        choose(QStringLiteral("early"));
        QTest::keyClick(m_window, Qt::Key_Menu);
        QTRY_VERIFY(find(root(), QAccessible::MenuItem, QStringLiteral("Pin to the top")));
        QTest::keyClick(m_window, Qt::Key_Down);
        QTest::keyClick(m_window, Qt::Key_Down);
        QTest::keyClick(m_window, Qt::Key_Return);
        QTRY_COMPARE(shown().indexOf(QStringLiteral("early")), 1); // under "Pinned"
        QTRY_VERIFY(list()->hasActiveFocus());
        // Or by Tab from the row, as a screen reader's user finds it.
        choose(QStringLiteral("now"));
        QTest::keyClick(m_window, Qt::Key_Tab);
        QTRY_COMPARE(m_window->activeFocusItem()->property("text").toString(),
                     QString::fromUtf8("More for “now”"));
        QTest::keyClick(m_window, Qt::Key_Return);
        QTRY_VERIFY(find(root(), QAccessible::MenuItem, QStringLiteral("Rename")));
        QTest::keyClick(m_window, Qt::Key_Escape);
        QTRY_VERIFY(!find(root(), QAccessible::MenuItem, QStringLiteral("Rename")));
        noWarnings();
    }

protected:
    void prepare() override
    {
        auto database = storage::Database::open(m_dir->filePath(QStringLiteral("a.sqlite3")),
                                                storage::Database::Mode::ReadWrite);
        QVERIFY2(database, database ? "" : database.error().message.c_str());
        const QDate today = QDate::currentDate();
        const QDateTime midnight = today.startOfDay();
        const auto add = [&](int id, const char *title, const QDateTime &at, int pinned = 0) {
            const auto done = database->execute(
                QStringLiteral("INSERT INTO chats (id, title, pinned, created_at, updated_at) "
                               "VALUES (%1, '%2', %3, %4, %4)")
                    .arg(id)
                    .arg(QLatin1String(title))
                    .arg(pinned)
                    .arg(at.toMSecsSinceEpoch())
                    .toUtf8()
                    .constData());
            QVERIFY2(done, done ? "" : done.error().message.c_str());
        };
        add(1, "last century", QDate(1999, 12, 31).startOfDay());
        add(2, "eight days", today.addDays(-8).endOfDay());
        add(3, "seven days", today.addDays(-7).startOfDay());
        add(4, "two days", today.addDays(-2).endOfDay());
        add(5, "late", midnight.addMSecs(-1));
        add(6, "early", midnight);
        add(7, "now", QDateTime::currentDateTime());
        add(8, "kept", QDate(2001, 1, 1).startOfDay(), 1);
    }

private:
    QQuickItem *list() const
    {
        const auto node = find(root(), QAccessible::List, QStringLiteral("Chats"));
        return node ? qobject_cast<QQuickItem *>(node->object()) : nullptr;
    }
    // What stands in the sidebar, from the top: titles, and headings behind a "#".
    QStringList shown() const
    {
        QList<QQuickItem *> rows = itemsNamed(m_window->contentItem(), "ChatRow");
        std::sort(rows.begin(), rows.end(),
                  [](QQuickItem *a, QQuickItem *b) { return a->y() < b->y(); });
        QStringList words;
        for (QQuickItem *row : rows) {
            if (!row->isVisible())
                continue;
            const QString heading = row->property("heading").toString();
            if (!heading.isEmpty()
                && find(QAccessible::queryAccessibleInterface(row), QAccessible::Heading, heading))
                words << QStringLiteral("# ") + heading;
            words << row->property("title").toString();
        }
        return words;
    }
    QQuickItem *row(const QString &title) const
    {
        for (QQuickItem *row : itemsNamed(m_window->contentItem(), "ChatRow")) {
            if (row->isVisible() && row->property("title").toString() == title)
                return row;
        }
        return nullptr;
    }
    // By keyboard: into the list, and down to that row.
    void choose(const QString &title)
    {
        list()->forceActiveFocus(Qt::TabFocusReason);
        for (int i = 0; i < 10; ++i)
            QTest::keyClick(m_window, Qt::Key_Up);
        for (int i = 0; i < 20 && !row(title)->property("current").toBool(); ++i)
            QTest::keyClick(m_window, Qt::Key_Down);
        QVERIFY2(row(title)->property("current").toBool(), qPrintable(title));
    }
    void chooseFromMenu(const QString &title, const QString &entry)
    {
        QQuickItem *chat = row(title);
        QVERIFY(chat);
        // The button is there for the pointer that is over the row.
        QTest::mouseMove(m_window, chat->mapToScene({20, chat->height() - 10}).toPoint());
        QTRY_VERIFY(find(QAccessible::queryAccessibleInterface(chat), QAccessible::Button,
                         QString::fromUtf8("More for “%1”").arg(title)));
        click(QString::fromUtf8("More for “%1”").arg(title),
              QAccessible::queryAccessibleInterface(chat));
        QTRY_VERIFY(find(root(), QAccessible::MenuItem, entry));
        clickNode(find(root(), QAccessible::MenuItem, entry));
    }
    QString stored(const QString &sql) const
    {
        auto database = storage::Database::open(m_dir->filePath(QStringLiteral("a.sqlite3")),
                                                storage::Database::Mode::ReadWrite);
        if (!database)
            return {};
        auto query = database->prepare(sql.toUtf8().constData());
        if (!query)
            return {};
        const auto step = query->step();
        return step && *step ? query->text(0) : QString();
    }
};

QTEST_MAIN(TestWindowChats)
#include "tst_window_chats.moc"
