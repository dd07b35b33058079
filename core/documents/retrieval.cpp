#include "core/documents/retrieval.h"

#include <algorithm>
#include <map>
#include <set>

namespace alcove::documents {

namespace {

constexpr double kRankOffset = 60; // of reciprocal rank fusion, as published
constexpr int kLeastCandidates = 50; // of each way
constexpr double kSame = 0.9; // share of common words from which two passages say the same

std::set<QString> wordsOf(const QString &text)
{
    std::set<QString> words;
    QString word;
    for (const QChar c : text) {
        if (c.isLetterOrNumber()) {
            word += c.toCaseFolded();
        } else if (!word.isEmpty()) {
            words.insert(word);
            word.clear();
        }
    }
    if (!word.isEmpty())
        words.insert(word);
    return words;
}

double likeness(const std::set<QString> &a, const std::set<QString> &b)
{
    if (a.empty() || b.empty())
        return a.empty() && b.empty() ? 1 : 0;
    const auto common =
        std::count_if(a.begin(), a.end(), [&](const QString &word) { return b.count(word) > 0; });
    return double(common) / double(a.size() + b.size() - std::size_t(common));
}

// The first `most` of which none says what one before it says.
std::vector<Hit> withoutRepeats(std::vector<Hit> hits, int most)
{
    std::vector<Hit> kept;
    std::vector<std::set<QString>> words;
    for (Hit &hit : hits) {
        if (int(kept.size()) >= most)
            break;
        std::set<QString> own = wordsOf(hit.text);
        if (std::any_of(words.begin(), words.end(),
                        [&](const auto &other) { return likeness(own, other) >= kSame; }))
            continue;
        words.push_back(std::move(own));
        kept.push_back(std::move(hit));
    }
    return kept;
}

} // namespace

Result<Found> retrieve(DocumentIndex &index, const QString &query, const SearchOptions &options,
                       const Embedder &embed)
{
    Found found;
    SearchOptions wide = options;
    wide.most = std::max(kLeastCandidates, 3 * options.most);
    auto byWords = index.searchWords(query, wide);
    if (!byWords)
        return fail(byWords.error());
    std::vector<Hit> byVectors;
    const auto model = index.vectorModel();
    if (!model)
        return fail(model.error());
    if (embed && !model->isEmpty()) {
        const auto vector = embed(*model, query.toStdString());
        if (!vector) {
            found.remark = QString::fromStdString(vector.error().message);
        } else {
            auto hits = index.searchVectors(*model, *vector, wide);
            if (!hits)
                return fail(hits.error());
            byVectors = std::move(*hits);
        }
    }
    if (byVectors.empty()) {
        found.hits = withoutRepeats(std::move(*byWords), options.most);
        return found;
    }
    std::map<qint64, Hit> fused;
    for (std::vector<Hit> *way : {&*byWords, &byVectors}) {
        for (std::size_t rank = 0; rank < way->size(); ++rank) {
            Hit &hit = (*way)[rank];
            const double share = 1 / (kRankOffset + double(rank) + 1);
            const auto known = fused.find(hit.passage);
            if (known == fused.end()) {
                hit.score = share;
                fused.emplace(hit.passage, std::move(hit));
            } else {
                known->second.score += share;
            }
        }
    }
    std::vector<Hit> hits;
    for (auto &[passage, hit] : fused)
        hits.push_back(std::move(hit));
    std::stable_sort(hits.begin(), hits.end(),
                     [](const Hit &a, const Hit &b) { return a.score > b.score; });
    found.hits = withoutRepeats(std::move(hits), options.most);
    return found;
}

Result<double> evidence(DocumentIndex &index, const QString &query, const std::vector<Hit> &hits)
{
    const auto weights = index.weightsOf(query);
    if (!weights)
        return fail(weights.error());
    double all = 0;
    double there = 0;
    std::set<std::string> said;
    for (const Hit &hit : hits) {
        const auto terms = index.termsOf(hit);
        said.insert(terms.begin(), terms.end());
    }
    for (const auto &word : *weights) {
        all += word.weight;
        if (std::any_of(word.forms.begin(), word.forms.end(),
                        [&](const std::string &form) { return said.count(form) > 0; }))
            there += word.weight;
    }
    return all > 0 ? there / all : 0;
}

} // namespace alcove::documents
