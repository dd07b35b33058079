// Flow: paragraphs, headings, list items and tables as word processors, web pages and slides tell
// them, on their way to a DocumentBuilder.
//
// What is said within a cell becomes the cell's text; tables within cells, too. On the web tables
// also serve to lay out a page: with Tables::MayBeLayout a table whose cells hold headings, lists,
// further tables or many paragraphs is told as what its cells hold, and no table. One thread;
// beyond the limits full() is set and nothing more is taken.
#pragma once

#include "core/documents/document_builder.h"

#include <string>
#include <vector>

namespace alcove::documents {

class Flow
{
public:
    enum class Tables { AreData, MayBeLayout };

    Flow(DocumentBuilder &builder, const ReadLimits &limits, Tables tables = Tables::AreData);

    void heading(int level, std::string text) { add({BlockKind::Heading, level, std::move(text)}); }
    void paragraph(std::string text) { add({BlockKind::Paragraph, 0, std::move(text)}); }
    void listItem(int level, std::string text)
    {
        add({BlockKind::ListItem, level, std::move(text)});
    }
    void code(std::string text) { add({BlockKind::Code, 0, std::move(text)}); }

    void endCode() { flushCode(); } // what follows is another block of code

    void beginTable();
    void beginRow();
    void markHeader(); // the row at hand names the columns
    void beginCell();
    void endCell();
    void endRow();
    void endTable();
    bool inTable() const { return !m_tables.empty(); }
    std::size_t tableDepth() const { return m_tables.size(); }

    // Ends what is still open: a part may end in the middle of a table.
    void finish();

    bool full() const { return m_full || m_builder.full(); }

private:
    struct Row;
    struct Item {
        BlockKind kind = BlockKind::Paragraph;
        int level = 0;
        std::string text{}; // not of a TableRow
        std::vector<std::string> cells{}; // of a TableRow
        bool header = false;
    };
    using Cell = std::vector<Item>;
    struct Row {
        std::vector<Cell> cells;
        bool header = false;
    };
    struct Table {
        std::vector<Row> rows;
        bool inRow = false;
        bool inCell = false;
    };

    void add(Item item);
    void put(Item item); // to the cell at hand, or out
    void flushCode();
    void flushRows(Table &table);
    static std::string joined(const Cell &cell);
    static bool isLayout(const Table &table);

    DocumentBuilder &m_builder;
    std::uint64_t m_room; // bytes that tables may still take
    Tables m_kind;
    std::vector<Table> m_tables; // the innermost last
    std::string m_code; // lines of code that follow one another make one block
    BlockKind m_last = BlockKind::Paragraph;
    bool m_full = false;
};

} // namespace alcove::documents
