// Indexer: files and folders, taken into the index.
//
// Finds the files, leaves those that are as they were, has each other one read in a process of its
// own, cuts it into passages and puts these into the index. A file that cannot be read is reported
// by name with the reason, and the rest goes on. Source files are only ever read. Used by one
// thread; stop() asks it from any other to end after the file at hand.
#pragma once

#include "core/base/cancellation.h"
#include "core/documents/document_index.h"
#include "core/documents/document_reader.h"

#include <QStringList>

#include <functional>
#include <vector>

namespace alcove::documents {

struct FileOutcome {
    enum class Kind { Indexed, Unchanged, Moved, Failed };
    QString path;
    Kind kind = Kind::Indexed;
    QString reason; // of a failure: a sentence
    ErrorCode code = ErrorCode::Internal; // of a failure
    int passages = 0;
    QStringList remarks;
};

struct IndexProgress {
    std::size_t done = 0; // files
    std::size_t files = 0;
    QString path; // at hand
    std::uint32_t page = 0; // of it, where it has any
    std::uint32_t pages = 0;
};

struct IndexRequest {
    QStringList paths; // files and folders
    QString collection = DocumentIndex::defaultCollection();
    QString password; // for files that are locked
    ChunkOptions chunks;
    TokenCounter countTokens = estimatedTokens;
};

struct IndexHooks {
    std::function<void(const IndexProgress &)> progress; // may be empty
    std::function<void(const FileOutcome &)> file; // may be empty
    CancelToken cancel;
};

class Indexer
{
public:
    Indexer(DocumentIndex &index, DocumentReader reader)
        : m_index(index), m_reader(std::move(reader))
    { }

    // Every file of the request, in order. Cancelled; the errors of the index. What was done stays.
    Result<std::vector<FileOutcome>> run(const IndexRequest &request, const IndexHooks &hooks = {});

    // The files that a request means: each once, whatever links lead to it. Hidden ones and those
    // of unknown kinds are left out of folders; a file that is named is always in. Sorted by path.
    static QStringList filesOf(const QStringList &paths);

private:
    Result<FileOutcome> take(const QString &path, const IndexRequest &request,
                             const IndexHooks &hooks, IndexProgress &progress);

    DocumentIndex &m_index;
    DocumentReader m_reader;
};

} // namespace alcove::documents
