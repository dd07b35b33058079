// PDFs that LibreOffice, qpdf and ImageMagick make: text by page, structure, locks, turned pages
// and pictures of text.

#include "core/documents/extract/readers.h"
#include "document_support.h"

#include <QGuiApplication>
#include <QImage>
#include <QPainter>
#include <QPdfWriter>
#include <QProcess>
#include <QStandardPaths>

using namespace alcove;
using namespace alcove::documents;
using namespace alcove::test;

namespace {

bool has(const char *program)
{
    return !QStandardPaths::findExecutable(QString::fromLatin1(program)).isEmpty();
}

bool run(const QString &program, const QStringList &arguments)
{
    QProcess process;
    process.start(program, arguments);
    return process.waitForFinished(120'000) && process.exitStatus() == QProcess::NormalExit
        && process.exitCode() == 0;
}

constexpr const char *kPage = R"(<html><head><title>Station report</title></head><body>
<h1>The river station</h1>
<p>This is the first paragraph of the report, which is long enough to be broken over several lines of
the page, so that what is joined again can be seen in what comes out of it at the end of the day.</p>
<h2>Costs of 2023</h2>
<p>The pump cost 4,200 euros.</p><p>A second paragraph follows it and is somewhat longer than the first one was.</p>
<ul><li>first item</li><li>second item</li></ul>
<p style="page-break-before: always">The second page has this sentence.</p>
</body></html>)";

} // namespace

