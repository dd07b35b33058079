// The whole of a file that is read at once, within the limits.
#pragma once

#include "core/base/result.h"
#include "core/documents/document_builder.h"

#include <QFile>

#include <string>

namespace alcove::documents {

// NotFound; Io when it cannot be read; Unsupported when it is larger than `most`.
inline Result<QByteArray> fileBytes(const std::string &path, std::uint64_t most)
{
    QFile file(QString::fromStdString(path));
    if (!file.exists())
        return fail(ErrorCode::NotFound, "The file is not there any more.");
    if (!file.open(QIODevice::ReadOnly))
        return fail(ErrorCode::Io, "The file cannot be read.", file.errorString().toStdString());
    if (std::uint64_t(file.size()) > most)
        return fail(tooMuchText());
    // One more than it has, in case that it grows; as much is set aside at once.
    QByteArray bytes = file.read(file.size() + 1);
    if (std::uint64_t(bytes.size()) > most)
        return fail(tooMuchText());
    return bytes;
}

} // namespace alcove::documents
