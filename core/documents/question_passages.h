// From a question in a conversation to the passages it is about, and from an answer to where it
// stands. Used by the thread of the index; the errors of the index.
#pragma once

#include "core/documents/citations.h"
#include "core/documents/retrieval.h"

#include <QStringList>

namespace alcove::documents {

struct DocumentQuestion {
    QString text;
    QStringList earlier; // the questions before it in the conversation, oldest first
    QStringList collections; // that are looked in; not empty
};

struct QuestionPassages {
    QString searched; // the words that were searched for
    std::vector<Hit> hits; // best first
    bool weak = false; // the documents hardly speak of it
};

// A question that says little by itself ("And the second one?") is searched for together with the
// one before it.
Result<QString> searchTextOf(DocumentIndex &index, const DocumentQuestion &question);

Result<QuestionPassages> passagesFor(DocumentIndex &index, const DocumentQuestion &question,
                                     int most, const Embedder &embed = {});

} // namespace alcove::documents
