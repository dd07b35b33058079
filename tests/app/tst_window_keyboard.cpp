// A walk by Tab through the window: everything that can be used is reached, has a name and shows
// that it has the keyboard; what lies over the window keeps it and gives it back.

#include "window_test.h"

using namespace alcove;
using shell::ShellViewModel;
using test::find;
using test::itemNamed;

class TestWindowKeyboard : public test::WindowTest
{
    Q_OBJECT
private Q_SLOTS:
    void tabReachesEverything_data()
    {
        QTest::addColumn<int>("page");
        QTest::addColumn<QStringList>("among");
        const auto list = [](std::initializer_list<const char *> words) {
            QStringList names;
            for (const char *word : words)
                names << QString::fromUtf8(word);
            return names;
        };
        QTest::newRow("chat") << int(ShellViewModel::ChatPage)
                              << list({"New chat", "Search chats", "a question", "Settings",
                                       "Get a real model", "Thought for a moment", "Copy the code",
                                       "Copy", "Links", "Answer again", "Message", "Send"});
        QTest::newRow("models") << int(ShellViewModel::ModelsPage)
                                << list({"Open a model file", "Use Alcove Starter",
                                         "Add a folder of models"});
        QTest::newRow("settings") << int(ShellViewModel::SettingsPage)
                                  << list({"Theme", "Text size", "Automatic", "System prompt",
                                           "Temperature", "Seed", "Open the folder"});
        QTest::newRow("help") << int(ShellViewModel::HelpPage) << list({"Search help"});
    }

