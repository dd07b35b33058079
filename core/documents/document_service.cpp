#include "core/documents/document_service.h"

#include "core/documents/collections.h"

#include <QDirIterator>
#include <QFileInfo>

#include <utility>

namespace alcove::documents {

using storage::StorageThread;
using storage::Store;

namespace {

constexpr int kSettleMs = 1500; // a program that saves touches a folder several times
constexpr int kEmbeddedTogether = 32; // passages: between two looks at the queue
constexpr int kMostWatched = 4000; // paths: systems bound how many there may be

// A collection's documents below `folder` whose files are gone. A folder that is itself gone may
// only be unplugged: what is known of it stays.
Result<> removeMissing(DocumentIndex &index, const QString &collection, const QString &folder)
{
    if (!QFileInfo(folder).isDir())
        return {};
    const auto entries = index.documents();
    if (!entries)
        return fail(entries.error());
    const QString below = QFileInfo(folder).canonicalFilePath() + QLatin1Char('/');
    for (const DocumentEntry &entry : *entries) {
        if (entry.collection != collection || !entry.path.startsWith(below)
            || QFileInfo::exists(entry.path))
            continue;
        if (auto done = index.remove(entry.id); !done)
            return done;
    }
    return {};
}

} // namespace

Result<std::unique_ptr<DocumentService>> DocumentService::open(const QString &databasePath,
                                                               const DocumentReader &reader)
{
    auto asking = StorageThread::open(databasePath);
    if (!asking)
        return fail(std::move(asking.error()));
    auto indexing = StorageThread::open(databasePath);
    if (!indexing)
        return fail(std::move(indexing.error()));
    return std::unique_ptr<DocumentService>(
        new DocumentService(std::move(*asking), std::move(*indexing), reader));
}

DocumentService::DocumentService(std::unique_ptr<StorageThread> asking,
                                 std::unique_ptr<StorageThread> indexing,
                                 const DocumentReader &reader)
    : m_reader(reader), m_asking(std::move(asking)), m_indexing(std::move(indexing))
{
    m_settled.setSingleShot(true);
    m_settled.setInterval(kSettleMs);
    connect(&m_watcher, &QFileSystemWatcher::directoryChanged, this, &DocumentService::lookAgain);
    connect(&m_watcher, &QFileSystemWatcher::fileChanged, this, &DocumentService::lookAgain);
    connect(&m_settled, &QTimer::timeout, this, &DocumentService::takeTouched);
}

DocumentService::~DocumentService()
{
    if (m_running)
        m_running->cancel();
}

// A change of the queue or the index on the asking thread; then the work goes on.
template <typename Work>
void DocumentService::change(Work work)
{
    ++m_changing;
    ask(
        this,
        [work = std::move(work)](DocumentIndex &index, storage::Database &database) mutable {
            IndexQueue queue(database);
            return work(queue, index);
        },
        [this](Result<> done) { tookEffect(done); });
}

void DocumentService::tookEffect(const Result<> &done)
{
    --m_changing;
    if (!done)
        emit failed(done.error());
    emit changed();
    goOn();
}

void DocumentService::start()
{
    ask(
        this,
        [](DocumentIndex &, storage::Database &database) -> Result<QVector<IndexQueue::Folder>> {
            if (auto done = Collections(database).removeLeftOvers(); !done)
                return fail(done.error());
            IndexQueue queue(database);
            auto folders = queue.folders();
            if (!folders)
                return folders;
            for (const IndexQueue::Folder &folder : std::as_const(*folders)) {
                if (auto done = queue.put(folder.collection, {folder.path}); !done)
                    return fail(done.error());
            }
            return folders;
        },
        [this](Result<QVector<IndexQueue::Folder>> folders) {
            if (!folders) {
                emit failed(folders.error());
                return;
            }
            watch(*folders);
            goOn();
        });
}

void DocumentService::add(const QStringList &paths, const QString &collection,
                          const QString &password)
{
    QStringList files;
    QVector<IndexQueue::Folder> added;
    QStringList all;
    for (const QString &path : paths) {
        const QFileInfo info(path);
        const QString whole = info.absoluteFilePath();
        all << whole;
        if (!password.isEmpty())
            m_passwords.insert(whole, password);
        if (info.isDir())
            added.append({collection, whole});
        else
            files << whole;
    }
    if (all.isEmpty())
        return;
    if (!files.isEmpty())
        emit queued(collection, files);
    if (!added.isEmpty())
        watch(m_folders + added);
    change([all, added, collection](IndexQueue &queue, DocumentIndex &) -> Result<> {
        for (const IndexQueue::Folder &folder : added) {
            if (auto done = queue.watch(folder.collection, folder.path); !done)
                return done;
        }
        return queue.put(collection, all);
    });
}

void DocumentService::readAgain(const QString &collection, const QString &path,
                                const QString &password)
{
    if (!password.isEmpty())
        m_passwords.insert(path, password);
    emit queued(collection, {path});
    change([collection, path](IndexQueue &queue, DocumentIndex &index) -> Result<> {
        const auto entry = index.find(collection, path);
        if (!entry)
            return fail(entry.error());
        // Without a date that is known, the file is read whatever it says.
        if (*entry) {
            if (auto done = index.forget((*entry)->id); !done)
                return done;
        }
        return queue.put(collection, {path});
    });
}

// On the indexing thread, behind the step at hand, which is broken off: what is removed must not be
// put back by it.
template <typename Work>
void DocumentService::takeOut(Work work)
{
    if (m_running)
        m_running->cancel();
    ++m_changing;
    m_indexing->run(
        this, [work = std::move(work)](Store &store) mutable { return work(store.database()); },
        [this](Result<> done) { tookEffect(done); });
}

void DocumentService::remove(qint64 document)
{
    takeOut([document](storage::Database &database) -> Result<> {
        DocumentIndex index(database);
        const auto entry = index.find(document);
        if (!entry)
            return fail(entry.error());
        if (!*entry)
            return {};
        if (auto done = IndexQueue(database).drop((*entry)->collection, (*entry)->path); !done)
            return done;
        return index.remove(document);
    });
}

void DocumentService::removeCollection(const QString &name)
{
    takeOut([name](storage::Database &database) { return Collections(database).remove(name); });
}

void DocumentService::setEmbeddingModel(const QString &path, const QString &cacheFolder)
{
    m_askingModel.reset();
    m_indexingModel.reset();
    if (!path.isEmpty()) {
        const std::string folder = cacheFolder.toStdString();
        m_askingModel = std::make_shared<EmbeddingModel>(path, folder);
        m_indexingModel = std::make_shared<EmbeddingModel>(path, folder);
    }
    goOn();
}

Embedder DocumentService::embedder() const
{
    if (!m_askingModel)
        return {};
    return [model = m_askingModel](const QString &path,
                                   const std::string &text) -> Result<std::vector<float>> {
        if (path != model->path())
            return fail(ErrorCode::Unsupported,
                        "The vectors of the documents are of another embedding model.");
        auto vectors = model->embed({&text, 1});
        if (vectors.empty())
            return fail(ErrorCode::Internal, "The embedding model gave no answer.");
        return std::move(vectors[0]);
    };
}

void DocumentService::setPaused(bool paused)
{
    if (paused == m_paused)
        return;
    m_paused = paused;
    if (m_paused && m_running)
        m_running->cancel();
    goOn();
    emit busyChanged();
}

void DocumentService::goOn()
{
    if (m_running || m_paused)
        return;
    const CancelToken cancel;
    m_running = cancel;
    emit busyChanged();
    m_indexing->run(
        this,
        [this, cancel, passwords = m_passwords, model = m_indexingModel](Store &store) {
            return step(store.database(), cancel, passwords, model.get());
        },
        [this](Result<Step> step) {
            m_running.reset();
            if (!step && !step.error().cancelled())
                emit failed(step.error()); // the same again would only fail again
            else if (step && step->any)
                goOn();
            else if (step && m_changing == 0)
                emit finished(); // else more is on its way to the queue
            else if (!step)
                goOn(); // stopped, and perhaps wanted again already
            if (step && step->any)
                emit changed();
            emit busyChanged();
        });
}

Result<DocumentService::Step> DocumentService::step(storage::Database &database,
                                                    const CancelToken &cancel,
                                                    const QHash<QString, QString> &passwords,
                                                    EmbeddingModel *model)
{
    if (cancel.cancelled())
        return fail(ErrorCode::Cancelled, "Indexing was stopped.");
    IndexQueue queue(database);
    const auto waiting = queue.waiting();
    if (!waiting)
        return fail(waiting.error());
    if (waiting->isEmpty())
        return model ? embedNext(database, cancel, *model) : Step{};
    const IndexQueue::Item item = waiting->first();
    const bool folder = QFileInfo(item.path).isDir();

    DocumentIndex index(database);
    Indexer indexer(index, m_reader);
    IndexRequest request;
    request.paths = {item.path};
    request.collection = item.collection;
    request.password = passwords.value(item.path);
    // Signals of this object are sent on the GUI thread.
    const auto tell = [this](auto signal) {
        QMetaObject::invokeMethod(this, std::move(signal), Qt::QueuedConnection);
    };
    IndexHooks hooks;
    hooks.cancel = cancel;
    if (folder)
        tell([this, item, files = Indexer::filesOf({item.path})] {
            emit queued(item.collection, files);
        });
    hooks.progress = [&](const IndexProgress &progress) {
        tell([this, item, progress] { emit progressed(item.collection, progress); });
    };
    hooks.file = [&](const FileOutcome &outcome) {
        tell([this, item, outcome] { emit fileFinished(item.collection, outcome); });
    };
    if (const auto outcomes = indexer.run(request, hooks); !outcomes)
        return fail(outcomes.error());
    if (folder) {
        if (auto done = removeMissing(index, item.collection, item.path); !done)
            return fail(done.error());
    }
    if (auto done = queue.done(item.id); !done)
        return fail(done.error());
    return Step{true};
}

Result<DocumentService::Step> DocumentService::embedNext(storage::Database &database,
                                                         const CancelToken &cancel,
                                                         EmbeddingModel &model)
{
    DocumentIndex index(database);
    const auto done = embedPassages(
        index, model.path(), kEmbeddedTogether,
        [&](std::span<const std::string> texts) { return model.embed(texts, cancel); });
    if (!done)
        return fail(done.error());
    return Step{*done > 0};
}

void DocumentService::watch(const QVector<IndexQueue::Folder> &folders)
{
    m_folders = folders;
    QStringList paths;
    for (const IndexQueue::Folder &folder : folders) {
        if (!QFileInfo(folder.path).isDir())
            continue;
        paths << folder.path;
        // Files too: a change within one is no change of its folder.
        QDirIterator entries(folder.path, QDir::Dirs | QDir::Files | QDir::NoDotAndDotDot,
                             QDirIterator::Subdirectories);
        while (entries.hasNext() && paths.size() < kMostWatched)
            paths << entries.next();
    }
    if (const QStringList old = m_watcher.files() + m_watcher.directories(); !old.isEmpty())
        m_watcher.removePaths(old);
    if (!paths.isEmpty())
        m_watcher.addPaths(paths);
}

void DocumentService::takeTouched()
{
    watch(m_folders); // what is new too; a file that was replaced is no longer watched
    const QSet<QString> touched = std::exchange(m_touched, {});
    change([touched](IndexQueue &queue, DocumentIndex &) -> Result<> {
        // As they are now: a collection may have been removed.
        const auto folders = queue.folders();
        if (!folders)
            return fail(folders.error());
        for (const IndexQueue::Folder &folder : *folders) {
            if (!touched.contains(folder.path))
                continue;
            if (auto done = queue.put(folder.collection, {folder.path}); !done)
                return done;
        }
        return {};
    });
}

void DocumentService::lookAgain(const QString &changed)
{
    for (const IndexQueue::Folder &folder : std::as_const(m_folders)) {
        if (changed == folder.path || changed.startsWith(folder.path + QLatin1Char('/')))
            m_touched.insert(folder.path);
    }
    m_settled.start();
}

} // namespace alcove::documents
