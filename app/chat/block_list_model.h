// BlockListModel: the blocks of one message. Text that grows touches the last rows only: a row
// whose block did not change is neither removed nor reported as changed. GUI thread.
#pragma once

#include "app/markdown/markdown_stream.h"

#include <QAbstractListModel>
#include <QtQml/qqmlregistration.h>

namespace alcove::chatui {

class BlockListModel : public QAbstractListModel
{
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("A part of MessageListModel.")
    // Where the text's links lead, each once; known when the text is whole.
    Q_PROPERTY(QStringList links READ links NOTIFY linksChanged FINAL)
public:
    enum Role {
        KindRole = Qt::UserRole + 1, // QString: paragraph, heading, code, table, rule
        MarkupRole, // QString: our own markup (paragraph, heading)
        CodeRole, // QString: plain text (code)
        LanguageRole, // QString: may be empty (code)
        LevelRole, // int: 1 to 6 (heading)
        ColumnsRole, // int (table)
        CellsRole, // QStringList: markup, row by row, the header first (table)
        AlignmentsRole, // QList<int>: Qt::Alignment of each column (table)
        IndentRole, // int: lists around the block
        QuoteDepthRole, // int: quotations around the block
        MarkerRole, // QString: "•", "3." before the block; may be empty
        TaskRole, // int: 0 none, 1 open, 2 done
        TightRole, // bool: close to the block above
    };
    Q_ENUM(Role)

    explicit BlockListModel(QObject *parent = nullptr);

    void setPlain(const QString &text); // what the user typed
    void setMarkdown(const QString &text); // a whole answer
    void append(const QString &text); // an answer that grows
    void finish(); // it has ended

    // The numbers in brackets that lead to sources.
    void setCitations(const QVector<int> &numbers);

    QStringList links() const;

    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

signals:
    void linksChanged();

private:
    void show(const QVector<markdown::Block> &blocks);

    markdown::MarkdownStream m_stream;
    QVector<markdown::Block> m_blocks;
    bool m_cited = false; // the text was checked against sources
    QVector<int> m_citations;
    QString cited(const QString &markup) const;
};

} // namespace alcove::chatui
