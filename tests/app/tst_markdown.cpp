#include "app/markdown/block_builder.h"
#include "app/markdown/markdown_stream.h"
#include "app/markdown/safe_markup.h"

#include <QRandomGenerator>
#include <QRegularExpression>
#include <QTest>

using namespace alcove::markdown;

namespace {

// The tags our markup may hold; anything else in angle brackets is a leak.
bool isSafe(const QString &markup)
{
    static const QRegularExpression allowed(
        QStringLiteral("</?(b|i|s|code)>|<br/>|</a>|<a href=\"(https?://|mailto:)[^\"<>]*\">"));
    QString rest = markup;
    rest.remove(allowed);
    return !rest.contains(QLatin1Char('<')) && !rest.contains(QLatin1Char('>'));
}

bool allSafe(const QVector<Block> &blocks)
{
    for (const Block &block : blocks) {
        if (!isSafe(block.html))
            return false;
        for (const QString &cell : block.cells) {
            if (!isSafe(cell))
                return false;
        }
    }
    return true;
}

QString kinds(const QVector<Block> &blocks)
{
    QString text;
    for (const Block &block : blocks)
        text += QLatin1Char("phctr"[int(block.type)]);
    return text;
}

const char *const kSample = R"md(# Title

A paragraph with **bold**, *italic*, ~~gone~~, `a < b` and [a link](https://example.org/a?b=1&c=2).

- one
- two
  - inner

  more of two
1. first
2. second

> quoted
> twice

```cpp
int main() { return 0; }

// after an empty line
```

| a | b |
|:--|--:|
| 1 | 2 |
| 3 |

---

- [x] done
- [ ] open

    indented code

The end.
)md";

} // namespace

