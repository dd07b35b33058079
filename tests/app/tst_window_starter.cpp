// The window over the engine itself and the starter model: an exchange leaves no word in the log,
// and a model whose chat template is broken answers only when the user has agreed to another.

#include "window_test.h"

#include "app/shell/activity_log.h"
#include "core/engine/inference_engine.h"
#include "core/log/log.h"
#include "tests/support/gguf_parts.h"

#include <QRegularExpression>

using namespace alcove;
using test::find;

class TestWindowStarter : public test::WindowTest
{
    Q_OBJECT
private Q_SLOTS:
    void anExchangeLeavesNoWordInTheLog()
    {
        log::Options options;
        options.path = m_dir->filePath(QStringLiteral("logs/alcove.log"));
        options.verbosity = log::Verbosity::Debug; // not at any level
        QVERIFY(log::start(options));
        const auto end = qScopeGuard([] { log::stop(); });
        const shell::ActivityLog activity(*m_runner, *m_service);
        m_models->reload();
        QTRY_COMPARE_WITH_TIMEOUT(m_models->state(), models::ModelViewModel::Ready, 60'000);

        m_settings->setValue(QStringLiteral("maxTokens"), 40);
        send(QStringLiteral("Wombats of Zanzibar, what is a token?"));
        const QString answer = lastText();
        QVERIFY(!answer.isEmpty());
        QTRY_COMPARE(m_chats->rowCount(), 1);
        m_chat->rename(m_chat->chatId(), QStringLiteral("Quokkas"));
        m_chats->setQuery(QStringLiteral("Numbats"));
        m_chat->edit(-1, QStringLiteral("Bettongs")); // fails: there is no such message
        QTest::qWait(300);
        m_chat->remove(m_chat->chatId(), m_chat->title());
        QTRY_COMPARE(m_chat->messages()->rowCount(), 0);

        QFile file(options.path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QString log = QString::fromUtf8(file.readAll());
        // It was written to, so that it could have held more.
        QVERIFY2(log.contains(QStringLiteral("model Alcove Starter")), qPrintable(log));
        QVERIFY2(log.contains(QStringLiteral("an answer ")), qPrintable(log));
        for (const char *word : {"wombat", "zanzibar", "quokka", "numbat", "bettong"})
            QVERIFY2(!log.contains(QLatin1String(word), Qt::CaseInsensitive), qPrintable(log));
        // Nor three words of the answer in a row.
        const QStringList words =
            answer.split(QRegularExpression(QStringLiteral("\\s+")), Qt::SkipEmptyParts);
        QVERIFY(words.size() >= 3);
        for (qsizetype i = 0; i + 3 <= words.size(); ++i)
            QVERIFY2(!log.contains(words.mid(i, 3).join(u' ')), qPrintable(log));
    }

    void aBrokenTemplateIsReplacedOnlyIfTheUserAgrees()
    {
        const QString path = withTemplate("{% for m in messages %}{{ m.content | shuffle }");
        QVERIFY(m_models->chooseFile(QUrl::fromLocalFile(path)));
        QTRY_COMPARE_WITH_TIMEOUT(m_models->state(), models::ModelViewModel::Ready, 60'000);
        const QString words =
            QStringLiteral("This model's own chat template does not work. The common ChatML format "
                           "may do, but answers can be worse.");
        QTRY_VERIFY(find(root(), QAccessible::AlertMessage, words));
        // What is wrong with it is there to be read, folded.
        click(QStringLiteral("Show details"));
        QVERIFY(!m_chat->templateError().isEmpty());

        // Nothing is asked of the model until then.
        clickNode(find(root(), QAccessible::EditableText, QStringLiteral("Message")));
        type(QStringLiteral("What is a token?"));
        QTest::keyClick(m_window, Qt::Key_Return);
        QTest::qWait(100);
        QCOMPARE(m_chat->messages()->rowCount(), 0);
        QCOMPARE(m_chat->draft(), QStringLiteral("What is a token?"));
        QVERIFY(!button(QStringLiteral("Send"))->object()->property("enabled").toBool());

        click(QStringLiteral("Use ChatML"));
        QTRY_VERIFY(!find(root(), QAccessible::AlertMessage, words));
        m_settings->setValue(QStringLiteral("maxTokens"), 8);
        click(QStringLiteral("Send"));
        QTRY_COMPARE(m_chat->messages()->rowCount(), 2);
        QTRY_VERIFY_WITH_TIMEOUT(!m_chat->answering(), 60'000);
        QVERIFY(!lastText().isEmpty());
        QVERIFY(m_chat->errorText().isEmpty());

        // For this model alone: another one is asked about again.
        m_models->choose(kStarter);
        QTRY_COMPARE_WITH_TIMEOUT(m_models->state(), models::ModelViewModel::Ready, 60'000);
        QVERIFY(m_chat->templateError().isEmpty());
        const QString other = withTemplate("{% endfor %}");
        QVERIFY(m_models->chooseFile(QUrl::fromLocalFile(other)));
        QTRY_COMPARE_WITH_TIMEOUT(m_models->state(), models::ModelViewModel::Ready, 60'000);
        QTRY_VERIFY(find(root(), QAccessible::AlertMessage, words));
        noWarnings();
    }

    void aDamagedModelSaysWhy()
    {
        const QString path = m_dir->filePath(QStringLiteral("bad.gguf"));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("GGUF and then nothing of use");
        file.close();
        QVERIFY(m_models->chooseFile(QUrl::fromLocalFile(path)));
        // The starter goes on, and the window says why the file does not.
        QTRY_COMPARE_WITH_TIMEOUT(m_models->state(), models::ModelViewModel::Ready, 60'000);
        QVERIFY(m_models->errorText().contains(QLatin1String("bad")));
        QTRY_VERIFY(find(root(), QAccessible::AlertMessage, m_models->errorText()));
        QTRY_VERIFY(
            button(QStringLiteral("Model: Alcove Starter. Ready, on ") + m_models->device()));
        const QString words = m_models->errorText();
        click(QStringLiteral("Dismiss"));
        QTRY_VERIFY(!find(root(), QAccessible::AlertMessage, words));
        noWarnings();
    }

protected:
    std::unique_ptr<engine::ChatEngine> makeEngine() override
    {
        return std::make_unique<engine::InferenceEngine>();
    }
    void prepare() override
    {
        m_settings->setValue(QStringLiteral("device"), QStringLiteral("cpu"));
        m_settings->setValue(QStringLiteral("contextLength"), 512);
    }

private:
    // The starter with another chat template.
    QString withTemplate(const char *source)
    {
        const auto whole = llm::GgufFile::open(kStarter.toStdString());
        if (!whole)
            return {};
        auto parts = test::split(*whole, 1);
        parts[0].remove("split.count").text("tokenizer.chat_template", source);
        const QString path = m_dir->filePath(QStringLiteral("template%1.gguf").arg(++m_files));
        QFile file(path);
        if (!file.open(QIODevice::WriteOnly))
            return {};
        file.write(QByteArray::fromStdString(parts[0].bytes()));
        return path;
    }

    int m_files = 0;
};

QTEST_MAIN(TestWindowStarter)
#include "tst_window_starter.moc"
