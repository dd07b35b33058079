// Opening the database file: checks before anything is written to it, then the schema brought up to
// date.
//
// - A missing file is created (mode 0600).
// - A file of a newer Alcove, or of another program, is refused and not touched.
// - A damaged file is renamed, never deleted, and a new one is started; the notice says so.
// - Before an existing database is migrated, a copy of it is made beside it.
// Storage thread. Fails with Unsupported, InvalidFile, Io, DiskFull, Database.
#pragma once

#include "core/storage/migrations.h"
#include "core/storage/sqlite.h"

namespace alcove::storage {

struct OpenedDatabase {
    Database database;
    QString notice; // not empty: one sentence the user should see
};

Result<OpenedDatabase> openDatabaseFile(const QString &path,
                                        std::span<const Migration> steps = migrations());

} // namespace alcove::storage
