#include "core/documents/extract/pdf_picture.h"

#include "core/documents/extract/pdf_errors.h"

#include <QImage>
#include <QPainter>
#include <QPdfDocument>
#include <QPdfSelection>

#include <algorithm>

namespace alcove::documents {

namespace {

constexpr qsizetype kLeastFound = 12; // letters of a passage, fewer are found anywhere

// The letters and digits of a text, and where each stands in it. What we make of a page's text
// differs from the page in spaces, hyphens and marks between cells, but not in these.
struct Letters {
    QString text;
    std::vector<int> places;
};

Letters lettersOf(const QString &text)
{
    Letters letters;
    for (qsizetype i = 0; i < text.size(); ++i) {
        if (!text[i].isLetterOrNumber())
            continue;
        letters.text += text[i].toCaseFolded();
        letters.places.push_back(int(i));
    }
    return letters;
}

struct Range {
    int begin = 0; // characters of the page's text
    int end = 0;
};

// Where the passage is; else where its longest part is that is found from its beginning or to its
// end.
std::vector<Range> find(const Letters &page, const QString &passage)
{
    const auto range = [&](qsizetype at, qsizetype length) {
        return Range{page.places[std::size_t(at)], page.places[std::size_t(at + length - 1)] + 1};
    };
    if (passage.isEmpty())
        return {};
    if (const qsizetype whole = page.text.indexOf(passage); whole >= 0)
        return {range(whole, passage.size())};
    qsizetype least = kLeastFound;
    qsizetype most = passage.size() - 1;
    std::vector<Range> found;
    // What begins it is there for every shorter length too.
    while (least <= most) {
        const qsizetype length = (least + most) / 2;
        const qsizetype at = page.text.indexOf(QStringView(passage).left(length));
        if (at >= 0) {
            found = {range(at, length)};
            least = length + 1;
        } else {
            most = length - 1;
        }
    }
    least = kLeastFound;
    most = passage.size() - 1;
    std::vector<Range> last;
    while (least <= most) {
        const qsizetype length = (least + most) / 2;
        const qsizetype at = page.text.indexOf(QStringView(passage).right(length));
        if (at >= 0) {
            last = {range(at, length)};
            least = length + 1;
        } else {
            most = length - 1;
        }
    }
    found.insert(found.end(), last.begin(), last.end());
    return found;
}

// Rectangles of pieces of text, joined where they stand on one line.
void addLines(std::vector<QRectF> &lines, const QList<QPolygonF> &pieces)
{
    for (const QPolygonF &piece : pieces) {
        const QRectF box = piece.boundingRect();
        if (!lines.empty()) {
            QRectF &line = lines.back();
            const double overlap =
                std::min(line.bottom(), box.bottom()) - std::max(line.top(), box.top());
            if (overlap > 0.5 * std::min(line.height(), box.height())) {
                line = line.united(box);
                continue;
            }
        }
        lines.push_back(box);
    }
}

} // namespace

Result<PagePicture> drawPdfPage(const PictureRequest &request)
{
    QPdfDocument document;
    document.setPassword(QString::fromStdString(request.password));
    const QPdfDocument::Error error = document.load(QString::fromStdString(request.path));
    if (error != QPdfDocument::Error::None)
        return fail(pdfError(error, request.password));
    if (request.page >= std::uint32_t(std::max(0, document.pageCount())))
        return fail(ErrorCode::InvalidArgument, "The document has no such page.");
    const int number = int(request.page);
    const QSizeF points = document.pagePointSize(number);
    if (!(points.width() > 0) || !(points.height() > 0))
        return fail(ErrorCode::InvalidFile, "The page has no size.");
    const double wanted = std::clamp(request.width, kLeastPictureWidth, kMostPictureWidth);
    const double scale =
        std::min(wanted / points.width(), double(kMostPictureHeight) / points.height());
    const QSize size(std::clamp(int(points.width() * scale + 0.5), 1, int(kMostPictureWidth)),
                     std::clamp(int(points.height() * scale + 0.5), 1, int(kMostPictureHeight)));

    PagePicture picture;
    picture.width = std::uint32_t(size.width());
    picture.height = std::uint32_t(size.height());
    picture.pages = std::uint32_t(document.pageCount());
    QImage paper(size, QImage::Format_RGB32);
    if (paper.isNull())
        return fail(ErrorCode::OutOfMemory, "The page is too large to be drawn.");
    paper.fill(Qt::white); // what is not drawn on is transparent
    {
        QPainter painter(&paper);
        painter.drawImage(0, 0, document.render(number, size));
    }
    const QImage rgb = paper.convertToFormat(QImage::Format_RGB888);
    picture.pixels.reserve(std::size_t(size.width()) * std::size_t(size.height()) * 3);
    for (int y = 0; y < rgb.height(); ++y) {
        const uchar *line = rgb.constScanLine(y);
        picture.pixels.insert(picture.pixels.end(), line, line + rgb.width() * 3);
    }

    std::vector<QRectF> lines;
    const Letters page = lettersOf(document.getAllText(number).text());
    const QString passage = lettersOf(QString::fromStdString(request.passage)).text;
    for (const Range &range : find(page, passage))
        addLines(
            lines,
            document.getSelectionAtIndex(number, range.begin, range.end - range.begin).bounds());
    const QRectF whole(QPointF(), points);
    for (const QRectF &line : lines) {
        const QRectF box = line & whole;
        // The library places the text of a turned page as if it were upright: no mark is better
        // than one beside the words.
        if (box.width() < 0.9 * line.width() || box.height() < 0.9 * line.height()) {
            picture.boxes.clear();
            break;
        }
        picture.boxes.push_back({box.left() / points.width(), box.top() / points.height(),
                                 box.right() / points.width(), box.bottom() / points.height()});
    }
    return picture;
}

} // namespace alcove::documents
