#include "app/help/help_model.h"

#include <QFile>

namespace alcove::help {

HelpModel::HelpModel(QObject *parent) : QAbstractListModel(parent)
{
    QFile file(QStringLiteral(":/help/help.md"));
    if (file.open(QIODevice::ReadOnly))
        m_entries = parseHelp(QString::fromUtf8(file.readAll()));
    m_found = searchHelp(m_entries, {});
}

void HelpModel::setQuery(const QString &query)
{
    if (query == m_query)
        return;
    m_query = query;
    beginResetModel();
    m_found = searchHelp(m_entries, m_query);
    endResetModel();
    emit queryChanged();
    emit countChanged();
}

int HelpModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_found.size());
}

QVariant HelpModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const HelpEntry &entry = m_entries[m_found[index.row()]];
    switch (role) {
    case TitleRole:
        return entry.title;
    case BodyRole:
        return entry.body;
    default:
        return {};
    }
}

QHash<int, QByteArray> HelpModel::roleNames() const
{
    return {{TitleRole, "title"}, {BodyRole, "body"}};
}

} // namespace alcove::help
