#include "core/chat/chat_title.h"

#include <QTextBoundaryFinder>

#include <algorithm>

namespace alcove::chat {

namespace {

constexpr int kMostCharacters = 48; // as a reader counts them
constexpr int kLongestLine = 10'000; // the rest of a pasted file need not be looked at

QString firstLine(const QString &prompt)
{
    qsizetype start = 0;
    while (start < prompt.size()) {
        qsizetype end = prompt.indexOf(QLatin1Char('\n'), start);
        if (end < 0)
            end = prompt.size();
        const qsizetype length = std::min<qsizetype>(end - start, kLongestLine);
        QString line = prompt.mid(start, length).simplified();
        if (!line.isEmpty())
            return line;
        start = end + 1;
    }
    return {};
}

} // namespace

QString titleFromPrompt(const QString &prompt)
{
    QString line = firstLine(prompt);
    // A character may be several code units (emoji, combining marks): never cut within one.
    QTextBoundaryFinder characters(QTextBoundaryFinder::Grapheme, line);
    qsizetype limit = 0;
    for (int i = 0; i < kMostCharacters; ++i) {
        limit = characters.toNextBoundary();
        if (limit < 0 || limit >= line.size())
            return line;
    }
    qsizetype end = limit;
    if (line.at(limit) != QLatin1Char(' ')) {
        const qsizetype space = line.lastIndexOf(QLatin1Char(' '), limit - 1);
        // One long word (an address, a script without spaces) is cut where the room ends.
        if (space >= limit / 2)
            end = space;
    }
    return line.left(end).trimmed() + QChar(0x2026);
}

} // namespace alcove::chat
