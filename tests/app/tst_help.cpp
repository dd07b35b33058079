#include "app/help/help_model.h"

#include <QAbstractItemModelTester>
#include <QFile>
#include <QTest>

using namespace alcove::help;

class TestHelp : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void everyEntryIsWhole()
    {
        const QVector<HelpEntry> entries = shipped();
        QVERIFY(entries.size() >= 30);
        for (const HelpEntry &entry : entries) {
            QVERIFY2(!entry.title.isEmpty(), qPrintable(entry.body));
            QVERIFY2(entry.body.size() > 40, qPrintable(entry.title));
            QVERIFY2(entry.words.size() >= 3, qPrintable(entry.title));
        }
    }

    // Wording of people who have not read the pages.
    void findsWhatPeopleAsk_data()
    {
        QTest::addColumn<QString>("query");
        QTest::addColumn<QString>("title");
        const auto row = [](const char *query, const char *title) {
            QTest::newRow(query) << QString::fromUtf8(query) << QString::fromUtf8(title);
        };
        row("how do I download a bigger model?", "Get a real model");
        row("where do I get another model", "Get a real model");
        row("is my data sent to the internet", "What leaves this computer");
        row("do I need an account?", "What leaves this computer");
        row("dark mode", "Colours and text size");
        row("make letters bigger", "Colours and text size");
        row("undo deleting a chat", "Find, rename, pin and delete chats");
        row("my computer crashed, is my chat lost", "If the computer stops in the middle");
        row("why are the answers so bad", "The starter model");
        row("which gpu is used", "The graphics card");
        row("run without graphics card on old laptop", "No graphics card");
        row("too slow", "It is slow");
        row("line break without sending", "Ask a question");
        row("keyboard shortcuts", "Keyboard");
        row("what is temperature", "Temperature");
        row("top-k", "Top-p, top-k and min-p");
        row("Q4_K_M or Q8", "Which file of a model to choose");
        row("how much RAM for 8 billion", "How much memory a model needs");
        row("can I add a pdf", "Documents");
        row("model repeats itself", "It repeats itself");
        row("backup my chats", "Where chats are kept, and how to back them up");
        row("context full", "How long a chat can be");
    }

    void findsWhatPeopleAsk()
    {
        QFETCH(QString, query);
        QFETCH(QString, title);
        const QVector<HelpEntry> entries = shipped();
        const QVector<int> found = searchHelp(entries, query);
        QVERIFY(!found.isEmpty());
        QCOMPARE(entries[found.first()].title, title);
    }

    void ignoresCaseAndAccents()
    {
        QCOMPARE(foldedWords(QStringLiteral("Où est le CAFÉ?")),
                 (QStringList{QStringLiteral("ou"), QStringLiteral("est"), QStringLiteral("le"),
                              QStringLiteral("cafe")}));
    }

    void findsNothingForNonsense()
    {
        QVERIFY(searchHelp(shipped(), QStringLiteral("xyzzyplugh")).isEmpty());
    }

    void theModelFollowsTheQuery()
    {
        HelpModel model;
        QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::QtTest);
        const int all = model.count();
        QCOMPARE(all, shipped().size());
        model.setQuery(QStringLiteral("temperature"));
        QVERIFY(model.count() > 0 && model.count() < all);
        QCOMPARE(model.index(0).data(HelpModel::TitleRole).toString(),
                 QStringLiteral("Temperature"));
        model.setQuery({});
        QCOMPARE(model.count(), all);
    }

private:
    static QVector<HelpEntry> shipped()
    {
        QFile file(QStringLiteral(ALCOVE_SOURCE_DIR "/resources/help/help.md"));
        return file.open(QIODevice::ReadOnly) ? parseHelp(QString::fromUtf8(file.readAll()))
                                              : QVector<HelpEntry>();
    }
};

QTEST_GUILESS_MAIN(TestHelp)
#include "tst_help.moc"
