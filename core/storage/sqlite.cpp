#include "core/storage/sqlite.h"

#include "core/storage/private_file.h"

#include <sqlite3.h>

#include <cerrno>
#include <limits>
#include <utility>

#ifdef _WIN32
#include <windows.h>
#endif

namespace alcove::storage {

namespace {

constexpr int kBusyTimeoutMs = 5000;

bool systemDiskFull(int systemError)
{
#ifdef _WIN32
    return systemError == ERROR_DISK_FULL || systemError == ERROR_HANDLE_DISK_FULL;
#else
    return systemError == ENOSPC || systemError == EDQUOT;
#endif
}

void markSuspect(sqlite3 *handle)
{
    const char *path = handle ? sqlite3_db_filename(handle, "main") : nullptr;
    // A disk that refuses even this shows its damage again by itself.
    if (path && *path)
        (void)createPrivateFile(suspectMark(QString::fromUtf8(path)));
}

// `sql`: our own statement text. SQLite's message is left out: a syntax error in it quotes values.
Error errorOf(sqlite3 *handle, int code, const char *sql)
{
    const int extended = handle ? sqlite3_extended_errcode(handle) : code;
    std::string detail = "SQLite " + std::to_string(extended) + ", " + sqlite3_errstr(extended);
    if (sql)
        detail += std::string(", in: ") + sql;
    const int primary = code & 0xff;
    const bool full = primary == SQLITE_FULL
        || ((primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) && handle
            && systemDiskFull(sqlite3_system_errno(handle)));
    if (full)
        return {ErrorCode::DiskFull,
                "The disk is full, so this could not be saved. Everything saved before is kept; "
                "free some space and try again.",
                detail};
    switch (primary) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        markSuspect(handle);
        return {
            ErrorCode::InvalidFile,
            "The chat database is damaged. Restart Alcove to have it checked; the file is kept.",
            detail};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return {ErrorCode::Database,
                "The chat database is in use by another program. Close that program and try again.",
                detail};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        return {ErrorCode::Io,
                "The chat database cannot be written. Check that its folder exists and belongs to "
                "you.",
                detail};
    case SQLITE_IOERR:
        return {ErrorCode::Io,
                "The disk failed while the chat database was read or written. Everything saved "
                "before is kept; try again.",
                detail};
    case SQLITE_NOMEM:
        return {ErrorCode::OutOfMemory,
                "There is not enough memory for this. Close other programs and try again.", detail};
    case SQLITE_TOOBIG:
        return {ErrorCode::InvalidArgument, "This text is too long to be saved.", detail};
    default:
        return {ErrorCode::Database, "The chat database could not do this. Nothing was changed.",
                detail};
    }
}

} // namespace

QString suspectMark(const QString &databasePath)
{
    return databasePath + QStringLiteral(".suspect");
}

void Statement::Finalizer::operator()(sqlite3_stmt *statement) const
{
    sqlite3_finalize(statement);
}

Result<> Statement::checked(int code) const
{
    if (code == SQLITE_OK)
        return {};
    return fail(
        errorOf(sqlite3_db_handle(m_statement.get()), code, sqlite3_sql(m_statement.get())));
}

Result<> Statement::bind(int parameter, std::nullptr_t)
{
    return checked(sqlite3_bind_null(m_statement.get(), parameter));
}

Result<> Statement::bind(int parameter, qint64 value)
{
    return checked(sqlite3_bind_int64(m_statement.get(), parameter, value));
}

Result<> Statement::bind(int parameter, double value)
{
    return checked(sqlite3_bind_double(m_statement.get(), parameter, value));
}

Result<> Statement::bind(int parameter, const QString &value)
{
    const QByteArray utf8 = value.toUtf8();
    return checked(sqlite3_bind_text64(m_statement.get(), parameter, utf8.constData(),
                                       sqlite3_uint64(utf8.size()), SQLITE_TRANSIENT, SQLITE_UTF8));
}

Result<> Statement::bind(int parameter, const QByteArray &value)
{
    return checked(sqlite3_bind_blob64(m_statement.get(), parameter, value.constData(),
                                       sqlite3_uint64(value.size()), SQLITE_TRANSIENT));
}

Result<> Statement::bind(int parameter, const std::optional<qint64> &value)
{
    return value ? bind(parameter, *value) : bind(parameter, nullptr);
}

Result<bool> Statement::step()
{
    const int code = sqlite3_step(m_statement.get());
    if (code == SQLITE_ROW)
        return true;
    if (code == SQLITE_DONE)
        return false;
    return fail(
        errorOf(sqlite3_db_handle(m_statement.get()), code, sqlite3_sql(m_statement.get())));
}

void Statement::reset()
{
    sqlite3_reset(m_statement.get());
}

qint64 Statement::integer(int column) const
{
    return sqlite3_column_int64(m_statement.get(), column);
}

