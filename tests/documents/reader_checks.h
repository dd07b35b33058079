// What the tests of the readers share: documents told in lines, archives written by hand, and files
// made by the programs that people make them with.
#pragma once

#include "core/documents/extract/readers.h"

#include <QDir>
#include <QFile>
#include <QProcess>
#include <QStandardPaths>
#include <QString>
#include <QTemporaryDir>

#include <zip.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace alcove::test {

// One line for each block: "H2 text", "P text", "L1 text", "R a | b", "RH a | b" (names the
// columns), "C text"; "[label]" begins a page. Line feeds within a block are written as "\n".
inline QString told(const documents::DocumentText &document)
{
    using documents::BlockKind;
    std::string lines;
    std::size_t next = 0;
    for (std::size_t page = 0; page < document.pages.size(); ++page) {
        if (document.pageKind != documents::PageKind::None)
            lines += "[" + document.pages[page].label + "]\n";
        for (; next < document.blocks.size() && document.blocks[next].page == page; ++next) {
            const documents::Block &block = document.blocks[next];
            switch (block.kind) {
            case BlockKind::Heading:
                lines += "H" + std::to_string(block.level);
                break;
            case BlockKind::ListItem:
                lines += "L" + std::to_string(block.level);
                break;
            case BlockKind::TableRow:
                lines += block.header ? "RH" : "R";
                break;
            case BlockKind::Code:
                lines += "C";
                break;
            case BlockKind::Paragraph:
                lines += "P";
                break;
            }
            lines += ' ';
            for (std::size_t i = block.begin; i < block.end; ++i) {
                const char c = document.pages[page].text[i];
                lines += c == '\n' ? std::string("\\n") : std::string(1, c);
            }
            lines += '\n';
        }
    }
    return QString::fromStdString(lines);
}

inline QString told(const Result<documents::DocumentText> &document)
{
    if (document)
        return told(*document);
    return QStringLiteral("error %1: %2 (%3)")
        .arg(int(document.error().code))
        .arg(QString::fromStdString(document.error().message),
             QString::fromStdString(document.error().detail));
}

inline QString told(documents::Reader reader, const QString &path,
                    const documents::ReadOptions &options = {})
{
    return told(reader(path.toStdString(), options));
}

// The code of the error that a reader ends with; nothing when it succeeds.
inline std::optional<ErrorCode> failure(documents::Reader reader, const QString &path,
                                        const documents::ReadOptions &options = {})
{
    const auto document = reader(path.toStdString(), options);
    return document ? std::nullopt : std::optional(document.error().code);
}

inline void writeFile(const QString &path, const QByteArray &bytes)
{
    QFile file(path);
    if (file.open(QIODevice::WriteOnly))
        file.write(bytes);
}

// A zip archive of these parts.
inline void writeArchive(const QString &path,
                         const std::vector<std::pair<std::string, std::string>> &parts)
{
    int code = 0;
    zip_t *archive = zip_open(path.toUtf8().constData(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    if (archive == nullptr)
        return;
    for (const auto &[name, bytes] : parts)
        zip_file_add(archive, name.c_str(),
                     zip_source_buffer(archive, bytes.data(), bytes.size(), 0), ZIP_FL_ENC_UTF_8);
    zip_close(archive);
}

inline std::string repeated(std::string_view text, std::size_t times)
{
    std::string all;
    all.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i)
        all += text;
    return all;
}

inline bool hasProgram(const char *name)
{
    return !QStandardPaths::findExecutable(QString::fromLatin1(name)).isEmpty();
}

// Runs a program in `folder`; whether it ended well.
inline bool ran(const QString &folder, const char *name, const QStringList &arguments)
{
    QProcess process;
    process.setWorkingDirectory(folder);
    process.start(QString::fromLatin1(name), arguments);
    return process.waitForFinished(240000) && process.exitStatus() == QProcess::NormalExit
        && process.exitCode() == 0;
}

// LibreOffice makes files of `format` from `sources`, in the folder `to`. It takes seconds to
// start, so that many are made at once.
inline bool converted(const QString &folder, const QString &format, const QString &to,
                      const QStringList &sources)
{
    QStringList arguments{
        QStringLiteral("-env:UserInstallation=file://%1/profile").arg(folder),
        QStringLiteral("--headless"),
        QStringLiteral("--convert-to"),
        format,
        QStringLiteral("--outdir"),
        to,
    };
    return ran(folder, "soffice", arguments + sources);
}

} // namespace alcove::test
