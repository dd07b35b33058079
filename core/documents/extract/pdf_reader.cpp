#include "core/documents/extract/optical_recognition.h"
#include "core/documents/extract/page_lines.h"
#include "core/documents/extract/readers.h"

#include <QImage>
#include <QPdfBookmarkModel>
#include <QPdfDocument>
#include <QPdfSelection>

#include <algorithm>
#include <cmath>
#include <map>

namespace alcove::documents {

namespace {

constexpr int kFewLetters = 8; // a page with fewer may be a picture of text
constexpr float kWideGap = 18; // points between the cells of a row

struct Bookmark {
    QString title;
    int level = 1;
};

QString folded(const QString &text)
{
    QString letters;
    for (const QChar c : text) {
        if (c.isLetterOrNumber())
            letters += c.toCaseFolded();
    }
    return letters;
}

void collectBookmarks(const QPdfBookmarkModel &model, std::multimap<int, Bookmark> &found)
{
    // The outline may be hostile: neither deep nor long ones are followed to the end.
    struct Place {
        QModelIndex parent;
        int row = 0;
    };
    std::vector<Place> stack{{QModelIndex(), 0}};
    while (!stack.empty() && found.size() < 20'000) {
        Place &place = stack.back();
        if (place.row >= model.rowCount(place.parent)) {
            stack.pop_back();
            continue;
        }
        const QModelIndex index = model.index(place.row++, 0, place.parent);
        const int page = index.data(int(QPdfBookmarkModel::Role::Page)).toInt();
        found.emplace(page,
                      Bookmark{folded(index.data(int(QPdfBookmarkModel::Role::Title)).toString()),
                               int(std::min<std::size_t>(stack.size(), 6))});
        if (stack.size() < 6 && model.rowCount(index) > 0)
            stack.push_back({index, 0});
    }
}

// How a page's text lies on it.
enum class Turn { None, Clockwise, Counterclockwise, Over };

QRectF upright(const QRectF &box, Turn turn)
{
    switch (turn) {
    case Turn::Clockwise: // lines run down, the first at the right
        return QRectF(box.top(), -box.right(), box.height(), box.width());
    case Turn::Counterclockwise:
        return QRectF(-box.bottom(), box.left(), box.height(), box.width());
    case Turn::Over:
        return QRectF(-box.right(), -box.bottom(), box.width(), box.height());
    case Turn::None:
        break;
    }
    return box;
}

// The way from a line's first letter to its last tells. Asked only of pages that look turned: it
// takes as long as reading the page.
Turn turnOf(QPdfDocument &document, int page, const QString &text, const QList<QPolygonF> &bounds)
{
    int upwards = 0;
    int tall = 0;
    for (qsizetype i = 0; i < bounds.size(); ++i) {
        const QRectF box = bounds[i].boundingRect();
        tall += box.height() > 1.5 * box.width();
        upwards += i > 0 && box.top() < bounds[i - 1].boundingRect().top() - box.height() / 2;
    }
    if (bounds.isEmpty() || (2 * tall < bounds.size() && 2 * upwards < bounds.size()))
        return Turn::None;
    // The longest line.
    int begin = 0;
    int length = 0;
    for (qsizetype at = 0; at < text.size();) {
        qsizetype end = text.indexOf(u'\n', at);
        end = end < 0 ? text.size() : end;
        if (int(end - at) > length) {
            begin = int(at);
            length = int(end - at);
        }
        at = end + 1;
    }
    while (length > 0 && text[begin + length - 1].isSpace())
        --length;
    if (length < 4)
        return Turn::None;
    const auto place = [&](int index) {
        return document.getSelectionAtIndex(page, index, 1).boundingRectangle().center();
    };
    const QPointF way = place(begin + length - 1) - place(begin);
    if (std::abs(way.y()) > std::abs(way.x()))
        return way.y() > 0 ? Turn::Clockwise : Turn::Counterclockwise;
    // From right to left is how some scripts are written.
    const bool leftwards =
        text[begin].direction() == QChar::DirR || text[begin].direction() == QChar::DirAL;
    return (way.x() < 0) != leftwards ? Turn::Over : Turn::None;
}

// The rectangles of a page's text, put together into the lines that they stand on.
std::vector<PageLine> placesOf(const QList<QPolygonF> &bounds, Turn turn)
{
    std::vector<PageLine> rows;
    for (const QPolygonF &polygon : bounds) {
        const QRectF box = upright(polygon.boundingRect(), turn);
        const auto top = float(box.top());
        const auto bottom = float(box.bottom());
        if (!rows.empty()) {
            PageLine &row = rows.back();
            const float overlap = std::min(row.bottom, bottom) - std::max(row.top, top);
            const float lesser = std::min(row.bottom - row.top, bottom - top);
            if (overlap > 0.5f * lesser && float(box.left()) >= row.left) {
                row.gaps = row.gaps || float(box.left()) - row.right > kWideGap;
                row.right = std::max(row.right, float(box.right()));
                row.top = std::min(row.top, top);
                row.bottom = std::max(row.bottom, bottom);
                continue;
            }
        }
        PageLine &row = rows.emplace_back();
        row.left = float(box.left());
        row.right = float(box.right());
        row.top = top;
        row.bottom = bottom;
    }
    return rows;
}

PageOfLines linesOf(QPdfDocument &document, int number,
                    const std::multimap<int, Bookmark> &bookmarks)
{
    PageOfLines page;
    const QPdfSelection all = document.getAllText(number);
    QString text = all.text();
    const Turn turn = turnOf(document, number, text, all.bounds());
    text.replace(QChar(2), QChar(0x00AD)); // how the library marks a hyphen at a line's end
    const QStringList lines = text.split(QChar(u'\n'));
    const std::vector<PageLine> places = placesOf(all.bounds(), turn);
    for (const QString &line : lines) {
        const QString said = line.trimmed();
        if (said.isEmpty())
            continue;
        PageLine &added = page.lines.emplace_back();
        added.text = said.toStdString();
        if (said.size() > 200)
            continue;
        const auto range = bookmarks.equal_range(number);
        if (range.first == range.second)
            continue;
        const QString letters = folded(said);
        for (auto one = range.first; one != range.second; ++one) {
            if (!letters.isEmpty() && letters == one->second.title)
                added.headingLevel = one->second.level;
        }
    }
    page.placed = places.size() == page.lines.size();
    if (page.placed) {
        for (std::size_t i = 0; i < places.size(); ++i) {
            PageLine place = places[i];
            place.text = std::move(page.lines[i].text);
            place.headingLevel = page.lines[i].headingLevel;
            page.lines[i] = std::move(place);
        }
        // The library hands over the lines of a turned page in the order of an upright one.
        if (turn != Turn::None)
            std::stable_sort(
                page.lines.begin(), page.lines.end(),
                [](const PageLine &a, const PageLine &b) { return a.bottom < b.bottom; });
    }
    return page;
}

Error errorOf(QPdfDocument::Error error, const std::string &password)
{
    switch (error) {
    case QPdfDocument::Error::IncorrectPassword:
        return {ErrorCode::PasswordNeeded,
                password.empty() ? "The PDF is locked with a password."
                                 : "This is not the password of the PDF.",
                {}};
    case QPdfDocument::Error::UnsupportedSecurityScheme:
        return {
            ErrorCode::Unsupported, "The PDF is locked in a way that cannot be opened here.", {}};
    case QPdfDocument::Error::FileNotFound:
        return {ErrorCode::NotFound, "The file is not there any more.", {}};
    default:
        return {ErrorCode::InvalidFile, "The PDF is damaged and cannot be read.", {}};
    }
}

// "2", "2 and 5", "2, 5 and 7 to 9".
std::string pageList(const std::vector<int> &pages)
{
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < pages.size();) {
        std::size_t last = i;
        while (last + 1 < pages.size() && pages[last + 1] == pages[last] + 1)
            ++last;
        if (last > i + 1) {
            parts.push_back(std::to_string(pages[i]) + " to " + std::to_string(pages[last]));
            i = last + 1;
        } else {
            parts.push_back(std::to_string(pages[i++]));
        }
    }
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i)
        text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
    return text;
}

} // namespace

