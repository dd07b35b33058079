// DocumentIndex: documents, their passages and what finds them again, in the database.
//
// Used by one thread at a time, the one that its Database belongs to. A document is put in or taken
// out whole, in one transaction: what is in the index is always complete. Errors: those of
// storage::Database.
#pragma once

#include "core/base/result.h"
#include "core/documents/chunker.h"
#include "core/documents/document_text.h"
#include "core/documents/word_analysis.h"
#include "core/storage/sqlite.h"

#include <QString>
#include <QStringList>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace alcove::documents {

enum class DocumentState { Ready, Failed };

struct DocumentEntry {
    qint64 id = 0;
    QString collection;
    QString path; // absolute
    DocumentState state = DocumentState::Ready;
    QString errorText; // of a Failed one
    bool locked = false; // Failed for want of a password
    QString title;
    QString language; // ISO 639-1, or empty
    PageKind pageKind = PageKind::None;
    int pages = 0;
    int passages = 0;
    int embedded = 0; // passages with a vector
    qint64 bytes = 0; // of the file
    qint64 modifiedAt = 0; // milliseconds since 1970, UTC
    QString hash; // SHA-256 of the file, hexadecimal
    QStringList remarks;
};

// A passage that was found.
struct Hit {
    qint64 passage = 0; // its id
    qint64 document = 0;
    QString path;
    QString title;
    PageKind pageKind = PageKind::None;
    QString page; // the label of the page where it begins
    std::uint64_t begin = 0; // code points of the document's text
    std::uint64_t end = 0;
    QString heading;
    QString text;
    QString language; // of the document
    double score = 0; // higher is better; comparable within one search
};

struct SearchOptions {
    QStringList collections; // by name; empty: all
    int most = 10;
};

class DocumentIndex
{
public:
    explicit DocumentIndex(storage::Database &database) : m_database(database) { }

    static QString defaultCollection(); // where nothing else was chosen

    Result<std::vector<DocumentEntry>> documents();
    Result<std::optional<DocumentEntry>> find(const QString &collection, const QString &path);
    Result<std::optional<DocumentEntry>> find(qint64 document);
    // In whatever collection; one that could be read before one that could not.
    Result<std::optional<DocumentEntry>> findByPath(const QString &path);

    // One with that content, wherever it lies.
    Result<std::optional<DocumentEntry>> findByHash(const QString &collection, const QString &hash);

    // Takes a document in, in the place of what was known of its path. `entry`: collection, path,
    // bytes, modifiedAt and hash. Vectors of passages whose text is the same are kept.
    Result<qint64> put(const DocumentEntry &entry, const DocumentText &text,
                       const std::vector<Passage> &passages);
    // The file could not be read: what was known of its text is dropped, the reason is kept.
    Result<> putFailure(const DocumentEntry &entry, const Error &reason);
    // The file is as it was, though its date or place is not.
    Result<> touch(qint64 document, const QString &path, qint64 modifiedAt);
    // It is read again whatever its file's date and content.
    Result<> forget(qint64 document);
    Result<> remove(qint64 document);

    // The document's pages as they were read.
    Result<std::vector<Page>> pages(qint64 document);
    // The label of the page on which a place of the document's text lies; empty beyond its end.
    Result<QString> pageAt(qint64 document, std::uint64_t codePoint);

    // By words. Best first.
    Result<std::vector<Hit>> searchWords(const QString &query, const SearchOptions &options);

    // The words of a text that say something (see function_words.h), each in the forms that the
    // documents' languages give it, and how rare it is: ln(passages / passages with it), for one
    // that no passage has as if one had.
    struct WeightedWord {
        std::vector<std::string> forms;
        double weight = 0;
    };
    Result<std::vector<WeightedWord>> weightsOf(const QString &text);
    // The terms of a passage with its headings.
    std::vector<std::string> termsOf(const Hit &hit);

    // Vectors of one model at a time: another width or name begins afresh.
    struct PassageToEmbed {
        qint64 id = 0;
        QString heading;
        QString text;
    };
    Result<std::vector<PassageToEmbed>> withoutVector(const QString &model, int most);
    struct PassageVector {
        qint64 passage = 0;
        std::vector<float> values;
    };
    Result<> putVectors(const QString &model, const std::vector<PassageVector> &vectors);
    Result<QString> vectorModel(); // path of the model of the vectors; empty: there are none
    // Among the vectors of `model` alone: those of others mean something else.
    Result<std::vector<Hit>> searchVectors(const QString &model, const std::vector<float> &query,
                                           const SearchOptions &options);

private:
    template <typename... Values>
    Result<std::optional<DocumentEntry>> first(const char *where, const Values &...values);
    static QString namesAsJson(const QStringList &names);
    Result<qint64> collectionId(const QString &name);
    Result<qint64> putEntry(const DocumentEntry &entry);
    Result<std::vector<std::string>> languages();
    enum class Words { All, Telling };
    Result<std::vector<std::set<std::string>>> formsOf(const QString &text, Words which);
    Result<std::vector<std::string>> alternatives(const std::string &term);
    Result<Hit> hitOf(qint64 passage, double score);

    storage::Database &m_database;
    WordAnalysis m_words;
};

} // namespace alcove::documents
