// The messages of a conversation as the window lists them, and how a model's reasoning is shown.

#include "app/chat/growing_text.h"
#include "app/chat/message_list_model.h"
#include "app/chat/reasoning_text.h"

#include <QAbstractItemModelTester>
#include <QGuiApplication>
#include <QLocale>
#include <QQmlComponent>
#include <QQmlEngine>
#include <QSignalSpy>
#include <QTest>
#include <QTextBlock>
#include <QTextDocument>

using namespace alcove;
using namespace alcove::chatui;
using chat::Message;
using chat::MessageState;

namespace {

Message prompt()
{
    Message message;
    message.id = 1;
    message.text = QStringLiteral("Why?");
    return message;
}

Message answer(MessageState state = MessageState::Streaming)
{
    Message message;
    message.id = 2;
    message.parent = 1;
    message.role = llm::Role::Assistant;
    message.state = state;
    return message;
}

struct List {
    MessageListModel model;
    QAbstractItemModelTester tester{&model, QAbstractItemModelTester::FailureReportingMode::QtTest};
    QSignalSpy changed{&model, &QAbstractItemModel::dataChanged};

    explicit List(const Message &last) { model.setBranch({prompt(), last}); }
    QVariant data(MessageListModel::Role role) const
    {
        return model.data(model.index(model.count() - 1), role);
    }
    QString text(MessageListModel::Role role) const { return data(role).toString(); }
    bool is(MessageListModel::Role role) const { return data(role).toBool(); }
    // Since this was asked last.
    bool told(MessageListModel::Role role)
    {
        bool found = false;
        for (const QList<QVariant> &signal : changed) {
            const auto roles = signal.at(2).value<QList<int>>();
            found = found || roles.isEmpty() || roles.contains(role);
        }
        changed.clear();
        return found;
    }
};

} // namespace

