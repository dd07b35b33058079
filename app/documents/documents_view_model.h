// DocumentsViewModel: the documents page: what Alcove knows, what is being read, and a search over
// all of it.
//
// GUI thread; over DocumentService, which outlives it. What fails shows in errorText, what a single
// file does wrong in its row.
#pragma once

#include "app/documents/document_list_model.h"
#include "core/documents/collections.h"
#include "core/documents/document_service.h"

#include <QElapsedTimer>
#include <QList>
#include <QObject>
#include <QTimer>
#include <QUrl>
#include <QVariantList>
#include <QtQml/qqmlregistration.h>

namespace alcove::storage {
class Settings;
}

namespace alcove::documentsui {

class DocumentsViewModel : public QObject
{
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Made by the program and handed to the window.")
    Q_PROPERTY(alcove::documentsui::DocumentListModel *files READ files CONSTANT FINAL)
    // Of {name, documents}.
    Q_PROPERTY(QVariantList collections READ collections NOTIFY collectionsChanged FINAL)
    // The one whose documents are listed; empty: all.
    Q_PROPERTY(
        QString collection READ collection WRITE setCollection NOTIFY collectionChanged FINAL)
    Q_PROPERTY(int total READ total NOTIFY filesChanged FINAL) // documents, listed or not
    Q_PROPERTY(bool busy READ busy NOTIFY progressChanged FINAL)
    Q_PROPERTY(bool paused READ paused WRITE setPaused NOTIFY progressChanged FINAL)
    Q_PROPERTY(double progress READ progress NOTIFY progressChanged FINAL) // 0 to 1 while busy
    // "12 of 40 files, about 3 min left"
    Q_PROPERTY(QString progressText READ progressText NOTIFY progressChanged FINAL)
    Q_PROPERTY(QString query READ query WRITE setQuery NOTIFY queryChanged FINAL)
    // Of {path, source, heading, snippet, text, begin, end}; best first.
    Q_PROPERTY(QVariantList results READ results NOTIFY resultsChanged FINAL)
    Q_PROPERTY(bool searched READ searched NOTIFY resultsChanged FINAL) // the results are of query
    // The name of the model that finds passages by their meaning; empty: words alone.
    Q_PROPERTY(QString embeddingModel READ embeddingModel NOTIFY embeddingChanged FINAL)
    // "312 of 2,010 passages have vectors"; empty: all have, or no model is named.
    Q_PROPERTY(QString embeddingText READ embeddingText NOTIFY embeddingChanged FINAL)
    Q_PROPERTY(QString errorText READ errorText NOTIFY errorTextChanged FINAL)
public:
    // `cacheFolder`: where compiled Vulkan pipelines are kept; may be empty.
    DocumentsViewModel(documents::DocumentService &service, storage::Settings &settings,
                       const QString &cacheFolder = {}, QObject *parent = nullptr);

    DocumentListModel *files() { return &m_files; }
    const DocumentListModel &files() const { return m_files; }
    QVariantList collections() const;
    const QVector<documents::CollectionSummary> &summaries() const { return m_collections; }
    QString collection() const { return m_collection; }
    void setCollection(const QString &name);
    int total() const { return int(m_files.all().size()); }
    bool busy() const;
    bool paused() const { return m_service.paused(); }
    void setPaused(bool paused);
    double progress() const;
    QString progressText() const;
    QString query() const { return m_query; }
    void setQuery(const QString &query); // searched for when typing pauses
    QVariantList results() const { return m_results; }
    bool searched() const { return m_searchedFor == m_query.simplified(); }
    QString embeddingModel() const;
    QString embeddingText() const;
    QString errorText() const { return m_errorText; }

    // A GGUF file; empty: none. False: it is no such file.
    Q_INVOKABLE bool chooseEmbeddingModel(const QUrl &file);
    Q_INVOKABLE void dropEmbeddingModel();

    // Into the collection that is shown, else into the first.
    Q_INVOKABLE void add(const QList<QUrl> &urls);
    void addTo(const QString &collection, const QList<QUrl> &urls);
    Q_INVOKABLE void addAgain(const QString &collection, const QString &path);
    Q_INVOKABLE void readAgain(const QString &collection, const QString &path,
                               const QString &password = {});
    Q_INVOKABLE void remove(qint64 document); // from the list; the file stays -> removed
    void move(qint64 document, const QString &collection);
    Q_INVOKABLE void createCollection(const QString &name);
    Q_INVOKABLE void renameCollection(const QString &from, const QString &to);
    Q_INVOKABLE void removeCollection(const QString &name);
    Q_INVOKABLE void clearError();

    // What dropping these would do: "Add 3 documents to Contracts"; empty: nothing.
    Q_INVOKABLE QString describeDrop(const QList<QUrl> &urls) const;

    // Those of them that are folders, or files of a kind that can be read.
    static QList<QUrl> readable(const QList<QUrl> &urls);

signals:
    void collectionsChanged();
    void collectionChanged();
    void filesChanged();
    void progressChanged();
    void queryChanged();
    void resultsChanged();
    void embeddingChanged();
    void errorTextChanged();
    void removed(const QString &collection, const QString &path, const QString &name);

private:
    QString target() const; // the collection that files go to
    void refresh();
    void search();
    void showError(const Error &error);
    template <typename Work>
    void change(Work work);

    void useEmbeddingModel();

    documents::DocumentService &m_service;
    storage::Settings &m_settings;
    QString m_cacheFolder;
    DocumentListModel m_files;
    QVector<documents::CollectionSummary> m_collections;
    QString m_collection;
    QTimer m_refreshTimer; // many files finish in a second
    int m_done = 0; // of the files since the work began
    QElapsedTimer m_since; // valid while there is work
    QString m_query;
    QString m_searchedFor;
    QTimer m_searchTimer;
    QVariantList m_results;
    QString m_errorText;
};

} // namespace alcove::documentsui
