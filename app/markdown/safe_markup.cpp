#include "app/markdown/safe_markup.h"

#include <QHash>
#include <QRegularExpression>
#include <QUrl>

namespace alcove::markdown {

QString escaped(const QString &text)
{
    QString safe;
    safe.reserve(text.size() + text.size() / 8);
    for (const QChar c : text) {
        switch (c.unicode()) {
        case '&':
            safe += QLatin1String("&amp;");
            break;
        case '<':
            safe += QLatin1String("&lt;");
            break;
        case '>':
            safe += QLatin1String("&gt;");
            break;
        case '"':
            safe += QLatin1String("&quot;");
            break;
        default:
            // Controls, and the noncharacters that QTextDocument uses for its own structure.
            if ((c.unicode() < 0x20 && c != QLatin1Char('\t') && c != QLatin1Char('\n'))
                || c == QChar::ObjectReplacementCharacter
                || (c.unicode() >= 0xfdd0 && c.unicode() <= 0xfdef))
                break;
            safe += c;
        }
    }
    return safe;
}

QString entityText(const QString &entity)
{
    if (entity.size() < 3 || !entity.startsWith(QLatin1Char('&'))
        || !entity.endsWith(QLatin1Char(';')))
        return entity;
    const QString name = entity.mid(1, entity.size() - 2);
    if (name.startsWith(QLatin1Char('#'))) {
        bool ok = false;
        const bool hex = name.size() > 1 && name[1].toLower() == QLatin1Char('x');
        const uint code = hex ? name.mid(2).toUInt(&ok, 16) : name.mid(1).toUInt(&ok, 10);
        if (!ok || code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return QString(QChar::ReplacementCharacter);
        const char32_t point = code;
        return QString::fromUcs4(&point, 1);
    }
    // Those that models write; any other is shown as it stands.
    static const QHash<QString, char16_t> known = {
        {QStringLiteral("amp"), u'&'},         {QStringLiteral("lt"), u'<'},
        {QStringLiteral("gt"), u'>'},          {QStringLiteral("quot"), u'"'},
        {QStringLiteral("apos"), u'\''},       {QStringLiteral("nbsp"), u'\u00a0'},
        {QStringLiteral("copy"), u'\u00a9'},   {QStringLiteral("reg"), u'\u00ae'},
        {QStringLiteral("trade"), u'\u2122'},  {QStringLiteral("deg"), u'\u00b0'},
        {QStringLiteral("plusmn"), u'\u00b1'}, {QStringLiteral("times"), u'\u00d7'},
        {QStringLiteral("divide"), u'\u00f7'}, {QStringLiteral("middot"), u'\u00b7'},
        {QStringLiteral("bull"), u'\u2022'},   {QStringLiteral("hellip"), u'\u2026'},
        {QStringLiteral("ndash"), u'\u2013'},  {QStringLiteral("mdash"), u'\u2014'},
        {QStringLiteral("lsquo"), u'\u2018'},  {QStringLiteral("rsquo"), u'\u2019'},
        {QStringLiteral("ldquo"), u'\u201c'},  {QStringLiteral("rdquo"), u'\u201d'},
        {QStringLiteral("laquo"), u'\u00ab'},  {QStringLiteral("raquo"), u'\u00bb'},
        {QStringLiteral("larr"), u'\u2190'},   {QStringLiteral("uarr"), u'\u2191'},
        {QStringLiteral("rarr"), u'\u2192'},   {QStringLiteral("darr"), u'\u2193'},
        {QStringLiteral("harr"), u'\u2194'},   {QStringLiteral("ne"), u'\u2260'},
        {QStringLiteral("le"), u'\u2264'},     {QStringLiteral("ge"), u'\u2265'},
        {QStringLiteral("infin"), u'\u221e'},  {QStringLiteral("euro"), u'\u20ac'},
        {QStringLiteral("pound"), u'\u00a3'},  {QStringLiteral("sect"), u'\u00a7'},
        {QStringLiteral("micro"), u'\u00b5'},  {QStringLiteral("pi"), u'\u03c0'},
        {QStringLiteral("alpha"), u'\u03b1'},  {QStringLiteral("beta"), u'\u03b2'},
        {QStringLiteral("frac12"), u'\u00bd'}, {QStringLiteral("check"), u'\u2713'},
    };
    const auto found = known.constFind(name);
    return found == known.constEnd() ? entity : QString(QChar(*found));
}

QString offeredLink(const QString &href)
{
    const QUrl url(href.trimmed(), QUrl::StrictMode);
    if (!url.isValid())
        return {};
    const QString scheme = url.scheme().toLower();
    const bool web = (scheme == QLatin1String("http") || scheme == QLatin1String("https"))
        && !url.host().isEmpty();
    const bool mail = scheme == QLatin1String("mailto") && !url.path().isEmpty();
    if (!web && !mail)
        return {};
    // Fully encoded: what is shown before it opens is what the browser gets.
    return QString::fromLatin1(url.toEncoded());
}

QString linkCitations(const QString &markup, const QVector<int> &numbers)
{
    static const QRegularExpression part(
        QStringLiteral("<(/?)(a|code)\\b[^>]*>|<[^>]*>|\\[(\\d{1,4}|\\?)\\]"));
    QString linked;
    qsizetype copied = 0;
    int closed = 0; // links and code around: nothing in them is a citation
    auto found = part.globalMatch(markup);
    while (found.hasNext()) {
        const QRegularExpressionMatch match = found.next();
        if (!match.captured(2).isEmpty()) {
            closed += match.captured(1).isEmpty() ? 1 : -1;
            continue;
        }
        const QString mark = match.captured(3);
        const bool unsupported = mark == QLatin1String("?");
        if (mark.isEmpty() || closed > 0 || (!unsupported && !numbers.contains(mark.toInt())))
            continue;
        linked += QStringView(markup).mid(copied, match.capturedStart() - copied);
        linked += QStringLiteral("<a href=\"%1%2\">[%3]</a>")
                      .arg(citationScheme(), unsupported ? QString() : mark, mark);
        copied = match.capturedEnd();
    }
    return copied == 0 ? markup : linked + markup.mid(copied);
}

QString citationScheme()
{
    return QStringLiteral("alcove-citation:");
}

QStringList linksIn(const QString &markup)
{
    static const QRegularExpression anchor(QStringLiteral("<a href=\"([^\"]*)\">"));
    QStringList links;
    auto found = anchor.globalMatch(markup);
    while (found.hasNext()) {
        // An encoded address holds none of the other characters that are escaped.
        const QString link =
            found.next().captured(1).replace(QLatin1String("&amp;"), QLatin1String("&"));
        if (!links.contains(link))
            links << link;
    }
    return links;
}

} // namespace alcove::markdown
