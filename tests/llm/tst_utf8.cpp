#include "core/llm/utf8.h"

#include <QTest>

using namespace alcove::llm;

class TestUtf8 : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void readsEveryScalarValue()
    {
        for (char32_t code = 0; code <= 0x10FFFF; ++code) {
            if (code >= 0xD800 && code <= 0xDFFF)
                continue;
            std::string text;
            appendUtf8(text, code);
            const Utf8Step step = nextUtf8(text + "x");
            if (step.kind != Utf8Kind::Character || step.length != text.size()
                || step.codePoint != code)
                QFAIL(qPrintable(QStringLiteral("U+%1").arg(uint(code), 4, 16)));
        }
    }

    void replacesMaximalSubparts_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("replacements");
        // The examples of the Unicode Standard, tables 3-8 to 3-11.
        QTest::newRow("overlong") << QByteArray("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41") << 8;
        QTest::newRow("surrogates") << QByteArray("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41") << 8;
        QTest::newRow("beyond") << QByteArray("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42") << 7;
        QTest::newRow("truncated") << QByteArray("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41") << 4;
        QTest::newRow("at the end") << QByteArray("A\xF0\x9F\xA6") << 1;
    }

    void replacesMaximalSubparts()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(int, replacements);
        const std::string text = replaceInvalidUtf8({bytes.data(), std::size_t(bytes.size())});
        QVERIFY(isValidUtf8(text));
        QVERIFY(!isValidUtf8({bytes.data(), std::size_t(bytes.size())}));
        QCOMPARE(int(QString::fromStdString(text).count(QChar::ReplacementCharacter)),
                 replacements);
    }

    void leavesWellFormedTextAlone()
    {
        const std::string text = "a\0b Grüße 東京 🦙\xEF\xBF\xBD";
        QVERIFY(isValidUtf8(text));
        QCOMPARE(replaceInvalidUtf8(text), text);
        QCOMPARE(replaceInvalidUtf8(""), std::string());
    }

    void tellsIncompleteFromMalformed()
    {
        QVERIFY(nextUtf8("\xF0\x9F\xA6").kind == Utf8Kind::Incomplete);
        QCOMPARE(nextUtf8("\xF0\x9F\xA6").length, std::size_t(3));
        QVERIFY(nextUtf8("\xF0\x9F"
                         "a")
                    .kind
                == Utf8Kind::Malformed);
        QCOMPARE(nextUtf8("\xF0\x9F"
                          "a")
                     .length,
                 std::size_t(2));
        QVERIFY(nextUtf8("\x80").kind == Utf8Kind::Malformed);
    }
};

QTEST_APPLESS_MAIN(TestUtf8)
#include "tst_utf8.moc"
