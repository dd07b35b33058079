#include "core/storage/private_file.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>

#ifndef _WIN32
#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#endif

namespace alcove::storage {

namespace {

constexpr QFileDevice::Permissions kOwnerFile = QFileDevice::ReadOwner | QFileDevice::WriteOwner;

} // namespace

Result<> createPrivateFile(const QString &path)
{
    QFile file(path);
    // NewOnly never truncates; the mode is given at creation, so there is no moment with another.
    if (file.open(QIODevice::WriteOnly | QIODevice::NewOnly, kOwnerFile))
        return {};
    if (QFileInfo(path).isFile()) {
        // Best effort: on file systems without modes there is nothing to set.
        QFile::setPermissions(path, kOwnerFile);
        return {};
    }
    const bool full = file.error() == QFileDevice::ResourceError;
    return fail(full ? ErrorCode::DiskFull : ErrorCode::Io,
                "The file " + path.toStdString()
                    + " could not be created. Check that there is space and that its folder "
                      "belongs to you.",
                file.errorString().toStdString());
}

Result<> createPrivateFolder(const QString &path)
{
    const QFileInfo folder(path);
    if (folder.isDir())
        return {};
    const QString parent = folder.dir().path();
    if (parent != path && !QFileInfo(parent).isDir()) {
        if (auto made = createPrivateFolder(parent); !made)
            return made;
    }
#ifdef _WIN32
    const bool made = QDir().mkdir(path);
    const std::string reason;
#else
    const bool made = ::mkdir(QFile::encodeName(path).constData(), 0700) == 0;
    const std::string reason = made ? std::string() : std::strerror(errno);
#endif
    if (!made && !QFileInfo(path).isDir())
        return fail(ErrorCode::Io,
                    "The folder " + path.toStdString()
                        + " could not be created. Choose another with --data-dir, or check that "
                          "the folder above it belongs to you.",
                    reason);
    return {};
}

} // namespace alcove::storage
