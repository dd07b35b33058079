// DataFolder: where the app keeps its database, log and models, held by one running app at a time.
//
// Created with mode 0700. Any thread. Fails with Io (cannot be created or written) and Database
// (another Alcove uses it). The lock of an app that crashed is taken over.
#pragma once

#include "core/base/result.h"

#include <QLockFile>
#include <QString>
#include <memory>

namespace alcove::storage {

class DataFolder
{
public:
    // `chosen` (--data-dir), or the place the system has for an application's data if empty. The
    // application's name must be set by then. Nothing is created.
    static QString resolve(const QString &chosen);

    // Creates and locks it; the lock is held until the value is destroyed.
    static Result<DataFolder> open(const QString &chosen);

    QString path() const { return m_path; }
    QString databasePath() const { return databasePathIn(m_path); }
    static QString databasePathIn(const QString &path);
    QString logPath() const;
    QString modelsPath() const; // a folder; created by whoever puts a model there

private:
    DataFolder(QString path, std::unique_ptr<QLockFile> lock);

    QString m_path; // absolute
    std::unique_ptr<QLockFile> m_lock;
};

} // namespace alcove::storage
