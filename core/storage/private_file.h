// Files and folders that only their owner may read (modes 0600 and 0700 where the system has
// modes). Any thread. Fails with Io or DiskFull.
#pragma once

#include "core/base/result.h"

#include <QString>

namespace alcove::storage {

// A new, empty file; one that is there already is left as it is, but for its mode.
Result<> createPrivateFile(const QString &path);

// The folder and those above it that are missing.
Result<> createPrivateFolder(const QString &path);

} // namespace alcove::storage
