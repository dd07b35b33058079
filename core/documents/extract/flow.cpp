#include "core/documents/extract/flow.h"

#include <algorithm>

namespace alcove::documents {

namespace {

constexpr std::size_t kMaxColumns = 16384; // as spreadsheets have it
constexpr std::uint64_t kCellBytes =
    32; // what an empty cell counts, so that their number is bounded
constexpr std::size_t kManyParagraphs = 3; // in one cell: it is no table

} // namespace

Flow::Flow(DocumentBuilder &builder, const ReadLimits &limits, Tables tables)
    : m_builder(builder), m_room(limits.textBytes), m_kind(tables)
{ }

void Flow::add(Item item)
{
    if (full() || (item.kind != BlockKind::Code && item.text.empty()))
        return;
    put(std::move(item));
}

void Flow::put(Item item)
{
    if (!m_tables.empty() && (m_tables.back().inCell || m_tables.size() > 1)) {
        // A caption of a table within a table belongs to the cell around it.
        Table &table = m_tables.back().inCell ? m_tables.back() : m_tables[m_tables.size() - 2];
        if (!table.inCell)
            return;
        const std::uint64_t bytes = item.text.size() + kCellBytes;
        if (bytes > m_room) {
            m_full = true;
            return;
        }
        m_room -= bytes;
        table.rows.back().cells.back().push_back(std::move(item));
        return;
    }
    if (item.kind == BlockKind::Code) {
        if (m_code.size() + item.text.size() > m_room) {
            m_full = true;
            return;
        }
        if (m_last == BlockKind::Code)
            m_code += '\n';
        m_code += item.text;
        m_last = BlockKind::Code;
        return;
    }
    flushCode();
    // A list and a table end with a blank line, as paragraphs do.
    if (item.kind != m_last && (m_last == BlockKind::ListItem || m_last == BlockKind::TableRow))
        m_builder.endTable();
    m_last = item.kind;
    switch (item.kind) {
    case BlockKind::Heading:
        m_builder.heading(item.level, item.text);
        break;
    case BlockKind::ListItem:
        m_builder.listItem(item.level, item.text);
        break;
    case BlockKind::TableRow:
        m_builder.tableRow(item.cells, item.header);
        break;
    default:
        m_builder.paragraph(item.text);
        break;
    }
}

void Flow::flushCode()
{
    if (m_last != BlockKind::Code)
        return;
    m_builder.code(m_code);
    m_code.clear();
    m_last = BlockKind::Paragraph;
}

void Flow::beginTable()
{
    if (m_tables.empty()) {
        flushCode();
        if (m_last == BlockKind::TableRow || m_last == BlockKind::ListItem)
            m_builder.endTable();
        m_last = BlockKind::Paragraph;
    }
    m_tables.emplace_back();
}

void Flow::beginRow()
{
    if (m_tables.empty() || full())
        return;
    endRow();
    if (m_room < kCellBytes) {
        m_full = true;
        return;
    }
    m_room -= kCellBytes;
    Table &table = m_tables.back();
    table.rows.emplace_back();
    table.inRow = true;
}

void Flow::markHeader()
{
    if (!m_tables.empty() && m_tables.back().inRow)
        m_tables.back().rows.back().header = true;
}

void Flow::beginCell()
{
    if (m_tables.empty() || full())
        return;
    if (!m_tables.back().inRow)
        beginRow();
    Table &table = m_tables.back();
    Row &row = table.rows.back();
    if (m_room < kCellBytes) {
        m_full = true;
        return;
    }
    m_room -= kCellBytes;
    if (row.cells.size() < kMaxColumns)
        row.cells.emplace_back();
    table.inCell = true;
}

void Flow::endCell()
{
    if (!m_tables.empty())
        m_tables.back().inCell = false;
}

void Flow::endRow()
{
    if (m_tables.empty())
        return;
    Table &table = m_tables.back();
    table.inCell = false;
    table.inRow = false;
    // Rows of what is surely a table need not wait for its end.
    if (m_kind == Tables::AreData && m_tables.size() == 1 && table.rows.size() > 1)
        flushRows(table);
}

std::string Flow::joined(const Cell &cell)
{
    std::string text;
    for (const Item &item : cell) {
        const auto append = [&text](const std::string &more) {
            if (!more.empty())
                text += (text.empty() ? "" : " ") + more;
        };
        append(item.text);
        for (const std::string &inner : item.cells)
            append(inner);
    }
    return text;
}

bool Flow::isLayout(const Table &table)
{
    std::size_t columns = 0;
    for (const Row &row : table.rows)
        columns = std::max(columns, row.cells.size());
    if (columns <= 1)
        return true;
    for (const Row &row : table.rows) {
        for (const Cell &cell : row.cells) {
            std::size_t paragraphs = 0;
            for (const Item &item : cell) {
                if (item.kind != BlockKind::Paragraph || ++paragraphs > kManyParagraphs)
                    return true;
            }
        }
    }
    return false;
}

void Flow::flushRows(Table &table)
{
    std::vector<Row> rows = std::move(table.rows);
    table.rows.clear();
    for (Row &row : rows) {
        Item item;
        item.kind = BlockKind::TableRow;
        item.header = row.header;
        bool any = false;
        for (const Cell &cell : row.cells) {
            item.cells.push_back(joined(cell));
            any = any || !item.cells.back().empty();
        }
        if (any)
            put(std::move(item));
    }
}

void Flow::endTable()
{
    if (m_tables.empty())
        return;
    endRow();
    Table table = std::move(m_tables.back());
    m_tables.pop_back();
    const bool box =
        table.rows.size() == 1 && table.rows[0].cells.size() == 1 && m_last != BlockKind::TableRow;
    if (m_kind == Tables::MayBeLayout ? isLayout(table) : box) {
        for (Row &row : table.rows) {
            for (Cell &cell : row.cells) {
                for (Item &item : cell)
                    put(std::move(item));
            }
        }
    } else {
        flushRows(table);
    }
    if (m_tables.empty() && m_last == BlockKind::TableRow) {
        m_builder.endTable();
        m_last = BlockKind::Paragraph;
    }
}

void Flow::finish()
{
    while (!m_tables.empty())
        endTable();
    flushCode();
    if (m_last == BlockKind::ListItem)
        m_builder.endTable();
    m_last = BlockKind::Paragraph;
}

} // namespace alcove::documents
