#include "app/help/help_entry.h"

#include <QSet>

#include <algorithm>
#include <cmath>

namespace alcove::help {

namespace {

const QSet<QString> &emptyWords()
{
    static const QSet<QString> words{
        QStringLiteral("a"),      QStringLiteral("an"),   QStringLiteral("and"),
        QStringLiteral("are"),    QStringLiteral("as"),   QStringLiteral("at"),
        QStringLiteral("be"),     QStringLiteral("can"),  QStringLiteral("do"),
        QStringLiteral("does"),   QStringLiteral("for"),  QStringLiteral("from"),
        QStringLiteral("how"),    QStringLiteral("i"),    QStringLiteral("if"),
        QStringLiteral("in"),     QStringLiteral("is"),   QStringLiteral("it"),
        QStringLiteral("me"),     QStringLiteral("my"),   QStringLiteral("of"),
        QStringLiteral("on"),     QStringLiteral("or"),   QStringLiteral("s"),
        QStringLiteral("should"), QStringLiteral("the"),  QStringLiteral("there"),
        QStringLiteral("this"),   QStringLiteral("to"),   QStringLiteral("use"),
        QStringLiteral("what"),   QStringLiteral("when"), QStringLiteral("where"),
        QStringLiteral("which"),  QStringLiteral("why"),  QStringLiteral("will"),
        QStringLiteral("with"),   QStringLiteral("you"),  QStringLiteral("your")};
    return words;
}

constexpr double kTitle = 4;
constexpr double kSearchWord = 3;
constexpr double kBody = 1;
constexpr double kPrefix = 0.6; // of the same, when only the beginning agrees
constexpr int kShortestPrefix = 3;

// How well the list holds the word: 1 whole, kPrefix as a beginning (either way round), else 0.
double match(const QStringList &list, const QString &word)
{
    double best = 0;
    for (const QString &each : list) {
        if (each == word)
            return 1;
        if (std::min(each.size(), word.size()) >= kShortestPrefix
            && (each.startsWith(word) || word.startsWith(each)))
            best = kPrefix;
    }
    return best;
}

double matchEntry(const HelpEntry &entry, const QString &word)
{
    return std::max({kTitle * match(entry.titleWords, word), kSearchWord * match(entry.words, word),
                     kBody * match(entry.bodyWords, word)});
}

} // namespace

QStringList foldedWords(const QString &text)
{
    QStringList words;
    QString word;
    const auto flush = [&] {
        if (!word.isEmpty() && !emptyWords().contains(word))
            words.append(word);
        word.clear();
    };
    for (const QChar c : text.normalized(QString::NormalizationForm_KD).toLower()) {
        if (c.isMark())
            continue;
        // Names such as top-p, q4_k_m and ctrl+m are one word.
        const bool joins = c == u'-' || c == u'_' || c == u'+';
        if (c.isLetterOrNumber() || (joins && !word.isEmpty()))
            word.append(c);
        else
            flush();
    }
    flush();
    return words;
}

QVector<HelpEntry> parseHelp(const QString &text)
{
    QVector<HelpEntry> entries;
    for (const QString &line : text.split(u'\n')) {
        if (line.startsWith(QLatin1String("## "))) {
            HelpEntry entry;
            entry.title = line.mid(3).trimmed();
            entry.titleWords = foldedWords(entry.title);
            entries.append(entry);
        } else if (entries.isEmpty()) {
            continue;
        } else if (line.startsWith(QLatin1String("words:"))) {
            entries.last().words = foldedWords(line.mid(6));
        } else if (!line.trimmed().isEmpty()) {
            HelpEntry &entry = entries.last();
            entry.body +=
                (entry.body.isEmpty() ? QString() : QStringLiteral("\n")) + line.trimmed();
            entry.bodyWords += foldedWords(line);
        }
    }
    return entries;
}

QVector<int> searchHelp(const QVector<HelpEntry> &entries, const QString &query)
{
    QVector<int> found;
    const QStringList words = foldedWords(query);
    QVector<double> scores(entries.size(), 0.0);
    for (const QString &word : words) {
        QVector<double> each;
        int holders = 0;
        for (const HelpEntry &entry : entries) {
            each.append(matchEntry(entry, word));
            holders += each.last() > 0 ? 1 : 0;
        }
        const double weight = std::log(1.0 + double(entries.size()) / std::max(1, holders));
        for (int i = 0; i < entries.size(); ++i)
            scores[i] += weight * each[i];
    }
    for (int i = 0; i < entries.size(); ++i) {
        if (words.isEmpty() || scores[i] > 0)
            found.append(i);
    }
    std::stable_sort(found.begin(), found.end(),
                     [&](int a, int b) { return scores[a] > scores[b]; });
    return found;
}

} // namespace alcove::help
