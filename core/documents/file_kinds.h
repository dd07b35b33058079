// Kinds of files that can be read, by their names. Pure; any thread.
#pragma once

#include <QString>

namespace alcove::documents {

enum class FileKind {
    Unknown,
    Pdf,
    Docx,
    Pptx,
    Xlsx,
    Odt,
    Odp,
    Ods,
    Rtf,
    Html,
    Epub,
    Email,
    Markdown,
    Csv,
    PlainText,
    SourceCode,
};

FileKind kindOf(const QString &fileName);

inline bool isKnownKind(const QString &fileName)
{
    return kindOf(fileName) != FileKind::Unknown;
}

} // namespace alcove::documents
