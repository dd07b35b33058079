// What the commands about documents share: the database, the JSON of a passage, embeddings.
// Main thread.
#pragma once

#include "app/cli/command.h"
#include "core/documents/document_index.h"
#include "core/documents/indexer.h"
#include "core/documents/retrieval.h"
#include "core/engine/session.h"
#include "core/storage/store.h"

#include <memory>

namespace alcove::cli {

// The database in the data folder (--data-dir), made if there is none.
tl::expected<std::unique_ptr<storage::Store>, Failure> openStore(const Environment &environment);

// Qt's application object, which the folders of the system are asked through.
void prepareQt();

// The reader of files that is installed beside this program.
documents::DocumentReader documentReader();

// Absolute paths of files and folders; a failure for one that is not there.
Parsed<QStringList> pathsOf(const std::vector<std::string> &words);

// 1-based number of a page or slide, name of a sheet, else null.
Json pageJson(documents::PageKind kind, const QString &label);
Json passageJson(const documents::Hit &hit);

// "report.pdf, page 3".
std::string placeOf(const documents::Hit &hit);

// Runs the embedding model that an index names; the model is loaded at the first text.
documents::Embedder embedderOf(const Environment &environment);

// Indexes what the words name, telling standard error how it goes.
tl::expected<std::vector<documents::FileOutcome>, Failure>
indexPaths(const Environment &environment, documents::DocumentIndex &index,
           const std::vector<std::string> &words, const QString &collection);

} // namespace alcove::cli
