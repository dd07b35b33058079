// DocumentService: documents taken into the index while the window goes on, and questions asked of
// it meanwhile.
//
// Lives on the GUI thread, and no call waits. Two threads, each with a connection of its own: one
// takes files in, one after the other; the other answers questions and changes what there is, and
// so never waits for a long file. What is to be taken in is kept in the database first: after a
// crash the work goes on with start(). Folders that were added are looked at again when something
// in them changes. Failures arrive as failed() with a sentence to show; what a single file does
// wrong is in its entry.
#pragma once

#include "core/documents/document_index.h"
#include "core/documents/document_reader.h"
#include "core/documents/index_queue.h"
#include "core/documents/indexer.h"
#include "core/documents/passage_embedding.h"
#include "core/documents/retrieval.h"
#include "core/storage/storage_thread.h"

#include <QFileSystemWatcher>
#include <QHash>
#include <QObject>
#include <QSet>
#include <QTimer>

#include <memory>
#include <optional>

namespace alcove::documents {

class DocumentService : public QObject
{
    Q_OBJECT
public:
    static Result<std::unique_ptr<DocumentService>> open(const QString &databasePath,
                                                         const DocumentReader &reader);
    ~DocumentService() override; // stops after the page at hand; the rest is done next time

    // Runs `work(DocumentIndex &, Database &)` on the asking thread, then `done(value)` here,
    // unless `context` is gone by then.
    template <typename Work, typename Done>
    void ask(QObject *context, Work work, Done done)
    {
        m_asking->run(
            context,
            [work = std::move(work)](storage::Store &store) mutable {
                DocumentIndex index(store.database());
                return work(index, store.database());
            },
            std::move(done));
    }

    // Passages get vectors of this model (a GGUF file) as they come, after all that is to be read;
    // empty: none. `cacheFolder`: where compiled Vulkan pipelines are kept; may be empty.
    void setEmbeddingModel(const QString &path, const QString &cacheFolder = {});
    // For retrieve(), within ask(). Empty where no model was named.
    Embedder embedder() const;

    const DocumentReader &reader() const { return m_reader; }
    bool paused() const { return m_paused; }
    bool busy() const { return m_running.has_value(); }

    void start(); // goes on with what is left, looks at the folders again

public slots:
    // Files and folders; they are watched from then on. -> queued, fileFinished..., finished.
    void add(const QStringList &paths, const QString &collection, const QString &password = {});
    void readAgain(const QString &collection, const QString &path, const QString &password = {});
    void remove(qint64 document); // from the index; the file stays
    void removeCollection(const QString &name); // with all that is in it
    void setPaused(bool paused);

signals:
    // Files that will be read, in that order; those of a folder come when it is its turn.
    void queued(const QString &collection, const QStringList &files);
    void progressed(const QString &collection, const alcove::documents::IndexProgress &progress);
    void fileFinished(const QString &collection, const alcove::documents::FileOutcome &outcome);
    void finished(); // nothing is left
    void changed(); // the index is another than before
    void busyChanged();
    void failed(const alcove::Error &error);

private:
    DocumentService(std::unique_ptr<storage::StorageThread> asking,
                    std::unique_ptr<storage::StorageThread> indexing, const DocumentReader &reader);

    template <typename Work>
    void change(Work work);
    template <typename Work>
    void takeOut(Work work);
    void tookEffect(const Result<> &done); // of a change
    void takeTouched();
    void goOn();
    void watch(const QVector<IndexQueue::Folder> &folders);
    void lookAgain(const QString &changed);

    // On the indexing thread: the next of the queue, whole. Nothing: there was none.
    struct Step {
        bool any = false;
    };
    Result<Step> step(storage::Database &database, const CancelToken &cancel,
                      const QHash<QString, QString> &passwords, EmbeddingModel *model);
    Result<Step> embedNext(storage::Database &database, const CancelToken &cancel,
                           EmbeddingModel &model);

    DocumentReader m_reader;
    std::optional<CancelToken> m_running; // of the step at hand
    bool m_paused = false;
    int m_changing = 0; // changes on their way
    QHash<QString, QString> m_passwords; // by path; never stored
    // One a thread: each is used on that alone.
    std::shared_ptr<EmbeddingModel> m_askingModel;
    std::shared_ptr<EmbeddingModel> m_indexingModel;
    QVector<IndexQueue::Folder> m_folders;
    QFileSystemWatcher m_watcher;
    QSet<QString> m_touched; // watched folders in which something changed
    QTimer m_settled; // since then nothing more did
    // The last: their work uses what is above.
    std::unique_ptr<storage::StorageThread> m_asking;
    std::unique_ptr<storage::StorageThread> m_indexing;
};

} // namespace alcove::documents
