#include "core/documents/file_kinds.h"

#include <QFileInfo>
#include <QHash>

namespace alcove::documents {

FileKind kindOf(const QString &fileName)
{
    static const QHash<QString, FileKind> kinds = [] {
        QHash<QString, FileKind> made;
        const auto add = [&](FileKind kind, std::initializer_list<const char *> endings) {
            for (const char *ending : endings)
                made.insert(QString::fromLatin1(ending), kind);
        };
        add(FileKind::Pdf, {"pdf"});
        add(FileKind::Docx, {"docx", "docm", "dotx"});
        add(FileKind::Pptx, {"pptx", "pptm", "ppsx"});
        add(FileKind::Xlsx, {"xlsx", "xlsm"});
        add(FileKind::Odt, {"odt", "ott"});
        add(FileKind::Odp, {"odp", "otp"});
        add(FileKind::Ods, {"ods", "ots"});
        add(FileKind::Rtf, {"rtf"});
        add(FileKind::Html, {"html", "htm", "xhtml"});
        add(FileKind::Epub, {"epub"});
        add(FileKind::Email, {"eml"});
        add(FileKind::Markdown, {"md", "markdown", "mdown", "mkd"});
        add(FileKind::Csv, {"csv", "tsv"});
        add(FileKind::PlainText,
            {"txt", "text", "log", "rst", "adoc", "asciidoc", "org", "tex", "srt", "vtt"});
        add(FileKind::SourceCode,
            {"c",    "h",    "cc",   "cpp",   "cxx",    "hh",     "hpp",  "hxx",   "m",    "mm",
             "cs",   "java", "kt",   "kts",   "scala",  "swift",  "go",   "rs",    "zig",  "d",
             "py",   "pyi",  "rb",   "pl",    "pm",     "php",    "lua",  "r",     "jl",   "js",
             "mjs",  "cjs",  "ts",   "jsx",   "tsx",    "vue",    "dart", "sh",    "bash", "zsh",
             "fish", "ps1",  "bat",  "sql",   "hs",     "ml",     "mli",  "fs",    "clj",  "ex",
             "exs",  "erl",  "el",   "lisp",  "scm",    "asm",    "s",    "f90",   "f",    "pas",
             "vb",   "qml",  "glsl", "comp",  "frag",   "vert",   "cu",   "cmake", "mk",   "gradle",
             "css",  "scss", "less", "json",  "jsonl",  "ndjson", "xml",  "yaml",  "yml",  "toml",
             "ini",  "cfg",  "conf", "proto", "graphql"});
        return made;
    }();
    return kinds.value(QFileInfo(fileName).suffix().toLower(), FileKind::Unknown);
}

} // namespace alcove::documents
