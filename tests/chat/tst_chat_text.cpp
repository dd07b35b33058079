#include "core/chat/answer_settings.h"
#include "core/chat/chat_title.h"
#include "core/chat/prompt_messages.h"
#include "core/storage/storage_thread.h"

#include <QTemporaryDir>
#include <QTest>

using namespace alcove;
using namespace alcove::chat;
using engine::Role;

namespace {

Message message(Role role, const char *text, MessageState state = MessageState::Complete)
{
    Message one;
    one.role = role;
    one.text = QString::fromUtf8(text);
    one.state = state;
    return one;
}

QStringList shown(const QVector<engine::PromptMessage> &messages)
{
    QStringList all;
    for (const engine::PromptMessage &one : messages)
        all.append((one.role == Role::System     ? QStringLiteral("S:")
                        : one.role == Role::User ? QStringLiteral("U:")
                                                 : QStringLiteral("A:"))
                   + one.text);
    return all;
}

} // namespace

class TestChatText : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void titles_data()
    {
        QTest::addColumn<QString>("prompt");
        QTest::addColumn<QString>("title");
        const auto row = [](const char *name, const QString &prompt, const QString &title) {
            QTest::newRow(name) << prompt << title;
        };
        const QString dots(QChar(0x2026));
        row("short", QStringLiteral("Hello"), QStringLiteral("Hello"));
        row("empty", QString(), QString());
        row("blank", QStringLiteral(" \n \t\n"), QString());
        row("first line", QStringLiteral("\n  First \t line \nsecond"),
            QStringLiteral("First line"));
        const QString exact = QStringLiteral("x").repeated(48);
        row("just fits", exact, exact);
        row("one long word", exact + QLatin1Char('x'), exact + dots);
        row("cut at a word",
            QStringLiteral("Could you please explain to me how photosynthesis works in plants?"),
            QStringLiteral("Could you please explain to me how") + dots);
        row("a word ends at the limit", exact + QStringLiteral(" more"), exact + dots);
        const QString family = QString::fromUtf8("👨‍👩‍👧");
        row("whole characters", family.repeated(60), family.repeated(48) + dots);
        row("a pasted file", QString(5'000'000, QLatin1Char('y')),
            QStringLiteral("y").repeated(48) + dots);
    }

    void titles()
    {
        QFETCH(QString, prompt);
        QFETCH(QString, title);
        QCOMPARE(titleFromPrompt(prompt), title);
    }

    void prompts()
    {
        QCOMPARE(shown(promptMessages({message(Role::User, "a")}, {})), QStringList{"U:a"});
        QCOMPARE(shown(promptMessages({message(Role::User, "a")}, QStringLiteral(" \n"))),
                 QStringList{"U:a"});
        QCOMPARE(shown(promptMessages({message(Role::User, "a"), message(Role::Assistant, "b"),
                                       message(Role::User, "c")},
                                      QStringLiteral("s"))),
                 (QStringList{"S:s", "U:a", "A:b", "U:c"}));
        // What was said before a stop or a crash is part of the conversation.
        QCOMPARE(shown(promptMessages({message(Role::User, "a"),
                                       message(Role::Assistant, "hal", MessageState::Interrupted),
                                       message(Role::User, "c")},
                                      {})),
                 (QStringList{"U:a", "A:hal", "U:c"}));
        QCOMPARE(
            shown(promptMessages(
                {message(Role::User, "a"), message(Role::Assistant, "", MessageState::Failed),
                 message(Role::User, "b"), message(Role::Assistant, "\n", MessageState::Stopped),
                 message(Role::User, "c")},
                QStringLiteral("s"))),
            (QStringList{"S:s", "U:a\n\nb\n\nc"}));
        // What was thought before an answer is not given back, nor is an answer made of nothing
        // else.
        Message thoughtful = message(Role::Assistant, "b");
        thoughtful.reasoning = QStringLiteral("hm");
        Message silent = message(Role::Assistant, "", MessageState::Stopped);
        silent.reasoning = QStringLiteral("hm");
        QCOMPARE(shown(promptMessages({message(Role::User, "a"), thoughtful,
                                       message(Role::User, "c"), silent, message(Role::User, "d")},
                                      {})),
                 (QStringList{"U:a", "A:b", "U:c\n\nd"}));

        // The numbers of passages go with the passages; the same in an answer without any is text.
        Message cited = message(Role::Assistant, "So. [1] And so. [?] But x [7].");
        cited.passagesRead = 3;
        cited.citations = {{1, {}, {}, 0, {}, 0, 0, {}, {}}};
        QCOMPARE(
            shown(promptMessages({message(Role::User, "a"), cited, message(Role::User, "c")}, {})),
            (QStringList{"U:a", "A:So. And so. But x [7].", "U:c"}));
        cited.passagesRead = 0;
        QCOMPARE(shown(promptMessages({cited}, {})),
                 QStringList{"A:So. [1] And so. [?] But x [7]."});
    }

    void optionsComeFromTheSettings()
    {
        QTemporaryDir folder;
        auto storage =
            storage::StorageThread::open(folder.filePath(QStringLiteral("alcove.sqlite3")));
        QVERIFY(storage.has_value());
        storage::Settings settings(**storage);
        const llm::SamplingParams standard;
        AnswerOptions options = answerOptions(settings);
        QCOMPARE(options.sampling.temperature, standard.temperature);
        QCOMPARE(options.sampling.topK, standard.topK);
        QCOMPARE(options.sampling.topP, standard.topP);
        QCOMPARE(options.sampling.minP, standard.minP);
        QCOMPARE(options.sampling.repeatPenalty, standard.repeatPenalty);
        QCOMPARE(options.seedChoice, SeedChoice::Fresh);
        QCOMPARE(options.maxTokens, 0u);
        settings.setValue(QStringLiteral("temperature"), 0.5);
        settings.setValue(QStringLiteral("topK"), 7);
        settings.setValue(QStringLiteral("topP"), 0.25);
        settings.setValue(QStringLiteral("minP"), 0.125);
        settings.setValue(QStringLiteral("repeatPenalty"), 1.5);
        settings.setValue(QStringLiteral("presencePenalty"), -0.5);
        settings.setValue(QStringLiteral("frequencyPenalty"), 0.75);
        settings.setValue(QStringLiteral("seed"), 0);
        settings.setValue(QStringLiteral("maxTokens"), 300);
        settings.setValue(QStringLiteral("systemPrompt"), QStringLiteral("Be brief."));
        options = answerOptions(settings);
        QCOMPARE(options.sampling.temperature, 0.5f);
        QCOMPARE(options.sampling.topK, 7u);
        QCOMPARE(options.sampling.topP, 0.25f);
        QCOMPARE(options.sampling.minP, 0.125f);
        QCOMPARE(options.sampling.repeatPenalty, 1.5f);
        QCOMPARE(options.sampling.presencePenalty, -0.5f);
        QCOMPARE(options.sampling.frequencyPenalty, 0.75f);
        QCOMPARE(options.seedChoice, SeedChoice::Fixed);
        QCOMPARE(options.sampling.seed, std::uint64_t(0));
        QCOMPARE(options.maxTokens, 300u);
        QCOMPARE(options.systemPrompt, QStringLiteral("Be brief."));
    }
};

QTEST_GUILESS_MAIN(TestChatText)
#include "tst_chat_text.moc"
