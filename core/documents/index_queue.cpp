#include "core/documents/index_queue.h"

#include <QDateTime>

namespace alcove::documents {

using storage::Statement;
using storage::Transaction;

Result<QVector<IndexQueue::Item>> IndexQueue::waiting()
{
    QVector<Item> items;
    auto done = m_database.each("SELECT id, collection, path FROM index_queue ORDER BY id",
                                [&](const Statement &row) {
                                    items.append({row.integer(0), row.text(1), row.text(2)});
                                });
    return done ? Result<QVector<Item>>(std::move(items)) : fail(done.error());
}

Result<> IndexQueue::put(const QString &collection, const QStringList &paths)
{
    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(transaction.error());
    for (const QString &path : paths) {
        // One that is there gets a new number: where it is being done, it is done once more.
        if (auto done = m_database.run(
                "INSERT OR REPLACE INTO index_queue (collection, path) VALUES (?1, ?2)", collection,
                path);
            !done)
            return done;
    }
    return transaction->commit();
}

Result<> IndexQueue::done(qint64 id)
{
    return m_database.run("DELETE FROM index_queue WHERE id = ?1", id);
}

Result<> IndexQueue::drop(const QString &collection, const QString &path)
{
    return m_database.run("DELETE FROM index_queue WHERE collection = ?1 AND path = ?2", collection,
                          path);
}

Result<QVector<IndexQueue::Folder>> IndexQueue::folders()
{
    QVector<Folder> all;
    auto done = m_database.each(
        "SELECT c.name, f.path FROM watched_folders f JOIN collections c ON c.id = f.collection_id"
        " ORDER BY c.name, f.path",
        [&](const Statement &row) {
            all.append({row.text(0), row.text(1)});
        });
    return done ? Result<QVector<Folder>>(std::move(all)) : fail(done.error());
}

Result<> IndexQueue::watch(const QString &collection, const QString &folder)
{
    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(transaction.error());
    if (auto done =
            m_database.run("INSERT OR IGNORE INTO collections (name, created_at) VALUES (?1, ?2)",
                           collection, QDateTime::currentMSecsSinceEpoch());
        !done)
        return done;
    if (auto done = m_database.run("INSERT OR IGNORE INTO watched_folders (collection_id, path)"
                                   " SELECT id, ?2 FROM collections WHERE name = ?1",
                                   collection, folder);
        !done)
        return done;
    return transaction->commit();
}

Result<> IndexQueue::unwatch(const QString &collection, const QString &folder)
{
    return m_database.run("DELETE FROM watched_folders WHERE path = ?2 AND collection_id ="
                          " (SELECT id FROM collections WHERE name = ?1)",
                          collection, folder);
}

} // namespace alcove::documents