class TestMarkdown : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void headingsAndInlineMarkup()
    {
        const auto blocks = blocksOf(QStringLiteral("## A *b*\n\nc **d** `e<f` ~~g~~\nh"));
        QCOMPARE(kinds(blocks), QStringLiteral("hp"));
        QCOMPARE(blocks[0].level, 2);
        QCOMPARE(blocks[0].html, QStringLiteral("A <i>b</i>"));
        QCOMPARE(blocks[1].html, QStringLiteral("c <b>d</b> <code>e&lt;f</code> <s>g</s><br/>h"));
    }

    void listsKnowTheirDepthAndMarker()
    {
        const auto blocks = blocksOf(QStringLiteral("3. a\n4. b\n   - c\n   - [x] d\n\ne"));
        QCOMPARE(blocks.size(), 5);
        QCOMPARE(blocks[0].marker, QStringLiteral("3."));
        QCOMPARE(blocks[1].marker, QStringLiteral("4."));
        QCOMPARE(blocks[1].indent, 1);
        QCOMPARE(blocks[2].indent, 2);
        QVERIFY(blocks[2].tight);
        QCOMPARE(blocks[3].task, TaskState::Done);
        QCOMPARE(blocks[4].indent, 0);
        QVERIFY(!blocks[4].tight);
    }

    void anItemWithSeveralParagraphsHasOneMarker()
    {
        const auto blocks = blocksOf(QStringLiteral("- a\n\n  b\n\n- c\n-\n"));
        QCOMPARE(blocks.size(), 4);
        QCOMPARE(blocks[0].marker.size(), 1);
        QVERIFY(blocks[1].marker.isEmpty());
        QCOMPARE(blocks[1].indent, 1);
        QCOMPARE(blocks[3].marker.size(), 1); // an empty item is still one
    }

    void codeKeepsItsTextAndLanguage()
    {
        const auto blocks = blocksOf(QStringLiteral("```c++ x\n<b>&amp;\n\n  two\n```"));
        QCOMPARE(kinds(blocks), QStringLiteral("c"));
        QCOMPARE(blocks[0].language, QStringLiteral("c++"));
        QCOMPARE(blocks[0].code, QStringLiteral("<b>&amp;\n\n  two"));
    }

    void anOpenFenceIsCode()
    {
        const auto blocks = blocksOf(QStringLiteral("text\n\n```python\nx = 1\ny"));
        QCOMPARE(kinds(blocks), QStringLiteral("pc"));
        QCOMPARE(blocks[1].code, QStringLiteral("x = 1\ny"));
    }

    void tablesAreGrids()
    {
        const auto blocks =
            blocksOf(QStringLiteral("| a | **b** | c |\n|:--|:-:|--:|\n| 1 | 2 | 3 |\n| 4 |"));
        QCOMPARE(kinds(blocks), QStringLiteral("t"));
        QCOMPARE(blocks[0].columns, 3);
        QCOMPARE(blocks[0].cells.size(), 9);
        QCOMPARE(blocks[0].cells[1], QStringLiteral("<b>b</b>"));
        QCOMPARE(blocks[0].alignments[1], CellAlignment::Center);
        QCOMPARE(blocks[0].alignments[2], CellAlignment::End);
    }

    void quotationsAndRules()
    {
        const auto blocks = blocksOf(QStringLiteral("> a\n>> b\n\n---\n\nc"));
        QCOMPARE(kinds(blocks), QStringLiteral("pprp"));
        QCOMPARE(blocks[0].quoteDepth, 1);
        QCOMPARE(blocks[1].quoteDepth, 2);
        QCOMPARE(blocks[3].quoteDepth, 0);
    }

    void hostileHtmlIsText_data()
    {
        QTest::addColumn<QString>("text");
        QTest::newRow("img") << QStringLiteral("<img src=\"http://127.0.0.1/x.png\">");
        QTest::newRow("script") << QStringLiteral("a <script>alert(1)</script> b");
        QTest::newRow("block") << QStringLiteral("<div onclick='x'>\n\n*a*\n\n</div>");
        QTest::newRow("comment") << QStringLiteral("<!-- <img src=x> -->");
        QTest::newRow("cdata") << QStringLiteral("<![CDATA[<img src=x>]]>");
        QTest::newRow("style") << QStringLiteral("<style>a{color:red}</style>");
        QTest::newRow("in a cell") << QStringLiteral("| a |\n|---|\n| <img src=x> |");
        QTest::newRow("in a link") << QStringLiteral("[<img src=x>](https://a.b \"t<img>\")");
        QTest::newRow("in a target") << QStringLiteral("[a](https://a.b/\"><img/src=x>)");
        QTest::newRow("entity") << QStringLiteral("&lt;img src=x&gt; &#60;img src=x&#62;");
        QTest::newRow("alt") << QStringLiteral("![<b>x</b>](https://a.b/c.png)");
        QTest::newRow("code") << QStringLiteral("`</code><img src=x>`");
        QTest::newRow("unclosed") << QStringLiteral("<a href=\"x");
        QTest::newRow("structure")
            << QString(QStringLiteral("a") + QChar(0xfdd0) + QChar(0xfffc) + QChar(1));
        QTest::newRow("autolink") << QStringLiteral("<https://a.b/<img>> <javascript:alert(1)>");
    }

    void hostileHtmlIsText()
    {
        QFETCH(QString, text);
        const auto blocks = blocksOf(text);
        QVERIFY2(allSafe(blocks), qPrintable(blocks.isEmpty() ? QString() : blocks[0].html));
        QVERIFY(isSafe(plainMarkup(text)));
    }

    void picturesAreLinks()
    {
        const auto blocks = blocksOf(QStringLiteral("![a cat](https://example.org/cat.png)"));
        QCOMPARE(blocks[0].html,
                 QStringLiteral("<a href=\"https://example.org/cat.png\">Picture: a cat</a>"));
    }

    void onlyTheWebAndMailAreOffered_data()
    {
        QTest::addColumn<QString>("href");
        QTest::addColumn<QString>("offered");
        QTest::newRow("https") << "https://example.org/a"
                               << "https://example.org/a";
        QTest::newRow("mail") << "mailto:a@example.org"
                              << "mailto:a@example.org";
        QTest::newRow("file") << "file:///etc/passwd"
                              << "";
        QTest::newRow("script") << "javascript:alert(1)"
                                << "";
        QTest::newRow("data") << "data:text/html,x"
                              << "";
        QTest::newRow("relative") << "/a/b"
                                  << "";
        QTest::newRow("no host") << "https:///a"
                                 << "";
        QTest::newRow("case") << "HTTPS://EXAMPLE.org/"
                              << "https://example.org/";
        // What looks like another host is shown as what it is.
        QTest::newRow("lookalike")
            << QStringLiteral("https://ex\u0430mple.org/") << "https://xn--exmple-4nf.org/";
    }

    void onlyTheWebAndMailAreOffered()
    {
        QFETCH(QString, href);
        QFETCH(QString, offered);
        QCOMPARE(offeredLink(href), offered);
    }

    void hugeTablesAreRefused()
    {
        QString text = QStringLiteral("|") + QStringLiteral("a|").repeated(2000)
            + QStringLiteral("\n|") + QStringLiteral("--|").repeated(2000) + QStringLiteral("\n");
        text +=
            QStringLiteral("|x\n").repeated(2000); // md4c would fill this up to four million cells
        const auto blocks = blocksOf(text);
        QCOMPARE(blocks.size(), 1);
        QCOMPARE(blocks[0].type, BlockType::Paragraph);
        QVERIFY(isSafe(blocks[0].html));
    }

    void deepNestingIsBounded()
    {
        const auto blocks = blocksOf(QStringLiteral("> ").repeated(5000) + QStringLiteral("a"));
        QVERIFY(!blocks.isEmpty());
        QVERIFY(blocks[0].quoteDepth <= 8);
        QVERIFY(!blocksOf(QStringLiteral("[").repeated(20000)).isEmpty());
        QVERIFY(!blocksOf(QStringLiteral("**a ").repeated(20000)).isEmpty());
    }

    void whatTheUserTypedIsKept()
    {
        QCOMPARE(plainMarkup(QStringLiteral("a <b> **c**\n  d")),
                 QStringLiteral("a &lt;b&gt; **c**<br/>\u00a0\u00a0d")
                     .replace(QStringLiteral("\u00a0\u00a0"), QStringLiteral("\u00a0\u00a0")));
    }

    void aStreamEndsAsTheWholeText()
    {
        const QString text = QString::fromUtf8(kSample);
        const auto whole = blocksOf(text);
        for (int piece : {1, 2, 3, 7, 31}) {
            MarkdownStream stream;
            for (qsizetype at = 0; at < text.size(); at += piece)
                stream.append(text.mid(at, piece));
            // Even before the end is known the blocks are those of the whole.
            QCOMPARE(stream.blocks(), whole);
            stream.finish();
            QCOMPARE(stream.blocks(), whole);
        }
    }

    void atEachStepAStreamIsThePrefix()
    {
        const QString text = QString::fromUtf8(kSample);
        MarkdownStream stream;
        for (qsizetype at = 0; at < text.size(); ++at) {
            stream.append(text.mid(at, 1));
            QCOMPARE(stream.blocks(), blocksOf(text.left(at + 1)));
        }
    }

    void randomTextIsSafeAndStreams()
    {
        // Pieces that open, close and confuse each other.
        const QStringList pieces = {QStringLiteral("\n"),
                                    QStringLiteral("\n\n"),
                                    QStringLiteral("- "),
                                    QStringLiteral("1. "),
                                    QStringLiteral("> "),
                                    QStringLiteral("```"),
                                    QStringLiteral("~~~\n"),
                                    QStringLiteral("    "),
                                    QStringLiteral("**"),
                                    QStringLiteral("_"),
                                    QStringLiteral("`"),
                                    QStringLiteral("<img src=x>"),
                                    QStringLiteral("[a](http://b"),
                                    QStringLiteral(")"),
                                    QStringLiteral("!["),
                                    QStringLiteral("| a | b |\n"),
                                    QStringLiteral("|--|--|\n"),
                                    QStringLiteral("# "),
                                    QStringLiteral("word"),
                                    QStringLiteral("&amp;"),
                                    QStringLiteral("---\n"),
                                    QStringLiteral("  "),
                                    QStringLiteral("\t"),
                                    QStringLiteral("<")};
        QRandomGenerator random(7);
        for (int round = 0; round < 400; ++round) {
            MarkdownStream stream;
            QString text;
            for (int i = 0; i < 40; ++i) {
                const QString piece = pieces[int(random.bounded(quint32(pieces.size())))];
                text += piece;
                stream.append(piece);
                QVERIFY2(allSafe(stream.blocks()), qPrintable(text));
            }
            stream.finish();
            QCOMPARE(stream.blocks(), blocksOf(text));
        }
    }
};

QTEST_APPLESS_MAIN(TestMarkdown)
#include "tst_markdown.moc"
