// The composer: it grows with what is typed, keys send and break lines, what keeps it from sending
// is said in words; stopping by button and key.

#include "window_test.h"

using namespace alcove;
using test::find;
using test::itemNamed;

class TestWindowComposer : public test::WindowTest
{
    Q_OBJECT
private Q_SLOTS:
    void growsToEightLinesThenScrolls()
    {
        QTRY_VERIFY(area()->hasActiveFocus());
        QList<qreal> heights{room()->height()};
        for (int line = 2; line <= 14; ++line) {
            type(QStringLiteral("x"));
            QTest::keyClick(m_window, Qt::Key_Return, Qt::ShiftModifier);
            QTRY_COMPARE(area()->property("lineCount").toInt(), line);
            heights << room()->height();
        }
        for (int line = 1; line < 8; ++line)
            QVERIFY2(heights[line] > heights[line - 1], qPrintable(QString::number(line + 1)));
        for (int line = 8; line < 14; ++line)
            QCOMPARE(heights[line], heights[7]);
        // Of fourteen lines the last is in sight, and Up brings the first back.
        QVERIFY(room()->property("contentY").toReal() > 0);
        QVERIFY(cursorInSight());
        for (int i = 0; i < 14; ++i)
            QTest::keyClick(m_window, Qt::Key_Up);
        QVERIFY(cursorInSight());
        QVERIFY(room()->property("contentY").toReal() < 8);
        // Eight lines, and no part of another.
        const qreal lineHeight = area()->property("contentHeight").toReal() / 14;
        QVERIFY2(std::abs(heights[7] - heights[0] - 7 * lineHeight) < 0.5,
                 qPrintable(QString::number(heights[7])));
        QTest::keySequence(m_window, QKeySequence::SelectAll);
        QTest::keyClick(m_window, Qt::Key_Delete);
        QTRY_COMPARE(room()->height(), heights[0]);
        noWarnings();
    }

    void theKeyThatSends_data()
    {
        QTest::addColumn<bool>("withEnter");
        QTest::addColumn<int>("key");
        QTest::addColumn<int>("modifier");
        QTest::addColumn<bool>("sends");
        const int none = Qt::NoModifier;
        const int shift = Qt::ShiftModifier;
        const int control = Qt::ControlModifier;
        QTest::newRow("Enter") << true << int(Qt::Key_Return) << none << true;
        QTest::newRow("Enter of the keypad") << true << int(Qt::Key_Enter) << none << true;
        QTest::newRow("Shift+Enter") << true << int(Qt::Key_Return) << shift << false;
        QTest::newRow("Ctrl+Enter") << true << int(Qt::Key_Return) << control << true;
        QTest::newRow("Enter, set to break") << false << int(Qt::Key_Return) << none << false;
        QTest::newRow("Ctrl+Enter, set to break")
            << false << int(Qt::Key_Return) << control << true;
    }

    void theKeyThatSends()
    {
        QFETCH(bool, withEnter);
        QFETCH(int, key);
        QFETCH(int, modifier);
        QFETCH(bool, sends);
        m_choices->setSendWithEnter(withEnter);
        QTRY_VERIFY(area()->hasActiveFocus());
        type(QStringLiteral("hi"));
        QTest::keyClick(m_window, Qt::Key(key), Qt::KeyboardModifiers(modifier));
        if (sends) {
            QTRY_COMPARE(m_chat->messages()->rowCount(), 2);
            QTRY_VERIFY(!m_chat->answering());
            QVERIFY(m_chat->draft().isEmpty());
        } else {
            QCOMPARE(m_chat->draft(), QStringLiteral("hi\n"));
            QCOMPARE(m_chat->messages()->rowCount(), 0);
        }
        noWarnings();
    }

