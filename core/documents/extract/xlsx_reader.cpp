// readXlsx: Excel's workbooks, sheet by sheet in their order, cells as people see them.

#include "core/documents/extract/ooxml.h"
#include "core/documents/extract/readers.h"
#include "core/documents/extract/sheet_rows.h"
#include "core/documents/extract/xlsx_formats.h"

#include <set>

namespace alcove::documents {

namespace {

constexpr int kMaxColumns = 16384;

struct Workbook {
    struct Sheet {
        std::string name;
        std::string part;
        std::set<int> headers; // rows that name columns, from 1
    };
    std::vector<Sheet> sheets;
    bool from1904 = false;
};

// "AB12" to its column, from 0, and its row, from 1; -1 and 0 where there is none.
std::pair<int, int> parsedCell(QStringView reference)
{
    int column = 0;
    int row = 0;
    for (const QChar c : reference) {
        if (c >= u'A' && c <= u'Z' && row == 0 && column <= kMaxColumns)
            column = column * 26 + (c.unicode() - 'A' + 1);
        else if (c >= u'0' && c <= u'9' && row < 10'000'000)
            row = row * 10 + (c.unicode() - '0');
        else if (c != u'$')
            break;
    }
    return {column > kMaxColumns ? -1 : column - 1, row};
}

Result<Workbook> readWorkbook(Archive &archive, const std::string &part, const Relations &relations,
                              const ReadLimits &limits)
{
    auto opened = XmlPart::open(archive, part);
    if (!opened)
        return fail(std::move(opened.error()));
    XmlPart &xml = **opened;
    Workbook workbook;
    while (xml.next()) {
        if (!xml.isStart())
            continue;
        if (xml.is(u"workbookPr")) {
            workbook.from1904 = xml.hasAttribute(u"date1904") && isOn(xml, u"date1904");
        } else if (xml.is(u"sheet")) {
            if (workbook.sheets.size() >= limits.pages)
                return fail(tooMuchText());
            workbook.sheets.push_back({utf8(xml.attribute(u"name")),
                                       relations.byId(xml.attribute(u"id", u"relationships")),
                                       {}});
        } else if (xml.is(u"definedName") && xml.attribute(u"name") == u"_xlnm._FilterDatabase") {
            // The range of an autofilter: its first row has the names.
            const auto sheet = std::size_t(number(xml.attribute(u"localSheetId"), -1));
            const QString range = xml.readText();
            const auto row = parsedCell(QStringView(range).mid(range.lastIndexOf(u'!') + 1)).second;
            if (sheet < workbook.sheets.size())
                workbook.sheets[sheet].headers.insert(row);
        }
    }
    if (const auto outcome = xml.outcome(); !outcome)
        return fail(outcome.error());
    return workbook;
}

// Text of a shared or inline string, from its beginning to its end.
QString readString(XmlPart &xml)
{
    const int depth = xml.depth();
    QString text;
    while (xml.next()) {
        if (xml.isEnd() && xml.depth() == depth)
            break;
        if (xml.isStart() && xml.is(u"t"))
            text += xml.readText();
        else if (xml.isStart() && xml.is(u"rPh"))
            xml.skip(); // how it is pronounced
    }
    return text;
}

Result<std::vector<std::string>> readSharedStrings(Archive &archive, const std::string &part,
                                                   const ReadLimits &limits)
{
    std::vector<std::string> strings;
    if (part.empty() || !archive.has(part))
        return strings;
    auto opened = XmlPart::open(archive, part);
    if (!opened)
        return fail(std::move(opened.error()));
    XmlPart &xml = **opened;
    std::uint64_t bytes = 0;
    while (xml.next()) {
        if (!xml.isStart() || !xml.is(u"si"))
            continue;
        strings.push_back(utf8(readString(xml)));
        bytes += strings.back().size() + sizeof(std::string) / 4;
        if (bytes > limits.textBytes)
            return fail(tooMuchText());
    }
    if (const auto outcome = xml.outcome(); !outcome)
        return fail(outcome.error());
    return strings;
}

class SheetReader
{
public:
    SheetReader(const std::vector<std::string> &strings, const XlsxFormats &formats, bool from1904)
        : m_strings(strings), m_formats(formats), m_from1904(from1904)
    { }

