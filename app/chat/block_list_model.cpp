#include "app/chat/block_list_model.h"

#include "app/markdown/block_builder.h"
#include "app/markdown/safe_markup.h"

#include <algorithm>

namespace alcove::chatui {

using markdown::Block;
using markdown::BlockType;

namespace {

QString kindOf(BlockType type)
{
    switch (type) {
    case BlockType::Paragraph:
        return QStringLiteral("paragraph");
    case BlockType::Heading:
        return QStringLiteral("heading");
    case BlockType::Code:
        return QStringLiteral("code");
    case BlockType::Table:
        return QStringLiteral("table");
    case BlockType::Rule:
        return QStringLiteral("rule");
    }
    return {};
}

QList<int> alignmentsOf(const Block &block)
{
    QList<int> flags;
    for (const auto alignment : block.alignments)
        flags.append(alignment == markdown::CellAlignment::End          ? Qt::AlignRight
                         : alignment == markdown::CellAlignment::Center ? Qt::AlignHCenter
                                                                        : Qt::AlignLeft);
    return flags;
}

} // namespace

BlockListModel::BlockListModel(QObject *parent) : QAbstractListModel(parent) { }

void BlockListModel::setPlain(const QString &text)
{
    Block block;
    block.html = markdown::plainMarkup(text);
    show({block});
}

void BlockListModel::setMarkdown(const QString &text)
{
    m_stream.setText(text);
    show(m_stream.blocks());
    emit linksChanged();
}

void BlockListModel::append(const QString &text)
{
    m_stream.append(text);
    show(m_stream.blocks());
}

void BlockListModel::finish()
{
    m_stream.finish();
    show(m_stream.blocks());
    emit linksChanged();
}

void BlockListModel::setCitations(const QVector<int> &numbers)
{
    if (m_cited && numbers == m_citations)
        return;
    m_cited = true;
    m_citations = numbers;
    if (!m_blocks.isEmpty())
        emit dataChanged(index(0), index(int(m_blocks.size()) - 1), {MarkupRole, CellsRole});
}

QString BlockListModel::cited(const QString &markup) const
{
    return m_cited ? markdown::linkCitations(markup, m_citations) : markup;
}

QStringList BlockListModel::links() const
{
    QStringList all;
    for (const Block &block : m_blocks) {
        const QString markup = block.html + block.cells.join(QString());
        for (const QString &link : markdown::linksIn(markup)) {
            if (!all.contains(link))
                all << link;
        }
    }
    return all;
}

void BlockListModel::show(const QVector<Block> &blocks)
{
    const int common = int(std::min(blocks.size(), m_blocks.size()));
    int row = 0;
    // Views choose the delegate by the kind when the row is made, so a row of another kind is new.
    for (; row < common && blocks[row].type == m_blocks[row].type; ++row) {
        if (blocks[row] == m_blocks[row])
            continue;
        m_blocks[row] = blocks[row];
        emit dataChanged(index(row), index(row));
    }
    if (row < m_blocks.size()) {
        beginRemoveRows({}, row, int(m_blocks.size()) - 1);
        m_blocks.resize(row);
        endRemoveRows();
    }
    if (row < blocks.size()) {
        beginInsertRows({}, row, int(blocks.size()) - 1);
        m_blocks = blocks;
        endInsertRows();
    }
}

int BlockListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_blocks.size());
}

QVariant BlockListModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Block &block = m_blocks[index.row()];
    switch (role) {
    case KindRole:
        return kindOf(block.type);
    case MarkupRole:
        return cited(block.html);
    case CodeRole:
        return block.code;
    case LanguageRole:
        return block.language;
    case LevelRole:
        return block.level;
    case ColumnsRole:
        return block.columns;
    case CellsRole: {
        QStringList cells = block.cells;
        for (QString &cell : cells)
            cell = cited(cell);
        return cells;
    }
    case AlignmentsRole:
        return QVariant::fromValue(alignmentsOf(block));
    case IndentRole:
        return block.indent;
    case QuoteDepthRole:
        return block.quoteDepth;
    case MarkerRole:
        return block.marker;
    case TaskRole:
        return int(block.task);
    case TightRole:
        return block.tight;
    default:
        return {};
    }
}

QHash<int, QByteArray> BlockListModel::roleNames() const
{
    return {{KindRole, "kind"},     {MarkupRole, "markup"},
            {CodeRole, "code"},     {LanguageRole, "language"},
            {LevelRole, "level"},   {ColumnsRole, "columns"},
            {CellsRole, "cells"},   {AlignmentsRole, "alignments"},
            {IndentRole, "indent"}, {QuoteDepthRole, "quoteDepth"},
            {MarkerRole, "marker"}, {TaskRole, "task"},
            {TightRole, "tight"}};
}

} // namespace alcove::chatui
