// SheetRows: the rows of one sheet on their way to a DocumentBuilder.
//
// The first rows wait until it can be told where the table begins and whether its first row names
// the columns: it does where it holds nothing but text and a row below holds a number or a date.
// Cells are given by their column, so that a sheet with one cell in its last corner is one cell.
// One thread; nothing fails.
#pragma once

#include "core/documents/document_builder.h"

#include <string>
#include <vector>

namespace alcove::documents {

struct SheetCell {
    int column = 0; // from 0
    std::string text;
    bool isNumber = false; // or a date
};

class SheetRows
{
public:
    explicit SheetRows(DocumentBuilder &builder) : m_builder(builder) { }

    // `cells` by rising column; `header` where the file says that the row names the columns.
    void row(std::vector<SheetCell> cells, bool header = false);
    void finish();

private:
    struct Row {
        std::vector<SheetCell> cells;
        bool header = false;
    };

    void decide();
    void write(const Row &row);

    DocumentBuilder &m_builder;
    std::vector<Row> m_waiting;
    int m_first = 0; // the column that rows begin with
    bool m_decided = false;
};

// A number as people write it: 15 digits at most, nothing that says nothing.
std::string shortNumber(double value);

// ISO 8601 with a space: "2024-03-01", "2024-03-01 14:30"; `days` since 1899-12-30.
// Empty when it is no date of this calendar.
std::string isoDate(double days, bool withDate, bool withTime);

} // namespace alcove::documents
