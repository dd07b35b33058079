// IndexQueue: what is still to be taken into the index, and the folders that are looked at again.
//
// In the database, so that the work goes on after a crash. Used by one thread at a time, that of
// its Database. Errors: those of storage::Database.
#pragma once

#include "core/base/result.h"
#include "core/storage/sqlite.h"

#include <QString>
#include <QVector>

namespace alcove::documents {

class IndexQueue
{
public:
    explicit IndexQueue(storage::Database &database) : m_database(database) { }

    struct Item {
        qint64 id = 0;
        QString collection;
        QString path; // absolute, of a file or a folder
    };
    Result<QVector<Item>> waiting(); // in the order in which they came
    Result<> put(const QString &collection, const QStringList &paths);
    Result<> done(qint64 id);
    Result<> drop(const QString &collection, const QString &path); // it is no longer wanted

    struct Folder {
        QString collection;
        QString path; // absolute
        bool operator==(const Folder &) const = default;
    };
    Result<QVector<Folder>> folders();
    // The collection is made where it is not there yet.
    Result<> watch(const QString &collection, const QString &folder);
    Result<> unwatch(const QString &collection, const QString &folder);

private:
    storage::Database &m_database;
};

} // namespace alcove::documents
