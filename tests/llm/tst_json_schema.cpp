// JSON schemas as grammars: what they accept and reject, and what is refused by name.
#include "core/llm/grammar/grammar_matcher.h"
#include "core/llm/grammar/json_schema.h"
#include "core/llm/grammar/json_text_grammar.h"
#include "form_cases.h"
#include "tests/support/json_schema_check.h"

#include <QTest>

#include <random>

using namespace alcove;
using namespace alcove::llm;
using namespace alcove::test;

namespace {

using Json = SchemaCheck::Json;

bool accepts(const std::shared_ptr<const Grammar> &grammar, const std::string &text)
{
    GrammarMatcher matcher(grammar);
    return matcher.canEnd(matcher.next(matcher.start(), text));
}

// A text of the grammar, drawn byte by byte; empty when it has not ended after `limit` bytes.
std::string randomText(const std::shared_ptr<const Grammar> &grammar, std::mt19937 &random,
                       std::size_t limit)
{
    GrammarMatcher matcher(grammar);
    auto state = matcher.start();
    std::string text;
    while (text.size() < limit) {
        std::vector<std::uint8_t> bytes;
        std::vector<std::uint8_t> closing;
        for (int byte = 0; byte < 256; ++byte) {
            if (matcher.next(state, std::uint8_t(byte)) == GrammarMatcher::kDead)
                continue;
            bytes.push_back(std::uint8_t(byte));
            if (std::string_view("\"]},:").find(char(byte)) != std::string_view::npos)
                closing.push_back(std::uint8_t(byte));
        }
        if (matcher.canEnd(state) && (bytes.empty() || random() % 2))
            return text;
        if (bytes.empty())
            return {};
        const auto &from = !closing.empty() && random() % 2 ? closing : bytes;
        text += char(from[random() % from.size()]);
        state = matcher.next(state, std::uint8_t(text.back()));
    }
    return {};
}

} // namespace

