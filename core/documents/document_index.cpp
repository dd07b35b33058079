#include "core/documents/document_index.h"

#include "core/documents/document_rows.h"

#include <QCryptographicHash>
#include <QDateTime>
#include <QFileInfo>
#include <QHash>
#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>

namespace alcove::documents {

namespace {

using storage::Statement;
using storage::Transaction;

// What is the same in two versions of a document needs no new vector.
QString passageHash(const Passage &passage)
{
    QCryptographicHash hash(QCryptographicHash::Sha256);
    hash.addData(QByteArray::fromStdString(passage.heading));
    hash.addData(QByteArray("\0", 1));
    hash.addData(QByteArray::fromStdString(passage.columns));
    hash.addData(QByteArray("\0", 1));
    hash.addData(QByteArray::fromStdString(passage.text));
    return QString::fromLatin1(hash.result().toHex().left(32));
}

QString nameWords(const QString &path)
{
    return QFileInfo(path).completeBaseName().replace(QLatin1Char('_'), QLatin1Char(' '));
}

DocumentEntry entryOf(const Statement &row)
{
    DocumentEntry entry;
    entry.id = row.integer(0);
    entry.collection = row.text(1);
    entry.path = row.text(2);
    entry.state =
        row.text(3) == QLatin1String("ready") ? DocumentState::Ready : DocumentState::Failed;
    entry.errorText = row.text(4);
    entry.title = row.text(5);
    entry.language = row.text(6);
    entry.pageKind = PageKind(std::clamp<qint64>(row.integer(7), 0, int(PageKind::Sheet)));
    entry.pages = int(row.integer(8));
    entry.bytes = row.integer(9);
    entry.modifiedAt = row.integer(10);
    entry.hash = row.text(11);
    entry.remarks = row.text(12).split(QLatin1Char('\n'), Qt::SkipEmptyParts);
    entry.passages = int(row.integer(13));
    entry.embedded = int(row.integer(14));
    entry.locked = row.integer(15) != 0;
    return entry;
}

constexpr const char *kEntries =
    "SELECT d.id, c.name, d.path, d.state, d.error_text, d.title, d.language, d.page_kind, d.pages,"
    " d.bytes, d.modified_at, d.hash, d.remarks,"
    " (SELECT count(*) FROM passages p WHERE p.document_id = d.id),"
    " (SELECT count(*) FROM passage_vectors v JOIN passages p ON p.id = v.passage_id"
    "  WHERE p.document_id = d.id), d.locked"
    " FROM documents d JOIN collections c ON c.id = d.collection_id ";

} // namespace

QString DocumentIndex::defaultCollection()
{
    return QStringLiteral("Documents");
}

Result<std::vector<DocumentEntry>> DocumentIndex::documents()
{
    std::vector<DocumentEntry> entries;
    const auto done =
        m_database.each(std::string(kEntries) + "ORDER BY c.name, d.path",
                        [&](const Statement &row) { entries.push_back(entryOf(row)); });
    return done ? Result<std::vector<DocumentEntry>>(std::move(entries)) : fail(done.error());
}

template <typename... Values>
Result<std::optional<DocumentEntry>> DocumentIndex::first(const char *where,
                                                          const Values &...values)
{
    auto rows = m_database.bound(std::string(kEntries) + where, values...);
    if (!rows)
        return fail(rows.error());
    const auto row = rows->step();
    if (!row)
        return fail(row.error());
    if (!*row)
        return std::nullopt;
    return entryOf(*rows);
}

Result<std::optional<DocumentEntry>> DocumentIndex::find(const QString &collection,
                                                         const QString &path)
{
    return first("WHERE c.name = ? AND d.path = ?", collection, path);
}

Result<std::optional<DocumentEntry>> DocumentIndex::find(qint64 document)
{
    return first("WHERE d.id = ?", document);
}

Result<std::optional<DocumentEntry>> DocumentIndex::findByPath(const QString &path)
{
    return first("WHERE d.path = ? ORDER BY d.state = 'ready' DESC, d.id", path);
}

Result<std::optional<DocumentEntry>> DocumentIndex::findByHash(const QString &collection,
                                                               const QString &hash)
{
    return first("WHERE c.name = ? AND d.hash = ? AND d.state = 'ready' ORDER BY d.id", collection,
                 hash);
}

// As a parameter for json_each().
QString DocumentIndex::namesAsJson(const QStringList &names)
{
    return QString::fromUtf8(
        QJsonDocument(QJsonArray::fromStringList(names)).toJson(QJsonDocument::Compact));
}

Result<qint64> DocumentIndex::collectionId(const QString &name)
{
    if (auto done =
            m_database.run("INSERT OR IGNORE INTO collections (name, created_at) VALUES (?, ?)",
                           name, QDateTime::currentMSecsSinceEpoch());
        !done)
        return fail(done.error());
    return m_database.number("SELECT id FROM collections WHERE name = ?", name);
}

// The row of a path, new or not, without any text.
Result<qint64> DocumentIndex::putEntry(const DocumentEntry &entry)
{
    const auto collection = collectionId(entry.collection);
    if (!collection)
        return fail(collection.error());
    if (auto done = m_database.run(
            "INSERT INTO documents (collection_id, path, state, error_text, title, language,"
            " page_kind, pages, bytes, modified_at, hash, remarks, indexed_at, locked)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (collection_id, path) DO UPDATE SET state = excluded.state,"
            " error_text = excluded.error_text, title = excluded.title,"
            " language = excluded.language, page_kind = excluded.page_kind, pages = excluded.pages,"
            " bytes = excluded.bytes, modified_at = excluded.modified_at, hash = excluded.hash,"
            " remarks = excluded.remarks, indexed_at = excluded.indexed_at,"
            " locked = excluded.locked",
            *collection, entry.path,
            entry.state == DocumentState::Ready ? QStringLiteral("ready")
                                                : QStringLiteral("failed"),
            entry.errorText, entry.title, entry.language, int(entry.pageKind), entry.pages,
            entry.bytes, entry.modifiedAt, entry.hash, entry.remarks.join(QLatin1Char('\n')),
            QDateTime::currentMSecsSinceEpoch(), int(entry.locked));
        !done)
        return fail(done.error());
    return m_database.number("SELECT id FROM documents WHERE collection_id = ? AND path = ?",
                             *collection, entry.path);
}

Result<qint64> DocumentIndex::put(const DocumentEntry &entry, const DocumentText &text,
                                  const std::vector<Passage> &passages)
{
    DocumentEntry full = entry;
    full.state = DocumentState::Ready;
    full.errorText.clear();
    full.title = QString::fromStdString(text.title);
    full.pageKind = text.pageKind;
    full.pages = text.pageKind == PageKind::None ? 0 : int(text.pages.size());
    full.remarks.clear();
    for (const std::string &remark : text.remarks)
        full.remarks << QString::fromStdString(remark);
    std::string sample;
    for (const Page &page : text.pages) {
        sample += page.text.substr(0, 4096) + "\n";
        if (sample.size() > (1 << 16))
            break;
    }
    std::string language = WordAnalysis::languageOf(sample);
    if (language.empty()) // what the file says counts where its text does not tell
        language = text.language.substr(0, text.language.find_first_of("-_"));
    full.language = QString::fromStdString(language);

    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(transaction.error());
    const auto document = putEntry(full);
    if (!document)
        return document;

    // Vectors by the text they were made of.
    QHash<QString, std::pair<qint64, QByteArray>> kept;
    if (auto done = m_database.each(
            "SELECT p.hash, v.model_id, v.vector FROM passages p"
            " JOIN passage_vectors v ON v.passage_id = p.id WHERE p.document_id = ?",
            [&](const Statement &row) {
                kept.insert(row.text(0), {row.integer(1), row.blob(2)});
            },
            *document);
        !done)
        return fail(done.error());
    if (auto done = dropTexts(m_database, "id = ?1", *document); !done)
        return fail(done.error());

    for (std::size_t i = 0; i < text.pages.size(); ++i) {
        const Page &page = text.pages[i];
        if (auto done = m_database.run(
                "INSERT INTO document_pages (document_id, number, label, text, recognised)"
                " VALUES (?, ?, ?, ?, ?)",
                *document, qint64(i), QString::fromStdString(page.label),
                QString::fromStdString(page.text), int(page.recognised));
            !done)
            return fail(done.error());
    }
    const QString name = QString::fromStdString(m_words.termText(
        (nameWords(full.path) + QLatin1Char(' ') + full.title).toStdString(), language));
    auto insert = m_database.prepare(
        "INSERT INTO passages (document_id, number, page, begin, end, heading, text, hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    auto index = m_database.prepare(
        "INSERT INTO passages_fts (rowid, terms, heading, name) VALUES (?, ?, ?, ?)");
    if (!insert || !index)
        return fail(!insert ? insert.error() : index.error());
    const auto runOnce = [](Statement &statement, const auto &...values) -> Result<> {
        statement.reset();
        int parameter = 0;
        Result<> outcome;
        const auto bindOne = [&](const auto &value) {
            outcome = statement.bind(++parameter, value);
            return outcome.has_value();
        };
        if (!(bindOne(values) && ...))
            return outcome;
        const auto stepped = statement.step();
        return stepped ? Result<>() : fail(stepped.error());
    };
    for (std::size_t i = 0; i < passages.size(); ++i) {
        const Passage &passage = passages[i];
        const QString hash = passageHash(passage);
        if (auto done =
                runOnce(*insert, *document, qint64(i), qint64(passage.page), qint64(passage.begin),
                        qint64(passage.end), QString::fromStdString(passage.heading),
                        QString::fromStdString(passage.text), hash);
            !done)
            return fail(done.error());
        const qint64 id = m_database.lastInsertId();
        if (auto done = runOnce(*index, id,
                                QString::fromStdString(m_words.termText(passage.text, language)),
                                QString::fromStdString(m_words.termText(
                                    passage.heading + " " + passage.columns, language)),
                                name);
            !done)
            return fail(done.error());
        const auto vector = kept.constFind(hash);
        if (vector != kept.constEnd()) {
            if (auto done =
                    m_database.run("INSERT INTO passage_vectors (passage_id, model_id, vector)"
                                   " VALUES (?, ?, ?)",
                                   id, vector->first, vector->second);
                !done)
                return fail(done.error());
        }
    }
    if (auto done = transaction->commit(); !done)
        return fail(done.error());
    return *document;
}

Result<> DocumentIndex::putFailure(const DocumentEntry &entry, const Error &reason)
{
    DocumentEntry failed = entry;
    failed.state = DocumentState::Failed;
    failed.errorText = QString::fromStdString(reason.message);
    failed.locked = reason.code == ErrorCode::PasswordNeeded;
    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(transaction.error());
    const auto document = putEntry(failed);
    if (!document)
        return fail(document.error());
    if (auto done = dropTexts(m_database, "id = ?1", *document); !done)
        return done;
    return transaction->commit();
}

Result<> DocumentIndex::touch(qint64 document, const QString &path, qint64 modifiedAt)
{
    return m_database.run("UPDATE documents SET path = ?, modified_at = ? WHERE id = ?", path,
                          modifiedAt, document);
}

Result<> DocumentIndex::forget(qint64 document)
{
    return m_database.run("UPDATE documents SET modified_at = 0, hash = '' WHERE id = ?", document);
}

Result<> DocumentIndex::remove(qint64 document)
{
    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(transaction.error());
    if (auto done = dropTexts(m_database, "id = ?1", document); !done)
        return done;
    if (auto done = m_database.run("DELETE FROM documents WHERE id = ?", document); !done)
        return done;
    return transaction->commit();
}

Result<std::vector<Page>> DocumentIndex::pages(qint64 document)
{
    std::vector<Page> pages;
    const auto done = m_database.each(
        "SELECT label, text, recognised FROM document_pages WHERE document_id = ? ORDER BY number",
        [&](const Statement &row) {
            pages.push_back(
                {row.text(0).toStdString(), row.text(1).toStdString(), row.integer(2) != 0});
        },
        document);
    return done ? Result<std::vector<Page>>(std::move(pages)) : fail(done.error());
}

Result<QString> DocumentIndex::pageAt(qint64 document, std::uint64_t codePoint)
{
    QString label;
    std::uint64_t begin = 0; // of the page
    const auto done = m_database.each(
        "SELECT label, length(text) FROM document_pages WHERE document_id = ? ORDER BY number",
        [&](const Statement &row) {
            const auto end = begin + std::uint64_t(row.integer(1));
            if (codePoint >= begin && codePoint < end)
                label = row.text(0);
            begin = end;
        },
        document);
    return done ? Result<QString>(std::move(label)) : fail(done.error());
}

Result<Hit> DocumentIndex::hitOf(qint64 passage, double score)
{
    auto row = m_database.bound(
        "SELECT p.document_id, d.path, d.title, d.page_kind, g.label, p.begin, p.end, p.heading,"
        " p.text, d.language FROM passages p JOIN documents d ON d.id = p.document_id"
        " JOIN document_pages g ON g.document_id = p.document_id AND g.number = p.page"
        " WHERE p.id = ?",
        passage);
    if (!row)
        return fail(row.error());
    const auto stepped = row->step();
    if (!stepped)
        return fail(stepped.error());
    if (!*stepped)
        return fail(ErrorCode::NotFound, "The passage is not there any more.");
    Hit hit;
    hit.passage = passage;
    hit.document = row->integer(0);
    hit.path = row->text(1);
    hit.title = row->text(2);
    hit.pageKind = PageKind(std::clamp<qint64>(row->integer(3), 0, int(PageKind::Sheet)));
    hit.page = row->text(4);
    hit.begin = std::uint64_t(row->integer(5));
    hit.end = std::uint64_t(row->integer(6));
    hit.heading = row->text(7);
    hit.text = row->text(8);
    hit.language = row->text(9);
    hit.score = score;
    return hit;
}

} // namespace alcove::documents
