#include "app/documents/documents_view_model.h"

#include "app/documents/places.h"
#include "core/documents/file_kinds.h"
#include "core/storage/settings.h"

#include <QFileInfo>
#include <QLocale>
#include <QVariantMap>

#include <algorithm>

namespace alcove::documentsui {

using documents::Collections;
using documents::DocumentIndex;
using documents::DocumentService;
using documents::FileOutcome;
using documents::IndexProgress;

namespace {

constexpr int kRefreshMs = 400;
constexpr int kSearchMs = 200;
constexpr int kMostResults = 40;
constexpr int kSnippet = 260; // characters

QString embeddingKey()
{
    return QStringLiteral("embeddingModel");
}

struct Listing {
    std::vector<documents::DocumentEntry> documents;
    QVector<documents::CollectionSummary> collections;
};

} // namespace

DocumentsViewModel::DocumentsViewModel(DocumentService &service, storage::Settings &settings,
                                       const QString &cacheFolder, QObject *parent)
    : QObject(parent), m_service(service), m_settings(settings), m_cacheFolder(cacheFolder)
{
    m_refreshTimer.setSingleShot(true);
    m_refreshTimer.setInterval(kRefreshMs);
    connect(&m_refreshTimer, &QTimer::timeout, this, &DocumentsViewModel::refresh);
    m_searchTimer.setSingleShot(true);
    m_searchTimer.setInterval(kSearchMs);
    connect(&m_searchTimer, &QTimer::timeout, this, &DocumentsViewModel::search);
    connect(&m_files, &DocumentListModel::changed, this, &DocumentsViewModel::filesChanged);

    connect(&m_service, &DocumentService::queued, this,
            [this](const QString &collection, const QStringList &files) {
                if (!m_since.isValid()) {
                    m_since.start();
                    m_done = 0;
                }
                m_files.setQueued(collection, files);
                emit progressChanged();
            });
    connect(&m_service, &DocumentService::progressed, this,
            [this](const QString &collection, const IndexProgress &progress) {
                m_files.setReading(collection, progress.path, progress.page, progress.pages);
            });
    connect(&m_service, &DocumentService::fileFinished, this,
            [this](const QString &collection, const FileOutcome &outcome) {
                ++m_done;
                m_files.setDone(collection, outcome.path);
                if (!m_refreshTimer.isActive())
                    m_refreshTimer.start();
                emit progressChanged();
            });
    connect(&m_service, &DocumentService::finished, this, [this] {
        m_since.invalidate();
        m_files.clearWaiting();
        refresh();
        emit progressChanged();
    });
    connect(&m_service, &DocumentService::changed, this, [this] {
        if (!m_refreshTimer.isActive())
            m_refreshTimer.start();
    });
    connect(&m_service, &DocumentService::busyChanged, this, &DocumentsViewModel::progressChanged);
    connect(&m_service, &DocumentService::failed, this, &DocumentsViewModel::showError);
    connect(&m_settings, &storage::Settings::changed, this, [this](const QString &key) {
        if (key == embeddingKey())
            useEmbeddingModel();
    });
    useEmbeddingModel();
    refresh();
}

void DocumentsViewModel::useEmbeddingModel()
{
    m_service.setEmbeddingModel(m_settings.value(embeddingKey()).toString(), m_cacheFolder);
    emit embeddingChanged();
}

QString DocumentsViewModel::embeddingModel() const
{
    const QString path = m_settings.value(embeddingKey()).toString();
    return path.isEmpty() ? QString() : QFileInfo(path).completeBaseName();
}

QString DocumentsViewModel::embeddingText() const
{
    if (embeddingModel().isEmpty())
        return {};
    int passages = 0;
    int embedded = 0;
    for (const DocumentListModel::Row &row : m_files.all()) {
        passages += row.entry.passages;
        embedded += row.entry.embedded;
    }
    return embedded >= passages
        ? QString()
        : tr("%1 of %2 passages have their vectors.")
              .arg(QLocale().toString(embedded), QLocale().toString(passages));
}

bool DocumentsViewModel::chooseEmbeddingModel(const QUrl &file)
{
    const QFileInfo info(file.toLocalFile());
    if (!file.isLocalFile() || !info.isFile()
        || info.suffix().compare(QLatin1String("gguf"), Qt::CaseInsensitive) != 0)
        return false;
    clearError();
    m_settings.setValue(embeddingKey(), info.absoluteFilePath());
    return true;
}

void DocumentsViewModel::dropEmbeddingModel()
{
    m_settings.remove(embeddingKey());
}

void DocumentsViewModel::refresh()
{
    m_service.ask(
        this,
        [](DocumentIndex &index, storage::Database &database) -> Result<Listing> {
            auto documents = index.documents();
            if (!documents)
                return fail(documents.error());
            auto collections = Collections(database).list();
            if (!collections)
                return fail(collections.error());
            return Listing{std::move(*documents), std::move(*collections)};
        },
        [this](Result<Listing> listing) {
            if (!listing) {
                showError(listing.error());
                return;
            }
            m_collections = listing->collections;
            const bool there =
                std::any_of(m_collections.cbegin(), m_collections.cend(),
                            [this](const auto &one) { return one.name == m_collection; });
            if (!there && !m_collection.isEmpty())
                setCollection({});
            m_files.setEntries(listing->documents);
            emit collectionsChanged();
            emit embeddingChanged();
        });
}

QVariantList DocumentsViewModel::collections() const
{
    QVariantList all;
    for (const auto &one : m_collections)
        all.append(QVariantMap{{QStringLiteral("name"), one.name},
                               {QStringLiteral("documents"), one.documents}});
    return all;
}

void DocumentsViewModel::setCollection(const QString &name)
{
    if (name == m_collection)
        return;
    m_collection = name;
    m_files.setCollection(name);
    emit collectionChanged();
}

bool DocumentsViewModel::busy() const
{
    return m_files.waiting() > 0;
}

void DocumentsViewModel::setPaused(bool paused)
{
    m_service.setPaused(paused);
}

double DocumentsViewModel::progress() const
{
    const int all = m_done + m_files.waiting();
    return all > 0 ? double(m_done) / all : 0;
}

QString DocumentsViewModel::progressText() const
{
    if (!busy())
        return {};
    const int all = m_done + m_files.waiting();
    if (paused())
        return tr("Paused: %1 of %2 files are read.").arg(m_done).arg(all);
    QString text = tr("Reading: %1 of %2 files").arg(m_done).arg(all);
    // Too few say nothing about the rest.
    if (m_done >= 3 && m_since.isValid()) {
        const double left = double(m_since.elapsed()) / 1000 / m_done * m_files.waiting();
        text += left < 60 ? tr(", less than a minute left")
                          : tr(", about %n minute(s) left", nullptr, int(left / 60 + 0.5));
    }
    return text;
}

QList<QUrl> DocumentsViewModel::readable(const QList<QUrl> &urls)
{
    QList<QUrl> files;
    for (const QUrl &url : urls) {
        const QFileInfo info(url.toLocalFile());
        if (url.isLocalFile()
            && (info.isDir() || (info.isFile() && documents::isKnownKind(info.fileName()))))
            files << url;
    }
    return files;
}

QString DocumentsViewModel::target() const
{
    if (!m_collection.isEmpty())
        return m_collection;
    return m_collections.isEmpty() ? DocumentIndex::defaultCollection() : m_collections[0].name;
}

QString DocumentsViewModel::describeDrop(const QList<QUrl> &urls) const
{
    const auto files = readable(urls);
    return files.isEmpty()
        ? QString()
        : tr("Add %n document(s) to %1", nullptr, int(files.size())).arg(target());
}

void DocumentsViewModel::add(const QList<QUrl> &urls)
{
    addTo(target(), urls);
}

void DocumentsViewModel::addTo(const QString &collection, const QList<QUrl> &urls)
{
    QStringList paths;
    for (const QUrl &url : urls) {
        if (url.isLocalFile())
            paths << url.toLocalFile();
    }
    m_service.add(paths, collection);
}

void DocumentsViewModel::addAgain(const QString &collection, const QString &path)
{
    m_service.add({path}, collection);
}

void DocumentsViewModel::readAgain(const QString &collection, const QString &path,
                                   const QString &password)
{
    // A row of one chat's file shows no collection.
    for (const DocumentListModel::Row &row : m_files.all()) {
        if (row.entry.path == path
            && (row.entry.collection == collection
                || (collection.isEmpty() && Collections::isPrivate(row.entry.collection)))) {
            const QString whole = row.entry.collection; // the list changes meanwhile
            m_service.readAgain(whole, path, password);
            return;
        }
    }
}

void DocumentsViewModel::remove(qint64 document)
{
    for (const DocumentListModel::Row &row : m_files.all()) {
        if (row.entry.id != document)
            continue;
        const documents::DocumentEntry entry = row.entry; // the list changes meanwhile
        m_service.remove(document);
        emit removed(entry.collection, entry.path, fileName(entry.path));
        return;
    }
}

template <typename Work>
void DocumentsViewModel::change(Work work)
{
    m_service.ask(
        this,
        [work = std::move(work)](DocumentIndex &, storage::Database &database) mutable {
            Collections collections(database);
            return work(collections);
        },
        [this](Result<> done) {
            if (!done)
                showError(done.error());
            refresh();
        });
}

void DocumentsViewModel::move(qint64 document, const QString &collection)
{
    change([document, collection](Collections &all) { return all.move(document, collection); });
}

void DocumentsViewModel::createCollection(const QString &name)
{
    change([name](Collections &all) { return all.create(name); });
}

void DocumentsViewModel::renameCollection(const QString &from, const QString &to)
{
    change([from, to](Collections &all) { return all.rename(from, to); });
    if (m_collection == from)
        setCollection({});
}

void DocumentsViewModel::removeCollection(const QString &name)
{
    m_service.removeCollection(name);
}

void DocumentsViewModel::setQuery(const QString &query)
{
    if (query == m_query)
        return;
    m_query = query;
    emit queryChanged();
    m_searchTimer.start();
}

void DocumentsViewModel::search()
{
    const QString words = m_query.simplified();
    if (words.isEmpty()) {
        m_searchedFor.clear();
        m_results.clear();
        emit resultsChanged();
        return;
    }
    documents::SearchOptions options;
    options.most = kMostResults;
    if (!m_collection.isEmpty())
        options.collections << m_collection;
    m_service.ask(
        this,
        [words, options, embed = m_service.embedder()](DocumentIndex &index, storage::Database &) {
            return documents::retrieve(index, words, options, embed);
        },
        [this, words](Result<documents::Found> hits) {
            if (words != m_query.simplified())
                return; // something else is wanted by now
            if (!hits) {
                showError(hits.error());
                return;
            }
            m_results.clear();
            for (const documents::Hit &hit : hits->hits)
                m_results.append(QVariantMap{
                    {QStringLiteral("path"), hit.path},
                    {QStringLiteral("source"), sourceText(hit.path, hit.pageKind, hit.page)},
                    {QStringLiteral("heading"), hit.heading},
                    {QStringLiteral("snippet"), snippet(hit.text, words, kSnippet)},
                    {QStringLiteral("text"), hit.text},
                    {QStringLiteral("begin"), qint64(hit.begin)},
                    {QStringLiteral("end"), qint64(hit.end)}});
            m_searchedFor = words;
            emit resultsChanged();
        });
}

void DocumentsViewModel::showError(const Error &error)
{
    if (error.cancelled())
        return;
    m_errorText = QString::fromStdString(error.message);
    emit errorTextChanged();
}

void DocumentsViewModel::clearError()
{
    m_errorText.clear();
    emit errorTextChanged();
}

} // namespace alcove::documentsui
