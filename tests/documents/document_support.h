// What the tests of documents share: texts with a structure, made in a line.
#pragma once

#include "core/documents/chunker.h"
#include "core/documents/document_builder.h"
#include "core/documents/document_index.h"
#include "core/llm/utf8.h"
#include "core/storage/store.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <string>
#include <vector>

namespace alcove::test {

// The whole text of a document.
inline std::string wholeText(const documents::DocumentText &document)
{
    std::string text;
    for (const documents::Page &page : document.pages)
        text += page.text;
    return text;
}

// Code points begin..end of a text.
inline std::string slice(const std::string &text, std::uint64_t begin, std::uint64_t end)
{
    return QString::fromUcs4(QString::fromStdString(text).toStdU32String().data() + begin,
                             qsizetype(end - begin))
        .toStdString();
}

inline std::string textOf(const documents::DocumentText &document, const documents::Block &block)
{
    return document.pages[block.page].text.substr(block.begin, block.end - block.begin);
}

// "H1 Title", "P text", "L2 item", "R row", "R! header", "C code": a document as its blocks.
inline QStringList outline(const documents::DocumentText &document)
{
    using documents::BlockKind;
    QStringList lines;
    for (const documents::Block &block : document.blocks) {
        QString mark;
        switch (block.kind) {
        case BlockKind::Paragraph:
            mark = QStringLiteral("P");
            break;
        case BlockKind::Heading:
            mark = QStringLiteral("H%1").arg(block.level);
            break;
        case BlockKind::ListItem:
            mark = QStringLiteral("L%1").arg(block.level);
            break;
        case BlockKind::TableRow:
            mark = block.header ? QStringLiteral("R!") : QStringLiteral("R");
            break;
        case BlockKind::Code:
            mark = QStringLiteral("C");
            break;
        }
        lines << mark + u' ' + QString::fromStdString(textOf(document, block));
    }
    return lines;
}

inline bool write(const QString &path, const QByteArray &bytes)
{
    QFile file(path);
    return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size();
}

// A database in a folder of its own.
class TemporaryIndex
{
public:
    TemporaryIndex()
    {
        auto store = storage::Store::open(m_folder.filePath(QStringLiteral("test.sqlite3")));
        if (store) {
            m_store = std::move(*store);
            m_index = std::make_unique<documents::DocumentIndex>(m_store->database());
        }
    }
    documents::DocumentIndex &index() { return *m_index; }
    storage::Database &database() { return m_store->database(); }
    bool open() const { return m_index != nullptr; }

private:
    QTemporaryDir m_folder;
    std::unique_ptr<storage::Store> m_store;
    std::unique_ptr<documents::DocumentIndex> m_index;
};

// A document of one page of paragraphs, put into the index.
inline Result<qint64> put(documents::DocumentIndex &index, const QString &path,
                          const std::vector<std::string> &paragraphs,
                          const QString &collection = QStringLiteral("Documents"))
{
    documents::DocumentBuilder builder(documents::PageKind::None, {});
    for (const std::string &paragraph : paragraphs)
        builder.paragraph(paragraph);
    const documents::DocumentText text = builder.finish();
    documents::DocumentEntry entry;
    entry.collection = collection;
    entry.path = path;
    entry.hash = path;
    // A passage each.
    documents::ChunkOptions options;
    options.tokens = 1;
    options.overlap = 0;
    const auto one = [](std::string_view) { return std::size_t(1); };
    return index.put(entry, text, documents::passagesOf(text, options, one));
}

} // namespace alcove::test