    void whatKeepsItFromSendingIsSaid()
    {
        type(QStringLiteral("hello"));
        QVERIFY(canSend());
        m_engine->loads = false;
        m_models->reload();
        emit m_engine->loadProgress(m_engine->loading(), 0.42);
        QTRY_COMPARE(words(),
                     QStringLiteral("The model is being loaded, 42 %. You can type meanwhile."));
        QVERIFY(!canSend());
        type(QStringLiteral(" there"));
        QCOMPARE(m_chat->draft(), QStringLiteral("hello there"));
        QTest::keyClick(m_window, Qt::Key_Return); // not lost, not sent
        QCOMPARE(m_chat->draft(), QStringLiteral("hello there"));
        QCOMPARE(m_chat->messages()->rowCount(), 0);

        // First the model goes back to how it ran before; that cannot be had either.
        for (int attempt = 0; attempt < 2; ++attempt)
            emit m_engine->loadFailed(m_engine->loading(),
                                      {ErrorCode::InvalidFile, "It is damaged.", {}});
        QTRY_COMPARE(words(), QStringLiteral("The model could not be loaded."));
        QVERIFY(!canSend());

        m_models->reload();
        emit m_engine->loadFailed(m_engine->loading(), {ErrorCode::Cancelled, "Cancelled.", {}});
        QTRY_COMPARE(words(), QStringLiteral("Choose a model first."));
        QVERIFY(!canSend());

        m_models->reload();
        m_engine->finishLoad();
        QTRY_VERIFY(canSend());
        QCOMPARE(words(), QStringLiteral("Enter sends, Shift+Enter starts a new line."));

        // Another chat's answer keeps this one waiting.
        m_engine->waits = true;
        QTest::keyClick(m_window, Qt::Key_Return);
        QTRY_VERIFY(m_chat->answering());
        QTest::keyClick(m_window, 'N', Qt::ControlModifier);
        QTRY_COMPARE(m_chat->messages()->rowCount(), 0);
        type(QStringLiteral("next"));
        QTRY_COMPARE(words(), QStringLiteral("An answer is being written in another chat."));
        QVERIFY(!canSend());
        m_engine->answerNow();
        QTRY_VERIFY(canSend());
        noWarnings();
    }

    void theRoundButtonSendsAndStops()
    {
        m_engine->waits = true;
        type(QStringLiteral("hello"));
        click(QStringLiteral("Send"));
        QTRY_VERIFY(button(QStringLiteral("Stop the answer")));
        QVERIFY(!button(QStringLiteral("Send")));
        QTRY_VERIFY(m_chat->answering());
        click(QStringLiteral("Stop the answer"));
        QTRY_VERIFY(!m_chat->answering());
        QTRY_VERIFY(text(QStringLiteral("You stopped this answer.")));
        QVERIFY(button(QStringLiteral("Send")));
        QVERIFY(area()->hasActiveFocus()); // one goes on typing
        noWarnings();
    }

    void escapeStops()
    {
        m_engine->waits = true;
        type(QStringLiteral("hello"));
        QTest::keyClick(m_window, Qt::Key_Return);
        QTRY_VERIFY(m_chat->answering());
        QTest::keyClick(m_window, Qt::Key_Escape);
        QTRY_VERIFY(!m_chat->answering());
        QTRY_VERIFY(text(QStringLiteral("You stopped this answer.")));
        // What was stopped can be asked for again.
        m_engine->waits = false;
        click(QStringLiteral("Answer again"));
        QTRY_COMPARE(lastText(), QStringLiteral("Hello."));
        noWarnings();
    }

private:
    QQuickItem *area() const
    {
        QQuickItem *composer = itemNamed(m_window->contentItem(), "Composer");
        return composer ? composer->property("area").value<QQuickItem *>() : nullptr;
    }
    QQuickItem *room() const // what scrolls
    {
        return area()->parentItem()->parentItem();
    }
    bool cursorInSight() const
    {
        const QRectF cursor =
            area()->mapRectToItem(room(), area()->property("cursorRectangle").toRectF());
        return cursor.top() >= -1 && cursor.bottom() <= room()->height() + 1;
    }
    // What stands below, which is also what a screen reader says of the field.
    QString words() const
    {
        return QAccessible::queryAccessibleInterface(area())->text(QAccessible::Description);
    }
    bool canSend() const
    {
        QAccessibleInterface *send = button(QStringLiteral("Send"));
        return send && send->object()->property("enabled").toBool();
    }
};

QTEST_MAIN(TestWindowComposer)
#include "tst_window_composer.moc"
