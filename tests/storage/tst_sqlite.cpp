#include "core/storage/private_file.h"
#include "core/storage/sqlite.h"

#include <QFileInfo>
#include <QTemporaryDir>
#include <QTest>

#include <atomic>
#include <thread>

#include <sqlite3.h>

#ifdef __linux__
#include <cstdlib>
#include <unistd.h>
#endif

using namespace alcove;
using namespace alcove::storage;

class TestSqlite : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;
    int m_files = 0;

    QString newFile()
    {
        const QString path = m_folder.filePath(QStringLiteral("Datenbank-%1 ü").arg(m_files++));
        return createPrivateFile(path) ? path : QString();
    }
    static Database openOrFail(const QString &path)
    {
        auto database = Database::open(path, Database::Mode::ReadWrite);
        if (!database)
            qFatal("%s", database.error().message.c_str());
        return std::move(*database);
    }

private Q_SLOTS:
    void setsTheConnectionUp()
    {
        const QString path = newFile();
        Database database = openOrFail(path);
        auto mode = database.prepare("PRAGMA journal_mode");
        QVERIFY(*mode->step());
        QCOMPARE(mode->text(0), QStringLiteral("wal"));
        QCOMPARE(*database.number("PRAGMA synchronous"), 2); // FULL
        QCOMPARE(*database.number("PRAGMA foreign_keys"), 1);
        QCOMPARE(*database.number("PRAGMA secure_delete"), 1);
        QVERIFY(*database.number("PRAGMA busy_timeout") > 0);
    }

#ifndef _WIN32
    void keepsFilesToTheOwner()
    {
        const QString path = newFile();
        Database database = openOrFail(path);
        QVERIFY(database.execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)"));
        for (const char *suffix : {"", "-wal", "-shm"}) {
            const QString file = path + QString::fromLatin1(suffix);
            QVERIFY2(QFileInfo::exists(file), qPrintable(file));
            QCOMPARE(QFile::permissions(file) & (QFileDevice::ReadGroup | QFileDevice::ReadOther),
                     QFileDevice::Permissions());
        }
    }
