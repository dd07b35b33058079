// The readers of word processors' files, on what pandoc and LibreOffice write and on what nobody
// should.

#include "tests/documents/reader_checks.h"

#include <QElapsedTimer>
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
        QTest::addColumn<QString>("file");
        QTest::addColumn<int>("format");
        QTest::newRow("docx") << QStringLiteral("source.docx") << 0;
        QTest::newRow("odt") << QStringLiteral("source.odt") << 1;
    }
    void readsWhatPandocWrites()
    {
        if (!m_pandoc)
            QSKIP("pandoc is not installed, or could not write the files");
        QFETCH(QString, file);
        QFETCH(int, format);
        const auto document =
            (format == 0 ? readDocx : readOdt)(m_folder.filePath(file).toStdString(), {});
        QCOMPARE(told(document), expected());
        QCOMPARE(document->title, std::string("Über die Häfen"));
        QCOMPARE(QString::fromStdString(document->language), QStringLiteral("de-DE"));
    }

    void readsWhatLibreOfficeWrites_data() { readsWhatPandocWrites_data(); }
    void readsWhatLibreOfficeWrites()
    {
        if (!m_office)
            QSKIP("LibreOffice or pandoc is not installed, or could not write the files");
        QFETCH(QString, file);
        QFETCH(int, format);
        const auto document = (format == 0 ? readDocx : readOdt)(
            m_folder.filePath(QStringLiteral("office/") + file).toStdString(), {});
        QCOMPARE(told(document), expected());
        QCOMPARE(document->title, std::string("Über die Häfen"));
        QCOMPARE(QString::fromStdString(document->language), QStringLiteral("de-DE"));
    }
};

QTEST_GUILESS_MAIN(TestWordDocuments)
#include "tst_word_documents.moc"
