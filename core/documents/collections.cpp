#include "core/documents/collections.h"

#include "core/documents/document_rows.h"

#include <QDateTime>
#include <QUuid>

#include <string>

namespace alcove::documents {

using storage::Statement;
using storage::Transaction;

namespace {

constexpr int kLongestName = 100; // characters

Result<QString> checkedName(const QString &name)
{
    const QString tidy = name.simplified();
    if (tidy.isEmpty())
        return fail(ErrorCode::InvalidArgument, "A collection needs a name.");
    if (tidy.size() > kLongestName)
        return fail(ErrorCode::InvalidArgument, "The name of the collection is too long.");
    if (Collections::isPrivate(tidy))
        return fail(ErrorCode::InvalidArgument, "The name of a collection cannot begin with '#'.");
    return tidy;
}

} // namespace

QString Collections::privateName()
{
    return QStringLiteral("#") + QUuid::createUuid().toString(QUuid::WithoutBraces);
}

Result<QVector<CollectionSummary>> Collections::list()
{
    QVector<CollectionSummary> all;
    auto done = m_database.each(
        "SELECT c.name, (SELECT count(*) FROM documents d WHERE d.collection_id = c.id),"
        " (SELECT count(*) FROM passages p JOIN documents d ON d.id = p.document_id"
        "  WHERE d.collection_id = c.id)"
        " FROM collections c WHERE substr(c.name, 1, 1) <> '#' ORDER BY c.name COLLATE NOCASE",
        [&](const Statement &row) {
            all.append({row.text(0), int(row.integer(1)), int(row.integer(2))});
        });
    return done ? Result<QVector<CollectionSummary>>(std::move(all)) : fail(done.error());
}

Result<qint64> Collections::idOf(const QString &name)
{
    auto id = m_database.number("SELECT id FROM collections WHERE name = ?1", name);
    if (!id && id.error().code == ErrorCode::NotFound)
        return fail(ErrorCode::NotFound, "This collection is no longer there.");
    return id;
}

Result<> Collections::create(const QString &name)
{
    const auto tidy = checkedName(name);
    if (!tidy)
        return fail(tidy.error());
    return m_database.run("INSERT OR IGNORE INTO collections (name, created_at) VALUES (?1, ?2)",
                          *tidy, QDateTime::currentMSecsSinceEpoch());
}

Result<> Collections::rename(const QString &from, const QString &to)
{
    const auto tidy = checkedName(to);
    if (!tidy)
        return fail(tidy.error());
    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(transaction.error());
    const auto id = idOf(from);
    if (!id)
        return fail(id.error());
    const auto taken = m_database.number(
        "SELECT count(*) FROM collections WHERE name = ?1 AND id <> ?2", *tidy, *id);
    if (!taken)
        return fail(taken.error());
    if (*taken > 0)
        return fail(ErrorCode::InvalidArgument, "There is a collection of this name already.");
    if (auto done = m_database.run("UPDATE collections SET name = ?1 WHERE id = ?2", *tidy, *id);
        !done)
        return done;
    if (auto done = m_database.run("UPDATE index_queue SET collection = ?1 WHERE collection = ?2",
                                   *tidy, from);
        !done)
        return done;
    return transaction->commit();
}

// `which`: as of dropTexts().
Result<> Collections::removeDocuments(const char *which, qint64 value)
{
    if (auto done = dropTexts(m_database, which, value); !done)
        return done;
    std::string sql("DELETE FROM documents WHERE ");
    sql += which;
    return m_database.run(sql, value);
}

Result<> Collections::removeCollection(qint64 id)
{
    if (auto done = removeDocuments("collection_id = ?1", id); !done)
        return done;
    for (const char *sql : {
             "DELETE FROM chat_collections WHERE collection_id = ?1",
             "DELETE FROM watched_folders WHERE collection_id = ?1",
             "DELETE FROM index_queue WHERE collection ="
             " (SELECT name FROM collections WHERE id = ?1)",
             "DELETE FROM collections WHERE id = ?1",
         }) {
        if (auto done = m_database.run(sql, id); !done)
            return done;
    }
    return {};
}

Result<> Collections::remove(const QString &name)
{
    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(transaction.error());
    const auto id = idOf(name);
    if (!id)
        return fail(id.error());
    if (auto done = removeCollection(*id); !done)
        return done;
    return transaction->commit();
}

Result<> Collections::move(qint64 document, const QString &to)
{
    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(transaction.error());
    if (auto done =
            m_database.run("INSERT OR IGNORE INTO collections (name, created_at) VALUES (?1, ?2)",
                           to, QDateTime::currentMSecsSinceEpoch());
        !done)
        return done;
    const auto id = idOf(to);
    if (!id)
        return fail(id.error());
    const auto other = m_database.number(
        "SELECT coalesce(max(o.id), 0) FROM documents o JOIN documents d ON d.path = o.path"
        " WHERE d.id = ?1 AND o.id <> d.id AND o.collection_id = ?2",
        document, *id);
    if (!other)
        return fail(other.error());
    if (auto done = removeDocuments("id = ?1", *other); !done)
        return done;
    if (auto done =
            m_database.run("UPDATE documents SET collection_id = ?2 WHERE id = ?1", document, *id);
        !done)
        return done;
    if (m_database.changes() == 0)
        return fail(ErrorCode::NotFound, "This document is no longer there.");
    return transaction->commit();
}

Result<int> Collections::removeLeftOvers()
{
    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(transaction.error());
    QVector<qint64> unused;
    if (auto done = m_database.each("SELECT id FROM collections WHERE substr(name, 1, 1) = '#'"
                                    " AND id NOT IN (SELECT collection_id FROM chat_collections)",
                                    [&](const Statement &row) { unused.append(row.integer(0)); });
        !done)
        return fail(done.error());
    for (const qint64 id : std::as_const(unused)) {
        if (auto done = removeCollection(id); !done)
            return fail(done.error());
    }
    if (auto done = transaction->commit(); !done)
        return fail(done.error());
    return int(unused.size());
}

} // namespace alcove::documents