class TestPdfReader : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_folder.isValid());
        if (!has("soffice"))
            return;
        QVERIFY(write(m_folder.filePath(QStringLiteral("report.html")), kPage));
        QVERIFY(run(QStringLiteral("soffice"),
                    {QStringLiteral("-env:UserInstallation=file://")
                         + m_folder.filePath(QStringLiteral("profile")),
                     QStringLiteral("--headless"), QStringLiteral("--writer"),
                     QStringLiteral("--convert-to"), QStringLiteral("pdf:writer_pdf_Export"),
                     QStringLiteral("--outdir"), m_folder.path(),
                     m_folder.filePath(QStringLiteral("report.html"))}));
        m_report = m_folder.filePath(QStringLiteral("report.pdf"));
        QVERIFY(QFile::exists(m_report));
    }

    void readsPagesAndStructure()
    {
        if (m_report.isEmpty())
            QSKIP("LibreOffice is not installed.");
        const auto document = readPdf(m_report.toStdString(), {});
        QVERIFY2(document, document ? "" : document.error().message.c_str());
        QCOMPARE(document->pageKind, PageKind::Page);
        QCOMPARE(document->pages.size(), std::size_t(2));
        QCOMPARE(document->pages[1].label, std::string("2"));
        QCOMPARE(document->title, std::string("Station report"));
        const QStringList lines = outline(*document);
        QVERIFY2(lines.first().endsWith(QLatin1String(" The river station"))
                     && lines.first().startsWith(u'H'),
                 qPrintable(lines.join(u'\n')));
        QVERIFY2(lines.contains(QStringLiteral(
                     "P This is the first paragraph of the report, which is long enough to be "
                     "broken over several lines of the page, so that what is joined again can be "
                     "seen in what comes out of it at the end of the day.")),
                 qPrintable(lines.join(u'\n')));
        QVERIFY2(lines.contains(QStringLiteral("L1 first item")), qPrintable(lines.join(u'\n')));
        QVERIFY2(lines.contains(QStringLiteral("P The pump cost 4,200 euros.")),
                 qPrintable(lines.join(u'\n')));
        QCOMPARE(lines.last(), QStringLiteral("P The second page has this sentence."));
        QCOMPARE(document->blocks.back().page, 1u);
    }

    void turnedPagesReadTheSame_data()
    {
        QTest::addColumn<QString>("turn");
        for (const char *turn : {"+90", "+180", "+270"})
            QTest::newRow(turn) << QString::fromLatin1(turn);
    }
    void turnedPagesReadTheSame()
    {
        QFETCH(QString, turn);
        if (m_report.isEmpty() || !has("qpdf"))
            QSKIP("LibreOffice and qpdf are not installed.");
        const QString turned = m_folder.filePath(QStringLiteral("turned.pdf"));
        QVERIFY(
            run(QStringLiteral("qpdf"),
                {QStringLiteral("--rotate=") + turn + QStringLiteral(":1-z"), m_report, turned}));
        const auto plain = readPdf(m_report.toStdString(), {});
        const auto document = readPdf(turned.toStdString(), {});
        QVERIFY(plain && document);
        const auto squeezed = [](const DocumentText &text) {
            return QString::fromStdString(wholeText(text)).remove(u'-').simplified();
        };
        QCOMPARE(squeezed(*document), squeezed(*plain));
    }

    void wordsThatAreBrokenAtALinesEndAreWhole()
    {
        if (m_report.isEmpty())
            QSKIP("LibreOffice is not installed.");
        // So often, and after so many letters, that some fall on the end of a line.
        QByteArray html("<html><body><p>");
        for (int i = 0; i < 60; ++i)
            html += QByteArray("x").repeated(1 + i % 7)
                + " Wasserstands&shy;auf&shy;zeichnungen C-120 ";
        html += "</p></body></html>";
        QVERIFY(write(m_folder.filePath(QStringLiteral("hyphens.html")), html));
        QVERIFY(run(QStringLiteral("soffice"),
                    {QStringLiteral("-env:UserInstallation=file://")
                         + m_folder.filePath(QStringLiteral("profile")),
                     QStringLiteral("--headless"), QStringLiteral("--writer"),
                     QStringLiteral("--convert-to"), QStringLiteral("pdf:writer_pdf_Export"),
                     QStringLiteral("--outdir"), m_folder.path(),
                     m_folder.filePath(QStringLiteral("hyphens.html"))}));
        const auto document =
            readPdf(m_folder.filePath(QStringLiteral("hyphens.pdf")).toStdString(), {});
        QVERIFY2(document, document ? "" : document.error().message.c_str());
        const QString text = QString::fromStdString(wholeText(*document));
        QVERIFY(!text.contains(QChar(0xFFFE)) && !text.contains(QChar(2)));
        QCOMPARE(text.count(QStringLiteral("Wasserstandsaufzeichnungen")), 60);
        QCOMPARE(text.count(QStringLiteral("C-120")), 60);
    }

    void lockedOnesNeedTheirPassword()
    {
        if (m_report.isEmpty() || !has("qpdf"))
            QSKIP("LibreOffice and qpdf are not installed.");
        const QString locked = m_folder.filePath(QStringLiteral("locked.pdf"));
        QVERIFY(run(QStringLiteral("qpdf"),
                    {QStringLiteral("--encrypt"), QStringLiteral("secret"), QStringLiteral("owner"),
                     QStringLiteral("256"), QStringLiteral("--"), m_report, locked}));
        const auto refused = readPdf(locked.toStdString(), {});
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::PasswordNeeded);
        ReadOptions options;
        options.password = "wrong";
        const auto wrong = readPdf(locked.toStdString(), options);
        QVERIFY(!wrong);
        QCOMPARE(wrong.error().code, ErrorCode::PasswordNeeded);
        QVERIFY(wrong.error().message != refused.error().message);
        options.password = "secret";
        const auto opened = readPdf(locked.toStdString(), options);
        QVERIFY2(opened, opened ? "" : opened.error().message.c_str());
        QCOMPARE(opened->pages.size(), std::size_t(2));
    }

    void picturesOfTextAreRecognised()
    {
        const QString scan = scanned();
        const auto document = readPdf(scan.toStdString(), {});
        QVERIFY2(document, document ? "" : document.error().message.c_str());
        QCOMPARE(document->pages.size(), std::size_t(2));
        if (!has("tesseract")) {
            QCOMPARE(document->remarks.size(), std::size_t(1));
            QVERIFY(document->remarks[0].find("Tesseract") != std::string::npos);
            QSKIP("Tesseract is not installed.");
        }
        QVERIFY(document->pages[0].recognised && !document->pages[1].recognised);
        const QString text = QString::fromStdString(document->pages[0].text).simplified();
        QVERIFY2(text.contains(QLatin1String("The pump in the cellar cost 4200 euros")),
                 qPrintable(text));
        QVERIFY(document->remarks.empty());
        QVERIFY(document->pages[1].text.empty()); // an empty page is no picture
    }

    void withoutRecognitionItSaysSo()
    {
        ReadOptions options;
        options.recognise = false;
        const auto document = readPdf(scanned().toStdString(), options);
        QVERIFY(document);
        QCOMPARE(document->remarks.size(), std::size_t(1));
        QVERIFY2(document->remarks[0].starts_with("Page 1 is a picture"),
                 document->remarks[0].c_str());
    }

    void damagedOnesAreRefused_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("a mark and nothing") << QByteArray("%PDF-1.7\n");
        QTest::newRow("noise") << QByteArray("%PDF-1.7\n") + QByteArray(5000, '\x07');
        QTest::newRow("pages without end")
            << QByteArray("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
                          "2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 1000000000>>endobj\n"
                          "trailer<</Root 1 0 R>>\n%%EOF\n");
    }
    void damagedOnesAreRefused()
    {
        QFETCH(QByteArray, bytes);
        const QString path = m_folder.filePath(QStringLiteral("bad.pdf"));
        QVERIFY(write(path, bytes));
        const auto document = readPdf(path.toStdString(), {});
        QVERIFY(!document);
        QVERIFY(document.error().code == ErrorCode::InvalidFile
                || document.error().code == ErrorCode::Unsupported);
        QVERIFY(!document.error().message.empty());
    }

    void cutOffOnesDoNotHang()
    {
        if (m_report.isEmpty())
            QSKIP("LibreOffice is not installed.");
        QFile whole(m_report);
        QVERIFY(whole.open(QIODevice::ReadOnly));
        const QByteArray bytes = whole.readAll();
        for (const double share : {0.1, 0.5, 0.9, 0.99}) {
            const QString path = m_folder.filePath(QStringLiteral("cut.pdf"));
            QVERIFY(write(path, bytes.left(qsizetype(double(bytes.size()) * share))));
            const auto document = readPdf(path.toStdString(), {});
            QVERIFY(document || document.error().code == ErrorCode::InvalidFile);
        }
    }

private:
    // A page that is a picture of a sentence, and one that is empty.
    QString scanned()
    {
        const QString path = m_folder.filePath(QStringLiteral("scan.pdf"));
        if (QFile::exists(path))
            return path;
        QImage picture(2000, 600, QImage::Format_RGB32);
        picture.fill(Qt::white);
        {
            QPainter painter(&picture);
            QFont font(QStringLiteral("DejaVu Sans"));
            font.setPixelSize(60);
            painter.setFont(font);
            painter.drawText(80, 200, QStringLiteral("The pump in the cellar cost 4200 euros."));
            painter.drawText(80, 320, QStringLiteral("It was bought in the spring."));
        }
        QPdfWriter writer(path);
        writer.setResolution(300);
        QPainter painter(&writer);
        painter.drawImage(QRect(100, 100, 2000, 600), picture);
        writer.newPage();
        painter.end();
        return path;
    }

    QTemporaryDir m_folder;
    QString m_report;
};

QTEST_MAIN(TestPdfReader)
#include "tst_pdf_reader.moc"