    Result<> read(Archive &archive, const Workbook::Sheet &sheet, DocumentBuilder &builder) const
    {
        auto opened = XmlPart::open(archive, sheet.part);
        if (!opened)
            return fail(std::move(opened.error()));
        XmlPart &xml = **opened;
        SheetRows rows(builder);
        std::vector<SheetCell> cells;
        int row = 0;
        while (xml.next() && !builder.full()) {
            if (xml.is(u"row")) {
                if (xml.isStart()) {
                    row = number(xml.attribute(u"r"), row + 1);
                    cells.clear();
                } else {
                    rows.row(std::move(cells), sheet.headers.contains(row));
                    cells.clear();
                }
            } else if (xml.isStart() && xml.is(u"c")) {
                SheetCell cell = readCell(xml, cells.empty() ? 0 : cells.back().column + 1);
                if (!cell.text.empty() && cells.size() < std::size_t(kMaxColumns))
                    cells.push_back(std::move(cell));
            }
        }
        rows.finish();
        return xml.outcome();
    }

private:
    SheetCell readCell(XmlPart &xml, int nextColumn) const
    {
        SheetCell cell;
        const QString type = xml.attribute(u"t");
        const auto style = std::size_t(std::max(number(xml.attribute(u"s"), 0), 0));
        // Columns only rise: a cell that says otherwise comes next.
        cell.column = std::max(parsedCell(xml.attribute(u"r")).first, nextColumn);
        QString value;
        const int depth = xml.depth();
        while (xml.next()) {
            if (xml.isEnd() && xml.depth() == depth)
                break;
            if (xml.isStart() && xml.is(u"v"))
                value = xml.readText();
            else if (xml.isStart() && xml.is(u"is"))
                value = readString(xml);
            else if (xml.isStart() && xml.is(u"f"))
                xml.skip();
        }
        if (value.isEmpty())
            return cell;
        if (type == u"s") {
            const auto index = std::size_t(number(value, -1));
            if (index < m_strings.size())
                cell.text = m_strings[index];
        } else if (type == u"b") {
            cell.text = value == u"0" ? "FALSE" : "TRUE";
        } else if (type.isEmpty() || type == u"n") {
            bool ok = false;
            const double number = value.toDouble(&ok);
            cell.text = ok ? m_formats.shown(number, style, m_from1904) : utf8(value);
            cell.isNumber = ok;
        } else {
            cell.text = utf8(value); // text, an error, a date as ISO 8601 has it
            cell.isNumber = type == u"d";
        }
        return cell;
    }

    const std::vector<std::string> &m_strings;
    const XlsxFormats &m_formats;
    bool m_from1904;
};

// Rows that the tables of a sheet name their columns by.
Result<> addTableHeaders(Archive &archive, Workbook::Sheet &sheet)
{
    const auto relations = Relations::read(archive, sheet.part);
    if (!relations)
        return fail(relations.error());
    for (const std::string &part : relations->allByType("table")) {
        if (!archive.has(part))
            continue;
        auto opened = XmlPart::open(archive, part);
        if (!opened)
            return fail(std::move(opened.error()));
        if ((*opened)->next() && (*opened)->is(u"table")
            && (!(*opened)->hasAttribute(u"headerRowCount")
                || (*opened)->attribute(u"headerRowCount") != u"0"))
            sheet.headers.insert(parsedCell((*opened)->attribute(u"ref")).second);
        if (const auto &outcome = (*opened)->outcome(); !outcome)
            return outcome;
    }
    return {};
}

} // namespace

Result<DocumentText> readXlsx(const std::string &path, const ReadOptions &options)
{
    auto archive = Archive::open(path, options.limits);
    if (!archive)
        return fail(std::move(archive.error()));
    const auto part = mainPart(*archive, "xl/workbook.xml");
    if (!part)
        return fail(part.error());
    const auto relations = Relations::read(*archive, *part);
    if (!relations)
        return fail(relations.error());
    auto workbook = readWorkbook(*archive, *part, *relations, options.limits);
    if (!workbook)
        return fail(std::move(workbook.error()));
    const auto strings =
        readSharedStrings(*archive, relations->byType("sharedStrings"), options.limits);
    if (!strings)
        return fail(strings.error());
    const auto formats = XlsxFormats::read(*archive, relations->byType("styles"));
    if (!formats)
        return fail(formats.error());

    DocumentBuilder builder(PageKind::Sheet, options.limits);
    if (const auto outcome = readCoreProperties(*archive, builder); !outcome)
        return fail(outcome.error());
    const SheetReader reader(*strings, *formats, workbook->from1904);
    for (Workbook::Sheet &sheet : workbook->sheets) {
        if (sheet.part.find("chartsheets/") != std::string::npos)
            continue;
        builder.beginPage(sheet.name);
        if (!archive->has(sheet.part))
            return fail(damaged("a sheet is missing.", sheet.part));
        if (const auto outcome = addTableHeaders(*archive, sheet); !outcome)
            return fail(outcome.error());
        if (const auto outcome = reader.read(*archive, sheet, builder); !outcome)
            return fail(outcome.error());
        if (builder.full())
            return fail(tooMuchText());
    }
    return builder.finish();
}

} // namespace alcove::documents