    void tabReachesEverything()
    {
        QFETCH(int, page);
        QFETCH(QStringList, among);
        m_engine->reasoning = QStringLiteral("A thought.");
        m_engine->answer =
            QStringLiteral("See [this](https://example.org/).\n\n```cpp\nint x;\n```\n");
        send(QStringLiteral("a question"));
        QVERIFY(QFile::copy(kStarter, m_dir->filePath(QStringLiteral("other.gguf"))));
        m_models->addFolder(QUrl::fromLocalFile(m_dir->path()));
        QTRY_COMPARE(m_models->library()->rowCount(), 2);
        m_chat->setDraft(QStringLiteral("more")); // so that it can be sent
        m_shell->setPage(ShellViewModel::Page(page));
        m_choices->findDevices();
        QTRY_VERIFY_WITH_TIMEOUT(!m_choices->devices()->loading(), 60'000);
        m_window->grabWindow();

        const QList<QQuickItem *> there = walk(Qt::Key_Tab);
        QStringList names;
        for (QQuickItem *item : there) {
            QVERIFY2(item->isVisible(), qPrintable(nameOf(item)));
            const QString name = nameOf(item);
            QVERIFY2(!name.isEmpty(), item->metaObject()->className());
            names << name;
        }
        for (const QString &name : among)
            QVERIFY2(names.contains(name),
                     qPrintable(name + QStringLiteral(" is not among ")
                                + names.join(QStringLiteral(", "))));
        // And nothing that a mouse can press is left out.
        QStringList missing;
        collect(root(), there, missing);
        QVERIFY2(missing.isEmpty(), qPrintable(missing.join(QStringLiteral(", "))));
        // Back by the same way; a list is come into where it was left, in a row or beside it.
        const QList<QQuickItem *> back = walk(Qt::Key_Backtab);
        for (QQuickItem *item : there) {
            if (QAccessible::queryAccessibleInterface(item)->role() != QAccessible::ListItem)
                QVERIFY2(back.contains(item), qPrintable(nameOf(item)));
        }
        noWarnings();
    }

    void whatIsTypedOnAPageStaysThere()
    {
        for (const auto page :
             {ShellViewModel::ModelsPage, ShellViewModel::SettingsPage, ShellViewModel::HelpPage}) {
            QTRY_VERIFY(m_window->activeFocusItem());
            m_shell->setPage(page);
            QTest::qWait(20);
            type(QStringLiteral("hello"));
            QTest::keyClick(m_window, Qt::Key_Return);
            QVERIFY(m_chat->draft().isEmpty());
            QCOMPARE(m_chat->messages()->rowCount(), 0);
            QTest::keyClick(m_window, Qt::Key_Escape);
            QTest::keyClick(m_window, Qt::Key_Escape);
            QTRY_COMPARE(m_shell->page(), ShellViewModel::ChatPage);
            QTRY_COMPARE(nameOf(m_window->activeFocusItem()), QStringLiteral("Message"));
        }
        noWarnings();
    }

    void whereTheKeyboardIsCanBeSeen()
    {
        m_engine->answer = QStringLiteral("See [this](https://example.org/).");
        send(QStringLiteral("a question"));
        m_chat->setDraft(QStringLiteral("more"));
        for (const auto page : {ShellViewModel::ChatPage, ShellViewModel::SettingsPage}) {
            m_shell->setPage(page);
            m_window->grabWindow();
            m_window->contentItem()->forceActiveFocus();
            QTest::keyClick(m_window, Qt::Key_Tab);
            QImage before = m_window->grabWindow();
            for (int i = 0; i < 12; ++i) {
                QTest::keyClick(m_window, Qt::Key_Tab);
                const QImage after = m_window->grabWindow();
                QVERIFY2(after != before, qPrintable(nameOf(m_window->activeFocusItem())));
                before = after;
            }
        }
    }

    void aPanelKeepsTheKeyboardAndGivesItBack()
    {
        m_engine->answer = QStringLiteral("See [this](https://example.org/).");
        send(QStringLiteral("a question"));
        QQuickItem *field = m_window->activeFocusItem();
        QVERIFY(field);
        QQuickItem *panel = nullptr;
        QVERIFY(QMetaObject::invokeMethod(itemNamed(m_window->contentItem(), "MessageList"),
                                          "linkWanted",
                                          Q_ARG(QString, QStringLiteral("https://example.org/"))));
        QTRY_VERIFY(
            find(root(), QAccessible::Dialog, QStringLiteral("Open this link in the browser?")));
        panel = itemNamed(itemNamed(m_window->contentItem(), "QQuickOverlay"), "QQuickPopupItem");
        QVERIFY(panel);
        QStringList names;
        for (QQuickItem *item : walk(Qt::Key_Tab)) {
            QVERIFY(panel->isAncestorOf(item));
            names << nameOf(item);
        }
        names.sort();
        QCOMPARE(names,
                 QStringList({QStringLiteral("Cancel"), QStringLiteral("Copy the address"),
                              QStringLiteral("Open")}));
        QTest::keyClick(m_window, Qt::Key_Escape);
        QTRY_COMPARE(m_window->activeFocusItem(), field);
        noWarnings();
    }

    void anEditIsBegunAndLeftByKeyboard()
    {
        send(QStringLiteral("a question"));
        QQuickItem *list = itemNamed(m_window->contentItem(), "MessageList");
        list->forceActiveFocus(Qt::TabFocusReason);
        QTest::keyClick(m_window, Qt::Key_Home); // the question
        for (int i = 0;
             i < 4 && nameOf(m_window->activeFocusItem()) != QStringLiteral("Edit and ask again");
             ++i)
            QTest::keyClick(m_window, Qt::Key_Tab);
        QCOMPARE(nameOf(m_window->activeFocusItem()), QStringLiteral("Edit and ask again"));
        QTest::keyClick(m_window, Qt::Key_Return);
        QTRY_VERIFY(button(QStringLiteral("Ask again")));
        type(QStringLiteral("!"));
        QTest::keyClick(m_window, Qt::Key_Tab);
        QCOMPARE(nameOf(m_window->activeFocusItem()), QStringLiteral("Cancel"));
        QTest::keyClick(m_window, Qt::Key_Tab);
        QCOMPARE(nameOf(m_window->activeFocusItem()), QStringLiteral("Ask again"));
        QTest::keyClick(m_window, Qt::Key_Backtab);
        QTest::keyClick(m_window, Qt::Key_Return); // Cancel
        QTRY_VERIFY(!button(QStringLiteral("Ask again")));
        QVERIFY(list->hasActiveFocus());
        QCOMPARE(m_chat->messages()->rowCount(), 2);
        noWarnings();
    }

private:
    // What has the keyboard as it goes round, each once.
    QList<QQuickItem *> walk(Qt::Key key)
    {
        QList<QQuickItem *> seen;
        for (int i = 0; i < 150; ++i) {
            QTest::keyClick(m_window, key);
            QQuickItem *item = m_window->activeFocusItem();
            if (item && !seen.contains(item))
                seen << item;
        }
        return seen;
    }
    static QString nameOf(QQuickItem *item)
    {
        QAccessibleInterface *node = QAccessible::queryAccessibleInterface(item);
        return node ? node->text(QAccessible::Name) : QString();
    }
    // What can be pressed or typed in and was not reached. Rows of a list are chosen in it with the
    // arrows, and what belongs to one is reached when it is the current one.
    void collect(QAccessibleInterface *node, const QList<QQuickItem *> &reached,
                 QStringList &missing, bool inRow = false, int depth = 0)
    {
        if (!node || !node->isValid() || depth > 60 || node->state().invisible)
            return;
        auto *item = qobject_cast<QQuickItem *>(node->object());
        switch (node->role()) {
        case QAccessible::ListItem:
            inRow = item && item->parentItem() && item->parentItem()->parentItem()
                && item->parentItem()->parentItem()->inherits("QQuickListView");
            break;
        case QAccessible::Button:
        case QAccessible::CheckBox:
        case QAccessible::RadioButton:
        case QAccessible::ComboBox:
        case QAccessible::EditableText:
        case QAccessible::Slider:
        case QAccessible::PageTab:
            if (!inRow && item && item->isEnabled() && !reached.contains(item))
                missing << node->text(QAccessible::Name);
            break;
        default:
            break;
        }
        for (int i = 0; i < node->childCount(); ++i)
            collect(node->child(i), reached, missing, inRow, depth + 1);
    }
};

QTEST_MAIN(TestWindowKeyboard)
#include "tst_window_keyboard.moc"
