// Block: one piece of an answer as the window shows it: a paragraph, a heading, code, a table, a
// rule.
//
// Lists and quotations are not nested: each block knows its depth in them. Markup in `html` and
// `cells` is our own small subset (b, i, s, code, a, br) around escaped text; see safe_markup.h.
#pragma once

#include <QString>
#include <QStringList>
#include <QVector>

namespace alcove::markdown {

enum class BlockType { Paragraph, Heading, Code, Table, Rule };
enum class TaskState { None, Open, Done };
enum class CellAlignment { Start, Center, End };

struct Block {
    BlockType type = BlockType::Paragraph;
    QString html; // Paragraph, Heading
    QString code; // Code, without the last line break
    QString language; // Code: the first word after the fence
    int level = 0; // Heading: 1 to 6
    int columns = 0; // Table
    QStringList cells; // Table: row by row, the header first
    QVector<CellAlignment> alignments; // Table: one a column
    int indent = 0; // lists around it
    int quoteDepth = 0; // quotations around it
    QString marker; // first block of a list item: "•", "3."
    TaskState task = TaskState::None;
    bool tight = false; // follows the block above closely

    bool operator==(const Block &other) const = default;
};

} // namespace alcove::markdown