#endif

    void bindsAndReads()
    {
        Database database = openOrFail(newFile());
        QVERIFY(database.execute("CREATE TABLE t (a, b, c, d, e, f)"));
        const QString text =
            QStringLiteral("ü") + QChar(0) + QStringLiteral("x'; DROP TABLE t; --");
        const qint64 big = std::numeric_limits<qint64>::min();
        QVERIFY(database.run("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5, ?6)", big, 0.1, text,
                             nullptr, std::optional<qint64>(), QString()));
        QCOMPARE(database.changes(), 1);
        QCOMPARE(database.lastInsertId(), 1);
        auto row = database.prepare("SELECT * FROM t");
        QVERIFY(*row->step());
        QCOMPARE(row->integer(0), big);
        QCOMPARE(row->real(1), 0.1);
        QCOMPARE(row->text(2), text);
        QVERIFY(row->isNull(3));
        QVERIFY(row->isNull(4));
        QVERIFY(!row->isNull(5)); // a null string is an empty text
        QCOMPARE(row->text(5), QString());
        QVERIFY(!*row->step());
    }

    void refusesABadBinding()
    {
        Database database = openOrFail(newFile());
        const auto tooMany = database.run("SELECT ?1", 1, 2, 3);
        QVERIFY(!tooMany);
        QCOMPARE(tooMany.error().code, ErrorCode::Database);
    }

    void detailsHoldNoValues()
    {
        Database database = openOrFail(newFile());
        QVERIFY(database.execute("CREATE VIRTUAL TABLE f USING fts5 (text)"));
        const auto failed = database.number("SELECT count(*) FROM f WHERE f MATCH ?1",
                                            QStringLiteral("\"secretword"));
        QVERIFY(!failed);
        QVERIFY2(failed.error().detail.find("secretword") == std::string::npos,
                 failed.error().detail.c_str());
        QVERIFY(failed.error().detail.find("SQLite") != std::string::npos);
    }

    void numberOfNothing()
    {
        Database database = openOrFail(newFile());
        QCOMPARE(database.number("SELECT 1 WHERE 0").error().code, ErrorCode::NotFound);
    }

    void transactionsAreWhole()
    {
        Database database = openOrFail(newFile());
        QVERIFY(database.execute("CREATE TABLE t (a UNIQUE)"));
        {
            auto transaction = Transaction::begin(database);
            QVERIFY(transaction.has_value());
            QVERIFY(database.inTransaction());
            QVERIFY(database.run("INSERT INTO t VALUES (1)"));
            QVERIFY(!Transaction::begin(database)); // they do not nest
            QVERIFY(database.inTransaction());
        }
        QVERIFY(!database.inTransaction());
        QCOMPARE(*database.number("SELECT count(*) FROM t"), 0);
        {
            auto transaction = Transaction::begin(database);
            QVERIFY(database.run("INSERT INTO t VALUES (1)"));
            QVERIFY(transaction->commit());
        }
        QCOMPARE(*database.number("SELECT count(*) FROM t"), 1);
        const auto twice = database.run("INSERT INTO t VALUES (1)");
        QCOMPARE(twice.error().code, ErrorCode::Database);
    }

    void twoConnections()
    {
        const QString path = newFile();
        Database writer = openOrFail(path);
        Database reader = openOrFail(path);
        QVERIFY(writer.execute("CREATE TABLE t (a)"));
        auto transaction = Transaction::begin(writer);
        QVERIFY(writer.run("INSERT INTO t VALUES (1)"));
        // A reader is not kept waiting by a writer, and sees what is committed.
        QCOMPARE(*reader.number("SELECT count(*) FROM t"), 0);
        sqlite3_busy_timeout(reader.handle(), 50);
        const auto second = Transaction::begin(reader);
        QVERIFY(!second);
        QCOMPARE(second.error().code, ErrorCode::Database);
        QVERIFY(second.error().message.find("in use") != std::string::npos);
        QVERIFY(transaction->commit());
        QCOMPARE(*reader.number("SELECT count(*) FROM t"), 1);
        auto now = Transaction::begin(reader);
        QVERIFY(now.has_value());
    }

    void fullDatabase()
    {
        Database database = openOrFail(newFile());
        QVERIFY(database.execute("CREATE TABLE t (a); INSERT INTO t VALUES ('kept')"));
        QVERIFY(database.execute("PRAGMA max_page_count = 1"));
        const auto full =
            database.run("INSERT INTO t VALUES (?1)", QString(100'000, QLatin1Char('x')));
        QVERIFY(!full);
        QCOMPARE(full.error().code, ErrorCode::DiskFull);
        QVERIFY(!database.inTransaction());
        QCOMPARE(*database.number("SELECT count(*) FROM t"), 1);
    }

    // The same on a file system that really is full.
    void fullDisk()
    {
#ifdef __linux__
        if (geteuid() != 0)
            QSKIP("Only root can mount a small file system.");
        const QString place = m_folder.filePath(QStringLiteral("small"));
        QVERIFY(createPrivateFolder(place));
        const QByteArray mount =
            "mount -t tmpfs -o size=512k tmpfs '" + QFile::encodeName(place) + "' 2>/dev/null";
        if (std::system(mount.constData()) != 0)
            QSKIP("This machine does not let us mount a small file system.");
        const QString path = place + QStringLiteral("/db");
        Error error;
        qint64 kept = -1;
        qint64 rows = 0;
        {
            QVERIFY(createPrivateFile(path));
            Database database = openOrFail(path);
            QVERIFY(database.execute("CREATE TABLE t (a)"));
            for (;;) {
                const auto written =
                    database.run("INSERT INTO t VALUES (?1)", QString(20'000, QLatin1Char('x')));
                if (!written) {
                    error = written.error();
                    break;
                }
                ++rows;
            }
            kept = database.number("SELECT count(*) FROM t").value_or(-1);
        }
        const QByteArray unmount = "umount '" + QFile::encodeName(place) + "'";
        QCOMPARE(std::system(unmount.constData()), 0);
        QVERIFY2(error.code == ErrorCode::DiskFull, error.detail.c_str());
        QVERIFY(rows > 0);
        QCOMPARE(kept, rows);
#else
        QSKIP("Needs Linux and root.");
#endif
    }

    void saysWhatIsWrongWithAPath()
    {
        const auto missing = Database::open(m_folder.filePath(QStringLiteral("no/such/file")),
                                            Database::Mode::ReadWrite);
        QVERIFY(!missing);
        QCOMPARE(missing.error().code, ErrorCode::Io);
        QVERIFY(!missing.error().message.empty());
        // A connection never creates a file by itself: modes are given by createPrivateFile.
        QVERIFY(!QFileInfo::exists(m_folder.filePath(QStringLiteral("no"))));
        const QString absent = m_folder.filePath(QStringLiteral("absent"));
        QVERIFY(!Database::open(absent, Database::Mode::ReadWrite));
        QVERIFY(!QFileInfo::exists(absent));
    }

    // As the threads of the app do: each waits for the other, and none is told that the file is in
    // use.
    void connectionsWaitForEachOther()
    {
        const QString path = newFile();
        {
            Database database = openOrFail(path);
            QVERIFY(database.execute("CREATE TABLE t (a, b); CREATE INDEX i ON t (b);"
                                     "CREATE VIRTUAL TABLE f USING fts5 (a);"
                                     "CREATE TRIGGER r AFTER INSERT ON t BEGIN"
                                     " INSERT INTO f (rowid, a) VALUES (new.rowid, new.a); END"));
        }
        std::atomic<int> failures{0};
        const auto note = [&](const Error &error) {
            if (++failures == 1)
                qWarning("%s %s", error.message.c_str(), error.detail.c_str());
        };
        const auto write = [&](int thread, bool reopens) {
            auto database = Database::open(path, Database::Mode::ReadWrite);
            for (int i = 0; i < 300; ++i) {
                if (reopens)
                    database = Database::open(path, Database::Mode::ReadWrite);
                if (!database) {
                    note(database.error());
                    return;
                }
                if (i % 3 == 0) {
                    auto transaction = Transaction::begin(*database);
                    if (!transaction) {
                        note(transaction.error());
                        continue;
                    }
                    for (int k = 0; k < 20; ++k) {
                        if (auto done = database->run("INSERT INTO t VALUES (?1, ?2)",
                                                      QStringLiteral("word"), thread);
                            !done)
                            note(done.error());
                    }
                    if (auto done = transaction->commit(); !done)
                        note(done.error());
                } else if (auto done =
                               database->run("UPDATE t SET b = b + 100 WHERE b = ?1", thread);
                           !done) {
                    note(done.error());
                } else if (auto count = database->number("SELECT count(*) FROM t"); !count) {
                    note(count.error());
                }
            }
        };
        std::thread one([&] { write(1, false); });
        std::thread two([&] { write(2, false); });
        std::thread three([&] { write(3, true); });
        one.join();
        two.join();
        three.join();
        QCOMPARE(failures.load(), 0);
        Database database = openOrFail(path);
        QCOMPARE(*database.number("SELECT count(*) FROM t"), qint64(3 * 100 * 20));
    }

    void copies()
    {
        Database database = openOrFail(newFile());
        QVERIFY(database.execute("CREATE TABLE t (a); INSERT INTO t VALUES ('in the log only')"));
        const QString copy = m_folder.filePath(QStringLiteral("copy"));
        QVERIFY(database.copyTo(copy));
        auto opened = Database::open(copy, Database::Mode::ReadOnly);
        QVERIFY(opened.has_value());
        QCOMPARE(*opened->number("SELECT count(*) FROM t"), 1);
        QVERIFY(!opened->run("INSERT INTO t VALUES (2)"));
#ifndef _WIN32
        QCOMPARE(QFile::permissions(copy) & (QFileDevice::ReadGroup | QFileDevice::ReadOther),
                 QFileDevice::Permissions());
#endif
        QVERIFY(!database.copyTo(m_folder.filePath(QStringLiteral("no/folder"))));
    }
};

QTEST_APPLESS_MAIN(TestSqlite)
#include "tst_sqlite.moc"
