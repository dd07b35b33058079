// The readers of word processors' files, on what pandoc and LibreOffice write and on what nobody
// should.

#include "tests/documents/reader_checks.h"

#include <QElapsedTimer>
#include <QFileInfo>
#include <QTest>

using namespace alcove;
using namespace alcove::documents;
using namespace alcove::test;

namespace {

const char *const kSource = R"(---
title: Über die Häfen
lang: de-DE
---

# Erstes Kapitel

Ein Absatz mit **fettem** Wort, 日本語, العربية und 🚢 am Ende.[^1]

[^1]: Eine Fußnote.

## Liste

- Apfel
- Birne
    - Williams
- Kirsche

Dazwischen.

1. Eins
2. Zwei

## Tabelle

| Ort     | Tiefe |
|---------|-------|
| Hamburg | 15    |
| 東京    | 12    |

```
if (a)
    b();
```

Letzter Absatz.
)";

// What every format keeps of it.
QString expected()
{
    return QStringLiteral("H1 Über die Häfen\n"
                          "H1 Erstes Kapitel\n"
                          "P Ein Absatz mit fettem Wort, 日本語, العربية und 🚢 am Ende.\n"
                          "P Eine Fußnote.\n"
                          "H2 Liste\n"
                          "L1 Apfel\n"
                          "L1 Birne\n"
                          "L2 Williams\n"
                          "L1 Kirsche\n"
                          "P Dazwischen.\n"
                          "L1 Eins\n"
                          "L1 Zwei\n"
                          "H2 Tabelle\n"
                          "RH Ort | Tiefe\n"
                          "R Hamburg | 15\n"
                          "R 東京 | 12\n"
                          "C if (a)\\n    b();\n"
                          "P Letzter Absatz.\n");
}

const std::string kWord = R"(<w:document xmlns:w="urn:w" xmlns:mc="urn:mc"><w:body>)";
const std::string kWordEnd = "</w:body></w:document>";
const std::string kOdt = R"(<office:document-content xmlns:office="urn:office" xmlns:text="urn:text"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:text>)";
const std::string kOdtEnd = "</office:text></office:body></office:document-content>";

std::string paragraph(const std::string &text)
{
    return "<w:p><w:r><w:t>" + text + "</w:t></w:r></w:p>";
}

} // namespace

class TestWordDocuments : public QObject
{
    Q_OBJECT
private:
    QTemporaryDir m_folder;
    bool m_pandoc = false;
    bool m_office = false;

    QString path(const char *name) const { return m_folder.filePath(QString::fromLatin1(name)); }

    QString docx(const std::string &body) const
    {
        const QString file = path("made.docx");
        writeArchive(file, {{"word/document.xml", kWord + body + kWordEnd}});
        return file;
    }

