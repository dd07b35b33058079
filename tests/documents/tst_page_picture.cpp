// Pages drawn by the reader process, and the places of passages upon them.

#include "core/documents/document_reader.h"
#include "core/documents/page_picture.h"

#include <QDir>
#include <QGuiApplication>
#include <QPainter>
#include <QPdfWriter>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

using namespace alcove;
using namespace alcove::documents;

namespace {

const QString kFirst = QStringLiteral("The pump in the cellar cost 4200 euros.");
const QString kSecond = QStringLiteral("It was bought in the spring of the year.");

// Share of the picture's pixels within a box that are dark.
double ink(const PagePicture &picture, const PageBox &box)
{
    const int left = int(box.left * picture.width);
    const int right = int(box.right * picture.width);
    const int top = int(box.top * picture.height);
    const int bottom = int(box.bottom * picture.height);
    int dark = 0;
    for (int y = top; y < bottom; ++y) {
        for (int x = left; x < right; ++x)
            dark += picture.pixels[(std::size_t(y) * picture.width + std::size_t(x)) * 3] < 128;
    }
    return double(dark) / std::max(1, (right - left) * (bottom - top));
}

} // namespace

class TestPagePicture : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_folder.isValid());
        m_path = m_folder.filePath(QStringLiteral("pump.pdf"));
        QPdfWriter writer(m_path);
        writer.setResolution(100);
        writer.setPageSize(QPageSize(QPageSize::A4));
        writer.setPageMargins({});
        QPainter painter(&writer);
        painter.setFont(QFont(QStringLiteral("Noto Sans"), 14));
        painter.drawText(100, 300, kFirst);
        painter.drawText(100, 340, kSecond);
        painter.drawText(100, 900, QStringLiteral("Nothing else is said about the house."));
        writer.newPage();
        painter.drawText(100, 200, QStringLiteral("The second page."));
    }

    void aPassageIsWhereItsWordsAre()
    {
        const auto picture = draw(kFirst);
        QVERIFY2(picture, picture ? "" : picture.error().message.c_str());
        QCOMPARE(picture->width, 800u);
        QCOMPARE(picture->pages, 2u);
        QVERIFY(std::abs(double(picture->height) / picture->width - 297.0 / 210) < 0.01);
        QCOMPARE(picture->boxes.size(), std::size_t(1));
        const PageBox &box = picture->boxes[0];
        // Its baseline is at 300 of 1169 hundredths of an inch.
        QVERIFY2(box.top < 300.0 / 1169 && box.bottom > 298.0 / 1169,
                 qPrintable(QStringLiteral("%1 %2").arg(box.top).arg(box.bottom)));
        QVERIFY(std::abs(box.left - 100.0 / 827) < 0.02);
        QVERIFY(ink(*picture, box) > 0.05);
        // The line beneath it is not in the box.
        QVERIFY(box.bottom < 330.0 / 1169);
    }

    void linesAreApartAndSpacesDoNotCount()
    {
        const auto picture = draw(kFirst + QStringLiteral("\n\n") + kSecond);
        QVERIFY(picture);
        QCOMPARE(picture->boxes.size(), std::size_t(2));
        QVERIFY(picture->boxes[0].bottom < picture->boxes[1].bottom);
        // A part that is not on the page does not hide the rest.
        const auto partly = draw(kFirst + QStringLiteral(" These words are on another page."));
        QVERIFY(partly);
        QCOMPARE(partly->boxes.size(), std::size_t(1));
        const auto absent = draw(QStringLiteral("Whales sing in the deep of the ocean."));
        QVERIFY(absent);
        QVERIFY(absent->boxes.empty());
    }

    void whatCannotBeDrawnIsSaid()
    {
        PictureRequest request = wanted();
        request.page = 2;
        const auto beyond = reader().picture(request);
        QVERIFY(!beyond);
        QCOMPARE(beyond.error().code, ErrorCode::InvalidArgument);

        QFile broken(m_folder.filePath(QStringLiteral("broken.pdf")));
        QVERIFY(broken.open(QIODevice::WriteOnly));
        broken.write("%PDF-1.7 and nothing more");
        broken.close();
        request = wanted();
        request.path = broken.fileName().toStdString();
        const auto damaged = reader().picture(request);
        QVERIFY(!damaged);
        QCOMPARE(damaged.error().code, ErrorCode::InvalidFile);
    }

    void lockedPagesWantTheirPassword()
    {
        const QString locked = m_folder.filePath(QStringLiteral("locked.pdf"));
        QCOMPARE(QProcess::execute(QStringLiteral("qpdf"),
                                   {QStringLiteral("--encrypt"), QStringLiteral("open"),
                                    QStringLiteral("open"), QStringLiteral("256"),
                                    QStringLiteral("--"), m_path, locked}),
                 0);
        PictureRequest request = wanted();
        request.path = locked.toStdString();
        const auto refused = reader().picture(request);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::PasswordNeeded);
        request.password = "open";
        QVERIFY(reader().picture(request));
    }

    void turnedAndCroppedPagesAreMarkedWhereTheWordsAre_data()
    {
        QTest::addColumn<QByteArray>("boxes");
        QTest::addColumn<int>("turn");
        const std::pair<const char *, const char *> sheets[] = {
            {"plain", "/MediaBox [0 0 600 800]"},
            {"cropped", "/MediaBox [0 0 600 800] /CropBox [50 100 570 780]"},
            {"shifted", "/MediaBox [-100 50 600 800]"},
        };
        for (const auto &[name, boxes] : sheets) {
            for (const int turn : {0, 90, 180, 270})
                QTest::addRow("%s, %d", name, turn) << QByteArray(boxes) << turn;
        }
    }

    // What is in the boxes is the passage: without it the same page has no ink there.
    void turnedAndCroppedPagesAreMarkedWhereTheWordsAre()
    {
        QFETCH(QByteArray, boxes);
        QFETCH(int, turn);
        const auto drawn = [&](bool whole) {
            const QString path = m_folder.filePath(QStringLiteral("sheet.pdf"));
            QFile file(path);
            if (!file.open(QIODevice::WriteOnly))
                qFatal("cannot write");
            file.write(sheet(boxes + " /Rotate " + QByteArray::number(turn), whole));
            file.close();
            PictureRequest request;
            request.path = path.toStdString();
            request.width = 800;
            request.passage = "The needle of the gauge was bent in June,\nwhich nobody saw.";
            return reader().picture(request);
        };
        const auto with = drawn(true);
        const auto without = drawn(false);
        QVERIFY2(with, with ? "" : with.error().message.c_str());
        QVERIFY(without);
        QCOMPARE(with->boxes.size(), std::size_t(2));
        for (const PageBox &box : with->boxes) {
            QVERIFY2(ink(*with, box) > 0.05, qPrintable(QString::number(ink(*with, box))));
            QVERIFY(ink(*without, box) == 0);
        }
    }

    void aPartEndsWithAWord()
    {
        // The next line begins with the letter that the passage goes on with elsewhere.
        const auto picture = draw(kFirst + QStringLiteral(" In the autumn it was sold again."));
        QVERIFY(picture);
        QCOMPARE(picture->boxes.size(), std::size_t(1));
    }

    void whatTheProcessSaysIsChecked()
    {
        PagePicture picture;
        picture.width = 4;
        picture.height = 2;
        picture.pages = 1;
        picture.boxes = {{0.1, 0.2, 0.3, 0.4}};
        picture.pixels.assign(24, 7);
        const auto bytes = encodePicture(picture);
        const auto back = decodePicture(bytes);
        QVERIFY(back);
        QCOMPARE(back->pixels, picture.pixels);
        QCOMPARE(back->boxes.size(), std::size_t(1));

        for (std::size_t length = 0; length < bytes.size(); ++length)
            QVERIFY(!decodePicture({bytes.data(), length}));
        PagePicture odd = picture;
        odd.width = 5;
        QVERIFY(!decodePicture(encodePicture(odd)));
        odd = picture;
        odd.boxes[0].right = 7;
        QVERIFY(!decodePicture(encodePicture(odd)));
        odd = picture;
        odd.width = 0;
        odd.pixels.clear();
        QVERIFY(!decodePicture(encodePicture(odd)));
    }

