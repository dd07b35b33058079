// Collections: the named groups that documents lie in, and the unnamed one that a chat may have.
//
// Files dropped on a chat belong to it alone, until they are moved: they lie in a collection whose
// name begins with '#', which no list shows. Used by one thread at a time, that of its Database.
// Each method is one transaction. Errors: InvalidArgument (a name that cannot be used), NotFound,
// those of storage::Database.
#pragma once

#include "core/base/result.h"
#include "core/storage/sqlite.h"

#include <QString>
#include <QVector>

namespace alcove::documents {

struct CollectionSummary {
    QString name;
    int documents = 0;
    int passages = 0;
};

class Collections
{
public:
    explicit Collections(storage::Database &database) : m_database(database) { }

    // A new name for what belongs to one chat alone.
    static QString privateName();
    static bool isPrivate(const QString &name) { return name.startsWith(QLatin1Char('#')); }

    Result<QVector<CollectionSummary>> list(); // those with names, by name
    Result<> create(const QString &name);
    Result<> rename(const QString &from, const QString &to);
    Result<> remove(const QString &name); // with all that is in it
    // A document that is there already under the same path is replaced.
    Result<> move(qint64 document, const QString &to);
    // What belonged to chats that are gone for good; how many collections.
    Result<int> removeLeftOvers();

private:
    Result<qint64> idOf(const QString &name);
    Result<> removeDocuments(const char *which, qint64 value);
    Result<> removeCollection(qint64 id);

    storage::Database &m_database;
};

} // namespace alcove::documents