Result<DocumentText> readPdf(const std::string &path, const ReadOptions &options)
{
    QPdfDocument document;
    document.setPassword(QString::fromStdString(options.password));
    const QPdfDocument::Error error = document.load(QString::fromStdString(path));
    if (error != QPdfDocument::Error::None)
        return fail(errorOf(error, options.password));
    const int count = document.pageCount();
    if (count <= 0)
        return fail(ErrorCode::InvalidFile, "The PDF has no pages.");
    if (std::uint32_t(count) > options.limits.pages)
        return fail(tooMuchText());

    QPdfBookmarkModel outline;
    outline.setDocument(&document);
    std::multimap<int, Bookmark> bookmarks;
    collectBookmarks(outline, bookmarks);

    std::vector<PageOfLines> pages;
    std::vector<bool> recognised(std::size_t(count), false);
    std::vector<int> pictures; // numbers of pages that could not be read
    const OpticalRecognition recognition = OpticalRecognition::find();
    std::uint64_t bytes = 0;
    for (int number = 0; number < count; ++number) {
        PageOfLines page = linesOf(document, number, bookmarks);
        std::size_t letters = 0;
        for (const PageLine &line : page.lines)
            letters += line.text.size();
        if (letters < kFewLetters) {
            const QImage picture = pictureOf(document, number);
            if (hasInk(picture)) {
                if (!options.recognise || !recognition.available()) {
                    pictures.push_back(number + 1);
                } else if (auto lines = recognition.read(picture)) {
                    page = std::move(*lines);
                    recognised[std::size_t(number)] = true;
                } else {
                    pictures.push_back(number + 1);
                }
            }
        }
        for (const PageLine &line : page.lines)
            bytes += line.text.size();
        if (bytes > options.limits.textBytes)
            return fail(tooMuchText());
        pages.push_back(std::move(page));
        if (options.progress)
            options.progress(std::uint32_t(number + 1), std::uint32_t(count));
    }

    DocumentBuilder builder(PageKind::Page, options.limits);
    builder.setTitle(
        document.metaData(QPdfDocument::MetaDataField::Title).toString().toStdString());
    const PageStyle style = styleOf(pages);
    for (std::size_t i = 0; i < pages.size(); ++i) {
        builder.beginPage(std::to_string(i + 1));
        if (recognised[i])
            builder.markRecognised();
        addPage(builder, pages[i], style);
        if (builder.full())
            return fail(tooMuchText());
    }
    if (!pictures.empty()) {
        const bool one = pictures.size() == 1;
        builder.remark(
            std::string(one ? "Page " : "Pages ") + pageList(pictures)
            + (one ? " is a picture" : " are pictures")
            + (recognition.available()
                   ? " in which no letters could be recognised."
                   : " of text. To have them read, install Tesseract (tesseract-ocr) and "
                     "add the file again."));
    }
    return builder.finish();
}

} // namespace alcove::documents
