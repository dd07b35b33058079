// HelpModel: the help entries that answer the query, best first. GUI thread; cannot fail.
#pragma once

#include "app/help/help_entry.h"

#include <QAbstractListModel>
#include <QtQml/qqmlregistration.h>

namespace alcove::help {

class HelpModel : public QAbstractListModel
{
    Q_OBJECT
    QML_ELEMENT
    Q_PROPERTY(QString query READ query WRITE setQuery NOTIFY queryChanged FINAL)
    Q_PROPERTY(int count READ count NOTIFY countChanged FINAL)
public:
    enum Role {
        TitleRole = Qt::UserRole + 1, // QString: the entry's heading
        BodyRole, // QString: plain text, paragraphs separated by line breaks
    };
    Q_ENUM(Role)

    explicit HelpModel(QObject *parent = nullptr);

    QString query() const { return m_query; }
    void setQuery(const QString &query);
    int count() const { return int(m_found.size()); }

    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

signals:
    void queryChanged();
    void countChanged();

private:
    QVector<HelpEntry> m_entries;
    QVector<int> m_found;
    QString m_query;
};

} // namespace alcove::help
