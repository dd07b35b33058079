// ModelLibrary: the model files that the window offers - the starter, files the user opened, and
// what lies in the user's model folders. Nothing is copied or moved.
//
// Lives on the GUI thread. Looking into folders and file headers happens on another thread; the
// rows are replaced when it is done. A file that cannot run is listed with the reason; one that is
// split into several is one row.
#pragma once

#include <QAbstractListModel>
#include <QStringList>
#include <QVector>
#include <QtQml/qqmlregistration.h>

namespace alcove::models {

// What the header of a model file says. Plain value.
struct ModelFile {
    QString path;
    QString name; // general.name, else the file's name
    QString problem; // empty, or why it cannot run, as one sentence
    qint64 bytes = 0;
    bool starter = false;
    bool operator==(const ModelFile &) const = default;
};

// Of a model that was split into several files the first one, where it is there; else `path`.
QString firstPartOf(const QString &path);

// Reads the header of one file. Any thread.
ModelFile readModelFile(const QString &path);

class ModelLibrary : public QAbstractListModel
{
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("A part of ModelViewModel.")
    Q_PROPERTY(int count READ count NOTIFY countChanged FINAL)
public:
    enum Role {
        PathRole = Qt::UserRole + 1, // QString: absolute
        NameRole, // QString: "Qwen3 4B Instruct"
        FileNameRole, // QString: "qwen3-4b-q4_k_m.gguf"
        SizeTextRole, // QString: "2.5 GB"; empty when the file is gone
        CurrentRole, // bool: the one that is chosen
        StarterRole, // bool: the demonstration that comes with Alcove
        ProblemRole, // QString: empty, or why it cannot run
    };
    Q_ENUM(Role)

    explicit ModelLibrary(const QString &starterPath, QObject *parent = nullptr);

    // Looks at the starter, `files` and every *.gguf in `folders`.
    void refresh(const QStringList &files, const QStringList &folders);
    void setCurrent(const QString &path);
    int count() const { return int(m_rows.size()); }

    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

signals:
    void countChanged();
    void refreshed();

private:
    void show(const QVector<ModelFile> &rows);

    QString m_starterPath;
    QString m_current;
    QVector<ModelFile> m_rows;
    quint64 m_generation = 0; // of the newest refresh; an older one's rows are dropped
};

} // namespace alcove::models
