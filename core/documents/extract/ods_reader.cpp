// readOds: OpenDocument spreadsheets, sheet by sheet, cells as people see them.

#include "core/documents/extract/odf.h"
#include "core/documents/extract/readers.h"
#include "core/documents/extract/sheet_rows.h"

#include <algorithm>

namespace alcove::documents {

namespace {

constexpr int kMaxColumns = 16384;
// A row or cell that is said to come again and again tells nothing more after so many times.
constexpr int kMaxRepeatedRows = 100;
constexpr int kMaxRepeatedCells = 100;

// "2024-03-01T14:30:00" as people write it.
std::string shownDate(const QString &value)
{
    QString text = value.left(16).replace(u'T', u' ');
    if (text.endsWith(u"00:00") && text.size() == 16 && value.mid(16).startsWith(u":00"))
        text.truncate(10);
    else if (value.size() >= 19 && value.mid(17, 2) != u"00")
        text += value.mid(16, 3);
    return utf8(text);
}

class OdsSheet
{
public:
    OdsSheet(XmlPart &xml, DocumentBuilder &builder) : m_xml(xml), m_builder(builder) { }

    // A table:table, from its beginning to its end.
    void read()
    {
        const int depth = m_xml.depth();
        m_builder.beginPage(utf8(m_xml.attribute(u"name")));
        SheetRows rows(m_builder);
        bool headers = false;
        while (m_xml.next() && !m_builder.full()) {
            if (m_xml.isEnd() && m_xml.depth() == depth)
                break;
            if (m_xml.is(u"table-header-rows"))
                headers = m_xml.isStart();
            else if (!m_xml.isStart())
                continue;
            else if (m_xml.is(u"table-row"))
                readRow(rows, headers);
            else if (m_xml.is(u"shapes") || m_xml.is(u"forms") || m_xml.is(u"table-source"))
                m_xml.skip();
        }
        rows.finish();
    }

private:
    void readRow(SheetRows &rows, bool header)
    {
        const int depth = m_xml.depth();
        const int repeated =
            std::clamp(number(m_xml.attribute(u"number-rows-repeated"), 1), 1, kMaxRepeatedRows);
        std::vector<SheetCell> cells;
        int column = 0;
        while (m_xml.next()) {
            if (m_xml.isEnd() && m_xml.depth() == depth)
                break;
            if (!m_xml.isStart() || (!m_xml.is(u"table-cell") && !m_xml.is(u"covered-table-cell")))
                continue;
            const int times =
                std::clamp(number(m_xml.attribute(u"number-columns-repeated"), 1), 1, kMaxColumns);
            SheetCell cell = readCell();
            for (int i = 0; i < std::min(times, kMaxRepeatedCells) && !cell.text.empty(); ++i) {
                cell.column = column + i;
                if (cell.column < kMaxColumns)
                    cells.push_back(cell);
            }
            column = std::min(column + times, kMaxColumns);
        }
        for (int i = 0; i < repeated && !cells.empty() && !m_builder.full(); ++i)
            rows.row(cells, header);
    }

    SheetCell readCell()
    {
        SheetCell cell;
        const QString type = m_xml.attribute(u"value-type", u"office:1.0");
        const QString value = m_xml.attribute(u"value");
        const QString date = m_xml.attribute(u"date-value");
        const QString currency = m_xml.attribute(u"currency");
        const QString boolean = m_xml.attribute(u"boolean-value");
        const int depth = m_xml.depth();
        QString text;
        while (m_xml.next()) {
            if (m_xml.isEnd() && m_xml.depth() == depth)
                break;
            if (!m_xml.isStart())
                continue;
            if (m_xml.is(u"p")) {
                const QString paragraph = odfParagraph(m_xml);
                text += (text.isEmpty() ? QString() : QStringLiteral("\n")) + paragraph;
            } else {
                m_xml.skip(); // remarks, pictures
            }
        }
        bool ok = false;
        const double number = value.toDouble(&ok);
        cell.isNumber = type == u"float" || type == u"percentage" || type == u"currency"
            || type == u"date" || type == u"time";
        // The result of a formula may be an error, which only the text tells.
        const bool error = text.startsWith(u'#') || text.startsWith(u"Err:");
        if (type == u"date" && !date.isEmpty())
            cell.text = shownDate(date);
        else if (type == u"boolean" && !boolean.isEmpty())
            cell.text = boolean == u"true" ? "TRUE" : "FALSE";
        else if (type == u"float" && ok && !error)
            cell.text = shortNumber(number);
        else if (type == u"percentage" && ok && !error)
            cell.text = shortNumber(number * 100) + '%';
        else if (type == u"currency" && ok && !error)
            cell.text = utf8(QString::fromStdString(shortNumber(number) + " ") + currency);
        else
            cell.text = utf8(text);
        return cell;
    }

    XmlPart &m_xml;
    DocumentBuilder &m_builder;
};

} // namespace

Result<DocumentText> readOds(const std::string &path, const ReadOptions &options)
{
    DocumentBuilder builder(PageKind::Sheet, options.limits);
    auto package = OdfPackage::open(path, options.limits, builder);
    if (!package)
        return fail(std::move(package.error()));
    auto opened = XmlPart::open(package->archive, "content.xml");
    if (!opened)
        return fail(std::move(opened.error()));
    XmlPart &xml = **opened;
    bool inBody = false;
    while (xml.next() && !builder.full()) {
        if (xml.is(u"spreadsheet"))
            inBody = xml.isStart();
        else if (!inBody || !xml.isStart())
            continue;
        else if (xml.is(u"table"))
            OdsSheet(xml, builder).read();
        else
            xml.skip();
    }
    if (builder.full())
        return fail(tooMuchText());
    if (const auto outcome = xml.outcome(); !outcome)
        return fail(outcome.error());
    return builder.finish();
}

} // namespace alcove::documents