double Statement::real(int column) const
{
    return sqlite3_column_double(m_statement.get(), column);
}

QString Statement::text(int column) const
{
    const auto *bytes = sqlite3_column_text(m_statement.get(), column);
    const int size = sqlite3_column_bytes(m_statement.get(), column);
    return QString::fromUtf8(reinterpret_cast<const char *>(bytes), size);
}

QByteArray Statement::blob(int column) const
{
    const auto *bytes = sqlite3_column_blob(m_statement.get(), column);
    const int size = sqlite3_column_bytes(m_statement.get(), column);
    return QByteArray(static_cast<const char *>(bytes), size);
}

bool Statement::isNull(int column) const
{
    return sqlite3_column_type(m_statement.get(), column) == SQLITE_NULL;
}

void Database::Closer::operator()(sqlite3 *handle) const
{
    sqlite3_close_v2(handle);
}

Result<Database> Database::open(const QString &path, Mode mode)
{
    sqlite3 *handle = nullptr;
    const int flags = mode == Mode::ReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    const int code = sqlite3_open_v2(path.toUtf8().constData(), &handle, flags, nullptr);
    Database database;
    database.m_handle.reset(handle);
    if (code != SQLITE_OK)
        return fail(errorOf(handle, code, nullptr));
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, kBusyTimeoutMs);
    // No statement can damage the file's own structures. (TRUSTED_SCHEMA stays on: SQLite 3.40
    // forbids full-text tables in triggers without it.)
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    if (mode == Mode::ReadWrite) {
        if (auto done = database.configure(); !done)
            return fail(std::move(done.error()));
    }
    return database;
}

Result<> Database::configure()
{
    // FULL: in WAL mode the log is synchronised at every commit (NORMAL would do it only at
    // checkpoints). fullfsync makes macOS flush the drive's own cache too; others ignore it.
    return execute("PRAGMA journal_mode = WAL;"
                   "PRAGMA synchronous = FULL;"
                   "PRAGMA fullfsync = ON;"
                   "PRAGMA checkpoint_fullfsync = ON;"
                   "PRAGMA foreign_keys = ON;"
                   "PRAGMA cell_size_check = ON;"
                   // What was purged is overwritten, not only unlinked.
                   "PRAGMA secure_delete = ON;");
}

Result<> Database::execute(const char *sql)
{
    const int code = sqlite3_exec(m_handle.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        Error error = errorOf(m_handle.get(), code, sql);
        // No values are bound here, so SQLite's own words hold none.
        error.detail = std::string(sqlite3_errmsg(m_handle.get())) + "; " + error.detail;
        return fail(std::move(error));
    }
    return {};
}

Result<Statement> Database::prepare(std::string_view sql) const
{
    sqlite3_stmt *statement = nullptr;
    const int code =
        sqlite3_prepare_v2(m_handle.get(), sql.data(), int(sql.size()), &statement, nullptr);
    if (code != SQLITE_OK)
        return fail(errorOf(m_handle.get(), code, std::string(sql).c_str()));
    return Statement(statement);
}

qint64 Database::lastInsertId() const
{
    return sqlite3_last_insert_rowid(m_handle.get());
}

qint64 Database::changes() const
{
    return sqlite3_changes64(m_handle.get());
}

bool Database::inTransaction() const
{
    return sqlite3_get_autocommit(m_handle.get()) == 0;
}

Result<> Database::copyTo(const QString &path) const
{
    if (auto created = createPrivateFile(path); !created)
        return created;
    sqlite3 *handle = nullptr;
    int code = sqlite3_open_v2(path.toUtf8().constData(), &handle, SQLITE_OPEN_READWRITE, nullptr);
    const std::unique_ptr<sqlite3, Closer> target(handle);
    if (code != SQLITE_OK)
        return fail(errorOf(handle, code, nullptr));
    sqlite3_backup *backup = sqlite3_backup_init(handle, "main", m_handle.get(), "main");
    if (!backup)
        return fail(errorOf(handle, sqlite3_errcode(handle), nullptr));
    sqlite3_backup_step(backup, -1);
    code = sqlite3_backup_finish(backup);
    if (code != SQLITE_OK)
        return fail(errorOf(handle, code, nullptr));
    return {};
}

Result<Transaction> Transaction::begin(Database &database)
{
    if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun)
        return fail(std::move(begun.error()));
    return Transaction(database);
}

Transaction::Transaction(Transaction &&other) noexcept
    : m_database(std::exchange(other.m_database, nullptr))
{ }

Transaction::~Transaction()
{
    // SQLite may have rolled back by itself (a full disk does that).
    if (m_database && m_database->inTransaction())
        (void)m_database->execute("ROLLBACK");
}

Result<> Transaction::commit()
{
    auto done = m_database->execute("COMMIT");
    if (done)
        m_database = nullptr; // else the destructor rolls back
    return done;
}

} // namespace alcove::storage
