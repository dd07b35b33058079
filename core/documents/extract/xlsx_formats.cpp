#include "core/documents/extract/xlsx_formats.h"

#include "core/documents/extract/sheet_rows.h"

#include <cmath>
#include <unordered_map>

namespace alcove::documents {

namespace {

constexpr std::size_t kMaxStyles = 100'000;
constexpr QStringView kCurrencies = u"$€£¥₹₽₩₺฿₴";

// The formats that files use without spelling them out.
XlsxFormat builtin(int id)
{
    XlsxFormat format;
    format.percent = id == 9 || id == 10;
    // 27 to 36 and 50 to 58 are the dates of East Asian versions.
    format.date = (id >= 14 && id <= 17) || id == 22 || (id >= 27 && id <= 31) || id == 36
        || (id >= 50 && id <= 54) || id == 57 || id == 58;
    format.time = (id >= 18 && id <= 22) || (id >= 32 && id <= 35) || (id >= 45 && id <= 47)
        || id == 55 || id == 56;
    format.elapsed = id == 46;
    return format;
}

} // namespace

XlsxFormat parseXlsxFormat(QStringView code)
{
    XlsxFormat format;
    bool months = false; // or minutes
    for (qsizetype i = 0; i < code.size() && code[i] != u';'; ++i) {
        const QChar c = code[i];
        if (c == u'"') {
            const qsizetype end = code.indexOf(u'"', i + 1);
            const QStringView quoted = code.mid(i + 1, (end < 0 ? code.size() : end) - i - 1);
            if (quoted.size() == 1 && kCurrencies.contains(quoted[0]))
                format.currency = utf8(quoted);
            i = end < 0 ? code.size() : end;
        } else if (c == u'\\' || c == u'_' || c == u'*') {
            ++i; // the next one is shown, or filled with, as it is
        } else if (c == u'[') {
            const qsizetype end = code.indexOf(u']', i + 1);
            const QStringView inside = code.mid(i + 1, (end < 0 ? code.size() : end) - i - 1);
            const QString lower = inside.toString().toLower();
            if (lower.startsWith(u'$')) {
                const qsizetype dash = inside.indexOf(u'-');
                format.currency = utf8(inside.mid(1, (dash < 0 ? inside.size() : dash) - 1));
            } else if (lower == u"h" || lower == u"hh" || lower == u"m" || lower == u"mm"
                       || lower == u"s" || lower == u"ss") {
                format.elapsed = true;
            }
            i = end < 0 ? code.size() : end;
        } else if (c == u'%') {
            format.percent = true;
        } else if (c == u'y' || c == u'Y' || c == u'd' || c == u'D') {
            format.date = true;
        } else if (c == u'h' || c == u'H' || c == u's' || c == u'S') {
            format.time = true;
        } else if (c == u'm' || c == u'M') {
            months = true;
        } else if (code.mid(i).startsWith(u"General", Qt::CaseInsensitive)) {
            i += 6;
        } else if (kCurrencies.contains(c)) {
            format.currency = utf8(QStringView(&c, 1));
        }
    }
    if (months && !format.time && !format.elapsed)
        format.date = true;
    return format;
}

Result<XlsxFormats> XlsxFormats::read(Archive &archive, const std::string &part)
{
    XlsxFormats formats;
    if (part.empty() || !archive.has(part))
        return formats;
    auto opened = XmlPart::open(archive, part);
    if (!opened)
        return fail(std::move(opened.error()));
    XmlPart &xml = **opened;
    std::unordered_map<int, XlsxFormat> custom;
    bool inCells = false;
    while (xml.next()) {
        if (xml.is(u"cellXfs")) {
            inCells = xml.isStart();
        } else if (xml.isStart() && xml.is(u"numFmt")) {
            if (custom.size() < kMaxStyles)
                custom.emplace(number(xml.attribute(u"numFmtId"), -1),
                               parseXlsxFormat(xml.attribute(u"formatCode")));
        } else if (xml.isStart() && xml.is(u"dxfs")) {
            xml.skip();
        } else if (xml.isStart() && xml.is(u"xf") && inCells) {
            const int id = number(xml.attribute(u"numFmtId"), 0);
            const auto found = custom.find(id);
            if (formats.m_styles.size() < kMaxStyles)
                formats.m_styles.push_back(found != custom.end() ? found->second : builtin(id));
        }
    }
    if (const auto outcome = xml.outcome(); !outcome)
        return fail(outcome.error());
    return formats;
}

std::string XlsxFormats::shown(double value, std::size_t style, bool from1904) const
{
    const XlsxFormat format = style < m_styles.size() ? m_styles[style] : XlsxFormat();
    if (format.elapsed && std::fabs(value) < 1e6) {
        const auto seconds = std::llround(std::fabs(value) * 86400);
        const std::string text = QStringLiteral("%1:%2")
                                     .arg(seconds / 3600)
                                     .arg(seconds / 60 % 60, 2, 10, QLatin1Char('0'))
                                     .toStdString();
        return value < 0 ? '-' + text : text;
    }
    if (format.date || format.time) {
        double days = value;
        if (from1904)
            days += 1462;
        else if (value >= 1 && value < 60)
            days += 1; // Excel has a 29 February 1900, which never was
        const std::string text = isoDate(days, format.date, format.time);
        if (!text.empty())
            return text;
    }
    if (format.percent)
        return shortNumber(value * 100) + '%';
    std::string text = shortNumber(value);
    if (!format.currency.empty())
        text += ' ' + format.currency;
    return text;
}

} // namespace alcove::documents