class TestMessageList : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLocale::setDefault(QLocale::c()); }

    void reasoningIsNoPartOfTheText()
    {
        List list(answer());
        QVERIFY(!list.is(MessageListModel::ThinkingRole));
        list.model.setPromptProgress(2, 0.5);
        list.changed.clear();

        list.model.appendReasoning(2, QStringLiteral("Let me see. First"));
        QVERIFY(list.told(MessageListModel::ThinkingRole));
        QVERIFY(list.is(MessageListModel::ThinkingRole));
        QVERIFY(!list.is(MessageListModel::ReasoningOpenRole));
        QCOMPARE(list.data(MessageListModel::PromptProgressRole).toDouble(), -1.0);
        QCOMPARE(list.text(MessageListModel::ReasoningLabelRole), QString::fromUtf8("Thinking…"));
        QCOMPARE(list.text(MessageListModel::ReasoningTailRole), QStringLiteral("First"));
        QCOMPARE(list.text(MessageListModel::TextRole), QString());
        list.model.appendReasoning(2, QStringLiteral(" things first."));
        QVERIFY(list.told(MessageListModel::ReasoningTailRole));
        QCOMPARE(list.text(MessageListModel::ReasoningRole),
                 QStringLiteral("Let me see. First things first."));

        list.model.endReasoning(2, 12.3);
        list.model.appendText(2, QStringLiteral("Because."));
        QVERIFY(list.told(MessageListModel::ThinkingRole));
        QVERIFY(!list.is(MessageListModel::ThinkingRole));
        QCOMPARE(list.text(MessageListModel::ReasoningLabelRole),
                 QStringLiteral("Thought for 12 s"));
        QCOMPARE(list.text(MessageListModel::ReasoningTailRole), QString());
        QCOMPARE(list.text(MessageListModel::TextRole), QStringLiteral("Because."));

        Message whole = answer(MessageState::Complete);
        whole.text = QStringLiteral("Because.");
        whole.reasoning = list.text(MessageListModel::ReasoningRole);
        whole.reasoningSeconds = 12.3;
        list.model.finish(whole);
        QVERIFY(!list.is(MessageListModel::ReasoningOpenRole));
        QCOMPARE(list.text(MessageListModel::ReasoningLabelRole),
                 QStringLiteral("Thought for 12 s"));
        // Of a message that is not in the list, nothing.
        list.changed.clear();
        list.model.appendReasoning(77, QStringLiteral("x"));
        list.model.endReasoning(77, 1);
        list.model.setReasoningOpen(77, true);
        QCOMPARE(list.changed.count(), 0);
    }

    void itIsOpenedAndClosed()
    {
        Message whole = answer(MessageState::Complete);
        whole.text = QStringLiteral("Because.");
        whole.reasoning = QStringLiteral("Hm.");
        List list(whole);
        QVERIFY(!list.is(MessageListModel::ReasoningOpenRole));
        list.model.setReasoningOpen(2, true);
        QVERIFY(list.told(MessageListModel::ReasoningOpenRole));
        QVERIFY(list.is(MessageListModel::ReasoningOpenRole));
        list.model.setReasoningOpen(2, true);
        QCOMPARE(list.changed.count(), 0);
        list.model.setReasoningOpen(2, false);
        QVERIFY(!list.is(MessageListModel::ReasoningOpenRole));
        // The prompt has none to show.
        list.model.setReasoningOpen(1, true);
        QVERIFY(
            !list.model.data(list.model.index(0), MessageListModel::ReasoningOpenRole).toBool());
    }

    void withoutAnAnswerItIsOpen_data()
    {
        QTest::addColumn<int>("state");
        QTest::newRow("stopped") << int(MessageState::Stopped);
        QTest::newRow("interrupted") << int(MessageState::Interrupted);
        QTest::newRow("failed") << int(MessageState::Failed);
        QTest::newRow("ended") << int(MessageState::Complete);
    }

    void withoutAnAnswerItIsOpen()
    {
        QFETCH(int, state);
        List list(answer());
        list.model.appendReasoning(2, QStringLiteral("Hm."));
        QVERIFY(!list.is(MessageListModel::ReasoningOpenRole));
        Message ended = answer(MessageState(state));
        ended.reasoning = QStringLiteral("Hm.");
        ended.reasoningSeconds = 3;
        list.model.finish(ended);
        QVERIFY(list.is(MessageListModel::ReasoningOpenRole));
        QVERIFY(!list.is(MessageListModel::ThinkingRole));
        QCOMPARE(list.text(MessageListModel::ReasoningLabelRole),
                 QStringLiteral("Thought for 3 s"));
        list.model.setReasoningOpen(2, false); // and can be closed
        QVERIFY(!list.is(MessageListModel::ReasoningOpenRole));
    }

    void durations_data()
    {
        QTest::addColumn<double>("seconds");
        QTest::addColumn<QString>("words");
        QTest::newRow("none") << 0.0 << "Thought for a moment";
        QTest::newRow("short") << 0.49 << "Thought for a moment";
        QTest::newRow("one") << 0.5 << "Thought for 1 s";
        QTest::newRow("seconds") << 59.4 << "Thought for 59 s";
        QTest::newRow("minute") << 59.6 << "Thought for 1 min 0 s";
        QTest::newRow("minutes") << 754.0 << "Thought for 12 min 34 s";
        QTest::newRow("negative") << -5.0 << "Thought for a moment";
        QTest::newRow("no number") << double(qQNaN()) << "Thought for a moment";
    }

    void durations()
    {
        QFETCH(double, seconds);
        QFETCH(QString, words);
        QCOMPARE(ReasoningText::duration(seconds), words);
    }

    void newestSentences_data()
    {
        QTest::addColumn<QString>("reasoning");
        QTest::addColumn<QString>("newest");
        const auto row = [](const char *name, const char *reasoning, const char *newest) {
            QTest::newRow(name) << QString::fromUtf8(reasoning) << QString::fromUtf8(newest);
        };
        row("nothing", "", "");
        row("blank", " \n\n", "");
        row("one", "Let me", "Let me");
        row("ended", "Let me see.", "Let me see.");
        row("ended, with a space", "Let me see. ", "Let me see.");
        row("the next begins", "Let me see. W", "W");
        row("a line", "Let me see\n- first thing", "- first thing");
        row("blank lines after it", "First\n\nSecond.\n\n", "Second.");
        row("no sentence ends in a number", "It is 0.92 kg", "It is 0.92 kg");
        row("question", "Is it? No! Well", "Well");
        row("Chinese", "先想一想。然后", "然后");
        row("Arabic", "هل هذا صحيح؟ نعم", "نعم");
        QTest::newRow("a very long one")
            << QString(5000, QLatin1Char('x')) << QString(400, QLatin1Char('x'));
        const QString smile = QString::fromUtf8("😀");
        QTest::newRow("whole characters")
            << smile.repeated(300) + QLatin1Char('x') << smile.repeated(199) + QLatin1Char('x');
    }

    void newestSentences()
    {
        QFETCH(QString, reasoning);
        QFETCH(QString, newest);
        QCOMPARE(ReasoningText::newestSentence(reasoning), newest);
    }

    void textGrowsWithoutBeingLaidOutAgain()
    {
        QQmlEngine engine;
        QQmlComponent component(&engine);
        component.setData("import QtQuick\nTextEdit { textFormat: TextEdit.PlainText }", {});
        const std::unique_ptr<QObject> edit(component.create());
        QVERIFY2(edit, qPrintable(component.errorString()));
        auto *quick = edit->property("textDocument").value<QQuickTextDocument *>();
        QVERIFY(quick);
        QTextDocument *document = quick->textDocument();
        GrowingText text;
        text.setLineHeight(140);
        text.setText(QStringLiteral("one\n"));
        text.setDocument(quick);
        QCOMPARE(edit->property("text").toString(), QStringLiteral("one\n"));

        int from = -1;
        connect(document, &QTextDocument::contentsChange, this,
                [&](int position, int, int) { from = position; });
        text.setText(QStringLiteral("one\n<b>two</b>\nthree"));
        QCOMPARE(from, 4); // what was there is not touched
        QCOMPARE(edit->property("text").toString(), QStringLiteral("one\n<b>two</b>\nthree"));
        for (QTextBlock block = document->begin(); block.isValid(); block = block.next())
            QCOMPARE(block.blockFormat().lineHeight(), 140.0);
        text.setText(QStringLiteral("other"));
        QCOMPARE(edit->property("text").toString(), QStringLiteral("other"));
        QCOMPARE(document->begin().blockFormat().lineHeight(), 140.0);
        text.setText({});
        QCOMPARE(edit->property("text").toString(), QString());
    }
};

QTEST_MAIN(TestMessageList)
#include "tst_message_list.moc"
