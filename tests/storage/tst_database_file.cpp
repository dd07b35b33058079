#include "core/storage/database_file.h"
#include "core/storage/private_file.h"
#include "storage_fixture.h"

#include <QDir>
#include <QScopeGuard>

#include <sqlite3.h>

using namespace alcove;
using namespace alcove::storage;
using alcove::test::good;
using alcove::test::StoreFixture;
using alcove::test::titles;

namespace {

// A step to come, to see that steps run, once and in order.
Result<> addColour(Database &database)
{
    return database.execute("ALTER TABLE chats ADD COLUMN colour TEXT NOT NULL DEFAULT 'none'");
}
Result<> breakHalfway(Database &database)
{
    if (auto done = database.execute("CREATE TABLE half (a)"); !done)
        return done;
    return database.execute("INSERT INTO there_is_no_such_table VALUES (1)");
}

std::vector<Migration> stepsAnd(Migration more)
{
    std::vector<Migration> steps(migrations().begin(), migrations().end());
    steps.push_back(more);
    return steps;
}

int latest()
{
    return migrations().back().version;
}

// Every table, index and trigger with its definition, and every column.
QStringList schemaOf(const Database &database)
{
    QStringList schema;
    auto rows = database.prepare("SELECT s.type, s.name, s.tbl_name, coalesce(s.sql, ''),"
                                 " coalesce((SELECT group_concat(c.name || ' ' || c.type || ' '"
                                 " || c.\"notnull\" || ' ' || coalesce(c.dflt_value, '') || ' '"
                                 " || c.pk) FROM pragma_table_info(s.name) c), '')"
                                 " FROM sqlite_schema s ORDER BY s.type, s.name");
    while (rows && rows->step().value_or(false)) {
        QStringList row;
        for (int column = 0; column < 5; ++column)
            row.append(rows->text(column).simplified());
        schema.append(row.join(QLatin1String(" | ")));
    }
    return schema;
}

QByteArray bytesOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void overwrite(const QString &path, qint64 offset, const QByteArray &bytes)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadWrite) || !file.seek(offset) || file.write(bytes) < 0)
        qFatal("cannot damage %s", qPrintable(path));
}

QStringList damagedFiles(const QTemporaryDir &folder)
{
    return QDir(folder.path()).entryList({QStringLiteral("*.damaged-*")}, QDir::Files);
}

QString savedVersion(int version)
{
    return QStringLiteral(ALCOVE_SOURCE_DIR "/tests/storage/data/v%1.sqlite3").arg(version);
}

} // namespace

class TestDatabaseFile : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void versionsMustRise()
    {
        const Migration good[] = {{1, addColour}, {2, addColour}, {5, addColour}};
        const Migration repeated[] = {{1, addColour}, {1, addColour}};
        const Migration falling[] = {{2, addColour}, {1, addColour}};
        const Migration zero[] = {{0, addColour}};
        QVERIFY(versionsRise(good));
        QVERIFY(!versionsRise(repeated));
        QVERIFY(!versionsRise(falling));
        QVERIFY(!versionsRise(zero));
        QVERIFY(!versionsRise({}));
    }

    void startsANewFile()
    {
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("new.sqlite3"));
        auto opened = openDatabaseFile(path);
        QVERIFY(good(opened));
        QCOMPARE(opened->notice, QString());
        QCOMPARE(*schemaVersion(opened->database), latest());
        QCOMPARE(*opened->database.number("PRAGMA application_id"), kApplicationId);
        QVERIFY(!QFileInfo::exists(path + QStringLiteral(".v0-backup")));
#ifndef _WIN32
        QCOMPARE(QFile::permissions(path) & (QFileDevice::ReadGroup | QFileDevice::ReadOther),
                 QFileDevice::Permissions());
#endif
    }

#ifndef _WIN32
    void takesAwayOthersRights()
    {
        StoreFixture f;
        f.store.reset();
        QVERIFY(QFile::setPermissions(f.path, QFile::permissions(f.path) | QFile::ReadOther));
        f.open();
        QVERIFY(!(QFile::permissions(f.path) & QFileDevice::ReadOther));
    }
