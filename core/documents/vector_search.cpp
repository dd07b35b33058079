// DocumentIndex's vectors: what an embedding model makes of passages, and the search among them.

#include "core/documents/document_index.h"

#include <QFileInfo>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace alcove::documents {

namespace {

double dot(const float *a, const float *b, std::size_t width)
{
    float sums[8] = {};
    std::size_t i = 0;
    for (; i + 8 <= width; i += 8) {
        for (std::size_t k = 0; k < 8; ++k)
            sums[k] += a[i + k] * b[i + k];
    }
    double sum = 0;
    for (const float one : sums)
        sum += double(one);
    for (; i < width; ++i)
        sum += double(a[i]) * double(b[i]);
    return sum;
}

// Scaled to length 1; one of zeros stays.
std::vector<float> unit(std::vector<float> vector)
{
    const double squares = dot(vector.data(), vector.data(), vector.size());
    if (squares > 0) {
        for (float &value : vector)
            value = float(double(value) / std::sqrt(squares));
    }
    return vector;
}

} // namespace

Result<std::vector<DocumentIndex::PassageToEmbed>>
DocumentIndex::withoutVector(const QString &model, int most)
{
    std::vector<PassageToEmbed> passages;
    const auto done = m_database.each(
        "SELECT p.id, p.heading, p.text FROM passages p WHERE NOT EXISTS (SELECT 1 FROM"
        " passage_vectors v JOIN embedding_models m ON m.id = v.model_id"
        " WHERE v.passage_id = p.id AND m.path = ?) ORDER BY p.id LIMIT ?",
        [&](const storage::Statement &row) {
            passages.push_back({row.integer(0), row.text(1), row.text(2)});
        },
        model, most);
    return done ? Result<std::vector<PassageToEmbed>>(std::move(passages)) : fail(done.error());
}

Result<> DocumentIndex::putVectors(const QString &model, const std::vector<PassageVector> &vectors)
{
    auto transaction = storage::Transaction::begin(m_database);
    if (!transaction)
        return fail(transaction.error());
    if (auto done =
            m_database.run("INSERT OR IGNORE INTO embedding_models (path) VALUES (?)", model);
        !done)
        return done;
    const auto id = m_database.number("SELECT id FROM embedding_models WHERE path = ?", model);
    if (!id)
        return fail(id.error());
    for (const PassageVector &vector : vectors) {
        if (vector.values.empty())
            return fail(ErrorCode::InvalidArgument, "An embedding has no numbers.");
        const std::vector<float> scaled = unit(vector.values);
        const QByteArray bytes(reinterpret_cast<const char *>(scaled.data()),
                               qsizetype(scaled.size() * sizeof(float)));
        if (auto done = m_database.run(
                "INSERT OR REPLACE INTO passage_vectors (passage_id, model_id, vector)"
                " VALUES (?, ?, ?)",
                vector.passage, *id, bytes);
            !done)
            return done;
    }
    return transaction->commit();
}

Result<QString> DocumentIndex::vectorModel()
{
    auto row =
        m_database.bound("SELECT m.path FROM passage_vectors v JOIN embedding_models m"
                         " ON m.id = v.model_id GROUP BY m.id ORDER BY count(*) DESC LIMIT 1");
    if (!row)
        return fail(row.error());
    const auto stepped = row->step();
    if (!stepped)
        return fail(stepped.error());
    return *stepped ? row->text(0) : QString();
}

Result<std::vector<Hit>> DocumentIndex::searchVectors(const QString &model,
                                                      const std::vector<float> &query,
                                                      const SearchOptions &options)
{
    const std::vector<float> wanted = unit(query);
    std::vector<std::pair<double, qint64>> best; // a heap whose first is the worst
    const auto better = [](const auto &a, const auto &b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
    };
    std::vector<float> vector(wanted.size());
    const auto compare = [&](const storage::Statement &row) {
        const QByteArray bytes = row.blob(1);
        if (std::size_t(bytes.size()) != wanted.size() * sizeof(float))
            return; // the file at the model's path is another by now
        std::memcpy(vector.data(), bytes.constData(), std::size_t(bytes.size()));
        best.emplace_back(dot(vector.data(), wanted.data(), wanted.size()), row.integer(0));
        std::push_heap(best.begin(), best.end(), better);
        if (best.size() > std::size_t(std::max(options.most, 0))) {
            std::pop_heap(best.begin(), best.end(), better);
            best.pop_back();
        }
    };
    // An empty list of collections is all of them.
    if (auto done = m_database.each("SELECT v.passage_id, v.vector FROM passage_vectors v"
                                    " JOIN embedding_models m ON m.id = v.model_id"
                                    " JOIN passages p ON p.id = v.passage_id"
                                    " JOIN documents d ON d.id = p.document_id"
                                    " JOIN collections c ON c.id = d.collection_id"
                                    " WHERE m.path = ?1 AND (?2 = '[]' OR c.name IN"
                                    " (SELECT value FROM json_each(?2)))",
                                    compare, model, namesAsJson(options.collections));
        !done)
        return fail(done.error());
    std::sort(best.begin(), best.end(), better);
    std::vector<Hit> hits;
    for (const auto &[score, passage] : best) {
        auto hit = hitOf(passage, score);
        if (!hit)
            return fail(hit.error());
        hits.push_back(std::move(*hit));
    }
    return hits;
}

} // namespace alcove::documents
