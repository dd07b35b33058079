// What models write, taken apart: reasoning, answer and tool calls of every family whose template
// is beside this checkout, with the text in one piece, in every two, and letter by letter.
#include "core/llm/answer_parser.h"
#include "core/llm/loose_literal.h"
#include "tests/support/fixtures.h"

#include <QTest>

#include <random>

using namespace alcove;
using namespace alcove::llm;

namespace {

struct Parted {
    std::string reasoning;
    std::string answer;
    std::vector<ToolCall> calls;
};

Parted part(const AnswerFormat &format, AnswerStart start, const std::vector<std::string> &pieces)
{
    AnswerParser parser(format, start);
    Parted out;
    const auto add = [&out](const AnswerParser::Pieces &got) {
        out.reasoning += got.reasoning;
        out.answer += got.answer;
    };
    for (const std::string &piece : pieces)
        add(parser.append(piece));
    add(parser.finish());
    out.calls = parser.toolCalls();
    return out;
}

QString show(const Parted &parted)
{
    QString text =
        QStringLiteral("reasoning [%1] answer [%2]")
            .arg(QString::fromStdString(parted.reasoning), QString::fromStdString(parted.answer));
    for (const ToolCall &call : parted.calls)
        text += QStringLiteral(" call %1 %2(%3)%4")
                    .arg(QString::fromStdString(call.id), QString::fromStdString(call.name),
                         QString::fromStdString(call.arguments),
                         QString::fromLatin1(call.error.empty() ? "" : " unreadable"));
    return text;
}

std::vector<std::string> letters(const std::string &text)
{
    std::vector<std::string> pieces;
    for (char c : text)
        pieces.emplace_back(1, c);
    return pieces;
}

std::string templateText(const char *name)
{
    const std::string path = test::fixture(std::string("templates/") + name + ".jinja");
    return path.empty() ? std::string() : test::readFile(path);
}

// The same however the text arrives.
void checkAllCuts(const AnswerFormat &format, AnswerStart start, const std::string &text,
                  const QString &expected)
{
    QCOMPARE(show(part(format, start, {text})), expected);
    QCOMPARE(show(part(format, start, letters(text))), expected);
    for (std::size_t at = 1; at < text.size(); ++at)
        QCOMPARE(show(part(format, start, {text.substr(0, at), text.substr(at)})), expected);
}

} // namespace

