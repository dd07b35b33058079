// The readers of spreadsheets and slides, on what LibreOffice and pandoc write and on what nobody
// should.

#include "tests/documents/reader_checks.h"

#include <QElapsedTimer>
#include <QTest>

using namespace alcove;
using namespace alcove::documents;
using namespace alcove::test;

namespace {

const char *const kDeck = R"(---
title: Häfen 🚢
author: Ann
---

# Liste

- Apfel
    - Williams
- 東京

::: notes
Nicht vergessen.
:::

# Tabelle

| Ort     | Tiefe |
|---------|-------|
| Hamburg | 15    |
)";

std::string rels(const std::string &inner)
{
    return "<Relationships>" + inner + "</Relationships>";
}

std::string rel(const std::string &id, const std::string &type, const std::string &target)
{
    return "<Relationship Id='" + id + "' Type='x/" + type + "' Target='" + target + "'/>";
}

} // namespace

class TestOfficeTables : public QObject
{
    Q_OBJECT
private:
    QTemporaryDir m_folder;
    bool m_sheets = false;
    bool m_slides = false;
    bool m_officeSlides = false;

    QString path(const char *name) const { return m_folder.filePath(QString::fromLatin1(name)); }

    // A workbook of one sheet.
    QString xlsx(const std::string &sheet, const std::string &strings = {},
                 const std::string &styles = {}, const std::string &workbook = {}) const
    {
        const QString file = path("made.xlsx");
        writeArchive(
            file,
            {{"xl/workbook.xml",
              "<workbook xmlns:r='x/relationships'>" + workbook
                  + "<sheets><sheet name='S' r:id='1'/></sheets></workbook>"},
             {"xl/_rels/workbook.xml.rels",
              rels(rel("1", "worksheet", "/xl/sheet.xml") + rel("2", "sharedStrings", "strings.xml")
                   + rel("3", "styles", "styles.xml"))},
             {"xl/sheet.xml", "<worksheet><sheetData>" + sheet + "</sheetData></worksheet>"},
             {"xl/strings.xml", "<sst>" + strings + "</sst>"},
             {"xl/styles.xml", "<styleSheet>" + styles + "</styleSheet>"}});
        return file;
    }

