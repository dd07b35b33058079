#include "core/documents/extract/pdf_picture.h"

#include "core/documents/extract/pdf_errors.h"

#include <QImage>
#include <QPainter>
#include <QPdfDocument>
#include <QPdfSelection>

#include <qpdf/QPDF.hh>
#include <qpdf/QPDFPageDocumentHelper.hh>
#include <qpdf/QPDFPageObjectHelper.hh>

#include <algorithm>
#include <cmath>
#include <optional>

namespace alcove::documents {

namespace {

constexpr qsizetype kLeastFound = 12; // letters of a passage, fewer are found anywhere
constexpr char16_t kUnspaced = 0x0E00; // from here on scripts without spaces are usual

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

// The longest beginning of the passage, or end of it, that is on the page, in whole words: what
// stands beside it may go on with the same letters by chance.
enum class Part { Beginning, End };
std::optional<Range> findPart(const Letters &page, const Letters &passage, const QString &words,
                              Part part)
{
    const QString &all = passage.text;
    const auto textOf = [&](qsizetype length) {
        return part == Part::Beginning ? QStringView(all).left(length)
                                       : QStringView(all).right(length);
    };
    // A shorter one is there wherever a longer one is.
    qsizetype found = 0;
    for (qsizetype most = all.size(); found < most;) {
        const qsizetype length = found + (most - found + 1) / 2;
        if (page.text.indexOf(textOf(length)) >= 0)
            found = length;
        else
            most = length - 1;
    }
    const auto partsWords = [&](qsizetype length) { // between two letters of the passage
        const qsizetype border = part == Part::Beginning ? length : all.size() - length;
        if (border <= 0 || border >= all.size())
            return true;
        const int next = passage.places[std::size_t(border)];
        return passage.places[std::size_t(border - 1)] + 1 < next
            || words[next].unicode() >= kUnspaced;
    };
    while (found > 0 && !partsWords(found))
        --found;
    if (found < kLeastFound)
        return std::nullopt;
    const qsizetype at = page.text.indexOf(textOf(found));
    return Range{page.places[std::size_t(at)], page.places[std::size_t(at + found - 1)] + 1};
}

std::vector<Range> find(const Letters &page, const QString &words)
{
    const Letters passage = lettersOf(words);
    if (passage.text.isEmpty())
        return {};
    if (const qsizetype at = page.text.indexOf(passage.text); at >= 0)
        return {{page.places[std::size_t(at)],
                 page.places[std::size_t(at + passage.text.size() - 1)] + 1}};
    std::vector<Range> found;
    for (const Part part : {Part::Beginning, Part::End}) {
        if (const auto range = findPart(page, passage, words, part))
            found.push_back(*range);
    }
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

// How a page's sheet is turned and cropped, which Qt's library does not tell, though it tells
// places on the sheet as it was before: from its lower left corner, only turned over by the height
// of the page as it is shown.
struct Sheet {
    QRectF crop; // points, y upwards
    int turns = 0; // quarters, clockwise

    // Whether it is what the library shows as a page of that size.
    bool shows(const QSizeF &points) const
    {
        const QSizeF own = turns % 2 ? crop.size().transposed() : crop.size();
        return std::abs(own.width() - points.width()) < 1
            && std::abs(own.height() - points.height()) < 1;
    }
    // From the library's place to that on the page as it is shown, y downwards.
    QRectF shown(const QRectF &place, const QSizeF &points) const
    {
        const double low = points.height() - place.bottom();
        const double high = points.height() - place.top();
        switch (turns) {
        case 1:
            return {QPointF(low - crop.top(), place.left() - crop.left()),
                    QPointF(high - crop.top(), place.right() - crop.left())};
        case 2:
            return {QPointF(crop.right() - place.right(), low - crop.top()),
                    QPointF(crop.right() - place.left(), high - crop.top())};
        case 3:
            return {QPointF(crop.bottom() - high, crop.right() - place.right()),
                    QPointF(crop.bottom() - low, crop.right() - place.left())};
        default:
            return {QPointF(place.left() - crop.left(), crop.bottom() - high),
                    QPointF(place.right() - crop.left(), crop.bottom() - low)};
        }
    }
};

std::optional<Sheet> sheetOf(const PictureRequest &request)
{
    try {
        QPDF file;
        file.setSuppressWarnings(true);
        file.processFile(request.path.c_str(),
                         request.password.empty() ? nullptr : request.password.c_str());
        const auto pages = QPDFPageDocumentHelper(file).getAllPages();
        if (request.page >= pages.size())
            return std::nullopt;
        QPDFPageObjectHelper page = pages[request.page];
        const auto rectangle = [](QPDFObjectHandle box) {
            const auto corners = box.getArrayAsRectangle();
            return QRectF(QPointF(corners.llx, corners.lly), QPointF(corners.urx, corners.ury))
                .normalized();
        };
        Sheet sheet;
        sheet.crop = rectangle(page.getCropBox()) & rectangle(page.getMediaBox());
        QPDFObjectHandle rotate = page.getAttribute("/Rotate", false);
        const int degrees = rotate.isInteger() ? rotate.getIntValueAsInt() : 0;
        sheet.turns = ((degrees / 90) % 4 + 4) % 4;
        return sheet;
    } catch (const std::exception &) {
        return std::nullopt; // the page is shown all the same
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
    for (const Range &range : find(page, QString::fromStdString(request.passage)))
        addLines(
            lines,
            document.getSelectionAtIndex(number, range.begin, range.end - range.begin).bounds());
    if (lines.empty())
        return picture;
    const auto sheet = sheetOf(request);
    if (!sheet || !sheet->shows(points))
        return picture;
    for (const QRectF &line : lines) {
        const QRectF box = sheet->shown(line, points) & QRectF(QPointF(), points);
        if (!box.isEmpty()) // what is cropped away is not seen
            picture.boxes.push_back({box.left() / points.width(), box.top() / points.height(),
                                     box.right() / points.width(), box.bottom() / points.height()});
    }
    return picture;
}

} // namespace alcove::documents
