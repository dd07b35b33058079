// Answers of a given form: whatever the model would rather say, they are of it, on every device.
#include "core/llm/grammar/json_schema.h"
#include "session_support.h"
#include "tests/support/json_schema_check.h"

using namespace alcove;
using namespace alcove::engine;
using namespace alcove::test;

namespace {

constexpr const char *kSchemas[] = {
    R"({"type": "object", "properties": {"name": {"type": "string", "maxLength": 12},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "tags": {"type": "array", "items": {"enum": ["red", "green", "blue"]}, "maxItems": 3},
        "note": {"anyOf": [{"type": "null"}, {"type": "string", "maxLength": 20}]}},
        "required": ["name", "age", "tags"]})",
    R"({"type": "array", "items": {"$ref": "#/$defs/pair"}, "minItems": 2, "maxItems": 3,
        "$defs": {"pair": {"prefixItems": [{"type": "boolean"}, {"const": "日本"}],
                           "items": false, "minItems": 2}}})",
    R"({"type": "string", "format": "date"})",
    R"({"oneOf": [{"type": "null"}, {"type": "object", "properties": {"ok": {"type": "boolean"}},
        "required": ["ok"], "additionalProperties": false}]})",
};

std::shared_ptr<const llm::Grammar> grammarOf(const char *schema)
{
    auto grammar = llm::grammarOfSchema(schema);
    if (!grammar)
        qWarning("%s", grammar.error().message.c_str());
    return grammar ? *grammar : nullptr;
}

const std::vector<ChatMessage> kWho{{Role::User, "Who are you?"}};

void checkForms(Session &session)
{
    for (const char *schema : kSchemas) {
        const SchemaCheck check(SchemaCheck::Json::parse(schema));
        GenerateOptions options = greedy(400);
        options.grammar = grammarOf(schema);
        QVERIFY(options.grammar);
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
            options.sampling.temperature = seed == 0 ? 0.0f : 1.0f;
            options.sampling.seed = seed;
            const Answer answer = ask(session, kWho, options);
            QVERIFY2(answer.report, answer.report ? "" : answer.report.error().message.c_str());
            QCOMPARE(answer.report->reason, StopReason::EndOfTurn);
            const auto value = SchemaCheck::Json::parse(answer.text, nullptr, false);
            QVERIFY2(!value.is_discarded() && check.allows(value), answer.text.c_str());
        }
    }
}

} // namespace

class TestAnswerForm : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void jsonOnTheProcessor()
    {
        const auto session = openSession(processorOnly());
        QVERIFY(session);
        checkForms(*session);
    }

    void jsonOnVulkan()
    {
        SessionOptions options;
        options.modelPath = starterPath();
        options.executor.contextLength = 512;
        options.device = DeviceRequest::parse("vulkan").value();
        const auto session = Session::open(Hardware::ofThisMachine({}), options);
        if (!session)
            QSKIP("There is no Vulkan device here.");
        checkForms(**session);
    }

    void anyGrammarWillDo()
    {
        const auto session = openSession(processorOnly());
        QVERIFY(session);
        GenerateOptions options = greedy(100);
        options.grammar = *llm::Grammar::parse("root ::= (\"yes\" | \"no\") \".\"{3}");
        const Answer answer = ask(*session, kWho, options);
        QVERIFY(answer.report);
        QVERIFY2(answer.text == "yes..." || answer.text == "no...", answer.text.c_str());
        QCOMPARE(answer.report->reason, StopReason::EndOfTurn);
    }

    // A form that may go on for ever ends with the answer's longest.
    void endlessFormsEndWithTheAnswer()
    {
        const auto session = openSession(processorOnly());
        QVERIFY(session);
        GenerateOptions options = greedy(20);
        options.grammar = *llm::Grammar::parse("root ::= [0-9] root");
        const Answer answer = ask(*session, kWho, options);
        QVERIFY(answer.report);
        QCOMPARE(answer.report->reason, StopReason::MaxTokens);
        QVERIFY(answer.text.find_first_not_of("0123456789") == std::string::npos);
    }

    // The same seed gives the same text, form or not.
    void sameSeedSameText()
    {
        const auto session = openSession(processorOnly());
        QVERIFY(session);
        GenerateOptions options = greedy(60);
        options.sampling.temperature = 1.5f;
        options.sampling.seed = 5;
        options.grammar = *llm::Grammar::parse("root ::= [a-z ]{40}");
        const Answer first = ask(*session, kWho, options);
        const Answer second = ask(*session, kWho, options);
        QVERIFY(first.report && second.report);
        QCOMPARE(first.text.size(), std::size_t(40));
        QCOMPARE(first.text, second.text);
        options.sampling.seed = 6;
        QVERIFY(ask(*session, kWho, options).text != first.text);
    }
};

QTEST_APPLESS_MAIN(TestAnswerForm)
#include "tst_answer_form.moc"
