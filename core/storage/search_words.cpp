#include "core/storage/search_words.h"

#include <QChar>
#include <QStringList>

#include <algorithm>

namespace alcove::storage {

namespace {

constexpr int kMaxWords = 16;

SearchWord searchWord(const QString &word)
{
    const QList<uint> characters = word.toUcs4();
    const bool indexed =
        std::any_of(characters.begin(), characters.end(),
                    [](uint character) { return QChar::isLetterOrNumber(character); })
        && std::none_of(characters.begin(), characters.end(), writtenWithoutSpaces);
    if (!indexed)
        return {SearchWord::Kind::Substring, word};
    QString quoted = word;
    quoted.replace(QLatin1Char('"'), QLatin1String("\"\""));
    return {SearchWord::Kind::FullText, QLatin1Char('"') + quoted + QLatin1String("\"*")};
}

} // namespace

bool writtenWithoutSpaces(char32_t character)
{
    switch (QChar::script(character)) {
    case QChar::Script_Han:
    case QChar::Script_Hiragana:
    case QChar::Script_Katakana:
    case QChar::Script_Bopomofo:
    case QChar::Script_Thai:
    case QChar::Script_Lao:
    case QChar::Script_Khmer:
    case QChar::Script_Myanmar:
        return true;
    default:
        return false;
    }
}

QVector<SearchWord> searchWords(const QString &words)
{
    // Control characters separate words too: a NUL would cut the phrase before its closing quote.
    QString separated = words;
    for (QChar &character : separated) {
        if (character.category() == QChar::Other_Control)
            character = QLatin1Char(' ');
    }
    QVector<SearchWord> wanted;
    const QStringList parts = separated.simplified().split(QLatin1Char(' '), Qt::SkipEmptyParts);
    for (const QString &part : parts) {
        if (wanted.size() == kMaxWords)
            break;
        wanted.append(searchWord(part));
    }
    return wanted;
}

} // namespace alcove::storage
