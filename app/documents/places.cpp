#include "app/documents/places.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QRegularExpression>

#include <algorithm>

namespace alcove::documentsui {

namespace {

QString tr(const char *text)
{
    return QCoreApplication::translate("Places", text);
}

} // namespace

QString fileName(const QString &path)
{
    return QFileInfo(path).fileName();
}

QString placeText(documents::PageKind kind, const QString &label)
{
    if (label.isEmpty())
        return {};
    switch (kind) {
    case documents::PageKind::None:
        return {};
    case documents::PageKind::Page:
        return tr("page %1").arg(label);
    case documents::PageKind::Slide:
        return tr("slide %1").arg(label);
    case documents::PageKind::Sheet:
        return tr("sheet %1").arg(label);
    }
    return {};
}

QString sourceText(const QString &path, documents::PageKind kind, const QString &label)
{
    const QString place = placeText(kind, label);
    return place.isEmpty() ? fileName(path) : fileName(path) + QStringLiteral(", ") + place;
}

QString snippet(const QString &text, const QString &words, int characters)
{
    static const QRegularExpression space(QStringLiteral("\\s+"));
    const QString line = text.simplified();
    if (line.size() <= characters)
        return line;
    qsizetype at = -1;
    const QStringList wanted = words.split(space, Qt::SkipEmptyParts);
    for (const QString &word : wanted) {
        const qsizetype found = word.size() < 3 ? -1 : line.indexOf(word, 0, Qt::CaseInsensitive);
        if (found >= 0 && (at < 0 || found < at))
            at = found;
    }
    qsizetype begin = std::clamp<qsizetype>(at - characters / 3, 0, line.size() - characters);
    // From the beginning of a word on.
    while (begin > 0 && !line[begin - 1].isSpace())
        --begin;
    const QString part = line.mid(begin, characters);
    return (begin > 0 ? QStringLiteral("… ") : QString()) + part
        + (begin + characters < line.size() ? QStringLiteral(" …") : QString());
}

} // namespace alcove::documentsui
