// Store: an open database with its queries. Lives on the storage thread.
#pragma once

#include "core/storage/chat_store.h"
#include "core/storage/settings_store.h"
#include "core/storage/sqlite.h"

#include <memory>

namespace alcove::storage {

class Store
{
public:
    static Result<std::unique_ptr<Store>> open(const QString &databasePath);
    ~Store();

    Store(const Store &) = delete;
    Store &operator=(const Store &) = delete;

    ChatStore &chats() { return m_chats; }
    SettingsStore &settings() { return m_settings; }
    Database &database() { return m_database; }
    const QString &notice() const { return m_notice; }

private:
    Store(Database database, QString notice);

    Database m_database;
    QString m_notice;
    ChatStore m_chats;
    SettingsStore m_settings;
};

} // namespace alcove::storage
