#include "core/documents/indexer.h"

#include "core/documents/file_kinds.h"

#include <QCryptographicHash>
#include <QDateTime>
#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QFileInfo>
#include <QSet>

#include <algorithm>

namespace alcove::documents {

namespace {

Result<QString> hashOf(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return fail(file.exists() ? ErrorCode::Io : ErrorCode::NotFound,
                    file.exists() ? "The file cannot be read." : "The file is not there any more.",
                    file.errorString().toStdString());
    QCryptographicHash hash(QCryptographicHash::Sha256);
    QByteArray block(1 << 20, Qt::Uninitialized);
    for (;;) {
        const qint64 got = file.read(block.data(), block.size());
        if (got < 0)
            return fail(ErrorCode::Io, "The file cannot be read.",
                        file.errorString().toStdString());
        if (got == 0)
            return QString::fromLatin1(hash.result().toHex());
        hash.addData(QByteArrayView(block.constData(), got));
    }
}

// What the file system says of a file; two that are equal mean that it was not written to.
struct Stamp {
    qint64 bytes = 0;
    qint64 modifiedAt = 0;

    explicit Stamp(const QString &path)
    {
        const QFileInfo info(path);
        bytes = info.size();
        modifiedAt = info.lastModified().toMSecsSinceEpoch();
    }
    bool operator==(const Stamp &) const = default;
};

} // namespace

QStringList Indexer::filesOf(const QStringList &paths)
{
    QSet<QString> seen;
    QStringList files;
    const auto add = [&](const QFileInfo &info) {
        // A link is another name of what it leads to; one that leads nowhere keeps its own.
        const QString canonical = info.canonicalFilePath();
        const QString path = canonical.isEmpty() ? info.absoluteFilePath() : canonical;
        if (!seen.contains(path)) {
            seen.insert(path);
            files << path;
        }
    };
    for (const QString &path : paths) {
        const QFileInfo info(path);
        if (!info.isDir()) {
            add(info);
            continue;
        }
        // Links to folders are not followed: they may lead in circles.
        QDirIterator entries(info.canonicalFilePath(), QDir::Files | QDir::NoDotAndDotDot,
                             QDirIterator::Subdirectories);
        while (entries.hasNext()) {
            entries.next();
            const QFileInfo file = entries.fileInfo();
            const bool hidden =
                file.filePath().mid(info.canonicalFilePath().size()).contains(QLatin1String("/."));
            if (!hidden && isKnownKind(file.fileName()))
                add(file);
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

Result<FileOutcome> Indexer::take(const QString &path, const IndexRequest &request,
                                  const IndexHooks &hooks, IndexProgress &progress)
{
    FileOutcome outcome;
    outcome.path = path;
    DocumentEntry entry;
    entry.collection = request.collection;
    entry.path = path;
    const auto failed = [&](const Error &error) -> Result<FileOutcome> {
        outcome.kind = FileOutcome::Kind::Failed;
        outcome.reason = QString::fromStdString(error.message);
        outcome.code = error.code;
        if (auto done = m_index.putFailure(entry, error); !done)
            return fail(done.error());
        return outcome;
    };

    const auto known = m_index.find(request.collection, path);
    if (!known)
        return fail(known.error());
    const Stamp stamp(path);
    entry.bytes = stamp.bytes;
    entry.modifiedAt = stamp.modifiedAt;
    const bool wasReady = *known && (*known)->state == DocumentState::Ready;
    if (wasReady && (*known)->bytes == stamp.bytes && (*known)->modifiedAt == stamp.modifiedAt) {
        outcome.kind = FileOutcome::Kind::Unchanged;
        outcome.passages = (*known)->passages;
        return outcome;
    }
    const auto hash = hashOf(path);
    if (!hash)
        return failed(hash.error());
    entry.hash = *hash;
    if (wasReady && (*known)->hash == *hash) {
        if (auto done = m_index.touch((*known)->id, path, stamp.modifiedAt); !done)
            return fail(done.error());
        outcome.kind = FileOutcome::Kind::Unchanged;
        outcome.passages = (*known)->passages;
        return outcome;
    }
    if (!*known) {
        const auto elsewhere = m_index.findByHash(request.collection, *hash);
        if (!elsewhere)
            return fail(elsewhere.error());
        if (*elsewhere && !QFileInfo::exists((*elsewhere)->path)) {
            if (auto done = m_index.touch((*elsewhere)->id, path, stamp.modifiedAt); !done)
                return fail(done.error());
            outcome.kind = FileOutcome::Kind::Moved;
            outcome.passages = (*elsewhere)->passages;
            return outcome;
        }
    }

    ReadRequest reading;
    reading.path = path.toStdString();
    reading.password = request.password.toStdString();
    const auto text =
        m_reader.read(reading, hooks.cancel, [&](std::uint32_t page, std::uint32_t pages) {
            progress.page = page;
            progress.pages = pages;
            if (hooks.progress)
                hooks.progress(progress);
        });
    if (!text)
        return text.error().cancelled() ? fail(text.error()) : failed(text.error());
    // Written to meanwhile: what was read may be half of each. The next run reads it again.
    if (Stamp(path) != stamp)
        entry.modifiedAt = 0;
    const std::vector<Passage> passages = passagesOf(*text, request.chunks, request.countTokens);
    if (passages.empty()) {
        const std::string remark =
            text->remarks.empty() ? std::string() : " " + text->remarks.front();
        return failed({ErrorCode::InvalidFile, "There is no text in the file." + remark, {}});
    }
    if (auto done = m_index.put(entry, *text, passages); !done)
        return fail(done.error());
    outcome.passages = int(passages.size());
    for (const std::string &remark : text->remarks)
        outcome.remarks << QString::fromStdString(remark);
    return outcome;
}

Result<std::vector<FileOutcome>> Indexer::run(const IndexRequest &request, const IndexHooks &hooks)
{
    const QStringList files = filesOf(request.paths);
    std::vector<FileOutcome> outcomes;
    IndexProgress progress;
    progress.files = std::size_t(files.size());
    for (const QString &path : files) {
        if (hooks.cancel.cancelled())
            return fail(ErrorCode::Cancelled, "Indexing was stopped.");
        progress.path = path;
        progress.page = 0;
        progress.pages = 0;
        if (hooks.progress)
            hooks.progress(progress);
        auto outcome = take(path, request, hooks, progress);
        if (!outcome)
            return fail(outcome.error());
        ++progress.done;
        if (hooks.file)
            hooks.file(*outcome);
        outcomes.push_back(std::move(*outcome));
    }
    return outcomes;
}

} // namespace alcove::documents
