// The labelled set: questions with the passages that answer them, and how well a search did.
//
// A label is a document and a short text of it. A passage is right when it is of that document and
// holds that text, white space aside.
#pragma once

#include "core/documents/document_index.h"

#include <QFile>
#include <QFileInfo>
#include <QHash>
#include <QString>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace alcove::labelled {

struct Answer {
    QString document; // the file's name
    QString quote;
};

struct Question {
    QString text;
    QString kind;
    QString language;
    std::vector<Answer> answers; // empty: no document answers it
};

// From a file's name to the name that the labels know; without an entry it is the same.
using Names = QHash<QString, QString>;

inline QString nameOf(const QString &path, const Names &names)
{
    const QString name = QFileInfo(path).fileName();
    return names.value(name, name);
}

inline Result<nlohmann::json> readJson(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return fail(ErrorCode::NotFound, path.toStdString() + " cannot be read.");
    auto json = nlohmann::json::parse(file.readAll().toStdString(), nullptr, false);
    if (!json.is_array())
        return fail(ErrorCode::InvalidFile, path.toStdString() + " is no list.");
    return json;
}

inline QString textOf(const nlohmann::json &json, const char *key)
{
    return QString::fromStdString(json.value(key, std::string()));
}

inline Result<std::vector<Question>> readQuestions(const QString &path)
{
    const auto json = readJson(path);
    if (!json)
        return fail(json.error());
    std::vector<Question> questions;
    for (const auto &one : *json) {
        Question question{
            textOf(one, "question"), textOf(one, "kind"), textOf(one, "language"), {}};
        for (const auto &answer : one.at("answers"))
            question.answers.push_back({textOf(answer, "document"), textOf(answer, "quote")});
        questions.push_back(std::move(question));
    }
    return questions;
}

inline bool answers(const documents::Hit &hit, const Answer &answer, const Names &names)
{
    return nameOf(hit.path, names) == answer.document
        && hit.text.simplified().contains(answer.quote.simplified());
}

struct Score {
    double recall = 0; // share of the question's answers among the hits
    double gain = 0; // nDCG
};

// An answer counts once, where it is found first; a hit that brings nothing new gains nothing.
inline Score scoreOf(const Question &question, const std::vector<documents::Hit> &hits,
                     const Names &names = {})
{
    std::vector<bool> found(question.answers.size(), false);
    double gain = 0;
    double best = 0;
    for (std::size_t rank = 0; rank < hits.size(); ++rank) {
        bool fresh = false;
        for (std::size_t i = 0; i < question.answers.size(); ++i) {
            if (!found[i] && answers(hits[rank], question.answers[i], names)) {
                found[i] = true;
                fresh = true;
            }
        }
        gain += fresh ? 1 / std::log2(double(rank) + 2) : 0;
    }
    for (std::size_t i = 0; i < question.answers.size(); ++i)
        best += 1 / std::log2(double(i) + 2);
    const auto count = std::count(found.begin(), found.end(), true);
    return {double(count) / double(question.answers.size()), gain / best};
}

// The labels that no passage of their document holds, a sentence each: mistakes of the set.
inline Result<std::vector<QString>> wrongLabels(storage::Database &database,
                                                const std::vector<Question> &questions,
                                                const Names &names = {})
{
    QHash<QString, std::vector<QString>> passages;
    if (auto done = database.each(
            "SELECT d.path, p.text FROM passages p JOIN documents d ON d.id = p.document_id",
            [&](const storage::Statement &row) {
                passages[nameOf(row.text(0), names)].push_back(row.text(1).simplified());
            });
        !done)
        return fail(done.error());
    std::vector<QString> wrong;
    for (const Question &question : questions) {
        for (const Answer &answer : question.answers) {
            const auto &texts = passages[answer.document];
            const QString quote = answer.quote.simplified();
            if (quote.isEmpty()
                || std::none_of(texts.begin(), texts.end(),
                                [&](const QString &text) { return text.contains(quote); }))
                wrong.push_back(QStringLiteral("No passage of %1 holds \"%2\" (\"%3\").")
                                    .arg(answer.document, answer.quote, question.text));
        }
    }
    return wrong;
}

// Whether a hit's text is the part of its document's text that it says.
inline Result<bool> isItsPlace(documents::DocumentIndex &index, const documents::Hit &hit)
{
    const auto pages = index.pages(hit.document);
    if (!pages)
        return fail(pages.error());
    std::string text;
    for (const documents::Page &page : *pages)
        text += page.text;
    const std::u32string all = QString::fromStdString(text).toStdU32String();
    return hit.begin <= hit.end && hit.end <= all.size()
        && QString::fromStdU32String(
               all.substr(std::size_t(hit.begin), std::size_t(hit.end - hit.begin)))
        == hit.text;
}

} // namespace alcove::labelled
