#include "core/documents/extract/sheet_rows.h"

#include <QDate>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace alcove::documents {

namespace {

constexpr std::size_t kWaiting = 50; // rows that are looked at for the shape of the table
constexpr int kMaxGap = 16; // empty cells in a row that are written out; longer gaps are one cell

} // namespace

void SheetRows::row(std::vector<SheetCell> cells, bool header)
{
    cells.erase(std::remove_if(cells.begin(), cells.end(),
                               [](const SheetCell &cell) { return cell.text.empty(); }),
                cells.end());
    if (cells.empty())
        return;
    Row row{std::move(cells), header};
    if (m_decided) {
        write(row);
        return;
    }
    m_waiting.push_back(std::move(row));
    if (m_waiting.size() >= kWaiting)
        decide();
}

void SheetRows::decide()
{
    m_decided = true;
    if (m_waiting.empty())
        return;
    m_first = m_waiting[0].cells[0].column;
    std::size_t columns = 0;
    bool named = false;
    bool numbers = false; // below the first row
    for (std::size_t i = 0; i < m_waiting.size(); ++i) {
        const Row &row = m_waiting[i];
        m_first = std::min(m_first, row.cells[0].column);
        columns = std::max(columns, row.cells.size());
        named = named || row.header;
        for (const SheetCell &cell : row.cells)
            numbers = numbers || (i > 0 && cell.isNumber);
    }
    Row &first = m_waiting[0];
    const bool words = std::none_of(first.cells.begin(), first.cells.end(),
                                    [](const SheetCell &cell) { return cell.isNumber; });
    // One cell above a wide table is the table's title.
    if (!named && words && numbers && (first.cells.size() > 1 || columns == 1))
        first.header = true;
    for (const Row &row : m_waiting)
        write(row);
    m_waiting.clear();
}

void SheetRows::write(const Row &row)
{
    std::vector<std::string> cells;
    int next = std::min(m_first, row.cells[0].column);
    for (const SheetCell &cell : row.cells) {
        const int gap = cell.column - next;
        if (gap > 0)
            cells.resize(cells.size() + std::size_t(gap > kMaxGap ? 1 : gap));
        cells.push_back(cell.text);
        next = cell.column + 1;
    }
    m_builder.tableRow(cells, row.header);
}

void SheetRows::finish()
{
    if (!m_decided)
        decide();
    m_builder.endTable();
}

std::string shortNumber(double value)
{
    if (!std::isfinite(value))
        return {};
    const std::string text = QString::number(value, 'g', 15).toStdString();
    return text == "-0" ? "0" : text;
}

std::string isoDate(double days, bool withDate, bool withTime)
{
    if (!(days >= 0) || days >= 2958466) // the year 10000
        return {};
    std::int64_t seconds = std::int64_t(std::llround(days * 86400));
    std::int64_t day = seconds / 86400;
    if (!withTime)
        day = std::int64_t(days);
    seconds -= day * 86400;
    char buffer[80];
    std::string text;
    if (withDate) {
        const QDate date = QDate(1899, 12, 30).addDays(day);
        std::snprintf(buffer, sizeof buffer, "%04d-%02d-%02d", date.year(), date.month(),
                      date.day());
        text = buffer;
    }
    if (withTime) {
        const int hour = int(seconds / 3600 % 24);
        const int minute = int(seconds / 60 % 60);
        std::snprintf(buffer, sizeof buffer, "%02d:%02d", hour, minute);
        if (!text.empty())
            text += ' ';
        text += buffer;
        if (seconds % 60 != 0) {
            std::snprintf(buffer, sizeof buffer, ":%02d", int(seconds % 60));
            text += buffer;
        }
    }
    return text;
}

} // namespace alcove::documents
