// Retrieval: the passages that a question is about.
//
// Words and vectors are searched apart and joined by their ranks (reciprocal rank fusion: Cormack,
// Clarke and Buettcher, SIGIR 2009). Passages that say the same are taken once. Used by the thread
// of the index.
#pragma once

#include "core/documents/document_index.h"

#include <functional>
#include <vector>

namespace alcove::documents {

// A text's embedding by the model at `path`; fails where it cannot be had.
using Embedder =
    std::function<Result<std::vector<float>>(const QString &model, const std::string &text)>;

struct Found {
    std::vector<Hit> hits; // best first; their scores are the fused ones where both ways were taken
    QString remark; // a sentence, where one of the ways could not be taken
};

// `embed` may be empty: words alone. The errors of the index.
Result<Found> retrieve(DocumentIndex &index, const QString &query, const SearchOptions &options,
                       const Embedder &embed = {});

// How much of the question's words the passages hold, weighted by how rare each is in the index: 0
// to 1. Below kWeakEvidence the documents hardly speak of it.
Result<double> evidence(DocumentIndex &index, const QString &query, const std::vector<Hit> &hits);
inline constexpr double kWeakEvidence = 0.34;

} // namespace alcove::documents
