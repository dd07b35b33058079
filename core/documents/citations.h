// Citations: which passages an answer's sentences stand on. Decided here, not believed of the
// model.
//
// A sentence is supported by a passage that holds its words, the rare ones above all, and all of
// its figures. A number in brackets that the model wrote counts only where that agrees. Used by the
// thread of the index (which knows how rare words are).
#pragma once

#include "core/documents/document_index.h"

#include <string>
#include <vector>

namespace alcove::documents {

struct Citation {
    int number = 0; // as it is shown: 1 for the first that is cited
    std::size_t passage = 0; // index into the passages
    // The part of the passage that the sentence stands on: code points of the document's text.
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    QString text; // exactly that part
    QString page; // the label of the page where it begins
};

struct CitedSentence {
    QString text; // without any number
    std::vector<int> numbers; // of the citations that support it
    bool supported = false;
};

struct CitedAnswer {
    QString text; // the answer with our numbers behind the sentences, the model's own removed
    std::vector<CitedSentence> sentences;
    std::vector<Citation> citations;
};

// What is shown behind a sentence that says something and that no passage supports.
enum class Unsupported {
    Silent,
    Marked, // " [?]"
};

Result<CitedAnswer> cite(DocumentIndex &index, const QString &answer,
                         const std::vector<Hit> &passages,
                         Unsupported unsupported = Unsupported::Silent);

} // namespace alcove::documents
