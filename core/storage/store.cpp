#include "core/storage/store.h"

#include "core/storage/database_file.h"

namespace alcove::storage {

Result<std::unique_ptr<Store>> Store::open(const QString &databasePath)
{
    auto opened = openDatabaseFile(databasePath);
    if (!opened)
        return fail(std::move(opened.error()));
    return std::unique_ptr<Store>(
        new Store(std::move(opened->database), std::move(opened->notice)));
}

Store::Store(Database database, QString notice)
    : m_database(std::move(database)), m_notice(std::move(notice)), m_chats(m_database),
      m_settings(m_database)
{ }

Store::~Store()
{
    (void)m_database.execute("PRAGMA optimize"); // keeps the query planner's figures fresh
}

} // namespace alcove::storage
