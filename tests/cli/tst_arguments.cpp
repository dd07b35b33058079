#include "app/cli/arguments.h"

#include <QTest>

using namespace alcove::cli;

namespace {

const CommandSpec kPaint{"paint",
                         "paints",
                         {"WALL"},
                         {{"--colour", "NAME", "the colour"},
                          {"--coats", "N", "how many"},
                          {"--thick", "X", "how thick"},
                          {"--spot", "PLACE", "spare this", OptionSpec::Times::Any},
                          {"--wet", "", "leave it wet"}}};
const CommandSpec kRest{"rest", "rests", {}, {}};
const CommandSpec *const kCommands[] = {&kPaint, &kRest};
const OptionSpec kGlobals[] = {{"--house", "NAME", "which house"}, {"--help", "", "help"}};

Parsed<Arguments> parse(const std::vector<std::string> &words)
{
    return Arguments::parse(words, kCommands, kGlobals);
}

} // namespace

class TestArguments : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void readsOptionsBeforeAndAfterTheCommand()
    {
        for (const std::vector<std::string> &words :
             {std::vector<std::string>{"--house", "red", "paint", "north", "--colour", "blue"},
              std::vector<std::string>{"paint", "--colour=blue", "north", "--house=red"},
              std::vector<std::string>{"paint", "--colour", "blue", "--house", "red", "--",
                                       "north"}}) {
            const auto arguments = parse(words);
            QVERIFY2(arguments, arguments ? "" : arguments.error().sentence.c_str());
            QCOMPARE(arguments->command(), &kPaint);
            QCOMPARE(arguments->positional(0), std::string("north"));
            QCOMPARE(arguments->valueOr("--colour", {}), std::string("blue"));
            QCOMPARE(arguments->valueOr("--house", {}), std::string("red"));
            QVERIFY(!arguments->has("--wet"));
        }
    }

    void valuesMayBeginWithDashes()
    {
        const auto arguments = parse({"paint", "north", "--colour", "--none at all--"});
        QVERIFY(arguments);
        QCOMPARE(arguments->valueOr("--colour", {}), std::string("--none at all--"));
        QCOMPARE(parse({"paint", "--", "-north"})->positional(0), std::string("-north"));
        QCOMPARE(parse({"paint", "-"})->positional(0), std::string("-"));
        QCOMPARE(parse({"paint", "n", "--colour="})->valueOr("--colour", "x"), std::string());
    }

    void refuses_data()
    {
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<QString>("about");
        const auto row = [](const char *name, const QStringList &words, const char *about) {
            QTest::newRow(name) << words << QString::fromLatin1(about);
        };
        row("unknown command", {"fly"}, "fly");
        row("unknown option", {"paint", "n", "--size", "1"}, "--size");
        row("unknown option before", {"--colour", "blue", "paint", "n"}, "--colour");
        row("another command's option", {"rest", "--wet"}, "--wet");
        row("missing value at the end", {"paint", "n", "--colour"}, "--colour");
        row("missing value before an option", {"paint", "n", "--colour", "--wet"}, "--colour");
        row("value for a switch", {"paint", "n", "--wet=yes"}, "--wet");
        row("given twice", {"paint", "n", "--wet", "--wet"}, "twice");
        row("missing positional", {"paint"}, "WALL");
        row("one positional too many", {"paint", "n", "s"}, "\"s\"");
    }
    void refuses()
    {
        QFETCH(QStringList, words);
        QFETCH(QString, about);
        std::vector<std::string> list;
        for (const QString &word : words)
            list.push_back(word.toStdString());
        const auto arguments = parse(list);
        QVERIFY(!arguments);
        QCOMPARE(arguments.error().exitCode, kExitUsage);
        const QString sentence = QString::fromStdString(arguments.error().sentence);
        QVERIFY2(sentence.contains(about), qPrintable(sentence));
        QVERIFY(sentence.endsWith(QLatin1Char('.')));
    }

    void numbersAreReadStrictly()
    {
        const auto arguments =
            parse({"paint", "n", "--coats", "12", "--thick", "0.5", "--colour", "7x"});
        QVERIFY(arguments);
        QCOMPARE(*arguments->integer("--coats", 1, 0, 100), std::uint64_t(12));
        QVERIFY(!arguments->integer("--coats", 1, 0, 11));
        QVERIFY(!arguments->integer("--coats", 1, 13, 100));
        QVERIFY(!arguments->integer("--colour", 1, 0, 100));
        QVERIFY(!arguments->integer("--thick", 1, 0, 100));
        QCOMPARE(*arguments->integer("--absent", 9, 0, 5), std::uint64_t(9));
        QCOMPARE(*arguments->real("--thick", 1, 0, 1), 0.5f);
        QVERIFY(!arguments->real("--thick", 1, 0.6f, 1));
        QVERIFY(!arguments->real("--colour", 1, 0, 100));
        for (const char *text : {"nan", "inf", "", "1e99", "0x"})
            QVERIFY(
                !parse({"paint", "n", std::string("--thick=") + text})->real("--thick", 1, 0, 100));
        QVERIFY(!arguments->required("--wet"));
        QCOMPARE(*arguments->required("--coats"), std::string("12"));
    }

    void someOptionsMayBeGivenAgain()
    {
        const auto arguments = parse({"paint", "n", "--spot", "a", "--spot=b", "--colour", "red"});
        QVERIFY(arguments);
        QCOMPARE(arguments->values("--spot"), (std::vector<std::string>{"a", "b"}));
        QCOMPARE(*arguments->value("--spot"), std::string("b"));
        QVERIFY(arguments->values("--wet").empty());
        QVERIFY(!parse({"paint", "n", "--colour", "a", "--colour", "b"}));
    }

    void listsOfNumbers()
    {
        using List = std::vector<std::uint32_t>;
        QCOMPARE(*integerList("--t", "1 5 77"), (List{1, 5, 77}));
        QCOMPARE(*integerList("--t", " 1,7,16\n"), (List{1, 7, 16}));
        for (const char *text : {"", "  ", "1 x", "1.5", "-1", "99999999999", "1;2"})
            QVERIFY(!integerList("--t", text));
    }
};

QTEST_APPLESS_MAIN(TestArguments)
#include "tst_arguments.moc"
