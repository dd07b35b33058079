#include "core/documents/extract/readers.h"
#include "core/documents/file_kinds.h"

#include <QFile>
#include <QFileInfo>

namespace alcove::documents {

namespace {

Reader readerOf(FileKind kind)
{
    switch (kind) {
    case FileKind::Pdf:
        return readPdf;
    case FileKind::Docx:
        return readDocx;
    case FileKind::Pptx:
        return readPptx;
    case FileKind::Xlsx:
        return readXlsx;
    case FileKind::Odt:
        return readOdt;
    case FileKind::Odp:
        return readOdp;
    case FileKind::Ods:
        return readOds;
    case FileKind::Rtf:
        return readRtf;
    case FileKind::Html:
        return readHtml;
    case FileKind::Epub:
        return readEpub;
    case FileKind::Email:
        return readEmail;
    case FileKind::Markdown:
        return readMarkdown;
    case FileKind::Csv:
        return readCsv;
    case FileKind::SourceCode:
        return readSourceCode;
    case FileKind::PlainText:
    case FileKind::Unknown:
        return readPlainText;
    }
    return readPlainText;
}

// Their files are zip archives.
bool isArchive(FileKind kind)
{
    switch (kind) {
    case FileKind::Docx:
    case FileKind::Pptx:
    case FileKind::Xlsx:
    case FileKind::Odt:
    case FileKind::Odp:
    case FileKind::Ods:
    case FileKind::Epub:
        return true;
    default:
        return false;
    }
}

tl::unexpected<Error> misnamed()
{
    return fail(ErrorCode::InvalidFile, "The file is damaged: it is not what its name says.");
}

} // namespace

Result<Reader> readerFor(const std::string &path)
{
    const QFileInfo info(QString::fromStdString(path));
    if (!info.exists())
        return fail(ErrorCode::NotFound, "The file is not there any more.");
    if (!info.isFile())
        return fail(ErrorCode::Unsupported, "This is no file that can be read.");
    QFile file(info.filePath());
    if (!file.open(QIODevice::ReadOnly))
        return fail(ErrorCode::Io, "The file may not be read.", file.errorString().toStdString());
    const QByteArray beginning = file.read(4096);
    if (beginning.isEmpty())
        return fail(ErrorCode::InvalidFile, "The file is empty.");
    if (beginning.startsWith("%PDF-"))
        return Reader(readPdf);
    if (beginning.startsWith("{\\rtf"))
        return Reader(readRtf);
    const FileKind kind = kindOf(info.fileName());
    const bool zip = beginning.startsWith("PK\x03\x04") || beginning.startsWith("PK\x05\x06");
    const bool compound = beginning.startsWith("\xD0\xCF\x11\xE0"); // or a locked Office file
    if (isArchive(kind))
        return zip || compound ? Result<Reader>(readerOf(kind)) : misnamed();
    if (kind != FileKind::Unknown)
        return kind == FileKind::Pdf || zip ? misnamed() : Result<Reader>(readerOf(kind));
    if (compound)
        return fail(ErrorCode::Unsupported,
                    "Word, Excel and PowerPoint files of before 2007 cannot be read. Save it as "
                    ".docx, .xlsx or .pptx.");
    if (zip || beginning.startsWith("\x1f\x8b") || beginning.startsWith("7z\xBC\xAF")
        || beginning.startsWith("Rar!"))
        return fail(ErrorCode::Unsupported, "This is an archive. Unpack it and add what is in it.");
    if (beginning.startsWith("\x89PNG") || beginning.startsWith("\xFF\xD8\xFF")
        || beginning.startsWith("GIF8"))
        return fail(ErrorCode::Unsupported,
                    "This is a picture. Only pictures within a PDF are read.");
    if (beginning.contains('\0') && !beginning.startsWith("\xFF\xFE")
        && !beginning.startsWith("\xFE\xFF"))
        return fail(ErrorCode::Unsupported, "Files of this kind cannot be read.");
    return Reader(readPlainText);
}

} // namespace alcove::documents
