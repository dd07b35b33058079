#include "app/chat/reasoning_text.h"

#include <QLocale>

#include <algorithm>
#include <cmath>

namespace alcove::chatui {

namespace {

constexpr qsizetype kLongest = 400; // code units of one sentence; what is looked at

bool endsSentence(QChar c)
{
    static const QString kEnds = QString::fromUtf8(".!?…。！？؟।");
    return kEnds.contains(c);
}

// Of the writing systems that put no space after a full stop.
bool isWideStop(QChar c)
{
    return c == QChar(0x3002) || c == QChar(0xff01) || c == QChar(0xff1f);
}

} // namespace

QString ReasoningText::duration(double seconds)
{
    const qint64 whole = std::isfinite(seconds) && seconds > 0 ? std::llround(seconds) : 0;
    const QLocale locale;
    if (whole < 1)
        return tr("Thought for a moment");
    if (whole < 60)
        return tr("Thought for %1 s").arg(locale.toString(whole));
    return tr("Thought for %1 min %2 s")
        .arg(locale.toString(whole / 60), locale.toString(whole % 60));
}

QString ReasoningText::newestSentence(const QString &reasoning)
{
    qsizetype end = reasoning.size();
    while (end > 0 && reasoning.at(end - 1).isSpace())
        --end;
    const qsizetype limit = std::max<qsizetype>(0, end - kLongest);
    qsizetype start = limit;
    // Not the last character: it may end the sentence that is wanted.
    for (qsizetype i = end - 1; i > limit; --i) {
        const QChar before = reasoning.at(i - 1);
        const bool afterStop = endsSentence(before) && reasoning.at(i).isSpace();
        if (before == QLatin1Char('\n') || afterStop || isWideStop(before)) {
            start = i;
            break;
        }
    }
    if (start == limit && limit > 0 && reasoning.at(start).isLowSurrogate())
        ++start;
    return reasoning.mid(start, end - start).simplified();
}

} // namespace alcove::chatui
