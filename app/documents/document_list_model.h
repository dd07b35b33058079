// DocumentListModel: the documents that Alcove knows, and those that are on their way in.
//
// GUI thread. Sorted by collection and path; a change touches the rows that it is about.
#pragma once

#include "core/documents/indexer.h"

#include <QAbstractListModel>
#include <QSet>
#include <QVector>
#include <QtQml/qqmlregistration.h>

namespace alcove::documentsui {

class DocumentListModel : public QAbstractListModel
{
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("A part of DocumentsViewModel.")
    Q_PROPERTY(int count READ count NOTIFY countChanged FINAL)
public:
    enum State { Queued, Reading, Ready, Failed };
    Q_ENUM(State)
    enum Role {
        DocumentIdRole = Qt::UserRole + 1, // qint64; 0: not read yet
        NameRole, // QString: the file's name
        FolderRole, // QString: where it lies
        PathRole, // QString: absolute
        CollectionRole, // QString: its name; empty: it belongs to one chat
        StateRole, // State
        StatusRole, // QString: "Reading, page 3 of 40", "12 pages · 1.2 MB", why it failed
        LockedRole, // bool: it wants a password
    };
    Q_ENUM(Role)

    struct Row {
        documents::DocumentEntry entry; // id 0: not read yet
        State state = Ready;
        quint32 page = 0; // while Reading, of `pages`
        quint32 pages = 0;
    };

    explicit DocumentListModel(QObject *parent = nullptr);

    int count() const { return int(m_rows.size()); }
    const Row &row(int at) const { return m_rows[at]; }
    const QVector<Row> &all() const { return m_all; }
    int waiting() const; // files that are on their way in

    void setCollection(const QString &name); // only its documents are shown; empty: all
    void setEntries(const std::vector<documents::DocumentEntry> &entries);
    void setQueued(const QString &collection, const QStringList &files);
    void setReading(const QString &collection, const QString &path, quint32 page, quint32 pages);
    void setDone(const QString &collection, const QString &path);
    void clearWaiting(); // nothing is on its way any more

    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

signals:
    void countChanged();
    void changed(); // of any row, shown or not

private:
    void rebuild();
    QString status(const Row &row) const;

    std::vector<documents::DocumentEntry> m_entries;
    struct Waiting {
        QString collection;
        QString path;
        quint32 page = 0;
        quint32 pages = 0;
        bool reading = false;
    };
    QHash<QPair<QString, QString>, Waiting> m_waiting; // by collection and path
    QVector<Row> m_all;
    QVector<Row> m_rows; // those shown
    QString m_collection;
};

} // namespace alcove::documentsui
