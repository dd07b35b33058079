// Text and structure of a document as its readers put them together.

#include "core/documents/document_builder.h"

#include <QTest>

using namespace alcove;
using namespace alcove::documents;

class TestDocumentBuilder : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void putsBlocksInOrder()
    {
        DocumentBuilder builder(PageKind::None, {});
        builder.heading(1, "  A  title\n");
        builder.paragraph("One.\r\nTwo.");
        builder.listItem(1, "first");
        builder.listItem(2, "second");
        builder.endTable();
        builder.tableRow({"Name", "", "Sum"}, true);
        builder.tableRow({"", "", ""});
        builder.tableRow({"Ann\nLee", "x", "3"});
        builder.endTable();
        builder.code("\n    if (a)\n        b();\n\n");
        const DocumentText document = builder.finish();
        QCOMPARE(document.pages.size(), std::size_t(1));
        QCOMPARE(document.pages[0].text,
                 std::string("A title\n\nOne.\nTwo.\n\n- first\n  - second\n\nName |  | Sum\n"
                             "Ann Lee | x | 3\n\n    if (a)\n        b();\n\n"));
        std::vector<std::string> texts;
        for (const Block &block : document.blocks)
            texts.push_back(
                document.pages[block.page].text.substr(block.begin, block.end - block.begin));
        QCOMPARE(
            texts,
            (std::vector<std::string>{"A title", "One.\nTwo.", "first", "second", "Name |  | Sum",
                                      "Ann Lee | x | 3", "    if (a)\n        b();"}));
        QCOMPARE(document.blocks[3].level, std::uint8_t(2));
        QVERIFY(document.blocks[4].header && !document.blocks[5].header);
        QCOMPARE(document.blocks[6].kind, BlockKind::Code);
    }

    void cleansWhatIsNoText_data()
    {
        QTest::addColumn<QByteArray>("dirty");
        QTest::addColumn<QByteArray>("clean");
        QTest::newRow("plain") << QByteArray("Grüße\tan\nalle") << QByteArray("Grüße\tan\nalle");
        QTest::newRow("line ends") << QByteArray("a\r\nb\rc") << QByteArray("a\nb\nc");
        QTest::newRow("form feed") << QByteArray("a\fb") << QByteArray("a\nb");
        QTest::newRow("line separator") << QByteArray("a\xE2\x80\xA8"
                                                      "b")
                                        << QByteArray("a\nb");
        QTest::newRow("nul and bell") << QByteArray("a\0b\7c", 5) << QByteArray("abc");
        QTest::newRow("byte order mark") << QByteArray("\xEF\xBB\xBF"
                                                       "a")
                                         << QByteArray("a");
        QTest::newRow("malformed") << QByteArray("a\xFF"
                                                 "b")
                                   << QByteArray("a\xEF\xBF\xBD"
                                                 "b");
        QTest::newRow("cut off") << QByteArray("a\xE2\x82") << QByteArray("a\xEF\xBF\xBD");
    }
    void cleansWhatIsNoText()
    {
        QFETCH(QByteArray, dirty);
        QFETCH(QByteArray, clean);
        QCOMPARE(QByteArray::fromStdString(DocumentBuilder::clean(dirty.toStdString())), clean);
    }

    void keepsPages()
    {
        DocumentBuilder builder(PageKind::Sheet, {});
        builder.beginPage("Costs");
        builder.tableRow({"1", "2"});
        builder.beginPage("Empty");
        builder.beginPage("More");
        builder.verbatim("x y", {{BlockKind::Paragraph, 0, false, 0, 2, 3}});
        const DocumentText document = builder.finish();
        QCOMPARE(document.pages.size(), std::size_t(3));
        QCOMPARE(document.pages[1].text, std::string());
        QCOMPARE(document.blocks[1].page, 2u);
        QCOMPARE(document.blocks[1].begin, std::size_t(2));
    }

    void stopsAtTheLimits()
    {
        ReadLimits limits;
        limits.textBytes = 20;
        limits.pages = 2;
        DocumentBuilder builder(PageKind::Page, limits);
        builder.beginPage("1");
        builder.paragraph("0123456789");
        QVERIFY(!builder.full());
        builder.paragraph("0123456789");
        QVERIFY(builder.full());
        const DocumentText document = builder.finish();
        QCOMPARE(document.textBytes(), std::size_t(12));
        QCOMPARE(document.blocks.size(), std::size_t(1));

        DocumentBuilder many(PageKind::Page, limits);
        for (int i = 0; i < 5; ++i)
            many.beginPage(std::to_string(i + 1));
        QVERIFY(many.full());
        QCOMPARE(many.finish().pages.size(), std::size_t(2));
    }
};

QTEST_APPLESS_MAIN(TestDocumentBuilder)
#include "tst_document_builder.moc"
