#include "core/storage/database_file.h"

#include "core/storage/private_file.h"

#include <QDateTime>
#include <QElapsedTimer>
#include <QFile>
#include <QFileInfo>
#include <QtEndian>

#include <sqlite3.h>

namespace alcove::storage {

namespace {

constexpr qint64 kCheckLimitMs = 2000;
constexpr int kCheckSteps = 100'000; // virtual machine steps between two looks at the clock

bool damaged(const Error &error)
{
    return error.code == ErrorCode::InvalidFile;
}

Error damage(std::string detail)
{
    return {ErrorCode::InvalidFile, "The chat database is damaged.", std::move(detail)};
}

enum class CheckLimit { None, Short };

// An unclean end is the moment at which a bad disk shows; the check is bounded, because the window
// waits for it. A check cut short has found nothing wrong.
Result<> checkIntegrity(const Database &database, CheckLimit limit)
{
    QElapsedTimer clock;
    clock.start();
    if (limit == CheckLimit::Short)
        sqlite3_progress_handler(
            database.handle(), kCheckSteps,
            [](void *timer) {
                return int(static_cast<QElapsedTimer *>(timer)->hasExpired(kCheckLimitMs));
            },
            &clock);
    QString verdict;
    Result<> outcome;
    {
        auto check = database.prepare("PRAGMA quick_check(1)");
        auto row = check ? check->step() : Result<bool>(fail(check.error()));
        if (row && *row)
            verdict = check->text(0);
        else if (!row && damaged(row.error()))
            outcome = fail(row.error());
    }
    sqlite3_progress_handler(database.handle(), 0, nullptr, nullptr);
    if (outcome && !verdict.isEmpty() && verdict != QLatin1String("ok"))
        return fail(damage("quick_check found a fault"));
    return outcome;
}

// A transaction that a crash broke off before the log was in use (while a new file is set up) is
// taken back, which a connection that cannot write cannot do. Another program's file is left alone:
// the header tells whose it is.
void takeBackBrokenOff(const QString &path)
{
    if (QFileInfo(path + QStringLiteral("-journal")).size() == 0)
        return;
    QFile file(path);
    constexpr qint64 kOwnerAt = 68; // of the header: https://www.sqlite.org/fileformat.html
    if (!file.open(QIODevice::ReadOnly) || !file.seek(kOwnerAt))
        return;
    const QByteArray bytes = file.read(4);
    if (bytes.size() < 4)
        return;
    const auto owner = qint64(qFromBigEndian<quint32>(bytes.constData()));
    file.close();
    if (owner != 0 && owner != kApplicationId)
        return;
    // Opening it does it; what goes wrong shows in what follows.
    (void)Database::open(path, Database::Mode::ReadWrite);
}

// Reads through a connection that cannot write, so that a file we refuse stays as it was.
Result<> probe(const QString &path, std::span<const Migration> steps)
{
    auto database = Database::open(path, Database::Mode::ReadOnly);
    if (!database)
        return fail(std::move(database.error()));
    auto version = schemaVersion(*database);
    if (!version)
        return fail(std::move(version.error()));
    auto owner = database->number("PRAGMA application_id");
    if (!owner)
        return fail(std::move(owner.error()));
    auto tables = database->number("SELECT count(*) FROM sqlite_schema");
    if (!tables)
        return fail(std::move(tables.error()));
    const bool empty = *version == 0 && *owner == 0 && *tables == 0;
    if (!empty && *owner != kApplicationId)
        return fail(ErrorCode::Unsupported,
                    "The file " + path.toStdString()
                        + " belongs to another program. It was not touched; choose another folder "
                          "with --data-dir.");
    if (*version > steps.back().version)
        return fail(ErrorCode::Unsupported,
                    "The chats in " + path.toStdString() + " were saved by a newer Alcove (format "
                        + std::to_string(*version) + ", this one knows "
                        + std::to_string(steps.back().version)
                        + "). They were not touched; install the newer Alcove to read them.");
    const bool suspect = QFileInfo::exists(suspectMark(path));
    const bool endedUncleanly = QFileInfo(path + QStringLiteral("-wal")).size() > 0;
    if (suspect || endedUncleanly)
        return checkIntegrity(*database, suspect ? CheckLimit::None : CheckLimit::Short);
    return {};
}

// Renames the file and its log; the new name of the file.
Result<QString> setAside(const QString &path)
{
    const QString stamp =
        QDateTime::currentDateTimeUtc().toString(QStringLiteral("yyyyMMdd-HHmmss"));
    QString kept;
    for (int attempt = 0; attempt < 100; ++attempt) {
        kept = path + QStringLiteral(".damaged-") + stamp
            + (attempt > 0 ? QStringLiteral("-%1").arg(attempt) : QString());
        if (!QFileInfo::exists(kept) && QFile::rename(path, kept)) {
            // The log goes along under the name SQLite looks for; the shared index is rebuilt.
            const QString log = path + QStringLiteral("-wal");
            if (QFileInfo(log).size() > 0)
                QFile::rename(log, kept + QStringLiteral("-wal"));
            else
                QFile::remove(log);
            QFile::remove(path + QStringLiteral("-shm"));
            QFile::remove(suspectMark(path));
            return kept;
        }
    }
    return fail(ErrorCode::Io,
                "The chat database " + path.toStdString()
                    + " is damaged and could not be renamed. Move it to another folder and start "
                      "again.");
}

Result<> backUp(const Database &database, const QString &path, int version)
{
    // A partly written copy never has the copy's name.
    const QString copy = path + QStringLiteral(".v%1-backup").arg(version);
    const QString growing = copy + QStringLiteral(".part");
    QFile::remove(growing);
    if (auto done = database.copyTo(growing); !done) {
        QFile::remove(growing);
        return done;
    }
    QFile::remove(copy); // of an earlier attempt; the database itself is there
    if (!QFile::rename(growing, copy))
        return fail(ErrorCode::Io,
                    "A backup of the chat database could not be written, so it was not updated. "
                    "Check the folder "
                        + QFileInfo(path).path().toStdString() + ".");
    return {};
}

Result<Database> openAndMigrate(const QString &path, std::span<const Migration> steps)
{
    if (auto created = createPrivateFile(path); !created)
        return fail(std::move(created.error()));
    auto database = Database::open(path, Database::Mode::ReadWrite);
    if (!database)
        return database;
    auto version = schemaVersion(*database);
    if (!version)
        return fail(std::move(version.error()));
    if (*version > 0 && *version < steps.back().version) {
        if (auto done = backUp(*database, path, *version); !done)
            return fail(std::move(done.error()));
    }
    if (auto done = migrate(*database, steps); !done)
        return fail(std::move(done.error()));
    return database;
}

} // namespace

Result<OpenedDatabase> openDatabaseFile(const QString &path, std::span<const Migration> steps)
{
    QString kept;
    if (QFileInfo(path).size() > 0) {
        takeBackBrokenOff(path);
        if (auto sound = probe(path, steps); !sound) {
            if (!damaged(sound.error()))
                return fail(std::move(sound.error()));
            auto aside = setAside(path);
            if (!aside)
                return fail(std::move(aside.error()));
            kept = *aside;
        }
    }
    auto database = openAndMigrate(path, steps);
    if (!database)
        return fail(std::move(database.error()));
    QFile::remove(suspectMark(path));
    OpenedDatabase opened{std::move(*database), {}};
    if (!kept.isEmpty())
        opened.notice = QStringLiteral("The file with your chats was damaged. It was kept as %1, "
                                       "and a new, empty one was started.")
                            .arg(QFileInfo(kept).fileName());
    return opened;
}

} // namespace alcove::storage
