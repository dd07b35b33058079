// Documents taken in beside everything else: folders that change, work that is broken off, and a
// process that is killed at any moment.

#include "core/documents/collections.h"
#include "core/documents/document_service.h"
#include "core/storage/database_file.h"

#include <QDir>
#include <QFile>
#include <QProcess>
#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <map>

using namespace alcove;
using namespace alcove::documents;

namespace {

constexpr int kWait = 60'000;
const QString kAll = QStringLiteral("All");

void write(const QString &path, const QString &text)
{
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(text.toUtf8()) < 0)
        qFatal("cannot write %s", qPrintable(path));
}

} // namespace

class TestDocumentService : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        QVERIFY(m_folder->isValid());
        QVERIFY(QDir(m_folder->path()).mkdir(QStringLiteral("docs")));
    }
    void cleanup()
    {
        m_service.reset();
        m_folder.reset();
    }

    void aBrokenFileDoesNotHoldUpTheRest()
    {
        open();
        write(docs(QStringLiteral("a.md")), QStringLiteral("# Apples\n\nApples are red."));
        write(docs(QStringLiteral("b.pdf")), QStringLiteral("not a PDF"));
        write(docs(QStringLiteral("c.txt")), QStringLiteral("Cherries are dark."));
        QSignalSpy files(m_service.get(), &DocumentService::fileFinished);
        add(docs());
        QCOMPARE(files.size(), 3);
        const auto known = entries();
        QCOMPARE(known.size(), std::size_t(3));
        QCOMPARE(known.at(docs(QStringLiteral("a.md"))).state, DocumentState::Ready);
        QCOMPARE(known.at(docs(QStringLiteral("b.pdf"))).state, DocumentState::Failed);
        QVERIFY(!known.at(docs(QStringLiteral("b.pdf"))).errorText.isEmpty());
        QCOMPARE(known.at(docs(QStringLiteral("c.txt"))).state, DocumentState::Ready);
    }

    void aFolderIsFollowed()
    {
        open();
        write(docs(QStringLiteral("a.md")), QStringLiteral("# Apples\n\nApples are red."));
        write(docs(QStringLiteral("b.md")), QStringLiteral("# Pears\n\nPears are green."));
        add(docs());
        const qint64 pears = entries().at(docs(QStringLiteral("b.md"))).id;

        write(docs(QStringLiteral("c.md")), QStringLiteral("# Plums\n\nPlums are blue."));
        QTRY_COMPARE_WITH_TIMEOUT(entries().size(), std::size_t(3), kWait);
        // Moved: it is the same document, and nothing is read again.
        QVERIFY(QDir(docs()).mkdir(QStringLiteral("deep")));
        QVERIFY(QFile::rename(docs(QStringLiteral("b.md")), docs(QStringLiteral("deep/p.md"))));
        QTRY_VERIFY_WITH_TIMEOUT(entries().count(docs(QStringLiteral("deep/p.md"))) == 1, kWait);
        QCOMPARE(entries().at(docs(QStringLiteral("deep/p.md"))).id, pears);
        QCOMPARE(entries().size(), std::size_t(3));
        // Changed.
        write(docs(QStringLiteral("a.md")), QStringLiteral("# Apples\n\nApples are also yellow."));
        QTRY_COMPARE_WITH_TIMEOUT(found(QStringLiteral("yellow")), 1, kWait);
        QCOMPARE(found(QStringLiteral("red")), 0);
        // Gone: with all that was known of it.
        QVERIFY(QFile::remove(docs(QStringLiteral("c.md"))));
        QTRY_COMPARE_WITH_TIMEOUT(entries().size(), std::size_t(2), kWait);
        QCOMPARE(found(QStringLiteral("plums")), 0);
    }

    void aFolderIsFollowedWhileAlcoveIsNotThere()
    {
        open();
        write(docs(QStringLiteral("a.md")), QStringLiteral("Apples are red."));
        add(docs());
        m_service.reset();
        write(docs(QStringLiteral("b.md")), QStringLiteral("Pears are green."));
        QVERIFY(QFile::remove(docs(QStringLiteral("a.md"))));
        open();
        m_service->start();
        QTRY_COMPARE_WITH_TIMEOUT(found(QStringLiteral("pears")), 1, kWait);
        QTRY_COMPARE_WITH_TIMEOUT(entries().size(), std::size_t(1), kWait);
        // A whole folder that is gone may only be unplugged.
        m_service.reset();
        QVERIFY(QDir().rename(docs(), m_folder->filePath(QStringLiteral("elsewhere"))));
        open();
        QSignalSpy finished(m_service.get(), &DocumentService::finished);
        m_service->start();
        QTRY_VERIFY_WITH_TIMEOUT(!finished.isEmpty(), kWait);
        QCOMPARE(found(QStringLiteral("pears")), 1);
    }

    void pausedWorkGoesOn()
    {
        open();
        writeMany(60);
        QSignalSpy files(m_service.get(), &DocumentService::fileFinished);
        QSignalSpy finished(m_service.get(), &DocumentService::finished);
        m_service->add({docs()}, kAll);
        QTRY_VERIFY_WITH_TIMEOUT(!files.isEmpty(), kWait);
        m_service->setPaused(true);
        QTRY_VERIFY_WITH_TIMEOUT(!m_service->busy(), kWait);
        const auto before = entries().size();
        QVERIFY(before < 60);
        QTest::qWait(300);
        QCOMPARE(entries().size(), before);
        m_service->setPaused(false);
        QTRY_COMPARE_WITH_TIMEOUT(entries().size(), std::size_t(60), kWait);
        QTRY_VERIFY_WITH_TIMEOUT(!finished.isEmpty(), kWait);
    }

    void questionsDoNotWaitForReading()
    {
        open();
        writeMany(40);
        QSignalSpy finished(m_service.get(), &DocumentService::finished);
        QSignalSpy files(m_service.get(), &DocumentService::fileFinished);
        m_service->add({docs()}, kAll);
        QTRY_VERIFY_WITH_TIMEOUT(!files.isEmpty(), kWait);
        QVERIFY(found(QStringLiteral("number")) > 0); // what is there so far
        QVERIFY(finished.isEmpty());
    }

    void collectionsAreNamedMovedAndRemoved()
    {
        open();
        write(docs(QStringLiteral("a.md")), QStringLiteral("Apples are red."));
        const QString own = Collections::privateName();
        QSignalSpy finished(m_service.get(), &DocumentService::finished);
        m_service->add({docs(QStringLiteral("a.md"))}, own);
        QTRY_VERIFY_WITH_TIMEOUT(!finished.isEmpty(), kWait);
        QCOMPARE(collections().size(), 0); // what belongs to one chat is in no list
        const qint64 id = entries().begin()->second.id;
        const auto with = [&](auto work) {
            Result<> outcome;
            bool done = false;
            m_service->ask(
                this,
                [work](DocumentIndex &, storage::Database &database) {
                    Collections all(database);
                    return work(all);
                },
                [&](Result<> result) {
                    outcome = std::move(result);
                    done = true;
                });
            if (!QTest::qWaitFor([&] { return done; }, kWait))
                qFatal("no answer");
            return outcome;
        };
        QVERIFY(with([id](Collections &all) { return all.move(id, QStringLiteral("Fruit")); }));
        QCOMPARE(collections(), QStringList{QStringLiteral("Fruit")});
        QVERIFY(with([](Collections &all) { return all.create(QStringLiteral("Empty")); }));
        QVERIFY(!with([](Collections &all) { return all.create(QStringLiteral("  ")); }));
        QVERIFY(!with([](Collections &all) { return all.create(QStringLiteral("#hidden")); }));
        QVERIFY(!with([](Collections &all) {
            return all.rename(QStringLiteral("Fruit"), QStringLiteral("Empty"));
        }));
        QVERIFY(with([](Collections &all) {
            return all.rename(QStringLiteral("Fruit"), QStringLiteral("Food"));
        }));
        QCOMPARE(found(QStringLiteral("apples")), 1);
        QVERIFY(with([](Collections &all) { return all.remove(QStringLiteral("Food")); }));
        QCOMPARE(found(QStringLiteral("apples")), 0);
        QCOMPARE(entries().size(), std::size_t(0));
        QVERIFY(!with([](Collections &all) { return all.remove(QStringLiteral("Food")); }));
    }

    void whatIsRemovedWhileItIsReadStaysAway()
    {
        open();
        writeMany(20);
        QSignalSpy files(m_service.get(), &DocumentService::fileFinished);
        QSignalSpy finished(m_service.get(), &DocumentService::finished);
        m_service->add({docs()}, kAll);
        QTRY_VERIFY_WITH_TIMEOUT(!files.isEmpty(), kWait);
        m_service->removeCollection(kAll);
        QTRY_VERIFY_WITH_TIMEOUT(!finished.isEmpty(), kWait);
        QCOMPARE(entries().size(), std::size_t(0));
        QCOMPARE(collections().size(), 0);
        // Nor does a change in the folder bring it back.
        write(docs(QStringLiteral("new.md")), QStringLiteral("Something new."));
        QTest::qWait(3'000);
        QTRY_VERIFY_WITH_TIMEOUT(!m_service->busy(), kWait);
        QCOMPARE(entries().size(), std::size_t(0));
        QCOMPARE(collections().size(), 0);
    }

    void whatNoChatHasIsRemoved()
    {
        open();
        write(docs(QStringLiteral("a.md")), QStringLiteral("Apples are red."));
        QSignalSpy finished(m_service.get(), &DocumentService::finished);
        m_service->add({docs(QStringLiteral("a.md"))}, Collections::privateName());
        QTRY_VERIFY_WITH_TIMEOUT(!finished.isEmpty(), kWait);
        QCOMPARE(entries().size(), std::size_t(1));
        m_service.reset();
        open();
        m_service->start();
        QTRY_COMPARE_WITH_TIMEOUT(entries().size(), std::size_t(0), kWait);
    }

    void aKilledProcessGoesOn()
    {
        constexpr int kFiles = 60;
        constexpr int kKills = 50;
        for (int i = 0; i < kFiles; ++i)
            write(docs(QStringLiteral("%1.md").arg(i)),
                  QStringLiteral("# Report %1\n\nThe river rose by %1 centimetres.\n").arg(i));
        const QString database = m_folder->filePath(QStringLiteral("index.sqlite3"));
        const QStringList arguments{database, docs()};
        int cutOff = 0;
        for (int kill = 0; kill < kKills; ++kill) {
            QProcess victim;
            victim.start(QStringLiteral(ALCOVE_VICTIM), arguments);
            QVERIFY(victim.waitForStarted(kWait));
            if (!victim.waitForFinished(40 + QRandomGenerator::global()->bounded(260))) {
                victim.kill();
                QVERIFY(victim.waitForFinished(kWait));
                ++cutOff;
            } else {
                // Done before its time: from the beginning again.
                QVERIFY2(victim.exitCode() == 0, victim.readAllStandardError().constData());
                for (const char *suffix : {"", "-wal", "-shm"})
                    QFile::remove(database + QLatin1String(suffix));
            }
        }
        QVERIFY2(cutOff > kKills / 2, qPrintable(QString::number(cutOff)));
        QProcess last;
        last.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        last.start(QStringLiteral(ALCOVE_VICTIM), arguments);
        QVERIFY(last.waitForFinished(kWait));
        QCOMPARE(last.exitCode(), 0);

        auto opened = storage::Database::open(database, storage::Database::Mode::ReadWrite);
        QVERIFY(opened);
        QCOMPARE(*opened->number("SELECT count(*) FROM documents WHERE state = 'ready'"),
                 qint64(kFiles));
        QCOMPARE(*opened->number("SELECT count(DISTINCT path) FROM documents"), qint64(kFiles));
        QCOMPARE(*opened->number("SELECT count(*) FROM passages_fts"),
                 *opened->number("SELECT count(*) FROM passages"));
        QCOMPARE(*opened->number("SELECT count(DISTINCT document_id) FROM passages"),
                 qint64(kFiles));
        QCOMPARE(*opened->number("SELECT count(*) FROM index_queue"), qint64(0));
        QString integrity;
        QVERIFY(opened->each("PRAGMA integrity_check",
                             [&](const storage::Statement &row) { integrity += row.text(0); }));
        QCOMPARE(integrity, QStringLiteral("ok"));
    }

private:
    void writeMany(int files)
    {
        for (int i = 0; i < files; ++i)
            write(docs(QStringLiteral("%1.md").arg(i)),
                  QStringLiteral("Number %1 is here.").arg(i));
    }
    QString docs(const QString &name = {}) const
    {
        const QString path =
            QFileInfo(m_folder->path()).canonicalFilePath() + QStringLiteral("/docs");
        return name.isEmpty() ? path : path + QLatin1Char('/') + name;
    }
    void open()
    {
        auto service =
            DocumentService::open(m_folder->filePath(QStringLiteral("index.sqlite3")),
                                  DocumentReader(QStringLiteral(ALCOVE_BIN_DIR "/alcove-reader")));
        QVERIFY2(service, service ? "" : service.error().message.c_str());
        m_service = std::move(*service);
    }
    void add(const QString &path)
    {
        QSignalSpy finished(m_service.get(), &DocumentService::finished);
        m_service->add({path}, kAll);
        QTRY_VERIFY_WITH_TIMEOUT(!finished.isEmpty(), kWait);
    }
    template <typename Work>
    auto asked(Work work)
    {
        using Value = std::invoke_result_t<Work, DocumentIndex &, storage::Database &>;
        std::optional<Value> value;
        m_service->ask(this, std::move(work), [&](Value got) { value = std::move(got); });
        if (!QTest::qWaitFor([&] { return value.has_value(); }, kWait))
            qFatal("no answer");
        return std::move(*value);
    }
    std::map<QString, DocumentEntry> entries()
    {
        std::map<QString, DocumentEntry> all;
        const auto known =
            asked([](DocumentIndex &index, storage::Database &) { return index.documents(); });
        for (const DocumentEntry &entry : *known)
            all.emplace(entry.path, entry);
        return all;
    }
    int found(const QString &words)
    {
        return int(asked([words](DocumentIndex &index, storage::Database &) {
                       return index.searchWords(words, {});
                   })->size());
    }
    QStringList collections()
    {
        QStringList names;
        const auto known = asked([](DocumentIndex &, storage::Database &database) {
            return Collections(database).list();
        });
        for (const CollectionSummary &one : *known)
            names << one.name;
        return names;
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<DocumentService> m_service;
};

QTEST_GUILESS_MAIN(TestDocumentService)
#include "tst_document_service.moc"