class TestJsonSchema : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void accepts_data()
    {
        QTest::addColumn<QString>("form");
        QTest::addColumn<QStringList>("good");
        QTest::addColumn<QStringList>("bad");
        for (const FormCase &one : schemaCases())
            QTest::newRow(one.name) << one.form << one.good << one.bad;
    }
    void accepts()
    {
        QFETCH(QString, form);
        QFETCH(QStringList, good);
        QFETCH(QStringList, bad);
        const auto grammar = grammarOfSchema(form.toStdString());
        QVERIFY2(grammar,
                 grammar ? "" : (grammar.error().message + grammar.error().detail).c_str());
        for (const QString &text : good)
            QVERIFY2(::accepts(*grammar, text.toStdString()), qPrintable(text));
        for (const QString &text : bad)
            QVERIFY2(!::accepts(*grammar, text.toStdString()), qPrintable(text));
        // What is good is so by the specification too.
        const SchemaCheck check(Json::parse(form.toStdString()));
        if (!form.contains("\"exclusiveMinimum\": true") && !form.contains("\"items\": [")
            && !form.contains("~1")) {
            for (const QString &text : good)
                QVERIFY2(check.allows(Json::parse(text.toStdString())), qPrintable(text));
        }
    }

    // Whatever a grammar makes is JSON that its schema allows.
    void randomTextsAreSound_data() { accepts_data(); }
    void randomTextsAreSound()
    {
        QFETCH(QString, form);
        if (form.contains("\"exclusiveMinimum\": true") || form.contains("\"items\": [")
            || form.contains("~1"))
            return; // older drafts and escapes, which the check does not know
        const auto grammar = grammarOfSchema(form.toStdString());
        QVERIFY(grammar);
        const SchemaCheck check(Json::parse(form.toStdString()));
        std::mt19937 random(3);
        int made = 0;
        for (int i = 0; i < 60; ++i) {
            const std::string text = randomText(*grammar, random, 400);
            if (text.empty())
                continue;
            ++made;
            const Json value = Json::parse(text, nullptr, false);
            QVERIFY2(!value.is_discarded(), text.c_str());
            QVERIFY2(check.allows(value), text.c_str());
        }
        QVERIFY(made > 0);
    }

    void refuses_data()
    {
        QTest::addColumn<QString>("form");
        QTest::addColumn<QString>("says");
        for (const RefusedForm &one : refusedSchemas())
            QTest::newRow(one.name) << one.form << one.says;
    }
    void refuses()
    {
        QFETCH(QString, form);
        QFETCH(QString, says);
        const auto grammar = grammarOfSchema(form.toStdString());
        QVERIFY(!grammar);
        QVERIFY(grammar.error().code == ErrorCode::InvalidArgument
                || grammar.error().code == ErrorCode::Unsupported);
        const QString message = QString::fromStdString(grammar.error().message);
        QVERIFY2(message.contains(says), qPrintable(message));
    }

    void deepSchemasAreRefused()
    {
        std::string schema;
        for (int i = 0; i < 200; ++i)
            schema += "{\"items\":";
        schema += "{}" + std::string(200, '}');
        const auto grammar = grammarOfSchema(schema);
        QVERIFY(!grammar);
        QVERIFY(grammar.error().message.find("too deeply") != std::string::npos);
    }

    // What would take very long, very much memory or the stack.
    void hostileSchemasAreRefused_data()
    {
        QTest::addColumn<QByteArray>("schema");
        const auto row = [](const char *name, const std::string &schema) {
            QTest::newRow(name) << QByteArray::fromStdString(schema);
        };
        const auto list = [](int count, const auto &one) {
            std::string text;
            for (int i = 0; i < count; ++i)
                text += (i > 0 ? "," : "") + one(i);
            return text;
        };
        const auto name = [](int i) { return "\"p" + std::to_string(i) + "\":true"; };
        const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
        row("deep enum", "{\"enum\":[" + deep + "]}");
        row("deep annotation", "{\"default\":" + deep + "}");
        row("deep alternatives", [] {
            std::string text = "true";
            for (int i = 0; i < 300; ++i)
                text = "{\"anyOf\":[" + text + "]}";
            return text;
        }());
        row("many names", "{\"properties\":{" + list(20'000, name) + "}}");
        row("many names in many objects",
            "{\"anyOf\":[" + list(4, [&](int) {
                return "{\"properties\":{" + list(6'000, name) + "}}";
            }) + "]}");
        row("many alternatives that must be apart",
            "{\"oneOf\":[" + list(9'000, [](int i) {
                return "{\"const\":" + std::to_string(i) + "}";
            }) + "]}");
        row("one part again and again",
            "{\"$defs\":{\"d\":{\"properties\":{" + list(3'000, name) + "}}},\"allOf\":["
                + list(3'000, [](int) { return std::string("{\"$ref\":\"#/$defs/d\"}"); }) + "]}");
        row("enums of many",
            "{\"allOf\":[" + list(2, [&](int) {
                return "{\"enum\":[" + list(20'000, [](int i) { return std::to_string(i); }) + "]}";
            }) + "]}");
        row("long other names",
            "{\"properties\":{" + list(4'000, [](int i) {
                return "\"" + std::string(200, 'x') + std::to_string(i) + "\":true";
            }) + "},\"additionalProperties\":true}");
        row("pattern that grows",
            "{\"pattern\":\"^" + list(100'000, [](int) { return std::string("\\\\W"); }) + "$\"}");
    }
    void hostileSchemasAreRefused()
    {
        QFETCH(QByteArray, schema);
        const auto grammar =
            grammarOfSchema(std::string_view(schema.data(), std::size_t(schema.size())));
        QVERIFY(!grammar);
        const QString message = QString::fromStdString(grammar.error().message);
        QVERIFY2(message.contains("too large"), qPrintable(message.left(300)));
    }

    void largeSchemasAreAccepted()
    {
        std::string names;
        std::string required;
        std::string types;
        std::string alternatives;
        for (int i = 0; i < 2000; ++i) {
            names += (i > 0 ? "," : "") + ("\"p" + std::to_string(i)) + "\":{\"type\":\"null\"}";
            required += (i > 0 ? ",\"p" : "\"p") + std::to_string(1999 - i) + "\"";
            types += i > 0 ? ",\"integer\"" : "\"integer\"";
            if (i < 500)
                alternatives += (i > 0 ? "," : "") + ("{\"const\":" + std::to_string(i)) + "}";
        }
        for (const std::string &schema :
             {"{\"type\":\"object\",\"properties\":{" + names + "},\"required\":[" + required
                  + "]}",
              "{\"type\":[" + types + "]}", "{\"oneOf\":[" + alternatives + "]}"}) {
            const auto grammar = grammarOfSchema(schema);
            QVERIFY2(grammar, grammar ? "" : grammar.error().message.c_str());
        }
    }

    // Every integer of many ranges, one by one.
    void integerRanges()
    {
        std::mt19937 random(6);
        for (int round = 0; round < 60; ++round) {
            const int least = int(random() % 2500) - 1250;
            const int most = least + int(random() % (round % 2 ? 30 : 1500));
            const auto grammar = Grammar::parse("root ::= " + jsonIntegers(least, most));
            QVERIFY(grammar);
            GrammarMatcher matcher(*grammar);
            for (int value = -1400; value <= 3000; ++value) {
                const bool in =
                    matcher.canEnd(matcher.next(matcher.start(), std::to_string(value)));
                if (in != (value >= least && value <= most))
                    QFAIL(
                        qPrintable(QStringLiteral("%1 in %2..%3").arg(value).arg(least).arg(most)));
            }
        }
        QCOMPARE(jsonIntegers(3, 2), std::string());
    }
};

QTEST_APPLESS_MAIN(TestJsonSchema)
#include "tst_json_schema.moc"
