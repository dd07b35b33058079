#include "app/documents/source_view_model.h"

#include "app/documents/places.h"
#include "app/markdown/safe_markup.h"

#include <QDesktopServices>
#include <QFileInfo>
#include <QUrl>

#include <algorithm>
#include <optional>

namespace alcove::documentsui {

using documents::DocumentIndex;
using documents::Page;
using documents::PageKind;

namespace {

// A file of text is one page, however long: what is shown is what is around the passage.
constexpr qsizetype kShownAround = 20'000; // characters
constexpr std::uint32_t kPictureWidth = 1400; // pixels: sharp on a dense screen too

qint64 codePoints(const QString &text)
{
    return std::count_if(text.begin(), text.end(), [](QChar c) { return !c.isLowSurrogate(); });
}

// Where the n-th code point begins.
qsizetype unitAt(const QString &text, qint64 codePoint)
{
    qsizetype at = 0;
    while (at < text.size() && codePoint > 0) {
        at += text[at].isHighSurrogate() && at + 1 < text.size() ? 2 : 1;
        --codePoint;
    }
    return at;
}

QString markup(const QString &text)
{
    return markdown::escaped(text).replace(QLatin1Char('\n'), QLatin1String("<br>"));
}

struct Found {
    documents::DocumentEntry entry;
    std::vector<Page> pages;
};

} // namespace

SourceViewModel::SourceViewModel(documents::DocumentService &service, QObject *parent)
    : QObject(parent), m_service(service)
{ }

SourceViewModel::~SourceViewModel()
{
    m_drawingCancel.cancel();
    m_drawers.waitForDone();
}

QString SourceViewModel::name() const
{
    return fileName(m_wanted.path);
}

QString SourceViewModel::place() const
{
    if (m_pages.empty())
        return {};
    const Page &page = m_pages[std::size_t(m_page)];
    const QString label = QString::fromStdString(page.label);
    switch (m_kind) {
    case PageKind::None:
        return {};
    case PageKind::Page:
        return tr("Page %1 of %2").arg(label).arg(m_pages.size());
    case PageKind::Slide:
        return tr("Slide %1 of %2").arg(label).arg(m_pages.size());
    case PageKind::Sheet:
        return tr("Sheet %1").arg(label);
    }
    return {};
}

bool SourceViewModel::pictured() const
{
    return m_kind == PageKind::Page && !m_pages.empty()
        && QFileInfo(m_wanted.path).suffix().compare(QLatin1String("pdf"), Qt::CaseInsensitive)
        == 0;
}

void SourceViewModel::show(const QVariantMap &passage)
{
    Wanted wanted;
    wanted.path = passage.value(QStringLiteral("path")).toString();
    wanted.text = passage.value(QStringLiteral("text")).toString();
    wanted.hash = passage.value(QStringLiteral("hash")).toString();
    wanted.begin = passage.value(QStringLiteral("begin"), -1).toLongLong();
    wanted.end = passage.value(QStringLiteral("end"), -1).toLongLong();
    m_wanted = wanted;
    const quint64 generation = ++m_generation;
    m_service.ask(
        this,
        [path = wanted.path](DocumentIndex &index,
                             storage::Database &) -> Result<std::optional<Found>> {
            const auto entry = index.findByPath(path);
            if (!entry)
                return fail(entry.error());
            if (!*entry)
                return std::optional<Found>();
            auto pages = index.pages((*entry)->id);
            if (!pages)
                return fail(pages.error());
            return std::optional<Found>(Found{**entry, std::move(*pages)});
        },
        [this, generation](Result<std::optional<Found>> found) {
            if (generation != m_generation)
                return;
            m_note.clear();
            if (!found)
                m_note = QString::fromStdString(found.error().message);
            if (found && *found && !(*found)->pages.empty())
                setPages((*found)->pages, (*found)->entry.pageKind, (*found)->entry.hash);
            else
                setPages({}, PageKind::None, {});
            if (!m_open) {
                m_open = true;
                emit openChanged();
            }
        });
}

void SourceViewModel::setPages(const std::vector<Page> &pages, PageKind kind, const QString &hash)
{
    m_pages = pages;
    m_kind = kind;
    m_pageBegins.clear();
    m_page = 0;
    qint64 begin = 0;
    for (std::size_t i = 0; i < m_pages.size(); ++i) {
        m_pageBegins.push_back(begin);
        if (m_wanted.begin >= begin)
            m_page = int(i);
        begin += codePoints(QString::fromStdString(m_pages[i].text));
    }
    if (m_pages.empty()) {
        // The passage itself was kept with the citation.
        if (m_note.isEmpty())
            m_note = m_wanted.text.isEmpty()
                ? tr("This document is no longer in Alcove.")
                : tr("This document is no longer in Alcove. This is what was cited.");
    } else if (!m_wanted.hash.isEmpty() && m_wanted.hash != hash) {
        m_note = tr("This file has changed since the answer was written: the passage may be "
                    "elsewhere, or gone.");
        // Where the same words are now, if they still are there.
        qint64 at = 0;
        for (const Page &page : m_pages) {
            const QString text = QString::fromStdString(page.text);
            const qsizetype found = m_wanted.text.isEmpty() ? -1 : text.indexOf(m_wanted.text);
            if (found >= 0) {
                const qint64 length = m_wanted.end - m_wanted.begin;
                m_wanted.begin = at + codePoints(text.left(found));
                m_wanted.end = m_wanted.begin + length;
                m_page = int(&page - m_pages.data());
                m_note = tr("This file has changed since the answer was written; the passage is "
                            "still in it.");
                break;
            }
            at += codePoints(text);
        }
    } else if (!QFileInfo::exists(m_wanted.path)) {
        m_note = tr("The file is not at its place any more. This is its text as it was read.");
    }
    showPage();
}

void SourceViewModel::showPage()
{
    m_before.clear();
    m_marked.clear();
    m_after.clear();
    m_passageOnPage.clear();
    m_markedAt = 0;
    if (m_pages.empty()) {
        m_marked = markup(m_wanted.text);
    } else {
        const QString text = QString::fromStdString(m_pages[std::size_t(m_page)].text);
        const qint64 pageBegin = m_pageBegins[std::size_t(m_page)];
        qsizetype begin = 0;
        qsizetype end = 0;
        if (m_wanted.begin >= 0 && m_wanted.end > pageBegin) {
            begin = unitAt(text, std::max<qint64>(0, m_wanted.begin - pageBegin));
            end = unitAt(text, m_wanted.end - pageBegin);
        }
        m_passageOnPage = text.mid(begin, end - begin);
        const qsizetype first = std::max<qsizetype>(0, begin - kShownAround);
        QString lead = text.mid(first, begin - first);
        if (first > 0)
            lead.prepend(QStringLiteral("…\n"));
        QString rest = text.mid(end, kShownAround);
        if (end + kShownAround < text.size())
            rest += QStringLiteral("\n…");
        m_markedAt = int(lead.size());
        m_before = markup(lead);
        m_marked = markup(m_passageOnPage);
        m_after = markup(rest);
    }
    emit pageChanged();
    draw();
}

void SourceViewModel::turn(int pages)
{
    const int wanted = std::clamp(m_page + pages, 0, std::max(0, int(m_pages.size()) - 1));
    if (wanted == m_page)
        return;
    m_page = wanted;
    showPage();
}

void SourceViewModel::draw()
{
    m_drawingCancel.cancel();
    m_picture = {};
    m_marks.clear();
    m_pictureError.clear();
    m_drawing = pictured() && QFileInfo::exists(m_wanted.path);
    emit pictureChanged();
    if (!m_drawing)
        return;
    documents::PictureRequest request;
    request.path = m_wanted.path.toStdString();
    request.page = std::uint32_t(m_page);
    request.width = kPictureWidth;
    request.passage = m_passageOnPage.toStdString();
    m_drawingCancel = CancelToken();
    // The last to draw is waited for when this object goes.
    m_drawers.start([this, request, cancel = m_drawingCancel, generation = ++m_drawn,
                     reader = m_service.reader()] {
        auto picture = reader.picture(request, cancel);
        QMetaObject::invokeMethod(
            this,
            [this, generation, picture = std::move(picture)]() mutable {
                if (generation == m_drawn)
                    showPicture(std::move(picture));
            },
            Qt::QueuedConnection);
    });
}

void SourceViewModel::showPicture(Result<documents::PagePicture> picture)
{
    m_drawing = false;
    if (!picture) {
        if (picture.error().cancelled())
            return;
        m_pictureError = tr("The page cannot be drawn, so its text is shown. %1")
                             .arg(QString::fromStdString(picture.error().message));
    } else {
        // A copy of its own: the pixels go with the value.
        m_picture = QImage(picture->pixels.data(), int(picture->width), int(picture->height),
                           qsizetype(picture->width) * 3, QImage::Format_RGB888)
                        .convertToFormat(QImage::Format_RGB32);
        for (const documents::PageBox &box : picture->boxes)
            m_marks.append(QRectF(QPointF(box.left, box.top), QPointF(box.right, box.bottom)));
    }
    emit pictureChanged();
}

void SourceViewModel::close()
{
    ++m_generation;
    m_drawingCancel.cancel();
    if (!m_open)
        return;
    m_open = false;
    emit openChanged();
}

void SourceViewModel::openFile()
{
    QDesktopServices::openUrl(QUrl::fromLocalFile(m_wanted.path));
}

} // namespace alcove::documentsui
