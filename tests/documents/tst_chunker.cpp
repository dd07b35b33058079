// Passages: where documents are cut, and that a passage is exactly the range it says.

#include "document_support.h"

using namespace alcove;
using namespace alcove::documents;
using namespace alcove::test;

namespace {

// A token a word.
std::size_t words(std::string_view text)
{
    std::size_t count = 0;
    bool inside = false;
    for (const char c : text) {
        const bool space = c == ' ' || c == '\n' || c == '\t';
        count += !space && !inside;
        inside = !space;
    }
    return count;
}

ChunkOptions of(std::size_t tokens, std::size_t overlap = 0)
{
    ChunkOptions options;
    options.tokens = tokens;
    options.overlap = overlap;
    return options;
}

QStringList textsOf(const std::vector<Passage> &passages)
{
    QStringList texts;
    for (const Passage &passage : passages)
        texts << QString::fromStdString(passage.text);
    return texts;
}

void exact(const DocumentText &document, const std::vector<Passage> &passages)
{
    const std::string whole = wholeText(document);
    for (const Passage &passage : passages)
        QCOMPARE(slice(whole, passage.begin, passage.end), passage.text);
}

} // namespace

class TestChunker : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void headingsPartAndAreKept()
    {
        DocumentBuilder builder(PageKind::None, {});
        builder.paragraph("Before any heading.");
        builder.heading(1, "Costs");
        builder.heading(2, "2023");
        builder.paragraph("The pump cost a lot.");
        builder.heading(2, "2024");
        builder.paragraph("The pipe was cheap.");
        builder.heading(1, "People");
        builder.paragraph("Ann works here.");
        const DocumentText document = builder.finish();
        const auto passages = passagesOf(document, of(50), words);
        QCOMPARE(textsOf(passages),
                 (QStringList{"Before any heading.", "Costs\n\n2023\n\nThe pump cost a lot.",
                              "2024\n\nThe pipe was cheap.", "People\n\nAnn works here."}));
        QCOMPARE(passages[0].heading, std::string());
        QCOMPARE(passages[1].heading, std::string("Costs > 2023"));
        QCOMPARE(passages[2].heading, std::string("Costs > 2024"));
        QCOMPARE(passages[3].heading, std::string("People"));
        exact(document, passages);
    }

    void longParagraphsArePartedBetweenSentences()
    {
        DocumentBuilder builder(PageKind::None, {});
        builder.paragraph("One two three. Four five six! Seven eight? Nine ten eleven twelve.");
        const DocumentText document = builder.finish();
        const auto passages = passagesOf(document, of(6), words);
        QCOMPARE(
            textsOf(passages),
            (QStringList{"One two three. Four five six!", "Seven eight? Nine ten eleven twelve."}));
        exact(document, passages);
        // With something in common.
        const auto shared = passagesOf(document, of(6, 3), words);
        QCOMPARE(textsOf(shared),
                 (QStringList{"One two three. Four five six!", "Four five six! Seven eight?",
                              "Seven eight? Nine ten eleven twelve."}));
        exact(document, shared);
    }

    void sentencesOfManyScripts_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QStringList>("expected");
        QTest::newRow("Chinese") << QStringLiteral("数据库很大。它保存所有的文件。结束了！")
                                 << QStringList{"数据库很大。", "它保存所有的文件。", "结束了！"};
        QTest::newRow("Japanese") << QStringLiteral("猫がいる。犬もいますか？はい。")
                                  << QStringList{"猫がいる。", "犬もいますか？", "はい。"};
        QTest::newRow("Arabic") << QStringLiteral("هذا كتاب كبير. أين القلم؟ هنا.")
                                << QStringList{"هذا كتاب كبير.", "أين القلم؟", "هنا."};
        QTest::newRow("Hebrew") << QStringLiteral("זה ספר גדול. איפה העט?")
                                << QStringList{"זה ספר גדול.", "איפה העט?"};
        QTest::newRow("beyond the first plane") << QStringLiteral("A 😀 smiles. 𝒳 is a letter.")
                                                << QStringList{"A 😀 smiles.", "𝒳 is a letter."};
    }
    void sentencesOfManyScripts()
    {
        QFETCH(QString, text);
        QFETCH(QStringList, expected);
        DocumentBuilder builder(PageKind::None, {});
        builder.paragraph(text.toStdString());
        const DocumentText document = builder.finish();
        // Two are always too many.
        const auto count = [](std::string_view part) {
            std::size_t ends = 0;
            const QString wide = QString::fromUtf8(part.data(), qsizetype(part.size()));
            for (const QChar c : wide)
                ends += QStringLiteral("。！？؟.?!").contains(c);
            return ends;
        };
        const auto passages = passagesOf(document, of(1), count);
        QCOMPARE(textsOf(passages), expected);
        exact(document, passages);
    }

    void textWithoutAnySpaceIsCutAllTheSame()
    {
        std::string text;
        for (int i = 0; i < 3000; ++i)
            text += "\xE6\x95\xB0"; // one character of three bytes
        DocumentBuilder builder(PageKind::None, {});
        builder.paragraph(text);
        builder.paragraph(std::string(5000, 'x'));
        const DocumentText document = builder.finish();
        const auto passages = passagesOf(document, of(100));
        QVERIFY(passages.size() > 20);
        std::uint64_t covered = 0;
        for (const Passage &passage : passages) {
            QVERIFY2(estimatedTokens(passage.text) <= 100,
                     qPrintable(QString::number(estimatedTokens(passage.text))));
            QVERIFY(llm::isValidUtf8(passage.text));
            covered += passage.end - passage.begin;
        }
        QVERIFY(covered >= 8000);
        exact(document, passages);
    }

    void rowsStayWholeAndKnowTheirColumns()
    {
        DocumentBuilder builder(PageKind::Sheet, {});
        builder.beginPage("Stock");
        builder.tableRow({"Name", "Sum"}, true);
        for (int i = 0; i < 10; ++i)
            builder.tableRow({"Part " + std::to_string(i), std::to_string(i * 10)});
        builder.endTable();
        builder.beginPage("Notes");
        builder.paragraph("No table here.");
        const DocumentText document = builder.finish();
        const auto passages = passagesOf(document, of(16, 8), words);
        QVERIFY(passages.size() > 2);
        QVERIFY(passages[0].text.starts_with("Name | Sum\nPart 0 | 0"));
        QCOMPARE(passages[0].columns, std::string());
        QCOMPARE(passages[1].columns, std::string("Name | Sum"));
        for (const Passage &passage : passages)
            QVERIFY(passage.text.starts_with("Part ") || passage.text.starts_with("N"));
        QCOMPARE(passages.back().page, 1u);
        QCOMPARE(passages.back().columns, std::string());
        exact(document, passages);
    }

    void passagesKnowTheirPage()
    {
        DocumentBuilder builder(PageKind::Page, {});
        for (int i = 1; i <= 3; ++i) {
            builder.beginPage(std::to_string(i));
            builder.paragraph("Words of page number " + std::to_string(i) + " are here.");
        }
        const DocumentText document = builder.finish();
        const auto passages = passagesOf(document, of(8), words);
        QCOMPARE(passages.size(), std::size_t(3));
        for (std::size_t i = 0; i < 3; ++i)
            QCOMPARE(passages[i].page, std::uint32_t(i));
        exact(document, passages);
    }

    void nothingGivesNothing()
    {
        DocumentBuilder builder(PageKind::None, {});
        QVERIFY(passagesOf(builder.finish()).empty());
    }

    void codeKeepsItsIndent()
    {
        DocumentBuilder builder(PageKind::None, {});
        builder.code("    int a = 1;\n    int b = 2;\n    int c = 3;\n");
        const DocumentText document = builder.finish();
        const auto passages = passagesOf(document, of(8), words);
        QCOMPARE(textsOf(passages),
                 (QStringList{"    int a = 1;\n    int b = 2;", "    int c = 3;"}));
        exact(document, passages);
    }
};

QTEST_APPLESS_MAIN(TestChunker)
#include "tst_chunker.moc"
