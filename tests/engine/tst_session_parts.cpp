// A session takes what a model writes apart, and ends it at the texts that the user named.
#include "core/engine/stop_text.h"
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