private:
    // A page of five lines by hand; the two in the middle only where it is `whole`.
    static QByteArray sheet(const QByteArray &entries, bool whole)
    {
        const char *lines[] = {"Water levels were read each morning of the year",
                               "by two people who wrote them down apart.",
                               "The needle of the gauge was bent in June,", "which nobody saw.",
                               "All later figures are one hand too high."};
        QByteArray content("BT /F1 14 Tf 120 700 Td 30 TL\n");
        for (int i = 0; i < 5; ++i)
            content += whole || (i != 2 && i != 3) ? "(" + QByteArray(lines[i]) + ") Tj T*\n"
                                                   : QByteArray("T*\n");
        content += "ET";
        const QByteArray objects[] = {"<< /Type /Catalog /Pages 2 0 R >>",
                                      "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                                      "<< /Type /Page /Parent 2 0 R /Contents 4 0 R"
                                      " /Resources << /Font << /F1 5 0 R >> >> "
                                          + entries + " >>",
                                      "<< /Length " + QByteArray::number(content.size())
                                          + " >>\nstream\n" + content + "\nendstream",
                                      "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"};
        QByteArray pdf("%PDF-1.4\n");
        QByteArray table;
        int number = 0;
        for (const QByteArray &object : objects) {
            table += QByteArray::number(pdf.size()).rightJustified(10, '0') + " 00000 n \n";
            pdf += QByteArray::number(++number) + " 0 obj\n" + object + "\nendobj\n";
        }
        const QByteArray start = QByteArray::number(pdf.size());
        return pdf + "xref\n0 6\n0000000000 65535 f \n" + table
            + "trailer << /Size 6 /Root 1 0 R >>\nstartxref\n" + start + "\n%%EOF\n";
    }
    DocumentReader reader() const
    {
        return DocumentReader(
            QDir(QStringLiteral(ALCOVE_BIN_DIR)).filePath(QStringLiteral("alcove-reader")));
    }
    PictureRequest wanted() const
    {
        PictureRequest request;
        request.path = m_path.toStdString();
        request.width = 800;
        return request;
    }
    Result<PagePicture> draw(const QString &passage) const
    {
        PictureRequest request = wanted();
        request.passage = passage.toStdString();
        return reader().picture(request);
    }

    QTemporaryDir m_folder;
    QString m_path;
};

QTEST_MAIN(TestPagePicture)
#include "tst_page_picture.moc"
