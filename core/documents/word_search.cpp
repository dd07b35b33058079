// DocumentIndex's search by words: full-text search over stems, wider where a word is not there.

#include "core/documents/document_index.h"
#include "core/documents/edit_distance.h"
#include "core/documents/function_words.h"

#include <QStringList>

#include <algorithm>
#include <cmath>
#include <set>

namespace alcove::documents {

namespace {

constexpr std::size_t kMostTerms = 48; // of a question
constexpr std::size_t kMostAlternatives = 12; // of a word that is not there
constexpr std::size_t kLeastCompound = 4; // letters of a part of a compound

std::string quoted(const std::string &term)
{
    std::string text = "\"";
    for (const char c : term)
        text += c == '"' ? std::string("\"\"") : std::string(1, c);
    return text + "\"";
}

} // namespace

Result<std::vector<std::string>> DocumentIndex::languages()
{
    std::vector<std::string> found;
    const auto done = m_database.each(
        "SELECT language, count(*) FROM documents WHERE state = 'ready'"
        " GROUP BY language ORDER BY 2 DESC LIMIT 6",
        [&](const storage::Statement &row) { found.push_back(row.text(0).toStdString()); });
    return done ? Result<std::vector<std::string>>(std::move(found)) : fail(done.error());
}

// Words of the index that one which is not there may stand for: compounds that hold it, parts that
// it holds, and words spelled almost the same.
Result<std::vector<std::string>> DocumentIndex::alternatives(const std::string &term)
{
    const std::u32string wanted = QString::fromStdString(term).toStdU32String();
    if (wanted.size() < kLeastCompound)
        return std::vector<std::string>();
    const int mostEdits = wanted.size() >= 8 ? 2 : 1;
    struct Candidate {
        int rank = 0; // the less the better
        qint64 passages = 0;
        std::string term;
    };
    std::vector<Candidate> candidates;
    const auto consider = [&](const storage::Statement &row) {
        const QString text = row.text(0);
        const std::u32string other = text.toStdU32String();
        if (other.size() < kLeastCompound)
            return;
        int rank = -1;
        if (other.find(wanted) != std::u32string::npos)
            rank = 1;
        else if (wanted.find(other) != std::u32string::npos && other.size() * 3 >= wanted.size())
            rank = 3;
        if (const int edits = editDistance(wanted, other, mostEdits); edits <= mostEdits)
            rank = edits == 1 ? 0 : 2;
        if (rank >= 0)
            candidates.push_back({rank, row.integer(1), text.toStdString()});
    };
    if (auto done = m_database.each("SELECT term, doc FROM passages_vocabulary", consider); !done)
        return fail(done.error());
    std::sort(candidates.begin(), candidates.end(), [](const Candidate &a, const Candidate &b) {
        return std::tuple(a.rank, -a.passages, a.term) < std::tuple(b.rank, -b.passages, b.term);
    });
    std::vector<std::string> found;
    for (const Candidate &one : candidates) {
        // What is much less alike than the best is not meant.
        if (found.size() == kMostAlternatives || one.rank > candidates.front().rank + 1)
            break;
        found.push_back(one.term);
    }
    return found;
}

// The text's words by the rules of each language that the documents are in.
Result<std::vector<std::set<std::string>>> DocumentIndex::formsOf(const QString &text, Words which)
{
    const auto spoken = languages();
    if (!spoken)
        return fail(spoken.error());
    const std::string utf8 = text.toStdString();
    std::vector<std::set<std::string>> forms;
    for (const std::string &language : *spoken) {
        const std::vector<Term> found = m_words.terms(utf8, language);
        forms.resize(std::max(forms.size(), std::min(found.size(), kMostTerms)));
        for (std::size_t i = 0; i < forms.size() && i < found.size(); ++i) {
            const std::string form = WordAnalysis::indexed(found[i]);
            if (!form.empty() && (which == Words::All || !isFunctionWord(found[i].word)))
                forms[i].insert(form);
        }
    }
    return forms;
}

Result<std::vector<DocumentIndex::WeightedWord>> DocumentIndex::weightsOf(const QString &text)
{
    const auto forms = formsOf(text, Words::Telling);
    if (!forms)
        return fail(forms.error());
    const auto passages = m_database.number("SELECT count(*) FROM passages");
    if (!passages)
        return fail(passages.error());
    std::vector<WeightedWord> words;
    for (const std::set<std::string> &one : *forms) {
        if (one.empty())
            continue;
        WeightedWord word{{one.begin(), one.end()}, 0};
        qint64 most = 1;
        for (const std::string &form : one) {
            const auto count = m_database.number(
                "SELECT coalesce(max(doc), 0) FROM passages_vocabulary WHERE term = ?",
                QString::fromStdString(form));
            if (!count)
                return fail(count.error());
            most = std::max(most, *count);
        }
        word.weight = std::log((double(*passages) + 1) / double(most));
        words.push_back(std::move(word));
    }
    return words;
}

std::vector<std::string> DocumentIndex::termsOf(const Hit &hit)
{
    std::vector<std::string> terms;
    const std::string text = (hit.heading + QLatin1Char('\n') + hit.text).toStdString();
    for (const Term &term : m_words.terms(text, hit.language.toStdString()))
        terms.push_back(WordAnalysis::indexed(term));
    return terms;
}

Result<std::vector<Hit>> DocumentIndex::searchWords(const QString &query,
                                                    const SearchOptions &options)
{
    const auto terms = formsOf(query, Words::All);
    if (!terms)
        return fail(terms.error());
    std::set<std::string> parts;
    for (const std::set<std::string> &forms : *terms) {
        std::set<std::string> known;
        for (const std::string &form : forms) {
            const auto count =
                m_database.number("SELECT count(*) FROM passages_vocabulary WHERE term = ?",
                                  QString::fromStdString(form));
            if (!count)
                return fail(count.error());
            if (*count > 0)
                known.insert(form);
        }
        if (known.empty()) {
            for (const std::string &form : forms) {
                const auto others = alternatives(form);
                if (!others)
                    return fail(others.error());
                known.insert(others->begin(), others->end());
            }
        }
        for (const std::string &form : known)
            parts.insert(quoted(form));
    }
    if (parts.empty())
        return std::vector<Hit>();
    std::string match;
    for (const std::string &part : parts)
        match += std::string(match.empty() ? "" : " OR ") + part;

    // Words of the text count whole, those of headings more, those of the file's name less. An
    // empty list of collections is all of them.
    std::vector<std::pair<qint64, double>> ranked;
    if (auto done = m_database.each(
            "SELECT f.rowid, bm25(passages_fts, 1.0, 1.4, 0.6) AS rank"
            " FROM passages_fts f JOIN passages p ON p.id = f.rowid"
            " JOIN documents d ON d.id = p.document_id"
            " JOIN collections c ON c.id = d.collection_id"
            " WHERE passages_fts MATCH ?1 AND (?2 = '[]' OR c.name IN (SELECT value FROM "
            "json_each(?2)))"
            " ORDER BY rank, f.rowid LIMIT ?3",
            [&](const storage::Statement &row) {
                ranked.emplace_back(row.integer(0), -row.real(1));
            },
            QString::fromStdString(match), namesAsJson(options.collections), options.most);
        !done)
        return fail(done.error());
    std::vector<Hit> hits;
    for (const auto &[passage, score] : ranked) {
        auto hit = hitOf(passage, score);
        if (!hit)
            return fail(hit.error());
        hits.push_back(std::move(*hit));
    }
    return hits;
}

} // namespace alcove::documents
