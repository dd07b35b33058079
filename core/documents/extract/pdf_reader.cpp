#include "core/documents/extract/optical_recognition.h"
#include "core/documents/extract/page_lines.h"
#include "core/documents/extract/pdf_errors.h"
#include "core/documents/extract/readers.h"

#include <QImage>
#include <QPdfBookmarkModel>
#include <QPdfDocument>
#include <QPdfSelection>

#include <algorithm>
#include <map>

namespace alcove::documents {

namespace {

constexpr int kFewLetters = 8; // a page with fewer may be a picture of text
constexpr std::size_t kMostPlacedWords = 4000; // of a page
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

// The rectangles of a page's text, put together into the lines that they stand on.
std::vector<PageLine> placesOf(const QList<QPolygonF> &bounds)
{
    std::vector<PageLine> rows;
    for (const QPolygonF &polygon : bounds) {
        const QRectF box = polygon.boundingRect();
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

bool isRightToLeft(QStringView text)
{
    int left = 0;
    int right = 0;
    for (const QChar c : text) {
        const QChar::Direction direction = c.direction();
        left += direction == QChar::DirL;
        right += direction == QChar::DirR || direction == QChar::DirAL;
    }
    return right > left;
}

// The library hands over the text of a turned page in the order in which an upright one would be
// read. Such a page shows itself by places that are not on it, or by lines that run backwards.
bool looksTurned(const QPdfSelection &all, double pageHeight)
{
    int steps = 0;
    int backwards = 0;
    QRectF last;
    const QList<QPolygonF> bounds = all.bounds();
    for (const QPolygonF &polygon : bounds) {
        const QRectF box = polygon.boundingRect();
        if (box.bottom() < 0 || box.top() > pageHeight)
            return true;
        const double overlap =
            std::min(box.bottom(), last.bottom()) - std::max(box.top(), last.top());
        if (overlap > 0.5 * std::min(box.height(), last.height())) {
            ++steps;
            backwards += box.right() <= last.left() + 1;
        }
        last = box;
    }
    return backwards >= 2 && 2 * backwards > steps && !isRightToLeft(all.text());
}

// The lines of a turned page, put together from the places of its words. Takes long: each place is
// asked for by itself.
PageOfLines linesOfWords(QPdfDocument &document, int number, const QString &text)
{
    std::vector<PageLine> words;
    for (qsizetype at = 0; at < text.size() && words.size() < kMostPlacedWords;) {
        if (text[at].isSpace()) {
            ++at;
            continue;
        }
        qsizetype end = at;
        while (end < text.size() && !text[end].isSpace())
            ++end;
        const QRectF box =
            document.getSelectionAtIndex(number, int(at), int(end - at)).boundingRectangle();
        PageLine &word = words.emplace_back();
        word.text = text.mid(at, end - at).toStdString();
        word.left = float(box.left());
        word.right = float(box.right());
        word.top = float(box.top());
        word.bottom = float(box.bottom());
        at = end;
    }
    std::stable_sort(words.begin(), words.end(), [](const PageLine &a, const PageLine &b) {
        return a.top + a.bottom < b.top + b.bottom;
    });
    PageOfLines page;
    page.placed = true;
    for (std::size_t first = 0; first < words.size();) {
        std::size_t end = first + 1;
        while (end < words.size()
               && (words[end].top + words[end].bottom) / 2
                   < std::max(words[first].bottom, words[end - 1].top + 1))
            ++end;
        const auto begin = words.begin() + std::ptrdiff_t(first);
        const auto stop = words.begin() + std::ptrdiff_t(end);
        std::string joined;
        std::for_each(begin, stop, [&](const PageLine &word) { joined += word.text; });
        const bool leftwards = isRightToLeft(QString::fromStdString(joined));
        std::stable_sort(begin, stop, [leftwards](const PageLine &a, const PageLine &b) {
            return leftwards ? a.left > b.left : a.left < b.left;
        });
        PageLine line = *begin;
        for (auto word = begin + 1; word != stop; ++word) {
            line.gaps = line.gaps || (!leftwards && word->left - line.right > kWideGap);
            line.text += ' ';
            line.text += word->text;
            line.left = std::min(line.left, word->left);
            line.right = std::max(line.right, word->right);
            line.top = std::min(line.top, word->top);
            line.bottom = std::max(line.bottom, word->bottom);
        }
        page.lines.push_back(std::move(line));
        first = end;
    }
    return page;
}

// The library has marks of its own for a hyphen at a line's end: U+0002 before the break, and
// U+FFFE for hyphen and break together. Between small letters the hyphen parts a word, else it is a
// part.
QString withPlainHyphens(const QString &text)
{
    QString plain;
    plain.reserve(text.size());
    for (qsizetype i = 0; i < text.size(); ++i) {
        if (text[i] != QChar(0x0002) && text[i] != QChar(0xFFFE)) {
            plain += text[i];
            continue;
        }
        qsizetype next = i + 1;
        while (next < text.size() && text[next].isSpace())
            ++next;
        const bool parts =
            i > 0 && text[i - 1].isLower() && next < text.size() && text[next].isLower();
        plain += parts ? QChar(0x00AD) : QChar(u'-');
        if (text[i] == QChar(0xFFFE))
            plain += QLatin1Char('\n');
    }
    return plain;
}

PageOfLines linesOf(QPdfDocument &document, int number,
                    const std::multimap<int, Bookmark> &bookmarks)
{
    PageOfLines page;
    const QPdfSelection all = document.getAllText(number);
    QString text = all.text();
    text = withPlainHyphens(text);
    if (looksTurned(all, document.pagePointSize(number).height()))
        return linesOfWords(document, number, text);
    const QStringList lines = text.split(QChar(u'\n'));
    const std::vector<PageLine> places = placesOf(all.bounds());
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
    }
    return page;
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

Error pdfError(QPdfDocument::Error error, const std::string &password)
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

Result<DocumentText> readPdf(const std::string &path, const ReadOptions &options)
{
    QPdfDocument document;
    document.setPassword(QString::fromStdString(options.password));
    const QPdfDocument::Error error = document.load(QString::fromStdString(path));
    if (error != QPdfDocument::Error::None)
        return fail(pdfError(error, options.password));
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