class TestAnswerParser : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void families_data()
    {
        QTest::addColumn<QString>("name"); // of the template
        QTest::addColumn<QString>("prompt"); // its end
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("expected");
        const auto row = [](const char *name, const char *prompt, const char *text,
                            const char *expected) {
            QTest::newRow(qPrintable(QStringLiteral("%1: %2").arg(
                QString::fromLatin1(name), QString::fromUtf8(text).left(40).simplified())))
                << QString::fromLatin1(name) << QString::fromUtf8(prompt) << QString::fromUtf8(text)
                << QString::fromUtf8(expected);
        };
        const char *hermes =
            "<tool_call>\n{\"name\": \"get\", \"arguments\": {\"a\": [1, \"}\"]}}\n"
            "</tool_call>";
        const char *hermesCall = "reasoning [] answer [] call  get({\"a\":[1,\"}\"]})";
        row("Qwen-Qwen3-0.6B", "<|im_start|>assistant\n",
            "<think>\nHm.\n\nWell\n</think>\n\nYes.\n", "reasoning [Hm.\n\nWell] answer [Yes.\n]");
        row("Qwen-Qwen3-0.6B", "<|im_start|>assistant\n<think>\n\n</think>\n\n", "Yes <b>.",
            "reasoning [] answer [Yes <b>.]");
        row("Qwen-Qwen3-0.6B", "", "<think>\n\n</think>\n\nYes", "reasoning [] answer [Yes]");
        row("Qwen-Qwen3-0.6B", "", hermes, hermesCall);
        row("Qwen-Qwen3-0.6B", "",
            "<think>a</think>Let me see.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n"
            "</tool_call>\n<tool_call>\n{\"name\": \"g\", \"arguments\": {\"x\": "
            "nope}}\n</tool_call>",
            "reasoning [a] answer [Let me see.] call  f({}) call  ({\"name\": \"g\", "
            "\"arguments\": "
            "{\"x\": nope}}) unreadable");
        row("Qwen-Qwen2.5-7B-Instruct", "", hermes, hermesCall);
        row("NousResearch-Hermes-3-Llama-3.1-8B-tool_use", "", hermes, hermesCall);
        row("Reka-Edge", "", hermes, hermesCall);
        row("Bielik-11B-v3.0-Instruct", "<think>\n", "hm</think>Tak",
            "reasoning [hm] answer [Tak]");
        row("deepseek-ai-DeepSeek-R1-Distill-Llama-8B", "<\uFF5CAssistant\uFF5C><think>\n",
            "So.\n</think>\n\nFour.", "reasoning [So.] answer [Four.]");
        row("deepseek-ai-DeepSeek-R1-Distill-Llama-8B", "<\uFF5CAssistant\uFF5C><think>\n",
            "never ends", "reasoning [never ends] answer []");
        row("deepseek-ai-DeepSeek-R1-Distill-Llama-8B", "",
            "<\uFF5Ctool\u2581calls\u2581begin\uFF5C><\uFF5Ctool\u2581call\u2581begin\uFF5C>"
            "function"
            "<\uFF5Ctool\u2581sep\uFF5C>get\n```json\n{\"a\": 1}\n```<\uFF5Ctool\u2581call\u2581end"
            "\uFF5C><\uFF5Ctool\u2581calls\u2581end\uFF5C>",
            "reasoning [] answer [] call  get({\"a\": 1})");
        row("deepseek-ai-DeepSeek-V3.1", "",
            "Wait.<\uFF5Ctool\u2581calls\u2581begin\uFF5C><\uFF5Ctool\u2581call\u2581begin\uFF5C>"
            "get"
            "<\uFF5Ctool\u2581sep\uFF5C>{\"a\": 1}<\uFF5Ctool\u2581call\u2581end\uFF5C>"
            "<\uFF5Ctool\u2581call\u2581begin\uFF5C>put<\uFF5Ctool\u2581sep\uFF5C>{}"
            "<\uFF5Ctool\u2581call\u2581end\uFF5C><\uFF5Ctool\u2581calls\u2581end\uFF5C>",
            "reasoning [] answer [Wait.] call  get({\"a\": 1}) call  put({})");
        row("deepseek-ai-DeepSeek-V4-Flash-0731", "<think>",
            "t</think>ok\n\n<\uFF5CDSML\uFF5Ctool_calls>\n<\uFF5CDSML\uFF5Cinvoke name=\"get\">\n"
            "<\uFF5CDSML\uFF5Cparameter name=\"a\" string=\"true\">12</\uFF5CDSML\uFF5Cparameter>\n"
            "<\uFF5CDSML\uFF5Cparameter name=\"b\" "
            "string=\"false\">12</\uFF5CDSML\uFF5Cparameter>\n"
            "</\uFF5CDSML\uFF5Cinvoke>\n</\uFF5CDSML\uFF5Ctool_calls>",
            "reasoning [t] answer [ok] call  get({\"a\":\"12\",\"b\":12})");
        row("Qwen3-Coder", "",
            "<tool_call>\n<function=get>\n<parameter=city>\nSão "
            "Paulo\n</parameter>\n<parameter=n>\n3\n"
            "</parameter>\n<parameter=code>\nif a:\n  b\n</parameter>\n</function>\n</tool_call>",
            "reasoning [] answer [] call  get({\"city\":\"São Paulo\",\"n\":3,\"code\":\"if a:\\n  "
            "b\"})");
        row("Qwen3-Coder", "", "<function=get>\n<parameter=a>\n1\n</parameter>\n</function>",
            "reasoning [] answer [] call  get({\"a\":1})");
        row("MiniMax-M2", "<think>\n",
            "t\n</think>\n\n<minimax:tool_call>\n<invoke name=\"get\">\n<parameter name=\"a\">x y"
            "</parameter>\n<parameter name=\"b\">[1]</parameter>\n</invoke>\n</minimax:tool_call>",
            "reasoning [t] answer [] call  get({\"a\":\"x y\",\"b\":[1]})");
        row("GLM-4.7-Flash", "<think>",
            "t</think>Now<tool_call>get<arg_key>a</arg_key><arg_value>x</arg_value><arg_key>b</"
            "arg_key>"
            "<arg_value>{\"c\": 1}</arg_value></tool_call>",
            "reasoning [t] answer [Now] call  get({\"a\":\"x\",\"b\":{\"c\":1}})");
        row("poolside-Laguna-XS.2", "</think>", "<tool_call>now</tool_call>",
            "reasoning [] answer [] call  now({})");
        row("Kimi-K2-Instruct", "",
            "Ok<|tool_calls_section_begin|><|tool_call_begin|>functions.get:0"
            "<|tool_call_argument_begin|>{\"a\": 1}<|tool_call_end|><|tool_calls_section_end|>",
            "reasoning [] answer [Ok] call functions.get:0 get({\"a\": 1})");
        row("Mistral-Small-3.2-24B-Instruct-2506", "",
            "[TOOL_CALLS]get[CALL_ID]abc123def[ARGS]{\"a\": 1}[TOOL_CALLS]put[ARGS]{}",
            "reasoning [] answer [] call abc123def get({\"a\": 1}) call  put({})");
        row("mistralai-Mistral-Nemo-Instruct-2407", "",
            "[TOOL_CALLS][{\"name\": \"get\", \"arguments\": {\"a\": 1}, \"id\": \"abc\"}, "
            "{\"name\": "
            "\"put\", \"arguments\": {}}]",
            "reasoning [] answer [] call abc get({\"a\":1}) call  put({})");
        row("ibm-granite-granite-3.3-2B-Instruct", "",
            "<think>hm</think>\n<response>Yes</response>", "reasoning [hm] answer [Yes]");
        row("ibm-granite-granite-4.1", "", hermes, hermesCall);
        row("CohereForAI-c4ai-command-r7b-12-2024-tool_use", "<|CHATBOT_TOKEN|>",
            "<|START_THINKING|>plan<|END_THINKING|><|START_ACTION|>[\n    {\"tool_call_id\": "
            "\"0\", "
            "\"tool_name\": \"get\", \"parameters\": {\"a\": 1}}\n]<|END_ACTION|>",
            "reasoning [plan] answer [] call 0 get({\"a\":1})");
        row("CohereForAI-c4ai-command-r7b-12-2024-tool_use", "<|CHATBOT_TOKEN|>",
            "<|START_RESPONSE|>Yes.<|END_RESPONSE|>", "reasoning [] answer [Yes.]");
        row("Cohere2MoE", "<|START_THINKING|>", "hm<|END_THINKING|><|START_TEXT|>Yes.<|END_TEXT|>",
            "reasoning [hm] answer [Yes.]");
        row("NVIDIA-Nemotron-Nano-v2", "<think>\n",
            "t\n</think>\n<TOOLCALL>[{\"name\": \"get\", \"arguments\": {\"a\": 1}}]</TOOLCALL>",
            "reasoning [t] answer [] call  get({\"a\":1})");
        row("Apertus-8B-Instruct", "<|assistant_start|>",
            "<|inner_prefix|>t<|inner_suffix|>a<|tools_prefix|>[{\"get\": {\"a\": "
            "1}}]<|tools_suffix|>",
            "reasoning [t] answer [a] call  get({\"a\":1})");
        row("unsloth-Apriel-1.5", "",
            "<thinking>t</thinking>\n<tool_calls>[{\"name\": \"get\", \"arguments\": {\"a\": 1}, "
            "\"id\": \"7\"}]</tool_calls>",
            "reasoning [t] answer [] call 7 get({\"a\":1})");
        row("upstage-Solar-Open-100B", "<|begin|>assistant",
            "<|think|>t<|end|><|begin|>assistant<|content|>Yes", "reasoning [t] answer [Yes]");
        row("upstage-Solar-Open-100B", "<|begin|>assistant",
            "<|think|>t<|end|><|begin|>assistant<|tool_calls|><|tool_call:begin|>id7"
            "<|tool_call:name|>get<|tool_call:args|>{\"a\": 1}<|tool_call:end|>",
            "reasoning [t] answer [] call id7 get({\"a\": 1})");
        row("LFM2-8B-A1B", "",
            "<|tool_call_start|>[get(a=\"x\", b=[1, None], c={'d': True}), "
            "put()]<|tool_call_end|>Done",
            "reasoning [] answer [Done] call  get({\"a\":\"x\",\"b\":[1,null],\"c\":{\"d\":true}}) "
            "call  "
            "put({})");
        row("google-gemma-4-31B-it-interleaved", "<|turn>model\n",
            "<|channel>thought\nhm<channel|>See:<|tool_call>call:get{a:<|\"|>x "
            "\"y\"<|\"|>,b:[1,true],"
            "c:{d:1.5}}<tool_call|>",
            "reasoning [hm] answer [See:] call  get({\"a\":\"x "
            "\\\"y\\\"\",\"b\":[1,true],\"c\":{\"d\":1.5}})");
        row("GigaChat3.1-10B-A1.8B", "",
            "<|function_call|>{\"name\": \"get\", \"arguments\": {\"a\": 1}}",
            "reasoning [] answer [] call  get({\"a\":1})");
        row("meta-llama-Llama-3.1-8B-Instruct", "",
            "{\"name\": \"get\", \"parameters\": {\"a\": 1}}",
            "reasoning [] answer [] call  get({\"a\":1})");
        row("meta-llama-Llama-3.2-3B-Instruct", "", "{\"name\": \"Bob\", \"age\": 3} is JSON.",
            "reasoning [] answer [{\"name\": \"Bob\", \"age\": 3} is JSON.]");
        row("meta-llama-Llama-3.1-8B-Instruct", "", "{\"a\": 1}",
            "reasoning [] answer [{\"a\": 1}]");
        row("meta-llama-Llama-3.1-8B-Instruct", "", "<|python_tag|>brave_search.call(query=\"x\")",
            "reasoning [] answer [] call  brave_search.call({\"query\":\"x\"})");
        row("fireworks-ai-llama-3-firefunction-v2", "",
            " functools[{\"name\": \"get\", \"arguments\": {\"a\": 1}}]",
            "reasoning [] answer [] call  get({\"a\":1})");
        row("meetkai-functionary-medium-v3.2", "assistant<|end_header_id|>\n\n>>>",
            "all\nLet me see.>>>get\n{\"a\": 1}>>>put\n{}",
            "reasoning [] answer [Let me see.] call  get({\"a\": 1}) call  put({})");
        row("meetkai-functionary-medium-v3.2", "assistant<|end_header_id|>\n\n>>>",
            "all\nType >>> 1 + 1\nand", "reasoning [] answer [Type >>> 1 + 1\nand]");
        row("openai-gpt-oss-120b", "<|start|>assistant",
            "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>"
            "Yes.",
            "reasoning [hm] answer [Yes.]");
        row("openai-gpt-oss-120b", "<|start|>assistant",
            "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary "
            "to=functions.get <|constrain|>json<|message|>{\"a\": 1}<|call|>",
            "reasoning [hm] answer [] call  get({\"a\": 1})");
        row("openai-gpt-oss-120b", "<|start|>assistant",
            "<|channel|>commentary<|message|>First.<|end|><|start|>assistant to=functions.get"
            "<|channel|>commentary json<|message|>{broken",
            "reasoning [] answer [First.] call  get({broken) unreadable");
        row("openai-gpt-oss-120b", "<|start|>assistant", "Just text <b>",
            "reasoning [] answer [Just text <b>]");
        row("microsoft-Phi-3.5-mini-instruct", "", " <think> is shown, and {\"name\": 1} too. ",
            "reasoning [] answer [ <think> is shown, and {\"name\": 1} too. ]");
        row("google-gemma-2-2b-it", "", "<tool_call>x</tool_call>\n",
            "reasoning [] answer [<tool_call>x</tool_call>\n]");
    }

    void families()
    {
        QFETCH(QString, name);
        QFETCH(QString, prompt);
        QFETCH(QString, text);
        QFETCH(QString, expected);
        const std::string source = templateText(qPrintable(name));
        if (source.empty())
            QSKIP("shared/fixtures/templates is not beside this checkout");
        const AnswerFormat format = AnswerFormat::detect(source, nullptr);
        checkAllCuts(format, format.startAfter(prompt.toStdString()), text.toStdString(), expected);
    }

    void textIsGivenOnAsSoonAsItIsCertain()
    {
        AnswerParser parser(AnswerFormat::detect("<think></think><tool_call>", nullptr),
                            AnswerStart::Answer);
        QCOMPARE(parser.append("Hello").answer, std::string("Hello"));
        QCOMPARE(parser.append(" ").answer, std::string()); // may stand before a marker
        QCOMPARE(parser.append("a <").answer, std::string(" a"));
        QCOMPARE(parser.append("b").answer, std::string(" <b"));
        QCOMPARE(parser.append("<thin").answer, std::string());
        QCOMPARE(parser.append("g>").answer, std::string("<thing>"));
        QCOMPARE(parser.append("<think").answer, std::string());
        const auto pieces = parser.append(">why");
        QCOMPARE(pieces.answer, std::string());
        QCOMPARE(pieces.reasoning, std::string("why"));
        QCOMPARE(parser.append("</tool_call>").reasoning, std::string("</tool_call>"));
        QCOMPARE(parser.append("</think>x<tool_").answer, std::string("x"));
        QCOMPARE(parser.finish().answer, std::string("<tool_"));
    }

    void withoutMarkersEverythingPassesAtOnce()
    {
        const AnswerFormat plain = AnswerFormat::detect("{{ messages }}", nullptr);
        QVERIFY(plain.isPlain());
        AnswerParser parser(plain, AnswerStart::Answer);
        for (const char *piece : {" <", "think>", "\n", "{", "<tool_call>"})
            QCOMPARE(parser.append(piece).answer, std::string(piece));
        QCOMPARE(parser.finish().answer, std::string());
        QVERIFY(!plain.isMarker("<think>"));
    }

    void specialTokensThatAreMarkersAreKnown()
    {
        const AnswerFormat format = AnswerFormat::detect("<think><tool_call>", nullptr);
        QVERIFY(format.isMarker("<think>"));
        QVERIFY(format.isMarker("</tool_call>"));
        QVERIFY(!format.isMarker("<|im_end|>"));
        QVERIFY(!format.isMarker(""));
        const AnswerFormat harmony = AnswerFormat::detect("<|channel|><|message|>", nullptr);
        QVERIFY(harmony.isMarker("<|channel|>"));
        QVERIFY(!harmony.isMarker("<think>"));
    }

    // Whatever a model writes, however it is cut: the same parts, and every letter of it that is no
    // marker and no white space is in one of them.
    void nothingIsLost()
    {
        const std::vector<std::string> words = {"<think>",
                                                "</think>",
                                                "<tool_call>",
                                                "</tool_call>",
                                                "a",
                                                "b ",
                                                "\n",
                                                "<",
                                                "{\"name\":",
                                                "\"f\",",
                                                "\"arguments\": {}}",
                                                ">>>",
                                                "all\n",
                                                "<|channel|>",
                                                "final",
                                                "<|message|>",
                                                "<|end|>",
                                                "<|start|>",
                                                "assistant",
                                                " to=f",
                                                "[TOOL_CALLS]",
                                                "<function=",
                                                "functools["};
        std::mt19937 random(8);
        for (const char *source :
             {"<think></think><tool_call>[TOOL_CALLS]<function=functools[", ">>>all",
              "<|channel|><|message|>", "\"parameters\"<|start_header_id|>tools"}) {
            const AnswerFormat format = AnswerFormat::detect(source, nullptr);
            for (int i = 0; i < 2000; ++i) {
                std::string text;
                for (std::size_t n = random() % 12; n > 0; --n)
                    text += words[random() % words.size()];
                const auto start = static_cast<AnswerStart>(
                    format.headers == AnswerFormat::Headers::None ? random() % 2
                                                                  : 2 * (random() % 2));
                const Parted whole = part(format, start, {text});
                QCOMPARE(show(part(format, start, letters(text))), show(whole));
                std::string all = whole.reasoning + whole.answer;
                for (const ToolCall &call : whole.calls)
                    all += call.name + call.arguments;
                for (char letter : {'a', 'b'}) {
                    // Not "assistant", "all" and "final": words of headers.
                    if (format.headers == AnswerFormat::Headers::None && letter == 'b')
                        QVERIFY2(std::count(all.begin(), all.end(), letter)
                                     >= std::count(text.begin(), text.end(), letter),
                                 text.c_str());
                }
            }
        }
    }

    // What begins like a call's JSON in one piece with a marker behind it.
    void markersBehindWhatBeginsLikeACall()
    {
        const AnswerFormat format =
            AnswerFormat::detect("\"parameters\"<|start_header_id|>tools<|python_tag|>", nullptr);
        QVERIFY(format.bareToolCalls);
        checkAllCuts(format, AnswerStart::Answer, "{\"name\":&\"f\" and <|python_tag|>x.y(z=1)",
                     "reasoning [] answer [{\"name\":&\"f\" and] call  x.y({\"z\":1})");
        checkAllCuts(format, AnswerStart::Answer, "{\"nam <|python_tag|>",
                     "reasoning [] answer [{\"nam]");
    }

    void callsWithoutANameAreUnreadable()
    {
        for (const char *text :
             {"{\"\": {}}", "{\"name\": \"\", \"arguments\": {}}", "{\"name\": \"\"}",
              "{\"name\": \"\", \"arguments\": \"{}\"}", "{\"function\": \"\"}"}) {
            const std::vector<ToolCall> calls = readToolCalls(text);
            QCOMPARE(calls.size(), 1u);
            QVERIFY2(!calls[0].error.empty(), text);
            QCOMPARE(calls[0].arguments, std::string(text));
        }
    }

    void kimisCallsNeedANameToo()
    {
        for (const char *name : {"", "functions.:0"}) {
            const std::vector<ToolCall> calls =
                readToolCalls("<|tool_call_begin|>" + std::string(name)
                              + "<|tool_call_argument_begin|>{}<|tool_call_end|>");
            QCOMPARE(calls.size(), 1u);
            QVERIFY(!calls[0].error.empty());
        }
    }

    // Each byte is looked at a few times, not once for every other.
    void manyBracketsAreReadInOneGo()
    {
        constexpr int kCount = 30'000;
        std::string calls;
        std::string brackets = "{\"name\":\"f\",\"parameters\":{\"a\":[1";
        for (int i = 0; i < kCount; ++i) {
            calls += "{\"name\":\"f" + std::to_string(i) + "\"}, ";
            brackets += ",{}";
        }
        const std::vector<ToolCall> read = readToolCalls(calls);
        QCOMPARE(read.size(), std::size_t(kCount));
        QCOMPARE(read.back().name, "f" + std::to_string(kCount - 1));
        AnswerFormat format;
        format.bareToolCalls = true;
        const Parted parted = part(format, AnswerStart::Answer, letters(brackets + "]}} \n"));
        QCOMPARE(parted.calls.size(), 1u);
        QCOMPARE(parted.calls[0].name, std::string("f"));
        QVERIFY(parted.calls[0].error.empty() && parted.answer.empty());
    }

    void jsonIsReadWhereItIsModest()
    {
        const auto deep = [](std::size_t depth) {
            return std::string(depth, '[') + std::string(depth, ']');
        };
        const auto wide = [](int names) {
            std::string text = "{";
            for (int i = 0; i < names; ++i)
                text += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":1";
            return text + "}";
        };
        QVERIFY(parseBoundedJson(deep(100)) && !parseBoundedJson(deep(101)));
        QVERIFY(!parseBoundedJson(deep(500'000)));
        QVERIFY(parseBoundedJson("[" + wide(5'000) + "]"));
        QVERIFY(!parseBoundedJson(wide(9'000)));
        QVERIFY(!parseBoundedJson("[" + wide(6'000) + "," + wide(6'000) + "]"));
        // Brackets and colons in texts are none.
        QVERIFY(parseBoundedJson("[\"" + std::string(200, '[') + std::string(99'999, ':') + "\"]"));
    }

    void hostileCallsAreKeptAsText()
    {
        const std::string deep(100000, '[');
        for (const std::string &text :
             {deep, "{\"name\": \"f\", \"arguments\": " + deep, "f(a=" + deep, "call:f{a:" + deep,
              std::string("\xFF\xFE{"), std::string("f(a=\"\\u12"), std::string("{\"name\": 3}")}) {
            const auto calls = readToolCalls(text);
            QCOMPARE(calls.size(), std::size_t(1));
            QVERIFY(!calls[0].error.empty());
            QVERIFY(!calls[0].arguments.empty());
        }
        QVERIFY(readToolCalls(" \n").empty());
        const auto stringArguments =
            readToolCalls("{\"name\": \"f\", \"arguments\": \"{\\\"a\\\": 1}\"}");
        QCOMPARE(stringArguments.at(0).arguments, std::string("{\"a\": 1}"));
        const auto openAi =
            readToolCalls("{\"id\": \"c1\", \"function\": {\"name\": \"f\", \"arguments\": {}}}");
        QCOMPARE(openAi.at(0).name, std::string("f"));
        QCOMPARE(openAi.at(0).id, std::string("c1"));
        QCOMPARE(readToolCalls("{\"name\": \"f\"} {\"name\": \"g\"}").size(), std::size_t(2));
    }
};

QTEST_APPLESS_MAIN(TestAnswerParser)
#include "tst_answer_parser.moc"
