#include "core/storage/data_folder.h"

#include "core/storage/private_file.h"

#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>

#include <utility>

namespace alcove::storage {

QString DataFolder::resolve(const QString &chosen)
{
    const QString path = chosen.isEmpty()
        ? QStandardPaths::writableLocation(QStandardPaths::AppDataLocation)
        : chosen;
    return QDir::cleanPath(QFileInfo(path).absoluteFilePath());
}

Result<DataFolder> DataFolder::open(const QString &chosen)
{
    const QString path = resolve(chosen);
    if (auto created = createPrivateFolder(path); !created)
        return fail(std::move(created.error()));
    auto lock = std::make_unique<QLockFile>(path + QStringLiteral("/alcove.lock"));
    lock->setStaleLockTime(0); // stale is what a dead process left, however old a living one's is
    if (!lock->tryLock(0)) {
        if (lock->error() == QLockFile::LockFailedError)
            return fail(ErrorCode::Database,
                        "Alcove is already running with the folder " + path.toStdString()
                            + ". Use its window, or start this one with another folder "
                              "(--data-dir).");
        return fail(ErrorCode::Io,
                    "The folder " + path.toStdString()
                        + " cannot be written. Check that it belongs to you and that the disk is "
                          "not full, or choose another with --data-dir.");
    }
    return DataFolder(path, std::move(lock));
}

DataFolder::DataFolder(QString path, std::unique_ptr<QLockFile> lock)
    : m_path(std::move(path)), m_lock(std::move(lock))
{ }

QString DataFolder::databasePathIn(const QString &path)
{
    return path + QStringLiteral("/alcove.sqlite3");
}

QString DataFolder::logPath() const
{
    return m_path + QStringLiteral("/logs/alcove.log");
}

QString DataFolder::modelsPath() const
{
    return m_path + QStringLiteral("/models");
}

} // namespace alcove::storage