#endif

    // One saved file for each released version: brought up to date, it is like a new one, and its
    // chats are there.
    void migratedEqualsFresh_data()
    {
        QTest::addColumn<int>("version");
        for (const Migration &step : migrations())
            QTest::addRow("version %d", step.version) << step.version;
    }

    void migratedEqualsFresh()
    {
        QFETCH(int, version);
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("old.sqlite3"));
        QVERIFY2(QFile::copy(savedVersion(version), path), qPrintable(savedVersion(version)));
        QVERIFY(QFile::setPermissions(path, QFile::ReadOwner | QFile::WriteOwner));
        {
            auto saved = Database::open(path, Database::Mode::ReadOnly);
            QVERIFY(good(saved));
            QCOMPARE(*schemaVersion(*saved), version);
        }
        auto migrated = openDatabaseFile(path);
        QVERIFY(good(migrated));
        QCOMPARE(migrated->notice, QString());
        QTemporaryDir other;
        auto fresh = openDatabaseFile(other.filePath(QStringLiteral("new.sqlite3")));
        QVERIFY(good(fresh));
        QVERIFY(schemaOf(fresh->database).size() > 10);
        QCOMPARE(schemaOf(migrated->database), schemaOf(fresh->database));
        QCOMPARE(QFileInfo::exists(path + QStringLiteral(".v%1-backup").arg(version)),
                 version < latest());

        ChatStore chats(migrated->database);
        QCOMPARE(titles(*chats.list()), (QStringList{"Pinned", "Capitals of Europe", "A crash"}));
        QCOMPARE(titles(*chats.search(QStringLiteral("ljubljana"))),
                 QStringList{"Capitals of Europe"});
        const auto capitals = chats.conversation(chats.list()->at(1).id);
        QVERIFY(good(capitals));
        QCOMPARE(capitals->branch.size(), 4);
        QCOMPARE(capitals->branch[1].siblingCount, 2);
        QCOMPARE(capitals->branch[3].state, storage::MessageState::Stopped);
        QCOMPARE(*chats.interruptStreaming(), 1);
        const Message cutOff = chats.conversation(chats.list()->at(2).id)->branch[1];
        QCOMPARE(cutOff.text, QStringLiteral("It was saved in two pieces."));
        // Reasoning came with version 2.
        const bool reasons = version >= 2;
        const Message &stopped = capitals->branch[3];
        QCOMPARE(stopped.text, QStringLiteral("Vall"));
        QCOMPARE(stopped.reasoning, reasons ? QStringLiteral("The capital of Malta.") : QString());
        QCOMPARE(stopped.reasoningSeconds, reasons ? 1.5 : 0.0);
        QCOMPARE(cutOff.reasoning, reasons ? QStringLiteral("Was it?") : QString());
        QCOMPARE(cutOff.reasoningSeconds, reasons ? 0.5 : 0.0);
        SettingsStore settings(migrated->database);
        QCOMPARE(settings.load()->value(QStringLiteral("temperature")).toDouble(), 0.3);
    }

    void migratesWithABackup()
    {
        StoreFixture f;
        f.turn(storage::kNoId, QStringLiteral("kept"), QStringLiteral("answer"));
        f.store.reset();
        const auto steps = stepsAnd({latest() + 1, addColour});
        for (int run = 0; run < 2; ++run) { // the second time there is nothing to do
            auto opened = openDatabaseFile(f.path, steps);
            QVERIFY(good(opened));
            QCOMPARE(*schemaVersion(opened->database), latest() + 1);
            QCOMPARE(*opened->database.number("SELECT count(*) FROM chats WHERE colour = 'none'"),
                     1);
        }
        const QString backup = f.path + QStringLiteral(".v%1-backup").arg(latest());
        auto copy = openDatabaseFile(backup);
        QVERIFY(good(copy));
        QCOMPARE(*schemaVersion(copy->database), latest());
        QCOMPARE(titles(*ChatStore(copy->database).list()), QStringList{"kept"});
    }

    void failedMigrationChangesNothing()
    {
        StoreFixture f;
        f.turn(storage::kNoId, QStringLiteral("kept"), QStringLiteral("answer"));
        f.store.reset();
        auto failed = openDatabaseFile(f.path, stepsAnd({latest() + 1, breakHalfway}));
        QVERIFY(!failed);
        QVERIFY(!failed.error().message.empty());
        f.open();
        QVERIFY(f.store);
        QCOMPARE(*f.database().number("SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
        QCOMPARE(titles(*f.chats().list()), QStringList{"kept"});
    }

    void refusesANewerVersion()
    {
        StoreFixture f;
        f.turn(storage::kNoId, QStringLiteral("kept"), QStringLiteral("answer"));
        f.store.reset();
        {
            auto newer = openDatabaseFile(f.path, stepsAnd({latest() + 7, addColour}));
            QVERIFY(good(newer));
        }
        const QByteArray before = bytesOf(f.path);
        auto refused = openDatabaseFile(f.path);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::Unsupported);
        QVERIFY(refused.error().message.find("newer Alcove") != std::string::npos);
        QCOMPARE(bytesOf(f.path), before);
        QVERIFY(damagedFiles(f.folder).isEmpty());
    }

    void refusesAnotherProgramsFile()
    {
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("other.sqlite3"));
        QVERIFY(createFile(path));
        {
            auto other = Database::open(path, Database::Mode::ReadWrite);
            QVERIFY(other->execute("CREATE TABLE bookmarks (url)"));
        }
        const QByteArray before = bytesOf(path);
        auto refused = openDatabaseFile(path);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::Unsupported);
        QCOMPARE(bytesOf(path), before);
    }

    void keepsADamagedFileAside_data()
    {
        QTest::addColumn<qint64>("offset");
        QTest::addColumn<QByteArray>("damage");
        QTest::newRow("no database") << qint64(0) << QByteArray(4096, '#');
        QTest::newRow("schema page") << qint64(100) << QByteArray(3996, '\xff');
    }

    void keepsADamagedFileAside()
    {
        QFETCH(qint64, offset);
        QFETCH(QByteArray, damage);
        StoreFixture f;
        f.turn(storage::kNoId, QStringLiteral("lost"), QStringLiteral("answer"));
        f.store.reset();
        overwrite(f.path, offset, damage);
        const QByteArray before = bytesOf(f.path);
        f.open();
        QVERIFY(f.store);
        QVERIFY(f.store->notice().contains(QLatin1String("damaged")));
        QVERIFY(f.chats().list()->isEmpty());
        const QStringList kept = damagedFiles(f.folder);
        QCOMPARE(kept.size(), 1);
        QCOMPARE(bytesOf(f.folder.filePath(kept.first())), before);
        QVERIFY(f.store->notice().contains(kept.first()));
        // The new one is used from now on.
        f.turn(storage::kNoId, QStringLiteral("new"), QStringLiteral("answer"));
        f.open();
        QCOMPARE(f.store->notice(), QString());
        QCOMPARE(titles(*f.chats().list()), QStringList{"new"});
    }

    // Damage deep in the file is not seen at opening, but by the query that meets it: the next
    // opening then looks at the whole file.
    // Cut off before the log was in use, while the file was set up.
    void takesBackWhatACrashBrokeOff_data()
    {
        QTest::addColumn<qint64>("owner");
        QTest::addColumn<bool>("opens");
        QTest::newRow("ours") << kApplicationId << true;
        QTest::newRow("not marked yet") << qint64(0) << true;
        QTest::newRow("another program's") << qint64(7) << false;
    }

    void takesBackWhatACrashBrokeOff()
    {
        QFETCH(qint64, owner);
        QFETCH(bool, opens);
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("alcove.sqlite3"));
        const QString other = folder.filePath(QStringLiteral("writing.sqlite3"));
        QVERIFY(createPrivateFile(other));
        sqlite3 *handle = nullptr;
        QCOMPARE(sqlite3_open(other.toUtf8().constData(), &handle), SQLITE_OK);
        const auto close = qScopeGuard([&] { sqlite3_close(handle); });
        const auto run = [&](const std::string &sql) {
            return sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
        };
        if (owner != 0)
            QVERIFY(run("PRAGMA application_id = " + std::to_string(owner)));
        QVERIFY(run("VACUUM")); // it has its header
        QVERIFY(run("PRAGMA cache_size = 1; BEGIN; CREATE TABLE junk (a);"
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
                    " INSERT INTO junk SELECT randomblob(500) FROM n"));
        // As the power cut leaves it.
        QVERIFY(QFile::copy(other, path));
        QVERIFY(QFile::copy(other + QStringLiteral("-journal"), path + QStringLiteral("-journal")));
        QVERIFY(run("ROLLBACK"));

        auto opened = openDatabaseFile(path);
        QCOMPARE(opened.has_value(), opens);
        if (!opens) {
            QVERIFY(QFileInfo(path + QStringLiteral("-journal")).size() > 0); // not touched
            return;
        }
        QCOMPARE(opened->notice, QString());
        QCOMPARE(*schemaVersion(opened->database), latest());
        QCOMPARE(*opened->database.number("SELECT count(*) FROM sqlite_schema WHERE name = 'junk'"),
                 qint64(0));
    }

    void findsDamageLater()
    {
        StoreFixture f;
        const auto made =
            f.turn(storage::kNoId, QStringLiteral("long"), QString(200'000, QLatin1Char('z')));
        const qint64 page =
            *f.database().number("SELECT rootpage FROM sqlite_schema WHERE name = 'messages'");
        f.store.reset();
        overwrite(f.path, (page - 1) * 4096, QByteArray(4096, '\xff'));
        f.open();
        QVERIFY(f.store);
        QCOMPARE(f.store->notice(), QString());
        auto read = f.chats().conversation(made.chat.id);
        QVERIFY(!read);
        QCOMPARE(read.error().code, ErrorCode::InvalidFile);
        QVERIFY(QFileInfo::exists(suspectMark(f.path)));
        f.open();
        QVERIFY(f.store);
        QVERIFY(!f.store->notice().isEmpty());
        QCOMPARE(damagedFiles(f.folder).size(), 1);
        QVERIFY(!QFileInfo::exists(suspectMark(f.path)));
    }

    void acceptsASuspectThatIsSound()
    {
        StoreFixture f;
        f.turn(storage::kNoId, QStringLiteral("kept"), QStringLiteral("answer"));
        f.store.reset();
        QVERIFY(createFile(suspectMark(f.path)));
        f.open();
        QCOMPARE(f.store->notice(), QString());
        QCOMPARE(titles(*f.chats().list()), QStringList{"kept"});
        QVERIFY(!QFileInfo::exists(suspectMark(f.path)));
    }

    void acceptsAnEmptyFile()
    {
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("empty.sqlite3"));
        QVERIFY(createFile(path));
        auto opened = openDatabaseFile(path);
        QVERIFY(good(opened));
        QCOMPARE(*schemaVersion(opened->database), latest());
    }

    void saysWhyItCannotOpen()
    {
        QTemporaryDir folder;
        auto missing = openDatabaseFile(folder.filePath(QStringLiteral("no/folder/file")));
        QVERIFY(!missing);
        QCOMPARE(missing.error().code, ErrorCode::Io);
        QVERIFY(QDir(folder.path()).mkdir(QStringLiteral("file")));
        auto directory = openDatabaseFile(folder.filePath(QStringLiteral("file")));
        QVERIFY(!directory);
        QVERIFY(!directory.error().message.empty());
    }

private:
    static bool createFile(const QString &path)
    {
        QFile file(path);
        return file.open(QIODevice::WriteOnly);
    }
};

QTEST_APPLESS_MAIN(TestDatabaseFile)
#include "tst_database_file.moc"