    Result<DocumentText> read(const QString &format, const QString &start) const
    {
        const Reader reader = format == u"docx" ? readDocx : format == u"odt" ? readOdt : readRtf;
        return reader(m_folder.filePath(start + format).toStdString(), {});
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_folder.isValid());
        writeFile(path("source.md"), kSource);
        const QString folder = m_folder.path();
        m_pandoc = hasProgram("pandoc");
        for (const char *format : {"docx", "odt", "rtf"}) {
            m_pandoc = m_pandoc
                && ran(folder, "pandoc",
                       {QStringLiteral("source.md"), QStringLiteral("-s"), QStringLiteral("-o"),
                        QStringLiteral("source.") + QString::fromLatin1(format)});
        }
        m_office = m_pandoc && hasProgram("soffice")
            && converted(folder, QStringLiteral("docx"), QStringLiteral("office"),
                         {QStringLiteral("source.odt")})
            && converted(folder, QStringLiteral("odt"), QStringLiteral("office"),
                         {QStringLiteral("source.docx")})
            && converted(folder, QStringLiteral("rtf"), QStringLiteral("office"),
                         {QStringLiteral("source.odt")});
    }

    void readsWhatPandocWrites_data()
    {
        QTest::addColumn<QString>("format");
        QTest::newRow("docx") << QStringLiteral("docx");
        QTest::newRow("odt") << QStringLiteral("odt");
        QTest::newRow("rtf") << QStringLiteral("rtf");
    }
    void readsWhatPandocWrites()
    {
        if (!m_pandoc)
            QSKIP("pandoc is not installed, or could not write the files");
        QFETCH(QString, format);
        const auto document = read(format, QStringLiteral("source."));
        QString wanted = expected();
        if (format == u"rtf") { // which says less
            wanted.replace(QStringLiteral("H1 Über"), QStringLiteral("P Über"));
            wanted.replace(QStringLiteral("RH Ort"), QStringLiteral("R Ort"));
            wanted.replace(QStringLiteral("C if"), QStringLiteral("P if"));
        }
        QCOMPARE(told(document), wanted);
        if (format == u"rtf")
            return;
        QCOMPARE(document->title, std::string("Über die Häfen"));
        QCOMPARE(document->language, std::string("de-DE"));
    }

    void readsWhatLibreOfficeWrites_data() { readsWhatPandocWrites_data(); }
    void readsWhatLibreOfficeWrites()
    {
        if (!m_office)
            QSKIP("LibreOffice or pandoc is not installed, or could not write the files");
        QFETCH(QString, format);
        const auto document = read(format, QStringLiteral("office/source."));
        QString wanted = expected();
        if (format == u"rtf")
            wanted.replace(QStringLiteral("RH Ort"), QStringLiteral("R Ort"));
        QCOMPARE(told(document), wanted);
        QCOMPARE(document->title, std::string("Über die Häfen"));
        if (format != u"rtf")
            QCOMPARE(document->language, std::string("de-DE"));
    }

    // What the programs above do not write, but others do.
    void readsWordsOwnWays()
    {
        const QString file = path("ways.docx");
        const auto styled = [](const std::string &style, const std::string &text) {
            return "<w:p><w:pPr><w:pStyle w:val='" + style + "'/></w:pPr><w:r><w:t>" + text
                + "</w:t></w:r></w:p>";
        };
        writeArchive(
            file,
            {{"word/document.xml",
              kWord + styled("berschrift2", "Zwei") + styled("Mine", "Drei") + styled("A", "Kreis")
                  + "<w:p><w:r><w:t>kept </w:t></w:r><w:del><w:r><w:delText>gone"
                    "</w:delText></w:r></w:del><w:ins><w:r><w:t>added</w:t></w:r></w:ins>"
                    "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"
                    "<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:t>7</w:t><w:tab/>"
                    "<w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>"
                    "<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent>"
                  + paragraph("box") + "</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>"
                  + paragraph("box")
                  + "</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>"
                    "<w:r><w:t>around</w:t></w:r></w:p>"
                    "<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr><w:tc>"
                  + paragraph("a") + "</w:tc><w:tc>" + paragraph("b") + "</w:tc></w:tr><w:tr><w:tc>"
                  + paragraph("1") + paragraph("2") + "</w:tc><w:tc><w:tbl><w:tr><w:tc>"
                  + paragraph("in") + "</w:tc><w:tc>" + paragraph("ner")
                  + "</w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl>" + kWordEnd},
             {"word/_rels/document.xml.rels",
              "<Relationships><Relationship Id='1' Type='x/styles' Target='styles.xml'/>"
              "</Relationships>"},
             {"word/styles.xml",
              "<w:styles xmlns:w='urn:w'>"
              "<w:style w:type='paragraph' w:styleId='berschrift2'><w:name w:val='heading 2'/>"
              "</w:style><w:style w:type='paragraph' w:styleId='Mine'><w:name w:val='x'/>"
              "<w:basedOn w:val='Base'/></w:style><w:style w:type='paragraph' w:styleId='Base'>"
              "<w:pPr><w:outlineLvl w:val='2'/></w:pPr></w:style>"
              // In a circle.
              "<w:style w:styleId='A'><w:basedOn w:val='B'/></w:style>"
              "<w:style w:styleId='B'><w:basedOn w:val='A'/></w:style></w:styles>"}});
        QCOMPARE(told(readDocx, file),
                 QStringLiteral("H2 Zwei\nH3 Drei\nP Kreis\nP kept added7\tb\\nc\nP box\nP around\n"
                                "RH a | b\nR 1 2 | in ner\n"));
    }

    void readsOpenDocumentsOwnWays()
    {
        const QString file = path("ways.odt");
        writeArchive(
            file,
            {{"content.xml",
              kOdt
                  + "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>"
                    "<text:h text:outline-level='3'>Three</text:h>"
                    "<text:p>  a\n  b<text:s text:c='2'/>c<text:tab/>d<text:line-break/>e</text:p>"
                    "<text:p>f<office:annotation><text:p>remark</text:p></office:annotation>g"
                    "<text:note><text:note-citation>1</text:note-citation><text:note-body>"
                    "<text:p>note</text:p></text:note-body></text:note>h</text:p>"
                    "<text:list><text:list-item><text:p>one</text:p><text:list><text:list-item>"
                    "<text:p>two</text:p><text:p>more</text:p></text:list-item></text:list>"
                    "</text:list-item></text:list>"
                    "<table:table><table:table-row><table:table-cell><text:p>x</text:p>"
                    "</table:table-cell><table:table-cell table:number-columns-repeated='2'/>"
                    "<table:table-cell><text:p>y</text:p></table:table-cell></table:table-row>"
                    "</table:table>"
                  + kOdtEnd}});
        QCOMPARE(told(readOdt, file),
                 QStringLiteral("H3 Three\nP a b  c\td\\ne\nP fgh\nP note\nL1 one\nL2 two\nP more\n"
                                "R x |  |  | y\n"));
    }

    void readsRtfsOwnWays_data()
    {
        QTest::addColumn<QByteArray>("rtf");
        QTest::addColumn<QString>("lines");
        const auto row = [](const char *name, const char *rtf, const QString &lines) {
            QTest::newRow(name) << QByteArray(rtf) << lines;
        };
        row("code page", "{\\rtf1\\ansi\\ansicpg1251 \\'cf\\'f0\\'e8\\par}",
            QStringLiteral("P При\n"));
        row("font", "{\\rtf1\\ansi{\\fonttbl{\\f1\\fcharset128 X;}}\\f1 \\'93\\'8c\\'8b\\'9e\\par}",
            QStringLiteral("P 東京\n"));
        row("unicode", "{\\rtf1\\uc1 a\\u26481?b\\u-10179?\\u-8482?\\par}",
            QStringLiteral("P a東b\U0001F6DE\n"));
        row("skipped", "{\\rtf1{\\uc2 \\u228 ab}\\uc0\\u252 c\\par}", QStringLiteral("P äüc\n"));
        row("half a pair", "{\\rtf1 \\u-8482?x\\par}", QStringLiteral("P \uFFFDx\n"));
        row("signs", "{\\rtf1 \\lquote a\\rquote\\~\\emdash \\{b\\}\\_c\\-d\\line e\\par}",
            QStringLiteral("P ‘a’ —{b}-cd\\ne\n"));
        row("asides",
            "{\\rtf1{\\info{\\title T}{\\author A}}{\\*\\unknown x}{\\pict 00}{\\header h}a"
            "{\\v hidden}{\\field{\\*\\fldinst HYPERLINK}{\\fldrslt link}}\\par}",
            QStringLiteral("P alink\n"));
        row("table",
            "{\\rtf1\\trowd\\trhdr\\intbl a\\cell b\\cell\\row\\trowd\\intbl 1\\par 2\\cell\\cell"
            "\\row\\pard after\\par}",
            QStringLiteral("RH a | b\nR 1 2 |\nP after\n"));
        row("styles",
            "{\\rtf1{\\stylesheet{\\s1 heading 1;}{\\s2\\sbasedon1 mine;}{\\s3\\sbasedon4 c;}"
            "{\\s4\\sbasedon3 d;}}\\pard\\s2 H\\par\\pard\\s3 P\\par}",
            QStringLiteral("H1 H\nP P\n"));
        row("data", "{\\rtf1 a\\bin3 }{}b\\par}", QStringLiteral("P ab\n"));
        row("data beyond the end", "{\\rtf1 a\\par\\bin2000000000 b}", QStringLiteral("P a\n"));
        row("negative data", "{\\rtf1 a\\bin-5 b}", QStringLiteral("P ab\n"));
        row("cut off", "{\\rtf1 {\\b a", QStringLiteral("P a\n"));
        row("closed too often", "{\\rtf1 a}}}}b\\par}", QStringLiteral("P ab\n"));
        row("cut in a byte", "{\\rtf1 a\\'", QStringLiteral("P a\n"));
        row("cut in a word", "{\\rtf1 a\\", QStringLiteral("P a\n"));
        row("no such code page", "{\\rtf1\\ansicpg99999 a\\'e4\\par}", QStringLiteral("P aä\n"));
    }
    void readsRtfsOwnWays()
    {
        QFETCH(QByteArray, rtf);
        QFETCH(QString, lines);
        writeFile(path("ways.rtf"), rtf);
        QCOMPARE(told(readRtf, path("ways.rtf")), lines);
    }

    void refusesBrokenFiles()
    {
        const QString file = path("broken");
        for (const Reader reader : {readDocx, readOdt}) {
            writeFile(file, QByteArrayLiteral("no archive"));
            QCOMPARE(failure(reader, file), ErrorCode::InvalidFile);
            writeFile(file, QByteArray());
            QCOMPARE(failure(reader, file), ErrorCode::InvalidFile);
            writeArchive(file, {{"other.txt", "x"}});
            QCOMPARE(failure(reader, file), ErrorCode::InvalidFile);
            QCOMPARE(failure(reader, path("absent")), ErrorCode::NotFound);
        }
        // Cut off in the middle.
        const QString whole = docx(paragraph("text"));
        QFile bytes(whole);
        QVERIFY(bytes.open(QIODevice::ReadOnly));
        const QByteArray all = bytes.readAll();
        for (qsizetype length = 0; length < all.size(); length += 7) {
            writeFile(file, all.left(length));
            QVERIFY(failure(readDocx, file).has_value());
        }
        // Each byte wrong once.
        for (qsizetype i = 0; i < all.size(); ++i) {
            QByteArray wrong = all;
            wrong[i] = char(wrong[i] ^ 0x55);
            writeFile(file, wrong);
            readDocx(file.toStdString(), {});
        }
        QCOMPARE(failure(readDocx, docx("<w:p><w:r>")), ErrorCode::InvalidFile);
        writeFile(file, QByteArrayLiteral("no rtf"));
        QCOMPARE(failure(readRtf, file), ErrorCode::InvalidFile);
    }

    void refusesLockedFiles()
    {
        const QString file = path("locked");
        QByteArray ole =
            QByteArrayLiteral("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") + QByteArray(600, '\0');
        writeFile(file, ole);
        QCOMPARE(failure(readDocx, file), ErrorCode::Unsupported);
        for (const char c :
             {'E', 'n', 'c', 'r', 'y', 'p', 't', 'e', 'd', 'P', 'a', 'c', 'k', 'a', 'g', 'e'})
            ole += QByteArray(1, c) + QByteArray(1, '\0');
        writeFile(file, ole);
        QCOMPARE(failure(readDocx, file), ErrorCode::PasswordNeeded);
        writeArchive(file,
                     {{"content.xml", "xxx"},
                      {"META-INF/manifest.xml",
                       "<m:manifest xmlns:m='urn:m'><m:file-entry><m:encryption-data/>"
                       "</m:file-entry></m:manifest>"}});
        QCOMPARE(failure(readOdt, file), ErrorCode::PasswordNeeded);
    }

    void refusesHostileXml()
    {
        QElapsedTimer clock;
        clock.start();
        QCOMPARE(failure(readDocx, docx(repeated("<w:p>", 1'000'000))), ErrorCode::InvalidFile);
        const QString file = path("hostile");
        const std::string bomb = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>"
                                 "<!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
                                 "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>"
                                 "<!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'>]>";
        writeArchive(
            file,
            {{"word/document.xml", bomb + kWord + paragraph(repeated("&d;", 1000)) + kWordEnd}});
        QCOMPARE(failure(readDocx, file), ErrorCode::InvalidFile);

        writeFile(path("secret.txt"), QByteArrayLiteral("secret"));
        const std::string outside =
            "<!DOCTYPE x [<!ENTITY e SYSTEM 'file://" + path("secret.txt").toStdString() + "'>]>";
        writeArchive(file, {{"content.xml", outside + kOdt + "<text:p>&e;</text:p>" + kOdtEnd}});
        QVERIFY(!told(readOdt, file).contains(QStringLiteral("secret")));
        QCOMPARE(failure(readOdt, file), ErrorCode::InvalidFile);
        QVERIFY(clock.elapsed() < 60000); // and not hours
    }

    void keepsToTheLimits()
    {
        ReadOptions options;
        options.limits.unpackedBytes = 1 << 20;
        const QString file = path("bomb");
        writeArchive(file, {{"word/document.xml", kWord + std::string(64 << 20, ' ') + kWordEnd}});
        QVERIFY(QFileInfo(file).size() < (1 << 20));
        QCOMPARE(failure(readDocx, file, options), ErrorCode::Unsupported);

        options = {};
        options.limits.textBytes = 1000;
        QCOMPARE(failure(readDocx, docx(repeated(paragraph("0123456789"), 200)), options),
                 ErrorCode::Unsupported);
        QCOMPARE(failure(readDocx, docx(paragraph(repeated("0123456789", 200))), options),
                 ErrorCode::Unsupported);
        QCOMPARE(failure(readDocx,
                         docx("<w:tbl><w:tr>" + repeated("<w:tc/>", 2000) + "</w:tr></w:tbl>"),
                         options),
                 ErrorCode::Unsupported);
        options = {};
        options.limits.archiveEntries = 2;
        writeArchive(file, {{"a", ""}, {"b", ""}, {"word/document.xml", ""}});
        QCOMPARE(failure(readDocx, file, options), ErrorCode::Unsupported);

        writeFile(file, "{\\rtf1 " + QByteArray("{").repeated(1'000'000));
        QCOMPARE(failure(readRtf, file), ErrorCode::InvalidFile);
    }
};

QTEST_GUILESS_MAIN(TestWordDocuments)
#include "tst_word_documents.moc"
