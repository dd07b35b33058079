#include "core/documents/extract/optical_recognition.h"

#include <QBuffer>
#include <QPdfDocument>
#include <QProcess>
#include <QStandardPaths>

#include <algorithm>

namespace alcove::documents {

namespace {

constexpr double kDotsPerInch = 300;
constexpr double kPointsPerInch = 72;
constexpr int kLongestSide = 4000;
constexpr int kStartMs = 10'000;
constexpr int kPageMs = 100'000;
constexpr int kMostLanguages = 6; // each makes it slower

QString languagesOf(const QString &program)
{
    QProcess process;
    process.start(program, {QStringLiteral("--list-langs")});
    if (!process.waitForFinished(kStartMs))
        return {};
    QStringList languages;
    const QStringList lines =
        QString::fromUtf8(process.readAllStandardOutput()).split(u'\n', Qt::SkipEmptyParts);
    for (const QString &line : lines.mid(1)) { // the first tells where they are
        const QString name = line.trimmed();
        if (name != QLatin1String("osd") && name != QLatin1String("equ")
            && languages.size() < kMostLanguages)
            languages << name;
    }
    return languages.join(u'+');
}

// Tesseract's table: level, page, block, paragraph, line, word, left, top, width, height,
// confidence, text, parted by tabs.
PageOfLines linesOfTable(const QString &table)
{
    PageOfLines page;
    QString key;
    const QStringList rows = table.split(u'\n');
    for (const QString &row : rows) {
        const QStringList fields = row.split(u'\t');
        if (fields.size() < 12 || fields[0] != QLatin1String("5") || fields[11].trimmed().isEmpty())
            continue;
        const QString place = fields[2] + u'.' + fields[3] + u'.' + fields[4];
        const float scale = float(kPointsPerInch / kDotsPerInch);
        const float left = fields[6].toFloat() * scale;
        const float top = fields[7].toFloat() * scale;
        const float right = left + fields[8].toFloat() * scale;
        const float bottom = top + fields[9].toFloat() * scale;
        if (place != key || page.lines.empty()) {
            key = place;
            PageLine &line = page.lines.emplace_back();
            line.text = fields[11].trimmed().toStdString();
            line.left = left;
            line.top = top;
            line.right = right;
            line.bottom = bottom;
            continue;
        }
        PageLine &line = page.lines.back();
        line.text += ' ';
        line.text += fields[11].trimmed().toStdString();
        line.right = right;
        line.top = std::min(line.top, top);
        line.bottom = std::max(line.bottom, bottom);
    }
    page.placed = true;
    return page;
}

} // namespace

OpticalRecognition OpticalRecognition::find()
{
    OpticalRecognition found;
    const QString program = QStandardPaths::findExecutable(QStringLiteral("tesseract"));
    if (program.isEmpty())
        return found;
    found.m_languages = languagesOf(program);
    if (!found.m_languages.isEmpty())
        found.m_program = program;
    return found;
}

std::optional<PageOfLines> OpticalRecognition::read(const QImage &picture) const
{
    QByteArray png;
    QBuffer buffer(&png);
    if (!buffer.open(QIODevice::WriteOnly) || !picture.save(&buffer, "PNG"))
        return std::nullopt;
    QProcess process;
    process.start(m_program,
                  {QStringLiteral("stdin"), QStringLiteral("stdout"), QStringLiteral("--dpi"),
                   QString::number(int(kDotsPerInch)), QStringLiteral("-l"), m_languages,
                   QStringLiteral("tsv")});
    if (!process.waitForStarted(kStartMs))
        return std::nullopt;
    process.write(png);
    process.closeWriteChannel();
    if (!process.waitForFinished(kPageMs)) {
        process.kill();
        process.waitForFinished(kStartMs);
        return std::nullopt;
    }
    if (process.exitStatus() != QProcess::NormalExit || process.exitCode() != 0)
        return std::nullopt;
    PageOfLines page = linesOfTable(QString::fromUtf8(process.readAllStandardOutput()));
    if (page.lines.empty())
        return std::nullopt;
    return page;
}

QImage pictureOf(QPdfDocument &document, int page)
{
    const QSizeF points = document.pagePointSize(page);
    const double longest = std::max({points.width(), points.height(), 1.0});
    const double scale = std::min(kDotsPerInch / kPointsPerInch, kLongestSide / longest);
    const QSize size(std::max(1, int(points.width() * scale)),
                     std::max(1, int(points.height() * scale)));
    const QImage drawn = document.render(page, size);
    // What is not drawn on is transparent.
    QImage paper(size, QImage::Format_Grayscale8);
    paper.fill(255);
    if (drawn.isNull())
        return paper;
    const QImage pixels = drawn.convertToFormat(QImage::Format_ARGB32);
    for (int y = 0; y < pixels.height(); ++y) {
        const QRgb *from = reinterpret_cast<const QRgb *>(pixels.constScanLine(y));
        uchar *to = paper.scanLine(y);
        for (int x = 0; x < pixels.width(); ++x) {
            const int alpha = qAlpha(from[x]);
            to[x] = uchar((qGray(from[x]) * alpha + 255 * (255 - alpha)) / 255);
        }
    }
    return paper;
}

bool hasInk(const QImage &picture)
{
    qint64 dark = 0;
    for (int y = 0; y < picture.height(); ++y) {
        const uchar *row = picture.constScanLine(y);
        dark += std::count_if(row, row + picture.width(), [](uchar grey) { return grey < 160; });
    }
    return dark * 5000 > qint64(picture.width()) * picture.height();
}

} // namespace alcove::documents
