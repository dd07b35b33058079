// SettingsStore: the settings table, one JSON value a key. Lives on the storage thread.
#pragma once

#include "core/storage/sqlite.h"

#include <QVariant>
#include <QVariantMap>

namespace alcove::storage {

class SettingsStore
{
public:
    explicit SettingsStore(Database &database) : m_database(database) { }

    // Every stored value, whatever its key; what is not JSON is left out.
    Result<QVariantMap> load() const;
    Result<> save(const QString &key, const QVariant &value);
    Result<> remove(const QString &key);

private:
    Database &m_database;
};

} // namespace alcove::storage
