#include "app/documents/document_list_model.h"

#include "app/documents/places.h"
#include "core/documents/collections.h"

#include <QDir>
#include <QFileInfo>
#include <QLocale>

#include <algorithm>

namespace alcove::documentsui {

using documents::Collections;
using documents::DocumentEntry;
using documents::DocumentState;

namespace {

bool before(const DocumentListModel::Row &a, const DocumentListModel::Row &b)
{
    if (a.entry.collection != b.entry.collection)
        return a.entry.collection < b.entry.collection;
    return a.entry.path < b.entry.path;
}

bool same(const DocumentListModel::Row &a, const DocumentListModel::Row &b)
{
    return a.entry.id == b.entry.id && a.state == b.state && a.page == b.page && a.pages == b.pages
        && a.entry.errorText == b.entry.errorText && a.entry.passages == b.entry.passages
        && a.entry.bytes == b.entry.bytes && a.entry.remarks == b.entry.remarks;
}

} // namespace

DocumentListModel::DocumentListModel(QObject *parent) : QAbstractListModel(parent) { }

int DocumentListModel::waiting() const
{
    return int(m_waiting.size());
}

void DocumentListModel::setCollection(const QString &name)
{
    if (name == m_collection)
        return;
    m_collection = name;
    rebuild();
}

void DocumentListModel::setEntries(const std::vector<DocumentEntry> &entries)
{
    m_entries = entries;
    rebuild();
}

void DocumentListModel::setQueued(const QString &collection, const QStringList &files)
{
    for (const QString &path : files) {
        const QPair<QString, QString> key(collection, path);
        if (!m_waiting.contains(key))
            m_waiting.insert(key, {collection, path});
    }
    rebuild();
}

void DocumentListModel::setReading(const QString &collection, const QString &path, quint32 page,
                                   quint32 pages)
{
    Waiting &waiting = m_waiting[{collection, path}];
    const bool began = !waiting.reading;
    waiting = {collection, path, page, pages, true};
    if (began) {
        rebuild();
        return;
    }
    for (int at = 0; at < count(); ++at) {
        Row &row = m_rows[at];
        if (row.entry.path != path || row.entry.collection != collection)
            continue;
        row.page = page;
        row.pages = pages;
        emit dataChanged(index(at), index(at), {StatusRole});
        return;
    }
}

void DocumentListModel::setDone(const QString &collection, const QString &path)
{
    m_waiting.remove({collection, path});
}

void DocumentListModel::clearWaiting()
{
    if (m_waiting.isEmpty())
        return;
    m_waiting.clear();
    rebuild();
}

// Both lists are sorted, so one walk along them finds what came, went and changed.
void DocumentListModel::rebuild()
{
    QVector<Row> all;
    QSet<QPair<QString, QString>> known;
    const auto add = [&](const DocumentEntry &entry) {
        Row row;
        row.entry = entry;
        row.state = entry.state == DocumentState::Failed ? Failed : Ready;
        const auto waiting = m_waiting.constFind({entry.collection, entry.path});
        if (waiting != m_waiting.constEnd()) {
            row.state = waiting->reading ? Reading : Queued;
            row.page = waiting->page;
            row.pages = waiting->pages;
        }
        known.insert({entry.collection, entry.path});
        all.append(row);
    };
    for (const DocumentEntry &entry : m_entries)
        add(entry);
    for (const Waiting &waiting : std::as_const(m_waiting)) {
        if (known.contains({waiting.collection, waiting.path}))
            continue;
        DocumentEntry entry;
        entry.collection = waiting.collection;
        entry.path = waiting.path;
        entry.bytes = QFileInfo(waiting.path).size();
        add(entry);
    }
    std::sort(all.begin(), all.end(), before);
    m_all = all;
    if (!m_collection.isEmpty())
        all.removeIf([this](const Row &row) { return row.entry.collection != m_collection; });

    const int countBefore = count();
    int at = 0;
    for (const Row &wanted : std::as_const(all)) {
        int gone = at;
        while (gone < count() && before(m_rows[gone], wanted))
            ++gone;
        if (gone > at) {
            beginRemoveRows({}, at, gone - 1);
            m_rows.remove(at, gone - at);
            endRemoveRows();
        }
        if (at < count() && !before(wanted, m_rows[at])) {
            const bool unchanged = same(m_rows[at], wanted);
            m_rows[at] = wanted;
            if (!unchanged)
                emit dataChanged(index(at), index(at));
        } else {
            beginInsertRows({}, at, at);
            m_rows.insert(at, wanted);
            endInsertRows();
        }
        ++at;
    }
    if (at < count()) {
        beginRemoveRows({}, at, count() - 1);
        m_rows.resize(at);
        endRemoveRows();
    }
    if (count() != countBefore)
        emit countChanged();
    emit changed();
}

QString DocumentListModel::status(const Row &row) const
{
    switch (row.state) {
    case Queued:
        return tr("Waiting");
    case Reading:
        return row.pages > 1 ? tr("Reading, page %1 of %2").arg(row.page).arg(row.pages)
                             : tr("Reading…");
    case Failed:
        return row.entry.errorText;
    case Ready:
        break;
    }
    QStringList parts;
    switch (row.entry.pageKind) {
    case documents::PageKind::None:
        break;
    case documents::PageKind::Page:
        parts << tr("%n page(s)", nullptr, row.entry.pages);
        break;
    case documents::PageKind::Slide:
        parts << tr("%n slide(s)", nullptr, row.entry.pages);
        break;
    case documents::PageKind::Sheet:
        parts << tr("%n sheet(s)", nullptr, row.entry.pages);
        break;
    }
    parts << tr("%n passage(s)", nullptr, row.entry.passages)
          << QLocale().formattedDataSize(row.entry.bytes, 1, QLocale::DataSizeSIFormat);
    QString text = parts.join(QStringLiteral(" · "));
    if (!row.entry.remarks.isEmpty())
        text += QStringLiteral(" · ") + row.entry.remarks.join(QLatin1Char(' '));
    return text;
}

int DocumentListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : count();
}

QVariant DocumentListModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Row &row = m_rows[index.row()];
    switch (role) {
    case DocumentIdRole:
        return row.entry.id;
    case Qt::DisplayRole:
    case NameRole:
        return fileName(row.entry.path);
    case FolderRole:
        return QDir::toNativeSeparators(QFileInfo(row.entry.path).path());
    case PathRole:
        return row.entry.path;
    case CollectionRole:
        return Collections::isPrivate(row.entry.collection) ? QString() : row.entry.collection;
    case StateRole:
        return row.state;
    case StatusRole:
        return status(row);
    case LockedRole:
        return row.state == Failed && row.entry.locked;
    default:
        return {};
    }
}

QHash<int, QByteArray> DocumentListModel::roleNames() const
{
    return {{DocumentIdRole, "documentId"}, {NameRole, "name"},
            {FolderRole, "folder"},         {PathRole, "path"},
            {CollectionRole, "collection"}, {StateRole, "documentState"},
            {StatusRole, "status"},         {LockedRole, "locked"}};
}

} // namespace alcove::documentsui
