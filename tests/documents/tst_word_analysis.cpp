// Words as the index keeps them.

#include "core/documents/edit_distance.h"
#include "core/documents/word_analysis.h"

#include <QTest>

using namespace alcove::documents;

class TestWordAnalysis : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void makesTerms_data()
    {
        QTest::addColumn<QString>("language");
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("terms");
        QTest::newRow("English") << "en"
                                 << "The pumps were running, RUNNING fast!"
                                 << "the pump were run run fast";
        QTest::newRow("German") << "de"
                                << "Die Häuser der Kündigungsfristen"
                                << "die haus der kundigungsfrist";
        QTest::newRow("French") << "fr"
                                << "les chevaux élèves"
                                << "le cheval elev";
        QTest::newRow("Russian") << "ru"
                                 << "большие дома"
                                 << "больш дом";
        QTest::newRow("no rules") << ""
                                  << "Čeština Ångström"
                                  << "cestina angstrom";
        QTest::newRow("possessive") << "en"
                                    << "the driver\xE2\x80\x99s seat"
                                    << "the driver seat";
        QTest::newRow("figures") << "en"
                                 << "4,200 euros, 4.200 or 4'200; 3.5 percent in 2023."
                                 << "4200 euro 4200 or 4200 3x5 percent in 2023";
        QTest::newRow("joined") << "en"
                                << "A4-paper e-mail x_1"
                                << "a4 paper e mail x 1";
        QTest::newRow("Chinese") << "zh" << QStringLiteral("数据库 很大").toUtf8().constData()
                                 << QStringLiteral("数据 据库 很大");
        QTest::newRow("one character")
            << "zh" << QStringLiteral("猫 cat").toUtf8().constData() << QStringLiteral("猫 cat");
        QTest::newRow("Thai") << "th" << QStringLiteral("กขค").toUtf8().constData()
                              << QStringLiteral("กข ขค");
        QTest::newRow("wide forms")
            << "" << QStringLiteral("ＡＢＣ１２").toUtf8().constData() << "abc12";
        QTest::newRow("nothing") << "en"
                                 << "... --- !!!"
                                 << "";
    }
    void makesTerms()
    {
        QFETCH(QString, language);
        QFETCH(QString, text);
        QFETCH(QString, terms);
        WordAnalysis words;
        QCOMPARE(QString::fromStdString(words.termText(text.toStdString(), language.toStdString())),
                 terms);
    }

    void malformedTextIsNoTrouble()
    {
        WordAnalysis words;
        QCOMPARE(words.termText("a\xFF"
                                "b \xE2\x82",
                                "en"),
                 std::string("a b"));
        QVERIFY(words.termText(std::string(100'000, 'w'), "en").empty()); // no word is so long
    }

    void tellsLanguages_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("language");
        QTest::newRow("English")
            << "The quick brown fox jumps over the lazy dog and runs away from the house."
            << "en";
        QTest::newRow("German")
            << "Der schnelle braune Fuchs springt über den faulen Hund und läuft dann nach Hause."
            << "de";
        QTest::newRow("French")
            << "Le renard brun rapide saute par-dessus le chien paresseux et rentre à la maison."
            << "fr";
        QTest::newRow("Japanese") << QStringLiteral(
            "すばやい茶色の狐がのろまな犬を飛び越えて家に帰ります。")
                                  << "ja";
        QTest::newRow("nothing") << ""
                                 << "";
        QTest::newRow("figures") << "1 2 3 4 5"
                                 << "";
    }
    void tellsLanguages()
    {
        QFETCH(QString, text);
        QFETCH(QString, language);
        QCOMPARE(QString::fromStdString(WordAnalysis::languageOf(text.toStdString())), language);
    }

    void countsEdits()
    {
        QCOMPARE(editDistance(U"pump", U"pump", 2), 0);
        QCOMPARE(editDistance(U"pump", U"pumps", 2), 1);
        QCOMPARE(editDistance(U"pump", U"upmp", 2), 1); // neighbours swapped
        QCOMPARE(editDistance(U"kitten", U"sitting", 3), 3);
        QCOMPARE(editDistance(U"kitten", U"sitting", 2), 3); // more than the most
        QCOMPARE(editDistance(U"", U"ab", 2), 2);
        QCOMPARE(editDistance(U"a", U"abcdef", 2), 3);
    }
};

QTEST_APPLESS_MAIN(TestWordAnalysis)
#include "tst_word_analysis.moc"
