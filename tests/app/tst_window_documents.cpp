// Documents in the window: dropped, read, asked about, cited, and looked at where the answer
// stands.

#include "tests/app/window_test.h"

#include "app/chat/block_list_model.h"
#include "app/markdown/safe_markup.h"

#include <QAbstractItemModelTester>
#include <QFile>
#include <QPainter>
#include <QPdfWriter>
#include <QProcess>

using namespace alcove;
using namespace alcove::documentsui;
using alcove::test::find;
using alcove::test::itemNamed;
using alcove::test::itemsNamed;

class TestWindowDocuments : public test::WindowTest
{
    Q_OBJECT
private:
    QString write(const QString &name, const QByteArray &text)
    {
        const QString path = m_dir->filePath(name);
        QFile file(path);
        if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size())
            qFatal("cannot write a test file");
        return path;
    }
    QString lease()
    {
        return write(QStringLiteral("lease.md"),
                     "# Lease of the mill\n\nThe rent of the old mill is 840 euros a month.\n\n"
                     "# Notice\n\nThe lease ends with a notice period of three months.\n");
    }
    void addAndWait(const QString &path)
    {
        m_library->add({QUrl::fromLocalFile(path)});
        QTRY_VERIFY_WITH_TIMEOUT(isReady(path), 20'000);
        QTRY_VERIFY(!m_library->busy());
    }
    bool isReady(const QString &path) const
    {
        for (const DocumentListModel::Row &row : m_library->files()->all()) {
            if (row.entry.path == QFileInfo(path).canonicalFilePath())
                return row.state == DocumentListModel::Ready;
        }
        return false;
    }
    bool allEmbedded() const
    {
        for (const DocumentListModel::Row &row : m_library->files()->all()) {
            if (row.entry.embedded < row.entry.passages)
                return false;
        }
        return true;
    }
    QVariantList citations(int row) const
    {
        const auto *model = m_chat->messages();
        return model->data(model->index(row, 0), model->roleNames().key("citations")).toList();
    }

private Q_SLOTS:
    void theListFollowsWhatIsRead()
    {
        QAbstractItemModelTester tester(m_library->files(),
                                        QAbstractItemModelTester::FailureReportingMode::QtTest);
        m_shell->setPage(shell::ShellViewModel::DocumentsPage);
        QVERIFY(itemNamed(m_window->contentItem(), "EmptyState"));
        addAndWait(lease());
        QCOMPARE(m_library->files()->count(), 1);
        QCOMPARE(m_library->collections().size(), 1);
        const QString broken = write(QStringLiteral("broken.pdf"), "no PDF at all");
        m_library->add({QUrl::fromLocalFile(broken)});
        QTRY_COMPARE_WITH_TIMEOUT(m_library->files()->count(), 2, 20'000);
        QTRY_COMPARE_WITH_TIMEOUT(m_library->files()->row(0).state, DocumentListModel::Failed,
                                  20'000);
        QVERIFY(!m_library->files()->row(0).entry.errorText.isEmpty());
        // Removed, and back again.
        m_library->remove(m_library->files()->row(1).entry.id);
        QTRY_COMPARE_WITH_TIMEOUT(m_library->files()->count(), 1, 20'000);
        click(tr("Undo"));
        QTRY_COMPARE_WITH_TIMEOUT(m_library->files()->count(), 2, 20'000);
        noWarnings();
    }

    void aLockedFileWantsItsPassword()
    {
        const QString plain = m_dir->filePath(QStringLiteral("plain.pdf"));
        {
            QPdfWriter writer(plain);
            QPainter painter(&writer);
            painter.drawText(1000, 1000, QStringLiteral("The lighthouse has 199 steps."));
        }
        const QString locked = m_dir->filePath(QStringLiteral("locked.pdf"));
        QCOMPARE(QProcess::execute(QStringLiteral("qpdf"),
                                   {QStringLiteral("--encrypt"), QStringLiteral("open"),
                                    QStringLiteral("open"), QStringLiteral("256"),
                                    QStringLiteral("--"), plain, locked}),
                 0);
        m_library->add({QUrl::fromLocalFile(locked)});
        const auto isLocked = [this] {
            const auto *files = m_library->files();
            return files->count() == 1
                && files->data(files->index(0), DocumentListModel::LockedRole).toBool();
        };
        QTRY_VERIFY_WITH_TIMEOUT(isLocked(), 20'000);
        const documents::DocumentEntry entry = m_library->files()->row(0).entry;
        m_library->readAgain(entry.collection, entry.path, QStringLiteral("wrong"));
        QTRY_VERIFY_WITH_TIMEOUT(!m_library->busy() && isLocked(), 20'000);
        m_library->readAgain(entry.collection, entry.path, QStringLiteral("open"));
        QTRY_VERIFY_WITH_TIMEOUT(isReady(locked), 20'000);
        QVERIFY(!isLocked());
        noWarnings();
    }

    void searchesAllDocumentsAndOpensAPassage()
    {
        addAndWait(lease());
        m_shell->setPage(shell::ShellViewModel::DocumentsPage);
        m_library->setQuery(QStringLiteral("notice period"));
        QTRY_VERIFY(!m_library->results().isEmpty());
        QTRY_VERIFY(itemNamed(m_window->contentItem(), "FoundPassage"));
        clickItem(itemNamed(m_window->contentItem(), "FoundPassage"));
        QTRY_VERIFY(m_source->isOpen());
        QVERIFY2(m_source->marked().contains(QStringLiteral("three months")),
                 qPrintable(m_source->marked()));
        QCOMPARE(m_source->note(), QString());
        auto *panel = itemNamed(m_window->contentItem(), "SourcePanel");
        QVERIFY(panel && panel->isVisible());
        QTest::keyClick(m_window, Qt::Key_Escape);
        QTRY_VERIFY(!m_source->isOpen());
        m_library->setQuery(QStringLiteral("submarine"));
        QTRY_VERIFY(m_library->searched());
        QVERIFY(m_library->results().isEmpty());
        QVERIFY(text(QStringLiteral("No document contains these words."))
                || itemNamed(m_window->contentItem(), "DocumentsPage"));
        noWarnings();
    }

    void aFileOfTheChatIsAskedAndCited()
    {
        m_engine->answer = QStringLiteral(
            "The rent of the old mill is 840 euros a month [7]. It was painted by three friendly "
            "sailors from Portugal.");
        const QString path = lease();
        QVERIFY(m_chatDocuments->attach({QUrl::fromLocalFile(path)}));
        QTRY_VERIFY_WITH_TIMEOUT(isReady(path), 20'000);
        QCOMPARE(m_chatDocuments->attachments().size(), 1);
        send(QStringLiteral("What is the rent of the mill?"));

        // The passages were before the model, and its number was not believed.
        QVERIFY(m_engine->prompt.contains(QStringLiteral("840 euros")));
        QVERIFY(m_engine->prompt.contains(QStringLiteral("What is the rent of the mill?")));
        QCOMPARE(lastText(),
                 QStringLiteral("The rent of the old mill is 840 euros a month. [1] It was painted "
                                "by three friendly sailors from Portugal. [?]"));
        const QVariantList cited = citations(1);
        QCOMPARE(cited.size(), 1);
        const QVariantMap first = cited[0].toMap();
        QCOMPARE(first[QStringLiteral("source")].toString(), QStringLiteral("lease.md"));
        QVERIFY(first[QStringLiteral("text")].toString().contains(QStringLiteral("840 euros")));

        // The pointer over a number tells the passage.
        QQuickItem *line = nullptr;
        const auto lines = itemsNamed(m_window->contentItem(), "RichLine");
        for (QQuickItem *one : lines) {
            if (one->property("markup").toString().contains(QStringLiteral("alcove-citation:1")))
                line = one;
        }
        QVERIFY(line);
        const auto tip = [line](const QString &link) {
            QString words;
            QMetaObject::invokeMethod(line, "tipOf", Q_RETURN_ARG(QString, words),
                                      Q_ARG(QString, link));
            return words;
        };
        QVERIFY(tip(QStringLiteral("alcove-citation:1")).contains(QStringLiteral("840 euros")));
        QVERIFY(tip(QStringLiteral("alcove-citation:")).startsWith(QStringLiteral("None of")));
        QCOMPARE(tip(QStringLiteral("https://a.example/")), QString());

        // A click on the source opens it at the passage.
        click(QStringLiteral("Source 1: lease.md"));
        QTRY_VERIFY(m_source->isOpen());
        QVERIFY(m_source->marked().contains(QStringLiteral("840 euros")));
        m_source->close();

        // It is there after another chat was looked at.
        const qint64 chat = m_chat->chatId();
        m_chat->newChat();
        QVERIFY(!m_chatDocuments->any());
        m_chat->open(chat);
        QTRY_COMPARE(m_chat->messages()->count(), 2);
        QCOMPARE(citations(1), cited);
        QTRY_COMPARE(m_chatDocuments->attachments().size(), 1);
        noWarnings();
    }

    void aChangedFileIsSaidToBeStale()
    {
        m_engine->answer = QStringLiteral("The rent of the old mill is 840 euros a month.");
        const QString path = lease();
        addAndWait(path);
        m_chatDocuments->toggle(m_library->summaries()[0].name);
        send(QStringLiteral("What is the rent of the mill?"));
        const QVariantMap cited = citations(1).value(0).toMap();
        QVERIFY(!cited.isEmpty());
        write(QStringLiteral("lease.md"), "# Lease of the mill\n\nThe rent is 900 euros.\n");
        m_library->readAgain(m_library->summaries()[0].name, QFileInfo(path).canonicalFilePath());
        QTRY_VERIFY_WITH_TIMEOUT(m_library->busy(), 5'000);
        QTRY_VERIFY_WITH_TIMEOUT(!m_library->busy(), 20'000);
        m_source->show(cited);
        QTRY_VERIFY(m_source->isOpen());
        QVERIFY2(m_source->note().contains(QStringLiteral("changed")),
                 qPrintable(m_source->note()));
        m_source->close();
        // Taken out of Alcove: what was cited is still told.
        m_library->remove(m_library->files()->row(0).entry.id);
        QTRY_COMPARE_WITH_TIMEOUT(m_library->files()->count(), 0, 20'000);
        m_source->show(cited);
        QTRY_VERIFY(m_source->isOpen());
        QVERIFY(m_source->note().contains(QStringLiteral("no longer in Alcove")));
        QVERIFY(m_source->marked().contains(QStringLiteral("840 euros")));
        noWarnings();
    }

    void aPageIsDrawnWithItsPassageMarked()
    {
        const QString path = m_dir->filePath(QStringLiteral("plan.pdf"));
        {
            QPdfWriter writer(path);
            QPainter painter(&writer);
            painter.drawText(1000, 1000, QStringLiteral("The first page is about boats."));
            writer.newPage();
            painter.drawText(1000, 3000, QStringLiteral("The lighthouse has 199 steps."));
        }
        addAndWait(path);
        m_library->setQuery(QStringLiteral("lighthouse"));
        QTRY_VERIFY(!m_library->results().isEmpty());
        // The sentence of the passage, as a citation has it.
        const QString sentence = QStringLiteral("The lighthouse has 199 steps.");
        QVariantMap cited = m_library->results()[0].toMap();
        const qint64 begin = cited[QStringLiteral("begin")].toLongLong()
            + cited[QStringLiteral("text")].toString().indexOf(sentence);
        cited[QStringLiteral("begin")] = begin;
        cited[QStringLiteral("end")] = begin + sentence.size();
        cited[QStringLiteral("text")] = sentence;
        m_source->show(cited);
        QTRY_VERIFY(m_source->isOpen());
        QCOMPARE(m_source->place(), QStringLiteral("Page 2 of 2"));
        QCOMPARE(m_source->marked(), sentence);
        QTRY_VERIFY_WITH_TIMEOUT(!m_source->picture().isNull(), 20'000);
        QCOMPARE(m_source->marks().size(), 1);
        auto *item = itemNamed(m_window->contentItem(), "alcove::documentsui::PageImage");
        QVERIFY(item && item->isVisible() && item->height() > item->width());
        // The marker's colour is in the window.
        const QImage window = m_window->grabWindow();
        int marked = 0;
        for (int y = 0; y < window.height(); ++y) {
            for (int x = window.width() / 2; x < window.width(); ++x)
                marked += window.pixelColor(x, y) == QColor(0xFF, 0xE9, 0x8A);
        }
        QVERIFY2(marked > 50, qPrintable(QString::number(marked)));
        QVERIFY(m_source->hasEarlier() && !m_source->hasLater());
        m_source->turn(-1);
        QCOMPARE(m_source->place(), QStringLiteral("Page 1 of 2"));
        QTRY_VERIFY_WITH_TIMEOUT(!m_source->picture().isNull(), 20'000);
        QVERIFY(m_source->marks().isEmpty());
        noWarnings();
    }

    void aChatWithoutDocumentsIsAsBefore()
    {
        addAndWait(lease());
        m_engine->answer = QStringLiteral("The rent is 840 euros [1].");
        send(QStringLiteral("What is the rent?"));
        QCOMPARE(lastText(), m_engine->answer);
        QVERIFY(!m_engine->prompt.contains(QStringLiteral("old mill")));
        QVERIFY(citations(1).isEmpty());
        noWarnings();
    }

    void vectorsComeWithAnEmbeddingModel()
    {
        addAndWait(lease());
        QVERIFY(m_library->embeddingModel().isEmpty());
        QVERIFY(!m_library->chooseEmbeddingModel(QUrl::fromLocalFile(lease())));
        QVERIFY(m_library->chooseEmbeddingModel(QUrl::fromLocalFile(
            QStringLiteral(ALCOVE_SOURCE_DIR "/tests/fixtures/arch/bert.gguf"))));
        QCOMPARE(m_library->embeddingModel(), QStringLiteral("bert"));
        QTRY_VERIFY_WITH_TIMEOUT(allEmbedded(), 20'000);
        QCOMPARE(m_library->errorText(), QString());
        QTRY_VERIFY(m_library->embeddingText().isEmpty());
        // Words and vectors together.
        m_library->setQuery(QStringLiteral("notice"));
        QTRY_VERIFY(!m_library->results().isEmpty());
        QCOMPARE(m_library->results().size(), 2); // every passage has some likeness
        // What comes later gets its vectors too.
        addAndWait(write(QStringLiteral("more.md"), "Plums are blue."));
        QTRY_VERIFY_WITH_TIMEOUT(allEmbedded(), 20'000);
        // A model that is gone is said, and words go on.
        const QString gone = write(QStringLiteral("gone.gguf"), "GGUF");
        QVERIFY(m_library->chooseEmbeddingModel(QUrl::fromLocalFile(gone)));
        QTRY_VERIFY_WITH_TIMEOUT(!m_library->errorText().isEmpty(), 20'000);
        m_library->dropEmbeddingModel();
        QVERIFY(m_library->embeddingModel().isEmpty());
    }

    void droppedFilesAreNamed()
    {
        const QString path = lease();
        QCOMPARE(m_chatDocuments->describeDrop({QUrl::fromLocalFile(path)}),
                 QStringLiteral("Ask about %n document(s)")
                     .replace(QStringLiteral("%n"), QStringLiteral("1")));
        QCOMPARE(m_chatDocuments->describeDrop(
                     {QUrl::fromLocalFile(write(QStringLiteral("tool.exe"), "MZ"))}),
                 QString());
        QCOMPARE(m_chatDocuments->describeDrop({QUrl(QStringLiteral("https://example.com/a.pdf"))}),
                 QString());
    }

    void numbersBecomeLinksOnlyWhereTheyCite()
    {
        const QString markup = QStringLiteral("It is so [1], not [2], <code>a[1]</code>, "
                                              "<a href=\"https://a.example/[1]\">x [1]</a> [?].");
        QCOMPARE(markdown::linkCitations(markup, {1}),
                 QStringLiteral("It is so <a href=\"alcove-citation:1\">[1]</a>, not [2], "
                                "<code>a[1]</code>, <a href=\"https://a.example/[1]\">x [1]</a> "
                                "<a href=\"alcove-citation:\">[?]</a>."));
    }
};

QTEST_MAIN(TestWindowDocuments)
#include "tst_window_documents.moc"
