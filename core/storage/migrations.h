// The database's schema, as the list of steps that lead to it.
//
// The table is append-only: a released step is never edited, because the databases of users have
// run it. A step is a plain function, so that it can reach nothing but the database. Runs on the
// storage thread, each step in a transaction of its own together with the version it leads to.
#pragma once

#include "core/storage/sqlite.h"

#include <span>

namespace alcove::storage {

struct Migration {
    int version; // PRAGMA user_version afterwards
    Result<> (*apply)(Database &database);
};

// PRAGMA application_id of Alcove's databases: "Alcv".
inline constexpr qint64 kApplicationId = 0x416c6376;

// All steps, oldest first; versions rise.
std::span<const Migration> migrations();

constexpr bool versionsRise(std::span<const Migration> steps)
{
    int last = 0;
    for (const Migration &step : steps) {
        if (step.version <= last)
            return false;
        last = step.version;
    }
    return !steps.empty();
}

Result<int> schemaVersion(const Database &database);

// Applies the steps above the database's version. The first that fails changes nothing and ends it.
Result<> migrate(Database &database, std::span<const Migration> steps);

} // namespace alcove::storage
