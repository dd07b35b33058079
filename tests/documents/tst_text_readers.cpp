// Files whose text is their own: encodings, structure, tables.

#include "core/documents/extract/readers.h"
#include "core/documents/extract/text_blocks.h"
#include "document_support.h"

#include <QStringEncoder>

using namespace alcove;
using namespace alcove::documents;
using namespace alcove::test;

class TestTextReaders : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void readsEncodings_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("text");
        const QString german =
            QStringLiteral("Grüße aus München, schöne Straße, größer und heißer.");
        const QString greek = QStringLiteral("Καλημέρα κόσμε, η γρήγορη αλεπού πηδάει.");
        const QString russian =
            QStringLiteral("Быстрая лиса прыгает через ленивую собаку и бежит домой к обеду.");
        const QString japanese =
            QStringLiteral("これは日本語の文章です。図書館は駅の近くにあります。");
        QTest::newRow("UTF-8") << german.toUtf8() << german;
        QTest::newRow("UTF-8 with a mark")
            << QByteArray("\xEF\xBB\xBF") + german.toUtf8() << german;
        const auto encoded = [](const QString &text, const char *name) {
            QStringEncoder encoder(name, QStringConverter::Flag::WriteBom);
            return QByteArray(encoder.encode(text));
        };
        const auto unmarked = [](const QString &text, const char *name) {
            QStringEncoder encoder(name);
            return QByteArray(encoder.encode(text));
        };
        QTest::newRow("UTF-16 LE with a mark") << encoded(greek, "UTF-16LE") << greek;
        QTest::newRow("UTF-16 BE with a mark") << encoded(greek, "UTF-16BE") << greek;
        QTest::newRow("UTF-32 LE with a mark") << encoded(german, "UTF-32LE") << german;
        QTest::newRow("UTF-16 LE without") << unmarked(german, "UTF-16LE") << german;
        QTest::newRow("windows-1252") << german.toLatin1() << german;
        QTest::newRow("windows-1251") << unmarked(russian, "windows-1251") << russian;
        QTest::newRow("KOI8-R") << unmarked(russian, "KOI8-R") << russian;
        QTest::newRow("Shift_JIS") << unmarked(japanese, "Shift_JIS") << japanese;
        QTest::newRow("EUC-JP") << unmarked(japanese, "EUC-JP") << japanese;
        QTest::newRow("GB18030") << unmarked(
            QStringLiteral("数据库保存所有的文件和照片，非常有用。"), "GB18030")
                                 << QStringLiteral("数据库保存所有的文件和照片，非常有用。");
        QTest::newRow("line ends") << QByteArray("a\r\nb\rc") << QStringLiteral("a\nb\nc");
    }
    void readsEncodings()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QString, text);
        QVERIFY(!bytes.isEmpty());
        const auto document = readPlainText(file(QStringLiteral("a.txt"), bytes), {});
        QVERIFY2(document, document ? "" : document.error().message.c_str());
        QCOMPARE(QString::fromStdString(wholeText(*document)), text);
        QCOMPARE(document->pageKind, PageKind::None);
    }

    void refusesWhatIsNoText()
    {
        const auto binary = readPlainText(file(QStringLiteral("a.txt"),
                                               QByteArray("\x7f"
                                                          "ELF\0\1\2\3 some words",
                                                          20)),
                                          {});
        QVERIFY(!binary);
        QCOMPARE(binary.error().code, ErrorCode::InvalidFile);
        const auto missing =
            readPlainText(m_folder.filePath(QStringLiteral("none.txt")).toStdString(), {});
        QVERIFY(!missing);
        QCOMPARE(missing.error().code, ErrorCode::NotFound);
        ReadOptions options;
        options.limits.textBytes = 10;
        const auto large =
            readPlainText(file(QStringLiteral("a.txt"), "more than ten bytes"), options);
        QVERIFY(!large);
        QCOMPARE(large.error().code, ErrorCode::Unsupported);
    }

    void readsPlainTextInParagraphs()
    {
        const auto document =
            readPlainText(file(QStringLiteral("a.txt"),
                               "First line\nsecond line\n\n  - item one\n  - item two\n\nLast."),
                          {});
        QVERIFY(document);
        QCOMPARE(
            outline(*document),
            (QStringList{"P First line\nsecond line", "L2 item one", "L2 item two", "P Last."}));
    }

    void readsMarkdown()
    {
        const QByteArray text =
            "---\ntitle: x\n---\n# Title #\n\nText of "
            "*one*\nparagraph.\n\nUnder\n=====\n\nLess\n---\n\n"
            "- one\n  more of one\n  - two\n1. three\n\n| A | B |\n|---|:-:|\n| 1 | 2 |\n\n"
            "```c\nint a;\n# no heading\n```\n\n    indented\n    code\n\n***\n\n#hash is text\n";
        const auto document = readMarkdown(file(QStringLiteral("a.md"), text), {});
        QVERIFY(document);
        QCOMPARE(wholeText(*document), text.toStdString());
        QCOMPARE(outline(*document),
                 (QStringList{"C title: x", "H1 Title", "P Text of *one*\nparagraph.", "H1 Under",
                              "H2 Less", "L1 one\n  more of one", "L2 two", "L1 three",
                              "R! | A | B |", "R | 1 | 2 |", "C int a;\n# no heading",
                              "C     indented\n    code", "P #hash is text"}));
    }

    void markdownWithoutEndIsNoTrouble()
    {
        for (const char *text :
             {"```", "```\nint", "---\nnever closed", "- ", "|a|\n|-|", "#", "=", "~~~~\n```\n"}) {
            const auto document = readMarkdown(file(QStringLiteral("a.md"), text), {});
            QVERIFY2(document, text);
        }
        const std::string deep(200'000, '>');
        QVERIFY(readMarkdown(file(QStringLiteral("a.md"), QByteArray::fromStdString(deep)), {}));
    }

    void readsSourceCode()
    {
        const auto document = readSourceCode(
            file(QStringLiteral("a.cpp"), "int a()\n{\n\n    return 1;\n}\n\nint b()\n{\n}\n"), {});
        QVERIFY(document);
        QCOMPARE(outline(*document),
                 (QStringList{"C int a()\n{\n\n    return 1;\n}", "C int b()\n{\n}"}));
    }

    void readsTables_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QStringList>("rows");
        QTest::newRow("commas") << QByteArray("Name,Sum\nPump,4200\n\"Pipe, long\",310\n")
                                << QStringList{"R! Name | Sum", "R Pump | 4200",
                                               "R Pipe, long | 310"};
        QTest::newRow("semicolons")
            << QByteArray("Name;Sum\r\nPump;4.200,5\r\nPipe;310,0")
            << QStringList{"R! Name | Sum", "R Pump | 4.200,5", "R Pipe | 310,0"};
        QTest::newRow("tabs") << QByteArray("a\tb\n1\t2\n") << QStringList{"R! a | b", "R 1 | 2"};
        QTest::newRow("quotes and lines") << QByteArray("a,b\n\"x \"\"y\"\"\nz\",2\n")
                                          << QStringList{"R! a | b", "R x \"y\" z | 2"};
        QTest::newRow("figures alone")
            << QByteArray("1,2\n3,4\n") << QStringList{"R 1 | 2", "R 3 | 4"};
        QTest::newRow("never closed")
            << QByteArray("a,b\n\"x,2\n") << QStringList{"R! a | b", "R x,2"};
        QTest::newRow("nothing") << QByteArray("\n\n") << QStringList{};
    }
    void readsTables()
    {
        QFETCH(QByteArray, text);
        QFETCH(QStringList, rows);
        const auto document = readCsv(file(QStringLiteral("a.csv"), text), {});
        QVERIFY(document);
        QCOMPARE(outline(*document), rows);
    }

private:
    std::string file(const QString &name, const QByteArray &bytes)
    {
        const QString path = m_folder.filePath(name);
        return write(path, bytes) ? path.toStdString() : std::string();
    }

    QTemporaryDir m_folder;
};

QTEST_APPLESS_MAIN(TestTextReaders)
#include "tst_text_readers.moc"