    QString ods(const std::string &tables) const
    {
        const QString file = path("made.ods");
        writeArchive(file,
                     {{"content.xml",
                       "<o:document-content xmlns:o='urn:office:1.0' xmlns:t='urn:table:1.0' "
                       "xmlns:x='urn:text:1.0'><o:body><o:spreadsheet>"
                           + tables + "</o:spreadsheet></o:body></o:document-content>"}});
        return file;
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_folder.isValid());
        const QString folder = m_folder.path();
        const QString office = QStringLiteral("office");
        // One file for LibreOffice to make the others from.
        QVERIFY(
            QFile::copy(QStringLiteral(ALCOVE_SOURCE_DIR "/tests/fixtures/documents/sheet.fods"),
                        path("sheet.fods")));
        writeFile(path("deck.md"), kDeck);
        m_slides = hasProgram("pandoc")
            && ran(folder, "pandoc",
                   {QStringLiteral("deck.md"), QStringLiteral("-o"), QStringLiteral("deck.pptx")});
        if (!hasProgram("soffice"))
            return;
        m_sheets = converted(folder, QStringLiteral("xlsx"), office, {QStringLiteral("sheet.fods")})
            && converted(folder, QStringLiteral("ods"), office, {QStringLiteral("sheet.fods")});
        m_officeSlides = m_slides
            && converted(folder, QStringLiteral("odp"), office, {QStringLiteral("deck.pptx")})
            && converted(folder, QStringLiteral("pptx"), office,
                         {QStringLiteral("office/deck.odp")});
    }

    void readsLibreOfficesSheets_data()
    {
        QTest::addColumn<QString>("file");
        QTest::newRow("xlsx") << QStringLiteral("office/sheet.xlsx");
        QTest::newRow("ods") << QStringLiteral("office/sheet.ods");
    }
    void readsLibreOfficesSheets()
    {
        if (!m_sheets)
            QSKIP("LibreOffice is not installed, or could not write the files");
        QFETCH(QString, file);
        const Reader reader = file.endsWith(u"xlsx") ? readXlsx : readOds;
        const auto document = reader(m_folder.filePath(file).toStdString(), {});
        QCOMPARE(told(document),
                 QStringLiteral("[Häfen 東京]\n"
                                "RH Ort | Tiefe | Seit | Anteil\n"
                                "R Hamburg 🚢 | 15.5 | 2024-03-01 | 25.6%\n"
                                "R العربية | 31 | 2024-03-01 14:30 | TRUE\n"
                                "R | far\n"
                                "[Zwei]\n"
                                "R #DIV/0!\n"));
        QCOMPARE(document->title, std::string("Häfen"));
    }

    void readsSlides_data()
    {
        QTest::addColumn<QString>("file");
        QTest::newRow("pandoc") << QStringLiteral("deck.pptx");
        QTest::newRow("LibreOffice, pptx") << QStringLiteral("office/deck.pptx");
        QTest::newRow("LibreOffice, odp") << QStringLiteral("office/deck.odp");
    }
    void readsSlides()
    {
        QFETCH(QString, file);
        const bool office = file.startsWith(u"office");
        if (office ? !m_officeSlides : !m_slides)
            QSKIP("LibreOffice or pandoc is not installed, or could not write the files");
        const Reader reader = file.endsWith(u"pptx") ? readPptx : readOdp;
        const auto document = reader(m_folder.filePath(file).toStdString(), {});
        QString expected = QStringLiteral("[1]\nH1 Häfen 🚢\nP Ann\n"
                                          "[2]\nH2 Liste\nL1 Apfel\nL2 Williams\nL1 東京\n"
                                          "P Nicht vergessen.\n"
                                          "[3]\nH2 Tabelle\nRH Ort | Tiefe\nR Hamburg | 15\n");
        if (office) // which forgets that the row names the columns
            expected.replace(QStringLiteral("RH"), QStringLiteral("R"));
        QCOMPARE(told(document), expected);
        QCOMPARE(document->title, std::string("Häfen 🚢"));
    }

    void readsPowerPointsOwnWays()
    {
        const QString file = path("ways.pptx");
        const auto shape = [](const std::string &placeholder, const std::string &text) {
            return "<p:sp><p:nvSpPr><p:nvPr>" + placeholder + "</p:nvPr></p:nvSpPr><p:txBody>"
                + text + "</p:txBody></p:sp>";
        };
        const auto line = [](const std::string &text) {
            return "<a:p><a:r><a:t>" + text + "</a:t></a:r></a:p>";
        };
        const std::string head = "<p:sld xmlns:p='urn:p' xmlns:a='urn:a'>";
        writeArchive(file,
                     {{"ppt/presentation.xml",
                       "<p:presentation xmlns:p='urn:p' xmlns:r='x/relationships'><p:sldIdLst>"
                       "<p:sldId id='256' r:id='b'/><p:sldId id='257' r:id='a'/></p:sldIdLst>"
                       "</p:presentation>"},
                      {"ppt/_rels/presentation.xml.rels",
                       rels(rel("a", "slide", "slides/1.xml") + rel("b", "slide", "slides/2.xml"))},
                      {"ppt/slides/2.xml",
                       head + shape("<p:ph type='body' idx='1'/>", line("point")) + "<p:grpSp>"
                           + shape("", line("free")) + "</p:grpSp>"
                           + shape("<p:ph type='sldNum'/>", line("9"))
                           + shape("<p:ph type='ctrTitle'/>", line("Title")) + "</p:sld>"},
                      {"ppt/slides/1.xml", head + shape("", line("last")) + "</p:sld>"}});
        QCOMPARE(told(readPptx, file),
                 QStringLiteral("[1]\nH1 Title\nL1 point\nP free\n[2]\nP last\n"));
    }

    void showsCellsAsExcelDoes_data()
    {
        QTest::addColumn<QString>("format");
        QTest::addColumn<QString>("value");
        QTest::addColumn<QString>("shown");
        const auto row = [](const char *format, const char *value, const char *shown) {
            QTest::addRow("%s of %s", format, value)
                << QString::fromUtf8(format) << QString::fromUtf8(value)
                << QString::fromUtf8(shown);
        };
        row("General", "0.30000000000000004", "0.3");
        row("General", "1234567", "1234567");
        row("General", "1e+20", "1e+20");
        row("0.00%", "0.125", "12.5%");
        row("dd.mm.yyyy", "45352", "2024-03-01");
        row("yyyy-mm-dd hh:mm", "45352.604166666664", "2024-03-01 14:30");
        row("h:mm AM/PM", "0.604166666666667", "14:30");
        row("mm:ss", "0.0006944444444444445", "00:01");
        row("[h]:mm", "1.5", "36:00");
        row("mmm", "45352", "2024-03-01");
        row("[Red]0.0", "3", "3");
        row("\"day\" 0", "3", "3");
        row("#,##0.00\\ [$€-407]", "12.50", "12.5 €");
        row("$#,##0", "7", "7 $");
        row("yyyy-mm-dd", "1", "1900-01-01");
        row("yyyy-mm-dd", "61", "1900-03-01");
        row("yyyy-mm-dd", "-5", "-5");
        row("yyyy-mm-dd", "1e300", "1e+300");
        row("[\"[", "2", "2");
        row("yyyy-mm-dd", "nan", "");
    }
    void showsCellsAsExcelDoes()
    {
        QFETCH(QString, format);
        QFETCH(QString, value);
        QFETCH(QString, shown);
        const std::string styles = "<numFmts><numFmt numFmtId='200' formatCode='"
            + format.toHtmlEscaped().toStdString()
            + "'/></numFmts><cellXfs><xf numFmtId='0'/><xf numFmtId='200'/></cellXfs>";
        const QString file =
            xlsx("<row><c s='1'><v>" + value.toStdString() + "</v></c></row>", {}, styles);
        QCOMPARE(told(readXlsx, file),
                 QStringLiteral("[S]\n")
                     + (shown.isEmpty() ? QString() : QStringLiteral("R ") + shown + u'\n'));
    }

    void readsExcelsOwnWays()
    {
        const QString file =
            xlsx("<row r='2'><c r='C2' t='s'><v>0</v></c><c r='D2' t='s'><v>1</v></c></row>"
                 "<row r='5'><c r='C5' t='inlineStr'><is><t>in</t></is></c>"
                 "<c r='D5' t='b'><v>1</v></c><c r='F5' t='e'><v>#N/A</v></c>"
                 "<c r='G5' t='str'><f>A1&amp;B1</f><v>sum</v></c><c r='H5'><f>1+1</f></c>"
                 "<c r='XFD5'><v>5</v></c></row>"
                 "<row r='1048576'><c r='XFD1048576' t='s'><v>77</v></c>"
                 "<c r='C1048576' t='n'><v>1</v></c></row>",
                 "<si><r><t>Na</t></r><r><t>me</t></r><rPh><t>spoken</t></rPh></si>"
                 "<si><t xml:space='preserve'> On </t></si>",
                 {}, "<workbookPr date1904='1'/>");
        QCOMPARE(told(readXlsx, file),
                 QStringLiteral("[S]\nRH Name | On\nR in | TRUE |  | #N/A | sum |  | 5\nR 1\n"));
    }

    void boundsRepeatedCells()
    {
        QElapsedTimer clock;
        clock.start();
        const std::string cell = "<t:table-cell o:value-type='string' "
                                 "t:number-columns-repeated='16384'><x:p>x</x:p></t:table-cell>";
        const auto document =
            readOds(ods("<t:table t:name='S'><t:table-row t:number-rows-repeated='1048576'>" + cell
                        + cell + "</t:table-row></t:table>")
                        .toStdString(),
                    {});
        QVERIFY(document);
        QVERIFY(document->blocks.size() <= 1000);
        QVERIFY(document->textBytes() < (1 << 20));
        QVERIFY(clock.elapsed() < 60000);
        QCOMPARE(told(readOds,
                      ods("<t:table t:name='S'><t:table-row><t:table-cell "
                          "t:number-columns-repeated='-4'><x:p>a<x:s x:c='999999999'/>b</x:p>"
                          "</t:table-cell></t:table-row></t:table>"))
                     .simplified(),
                 QStringLiteral("[S] R a b"));
    }

    void refusesBrokenFiles()
    {
        const QString file = path("broken");
        for (const Reader reader : {readXlsx, readPptx, readOds, readOdp}) {
            writeFile(file, QByteArrayLiteral("no archive"));
            QCOMPARE(failure(reader, file), ErrorCode::InvalidFile);
            writeArchive(file, {{"other", "x"}});
            QCOMPARE(failure(reader, file), ErrorCode::InvalidFile);
            for (const char *main : {"xl/workbook.xml", "ppt/presentation.xml", "content.xml"}) {
                writeArchive(file, {{main, repeated("<a>", 1'000'000)}});
                QCOMPARE(failure(reader, file), ErrorCode::InvalidFile);
            }
        }
        // Parts that are told of and not there.
        writeArchive(
            file,
            {{"xl/workbook.xml",
              "<workbook xmlns:r='x/relationships'><sheet name='S' r:id='1'/></workbook>"}});
        QCOMPARE(failure(readXlsx, file), ErrorCode::InvalidFile);
        writeArchive(file,
                     {{"ppt/presentation.xml",
                       "<p xmlns:r='x/relationships'><sldId id='1' r:id='1'/></p>"}});
        QCOMPARE(failure(readPptx, file), ErrorCode::InvalidFile);
        // A slide and a sheet that name themselves, for ever.
        ReadOptions options;
        options.limits.unpackedBytes = 64 << 20;
        writeArchive(file,
                     {{"xl/workbook.xml", "<workbook/>"},
                      {"xl/_rels/workbook.xml.rels",
                       rels(repeated(rel("1", "sheet", "workbook.xml"), 300'000))}});
        readXlsx(file.toStdString(), options);
        options.limits.textBytes = 100'000;
        QCOMPARE(
            failure(readXlsx,
                    xlsx(repeated("<row><c t='inlineStr'><is><t>word</t></is></c></row>", 50'000)),
                    options),
            ErrorCode::Unsupported);
        QCOMPARE(failure(readXlsx, xlsx({}, repeated("<si><t>word</t></si>", 50'000)), options),
                 ErrorCode::Unsupported);
    }
};

QTEST_GUILESS_MAIN(TestOfficeTables)
#include "tst_office_tables.moc"
