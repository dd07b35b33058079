// A session takes what a model writes apart, and ends it at the texts that the user named.
#include "core/engine/stop_text.h"
#include "tests/support/adapter_file.h"
#include "told_executor.h"

using namespace alcove;
using namespace alcove::engine;
using namespace alcove::test;

namespace {

const std::vector<ChatMessage> kHello{{Role::User, "Hello"}};

std::unique_ptr<Session> sessionThatWrites(const QTemporaryDir &folder, const std::string &opening,
                                           const std::string &text)
{
    return openSession(hardwareThatWrites(text), 0, modelThatThinks(folder, opening));
}

struct Heard {
    std::string reasoning;
    std::string text;
    GenerationReport report;
};

Heard answerOf(Session &session, const GenerateOptions &options, bool takeApart = true)
{
    Heard heard;
    GenerateHooks hooks;
    hooks.text = [&](std::string_view piece) { heard.text += piece; };
    if (takeApart)
        hooks.reasoning = [&](std::string_view piece) { heard.reasoning += piece; };
    const auto report = session.answer(kHello, TemplateFallback::Refuse, options, hooks);
    if (!report)
        qFatal("%s", report.error().message.c_str());
    heard.report = *report;
    return heard;
}

} // namespace

class TestSessionParts : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void reasoningAndCallsAreSetApart()
    {
        QTemporaryDir folder;
        const std::string text =
            "Let me think.\n</think>\n\nBecause.\n<tool_call>\n{\"name\": \"get\", "
            "\"arguments\": {\"a\": 1}}\n</tool_call>";
        const auto session = sessionThatWrites(folder, "<think>\\n", text);
        QVERIFY(session);
        const Heard heard = answerOf(*session, greedy());
        QCOMPARE(heard.reasoning, std::string("Let me think."));
        QCOMPARE(heard.text, std::string("Because."));
        QCOMPARE(heard.report.toolCalls.size(), std::size_t(1));
        QCOMPARE(heard.report.toolCalls[0].name, std::string("get"));
        QCOMPARE(heard.report.toolCalls[0].arguments, std::string("{\"a\":1}"));
        QCOMPARE(heard.report.reason, StopReason::EndOfTurn);
        // Who does not ask for the parts gets what the model wrote.
        const Heard whole = answerOf(*session, greedy(), false);
        QCOMPARE(whole.text, text);
        QVERIFY(whole.report.toolCalls.empty());
    }

    void reasoningThatTheModelOpensItself()
    {
        QTemporaryDir folder;
        const auto session = sessionThatWrites(folder, "", "<think>hm</think>Yes <b>.");
        QVERIFY(session);
        const Heard heard = answerOf(*session, greedy());
        QCOMPARE(heard.reasoning, std::string("hm"));
        QCOMPARE(heard.text, std::string("Yes <b>."));
    }

    void anAnswerCutOffKeepsItsText()
    {
        QTemporaryDir folder;
        const auto session = sessionThatWrites(folder, "", "A <think");
        QVERIFY(session);
        QCOMPARE(answerOf(*session, greedy()).text, std::string("A <think"));
    }

    void stopTextsEndAnAnswerAndAreNotShown()
    {
        QTemporaryDir folder;
        const auto session = sessionThatWrites(folder, "", "one two three four");
        QVERIFY(session);
        GenerateOptions options = greedy();
        options.stopTexts = {"never", " thr", "four"};
        const Heard heard = answerOf(*session, options);
        QCOMPARE(heard.text, std::string("one two"));
        QCOMPARE(heard.report.reason, StopReason::StopText);
        options.stopTexts = {"fourth"};
        QCOMPARE(answerOf(*session, options).text, std::string("one two three four"));
        QCOMPARE(answerOf(*session, options).report.reason, StopReason::EndOfTurn);
        // Texts to continue know them too.
        std::string text;
        GenerateHooks hooks;
        hooks.text = [&](std::string_view piece) { text += piece; };
        options.stopTexts = {"two"};
        const auto report = session->continueText("Hello", options, hooks);
        QVERIFY(report);
        QCOMPARE(text, std::string("one "));
        QCOMPARE(report->reason, StopReason::StopText);
    }

    void stopTextsAreFoundAcrossPieces()
    {
        const std::string text = "aabaabaac";
        const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
            {{"aabaac"}, "aab"}, {{"baa", "abaa"}, "a"},
            {{"c"}, "aabaabaa"}, {{"x", ""}, text},
            {{}, text},          {{"aabaabaacx"}, text},
            {{"ba", "aab"}, ""}, {{"acx", "baac"}, "aabaa"},
        };
        for (const auto &[enders, expected] : cases) {
            for (std::size_t cut = 0; cut < (std::size_t(1) << (text.size() - 1)); ++cut) {
                StopText stop(enders);
                std::string shown;
                std::string piece;
                for (std::size_t i = 0; i < text.size(); ++i) {
                    piece.push_back(text[i]);
                    if ((cut >> i) & 1 || i + 1 == text.size()) {
                        shown += stop.append(piece);
                        QVERIFY(expected.substr(0, shown.size()) == shown);
                        piece.clear();
                    }
                }
                shown += stop.finish();
                QCOMPARE(shown, expected);
                QCOMPARE(stop.found().has_value(), expected != text);
            }
        }
    }

    // Without a reload; what the cache held is computed anew; a device made anew has them too.
    void adaptersAreExchanged()
    {
        QTemporaryDir folder;
        const auto session = openSession(processorOnly());
        QVERIFY(session);
        const std::string path = folder.filePath(QStringLiteral("lora.gguf")).toStdString();
        std::ofstream(path, std::ios::binary) << adapterFor(session->model(), 4, 3);
        const auto written = [&](engine::Session &one) {
            std::vector<llm::Token> all;
            engine::GenerateHooks hooks;
            hooks.token = [&](llm::Token token) { all.push_back(token); };
            engine::GenerateOptions options = greedy(12);
            options.endOfTurn = engine::EndOfTurn::Ignore;
            const auto report = one.continueText("The", options, hooks);
            return report && report->reusedTokens == 0 ? all : std::vector<llm::Token>();
        };
        const auto plain = written(*session);
        QVERIFY(!plain.empty());
        QVERIFY(!session->cachedTokens().empty());
        QVERIFY(session->setAdapters({{path, 20.0f}}));
        QVERIFY(session->cachedTokens().empty());
        const auto adapted = written(*session);
        QVERIFY(!adapted.empty() && adapted != plain);

        const auto missing = session->setAdapters({{path + ".none", 1.0f}});
        QVERIFY(!missing);
        QCOMPARE(missing.error().code, ErrorCode::NotFound);
        const auto model = session->setAdapters({{starterPath(), 1.0f}});
        QVERIFY(!model);
        QVERIFY(session->bareExecutor()); // empties the cache
        QVERIFY(written(*session) == adapted); // the old ones stay
        QVERIFY(session->setAdapters({}));
        QVERIFY(written(*session) == plain);

        engine::SessionOptions options;
        options.modelPath = starterPath();
        options.adapters = {{path, 20.0f}};
        const auto second = engine::Session::open(processorOnly(), options);
        QVERIFY(second);
        QVERIFY(written(**second) == adapted);
        options.adapters = {{path + ".none", 1.0f}};
        QVERIFY(!engine::Session::open(processorOnly(), options));
    }

    void aTextThatCannotBeEmbeddedFailsAlone()
    {
        const auto session = openSession(processorOnly(), 64);
        QVERIFY(session);
        const std::vector<std::string> texts{"A book.", "", std::string(4000, 'x'), "A hall."};
        const auto results = session->embedAll(texts);
        QCOMPARE(results.size(), texts.size());
        QVERIFY(results[0] && results[3]);
        QCOMPARE(results[1].error().code, ErrorCode::InvalidArgument);
        QCOMPARE(results[2].error().code, ErrorCode::ContextFull);
        for (const std::size_t i : {0, 3}) {
            const auto alone = session->embed(texts[i]);
            QVERIFY(alone);
            QVERIFY(nmse(results[i]->values, alone->values) < 1e-9);
            QCOMPARE(results[i]->tokens, alone->tokens);
        }
        const CancelToken cancel = [] {
            CancelToken token;
            token.cancel();
            return token;
        }();
        for (const auto &result : session->embedAll(texts, cancel))
            QVERIFY(!result);
        QVERIFY(session->embedAll({}).empty());
    }

    void embeddingsAreOfTheText()
    {
        const auto session = openSession(processorOnly(), 64);
        QVERIFY(session);
        const auto none = session->embed("");
        QVERIFY(!none);
        QVERIFY(none.error().code == ErrorCode::InvalidArgument);
        const auto tooLong = session->embed(std::string(4000, '!'));
        QVERIFY(!tooLong);
        QVERIFY(tooLong.error().code == ErrorCode::ContextFull);
    }
};

QTEST_APPLESS_MAIN(TestSessionParts)
#include "tst_session_parts.moc"
