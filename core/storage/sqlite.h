// A thin layer over SQLite's C API: a connection, a prepared statement and a transaction as values
// that close themselves.
//
// A connection and what belongs to it are used by one thread at a time. Every failure is a Result:
// DiskFull, InvalidFile (the file is damaged or no database), Io (cannot be opened, read or
// written), OutOfMemory, Database (busy, or a rule of the schema was broken). Error details hold
// SQLite's code and our own SQL text, never bound values: those may be the user's words. Damage
// that is found leaves a mark beside the file, which has the whole of it checked when it is next
// opened.
#pragma once

#include "core/base/result.h"

#include <QByteArray>
#include <QString>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace alcove::storage {

// The mark's path; it is empty, only its presence counts.
QString suspectMark(const QString &databasePath);

class Statement
{
public:
    // Parameters count from 1, as in SQL.
    Result<> bind(int parameter, std::nullptr_t);
    Result<> bind(int parameter, qint64 value);
    Result<> bind(int parameter, int value) { return bind(parameter, qint64(value)); }
    Result<> bind(int parameter, quint32 value) { return bind(parameter, qint64(value)); }
    Result<> bind(int parameter, double value);
    Result<> bind(int parameter, const QString &value); // null is stored as an empty text
    Result<> bind(int parameter, const QByteArray &value); // as a blob
    Result<> bind(int parameter, const std::optional<qint64> &value);

    // True: there is a row to read. False: done.
    Result<bool> step();
    // Ready to be bound and stepped again.
    void reset();

    // Columns count from 0. A value of another type is converted as SQLite does.
    qint64 integer(int column) const;
    double real(int column) const;
    QString text(int column) const;
    QByteArray blob(int column) const;
    bool isNull(int column) const;

private:
    friend class Database;
    struct Finalizer {
        void operator()(sqlite3_stmt *statement) const;
    };
    explicit Statement(sqlite3_stmt *statement) : m_statement(statement) { }
    Result<> checked(int code) const;

    std::unique_ptr<sqlite3_stmt, Finalizer> m_statement;
};

class Database
{
public:
    enum class Mode { ReadOnly, ReadWrite };

    // Opens an existing file. ReadWrite connections get WAL, foreign keys, a busy timeout and full
    // synchronisation: a commit that has returned survives a power cut.
    static Result<Database> open(const QString &path, Mode mode);

    // One or more statements without parameters.
    Result<> execute(const char *sql);
    Result<Statement> prepare(std::string_view sql) const;

    // Runs one statement to its end with these values as its parameters.
    template <typename... Values>
    Result<> run(std::string_view sql, const Values &...values)
    {
        auto statement = bound(sql, values...);
        if (!statement)
            return fail(std::move(statement.error()));
        for (;;) {
            auto row = statement->step();
            if (!row)
                return fail(std::move(row.error()));
            if (!*row)
                return {};
        }
    }

    // A prepared statement with these values as its parameters.
    template <typename... Values>
    Result<Statement> bound(std::string_view sql, const Values &...values) const
    {
        auto statement = prepare(sql);
        if (!statement)
            return statement;
        [[maybe_unused]] int parameter = 0;
        Result<> outcome;
        [[maybe_unused]] const auto bindOne = [&](const auto &value) {
            outcome = statement->bind(++parameter, value);
            return outcome.has_value();
        };
        if (!(bindOne(values) && ...)) // stops at the first failure
            return fail(std::move(outcome.error()));
        return statement;
    }

    // Calls `read(const Statement &)` for each row that a query with these values gives.
    template <typename Read, typename... Values>
    Result<> each(std::string_view sql, Read &&read, const Values &...values) const
    {
        auto rows = bound(sql, values...);
        if (!rows)
            return fail(std::move(rows.error()));
        for (;;) {
            auto row = rows->step();
            if (!row)
                return fail(std::move(row.error()));
            if (!*row)
                return {};
            read(std::as_const(*rows));
        }
    }

    // The single number a query gives; NotFound when it gives no row.
    template <typename... Values>
    Result<qint64> number(std::string_view sql, const Values &...values) const
    {
        auto statement = bound(sql, values...);
        if (!statement)
            return fail(std::move(statement.error()));
        auto row = statement->step();
        if (!row)
            return fail(std::move(row.error()));
        if (!*row)
            return fail(ErrorCode::NotFound, "There is no such entry any more.");
        return statement->integer(0);
    }

    qint64 lastInsertId() const;
    qint64 changes() const; // rows the last statement changed
    bool inTransaction() const;

    // Copies the whole database, as it is committed now, into a new file of mode 0600.
    Result<> copyTo(const QString &path) const;

    sqlite3 *handle() const { return m_handle.get(); }

private:
    struct Closer {
        void operator()(sqlite3 *handle) const;
    };
    Result<> configure();

    std::unique_ptr<sqlite3, Closer> m_handle;
};

// Everything between begin() and commit() happens, or nothing of it. Rolls back when destroyed
// before a commit, and when the commit fails.
class Transaction
{
public:
    // Takes the write lock at once, so that no statement within can find the database busy.
    static Result<Transaction> begin(Database &database);

    Transaction(Transaction &&other) noexcept;
    Transaction &operator=(Transaction &&) = delete;
    ~Transaction();

    Result<> commit();

private:
    explicit Transaction(Database &database) : m_database(&database) { }

    Database *m_database;
};

} // namespace alcove::storage
