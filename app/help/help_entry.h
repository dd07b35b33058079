// The help pages: reads them from Markdown-like text and finds the entries that answer a question.
// Plain values; any thread.
#pragma once

#include <QString>
#include <QStringList>
#include <QVector>

namespace alcove::help {

struct HelpEntry {
    QString title;
    QString body;
    QStringList titleWords; // folded
    QStringList words; // search words, folded
    QStringList bodyWords; // folded
};

// "## title", "words: a b c", then the body up to the next title.
QVector<HelpEntry> parseHelp(const QString &text);

// Lower case, without accents, without the words that carry no meaning in a question.
QStringList foldedWords(const QString &text);

// Indexes of the entries that match, best first; all in their order for an empty query.
// Rare words count more; a title or search word counts more than one of the body.
QVector<int> searchHelp(const QVector<HelpEntry> &entries, const QString &query);

} // namespace alcove::help
