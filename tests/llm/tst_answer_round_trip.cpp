// What a template writes for an assistant's turn is what its model was taught to write: rendered,
// made tokens and taken apart again it has to give the same reasoning, answer and tool calls, and
// the token behind it has to end the answer.
#include "core/llm/answer_parser.h"
#include "core/llm/loose_literal.h"
#include "core/llm/template_case.h"
#include "tests/support/fixtures.h"
#include "tests/support/vocabulary_file.h"

#include <QRegularExpression>
#include <QTest>

#include <algorithm>
#include <filesystem>
#include <set>

using namespace alcove;
using namespace alcove::llm;

namespace {

constexpr const char *kReasoning = "Hm, \u00e9.";
constexpr const char *kAnswer = "Yes.";
constexpr const char *kArguments =
    R"({"city": "S\u00e3o \"P\"", "days": 3, "flags": [true, false], "inner": {"k": "v"}})";

enum class Calls { None, One, Two, OneInContent };
enum class Arguments { Object, Text };
enum class Reasoning {
    None,
    Printed, // from the message's own field
    WithCalls, // the same, but only beside a call
    Opened, // the prompt begins it, and the template takes it out of what is past
    Content, // is a part of the content, which the template writes as it stands
};

struct Family {
    const char *name; // of the template
    const char *end; // of a turn, as the template writes it
    Calls calls = Calls::None;
    Reasoning reasoning = Reasoning::None;
    // Where the template wants what no other does:
    Arguments arguments = Arguments::Object;
    const char *content = ""; // of an answer with reasoning, a JSON value
    const char *callContent = ""; // of a turn with a call, a JSON value
    const char *token = ""; // a marker that only the vocabulary shows
    const char *callEnd = ""; // of a turn with a call, where it is another
};

// Every template beside this checkout has to be here.
const Family kFamilies[] = {
    {"Apertus-8B-Instruct", "<|assistant_end|>", Calls::Two, Reasoning::Content, Arguments::Object,
     R"({"blocks": [{"type": "thoughts", "text": "Hm, é."}, {"type": "response", "text": "Yes."}]})"},
    {"Bielik-11B-v3.0-Instruct", "<|im_end|>", Calls::Two, Reasoning::Printed},
    {"Cohere2MoE", "<|END_OF_TURN_TOKEN|>", Calls::Two, Reasoning::Printed},
    {"CohereForAI-c4ai-command-r7b-12-2024-tool_use", "<|END_OF_TURN_TOKEN|>", Calls::Two,
     Reasoning::WithCalls},
    {"GLM-4.7-Flash", "<|user|>", Calls::Two, Reasoning::Printed},
    {"GigaChat3.1-10B-A1.8B", "<|message_sep|>", Calls::One},
    // The template cannot write calls: it appends to a list, which is forbidden to templates.
    {"Kimi-K2-Instruct", "<|im_end|>", Calls::OneInContent, Reasoning::None, Arguments::Object, "",
     R"("<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0)"
     R"(<|tool_call_argument_begin|>{\"city\": \"São \\\"P\\\"\", \"days\": 3, \"flags\": [true, )"
     R"(false], \"inner\": {\"k\": \"v\"}}<|tool_call_end|><|tool_calls_section_end|>")"},
    {"LFM2-8B-A1B", "<|im_end|>", Calls::OneInContent, Reasoning::None, Arguments::Object, "",
     R"("<|tool_call_start|>[get_weather(city=\"São \\\"P\\\"\", days=3, flags=[True, False], )"
     R"(inner={\"k\": \"v\"})]<|tool_call_end|>")"},
    {"LFM2.5-Instruct", "<|im_end|>", Calls::OneInContent, Reasoning::Content, Arguments::Object,
     R"("<think>Hm, é.</think>Yes.")",
     R"("<|tool_call_start|>[get_weather(city='São \"P\"', days=3, flags=[True, False], )"
     R"(inner={'k': 'v'})]<|tool_call_end|>")",
     "<|tool_call_start|>"},
    {"MiniMax-M2", "[e~[", Calls::Two, Reasoning::Printed},
    {"Mistral-Small-3.2-24B-Instruct-2506", "</s>", Calls::Two},
    {"NVIDIA-Nemotron-Nano-v2", "<SPECIAL_12>", Calls::Two, Reasoning::Content, Arguments::Object,
     R"("Hm, é.\n</think>\n\nYes.")"},
    {"NousResearch-Hermes-3-Llama-3.1-8B-tool_use", "<|im_end|>", Calls::Two},
    {"Qwen-Qwen2.5-7B-Instruct", "<|im_end|>", Calls::Two},
    {"Qwen-Qwen3-0.6B", "<|im_end|>", Calls::Two, Reasoning::Printed},
    {"Qwen3-Coder", "<|im_end|>", Calls::Two},
    {"Reka-Edge", "<sep>", Calls::Two, Reasoning::Printed},
    {"deepseek-ai-DeepSeek-R1-Distill-Llama-8B", "<｜end▁of▁sentence｜>", Calls::Two,
     Reasoning::Opened, Arguments::Text, "", "null"},
    {"deepseek-ai-DeepSeek-V3.1", "<｜end▁of▁sentence｜>", Calls::Two, Reasoning::Opened},
    {"deepseek-ai-DeepSeek-V4-Flash-0731", "<｜end▁of▁sentence｜>", Calls::Two, Reasoning::Printed},
    {"fireworks-ai-llama-3-firefunction-v2", "<|eot_id|>", Calls::Two},
    {"google-gemma-2-2b-it", "<end_of_turn>"},
    {"google-gemma-4-31B-it-interleaved", "<turn|>", Calls::Two, Reasoning::WithCalls},
    {"ibm-granite-granite-3.3-2B-Instruct", "<|end_of_text|>", Calls::OneInContent,
     Reasoning::Content, Arguments::Object, R"("<think>Hm, é.</think><response>Yes.</response>")",
     R"("<|tool_call|>[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"São \\\"P\\\"\", )"
     R"(\"days\": 3, \"flags\": [true, false], \"inner\": {\"k\": \"v\"}}}]")"},
    {"ibm-granite-granite-4.1", "<|end_of_text|>", Calls::Two},
    // A turn ends with two line ends, which this family's vocabulary has a token for.
    {"llama-cpp-rwkv-world", "\n\n", Calls::None, Reasoning::Opened},
    {"meetkai-functionary-medium-v3.2", "<|eot_id|>", Calls::Two, Reasoning::None, Arguments::Text,
     "", "null"},
    {"meta-llama-Llama-3.1-8B-Instruct", "<|eot_id|>", Calls::One},
    {"meta-llama-Llama-3.2-3B-Instruct", "<|eot_id|>", Calls::One},
    {"microsoft-Phi-3.5-mini-instruct", "<|end|>"},
    {"mistralai-Mistral-Nemo-Instruct-2407", "</s>", Calls::Two},
    {"openai-gpt-oss-120b", "<|return|>", Calls::One, Reasoning::Printed, Arguments::Object, "", "",
     "", "<|call|>"},
    {"poolside-Laguna-S-2.1", "</assistant>", Calls::Two, Reasoning::Printed},
    {"poolside-Laguna-XS.2", "</assistant>", Calls::Two, Reasoning::Printed},
    {"unsloth-Apriel-1.5", "<|end|>", Calls::Two, Reasoning::Content, Arguments::Object,
     R"("<thinking>Hm, é.</thinking>Yes.")"},
    // The same token stands behind the reasoning, so it cannot end the answer: <|flush|> does.
    {"upstage-Solar-Open-100B", "<|end|>", Calls::Two, Reasoning::Printed, Arguments::Object, "",
     "", "<|flush|>", "<|calls|>"},
};

const Family &familyOf(const QString &name)
{
    return *std::find_if(std::begin(kFamilies), std::end(kFamilies),
                         [&name](const Family &one) { return name == one.name; });
}

std::string templateOf(const Family &family)
{
    const std::string path = test::fixture(std::string("templates/") + family.name + ".jinja");
    return path.empty() ? std::string() : test::readFile(path);
}

bool startsWith(std::string_view text, std::string_view start)
{
    return text.substr(0, start.size()) == start;
}

// Byte-level BPE with the template's markers as control tokens, as published vocabularies have
// them.
std::shared_ptr<const Tokenizer> tokenizerFor(const Family &family, const std::string &source)
{
    std::set<QString> spellings = {QStringLiteral("<s>"), QStringLiteral("</s>")};
    static const QRegularExpression kMarker(QStringLiteral(
        "</?(?!function|invoke|parameter|response)[|｜]?[A-Za-z0-9_:▁]+[|｜]?>|<\\|\"\\|>|"
        "｜DSML｜|\\[/?[A-Z_]+\\]|\\[e~\\["));
    auto found = kMarker.globalMatch(QString::fromStdString(source));
    while (found.hasNext())
        spellings.insert(found.next().captured());
    for (const char *more : {family.token, family.end}) {
        if (*more)
            spellings.insert(QString::fromUtf8(more));
    }
    std::vector<test::HandToken> specials;
    for (const QString &spelling : spellings)
        specials.push_back({spelling.toStdString(), test::kControl});
    test::VocabularyFile vocabulary = test::bpeFile({}, specials);
    if (startsWith(family.end, "\n")) // a text, not a marker, that sorts first: the file says so
        vocabulary.number("tokenizer.ggml.eot_token_id", 256);
    const std::string bytes = vocabulary.bytes();
    const auto file = GgufFile::parse(test::VocabularyFile::view(bytes), "test");
    const auto created = Tokenizer::create(*file);
    if (!created)
        qFatal("%s", created.error().message.c_str());
    return *created;
}

Json functionCall(const char *id, const char *name, const char *arguments, Arguments form)
{
    return {{"id", id},
            {"type", "function"},
            {"function",
             {{"name", name},
              {"arguments", form == Arguments::Text ? Json(arguments) : Json::parse(arguments)}}}};
}

enum class Turn { Answer, Reasoned, Called };

Json assistant(const Family &family, Turn turn)
{
    Json message = {{"role", "assistant"}, {"content", turn == Turn::Called ? "" : kAnswer}};
    const char *content = turn == Turn::Called ? family.callContent
        : turn == Turn::Reasoned               ? family.content
                                               : "";
    if (*content)
        message["content"] = Json::parse(content);
    const bool told = family.reasoning == Reasoning::Printed
        || (family.reasoning == Reasoning::WithCalls && turn == Turn::Called);
    if (told && turn != Turn::Answer) {
        for (const char *field : {"reasoning_content", "reasoning", "thinking"})
            message[field] = kReasoning;
    }
    if (turn == Turn::Called && family.calls != Calls::OneInContent) {
        Json calls = Json::array();
        calls.push_back(functionCall("callabcd1", "get_weather", kArguments, family.arguments));
        if (family.calls == Calls::Two)
            calls.push_back(functionCall("callabcd2", "put", "{}", family.arguments));
        message["tool_calls"] = calls;
    }
    return message;
}

enum class Ask { No, Yes };

Result<std::string> render(const std::string &source, const Json &messages, Turn turn, Ask ask)
{
    const Json tool = Json::parse(R"({"type": "function", "function": {"name": "get_weather",
        "description": "Weather.", "parameters": {"type": "object", "properties":
        {"city": {"type": "string", "description": "City"}}, "required": ["city"]}}})");
    Json variables = {{"messages", messages},
                      {"add_generation_prompt", ask == Ask::Yes},
                      {"bos_token", "<s>"},
                      {"eos_token", "</s>"},
                      {"now", "2026-03-14T09:26:53"},
                      {"enable_thinking", true},
                      {"thinking", true}};
    if (turn == Turn::Called)
        variables["tools"] = Json::array({tool});
    if (source.find("functools[") != std::string::npos) {
        variables["functions"] = "[]";
        variables["datetime"] = "now";
    }
    return renderCase(source, variables);
}

struct Written {
    std::string prompt;
    std::string text; // what the model would write behind it
    std::string error;
};

Written turnOf(const Family &family, const std::string &source, const AnswerFormat &format,
               Turn turn)
{
    const Json user = {{"role", "user"}, {"content", "Weather?"}};
    const auto prompt = render(source, Json::array({user}), turn, Ask::Yes);
    const auto closed = render(source, Json::array({user, assistant(family, turn)}), turn, Ask::No);
    if (!prompt || !closed)
        return {{}, {}, prompt ? closed.error().message : prompt.error().message};
    Written out{*prompt, {}, {}};
    if (startsWith(*closed, *prompt)) {
        out.text = closed->substr(prompt->size());
        for (const AnswerFormat::Block &block : format.reasoning) {
            if (format.startAfter(*prompt) == AnswerStart::Reasoning
                && startsWith(trimmed(out.text), block.close)
                && family.reasoning == Reasoning::Opened)
                out.text = kReasoning + out.text;
        }
        return out;
    }
    // The prompt begins reasoning that the template does not write into a past turn.
    for (const AnswerFormat::Block &block : format.reasoning) {
        const std::size_t at = prompt->rfind(block.open);
        if (format.startAfter(*prompt) == AnswerStart::Reasoning && at != std::string::npos
            && startsWith(*closed, trimmed(std::string_view(*prompt).substr(0, at)))) {
            const std::size_t begun = trimmed(std::string_view(*prompt).substr(0, at)).size();
            out.text = kReasoning + ("\n" + block.close) + closed->substr(begun);
            return out;
        }
    }
    out.error = "the turn does not go on from the prompt: " + *prompt + " | " + *closed;
    return out;
}

struct Parted {
    std::string reasoning;
    std::string answer;
    std::vector<ToolCall> calls;
    std::string unread; // behind the token that ended the answer
};

void add(Parted &out, const AnswerParser::Pieces &pieces)
{
    out.reasoning += pieces.reasoning;
    out.answer += pieces.answer;
}

Parted partText(const AnswerFormat &format, AnswerStart start, const std::string &text)
{
    AnswerParser parser(format, start);
    Parted out;
    for (char byte : text)
        add(out, parser.append(std::string(1, byte)));
    add(out, parser.finish());
    out.calls = parser.toolCalls();
    return out;
}

// As the session reads what the model draws.
Parted partTokens(const AnswerFormat &format, AnswerStart start, const std::string &text,
                  const std::shared_ptr<const Tokenizer> &tokenizer)
{
    AnswerParser parser(format, start);
    StreamDecoder decoder(tokenizer, StreamDecoder::Start::Continuation);
    Parted out;
    const auto tokens = tokenizer->encode(text, AddSpecial::No, ParseSpecial::Yes);
    auto token = tokens.begin();
    while (token != tokens.end() && !tokenizer->endsGeneration(*token))
        add(out, parser.append(parserText(decoder, *tokenizer, format, *token++)));
    add(out, parser.append(decoder.finish()));
    add(out, parser.finish());
    out.calls = parser.toolCalls();
    out.unread = tokenizer->decode({token, tokens.end()}, Tokenizer::ShowSpecial::Yes);
    return out;
}

} // namespace

class TestAnswerRoundTrip : public QObject
{
    Q_OBJECT
private:
    static void rows()
    {
        QTest::addColumn<QString>("name");
        for (const Family &family : kFamilies)
            QTest::newRow(family.name) << QString::fromLatin1(family.name);
    }

    static void check(const Family &family, const Parted &parted, Turn turn, bool reasoned)
    {
        QCOMPARE(QString::fromStdString(parted.reasoning),
                 QString::fromUtf8(reasoned ? kReasoning : ""));
        QCOMPARE(QString::fromStdString(parted.answer).trimmed(),
                 QString::fromUtf8(turn == Turn::Called ? "" : kAnswer));
        if (turn != Turn::Called) {
            QCOMPARE(parted.calls.size(), std::size_t(0));
            return;
        }
        QCOMPARE(parted.calls.size(), std::size_t(family.calls == Calls::Two ? 2 : 1));
        const char *names[] = {"get_weather", "put"};
        const char *arguments[] = {kArguments, "{}"};
        for (std::size_t i = 0; i < parted.calls.size(); ++i) {
            const ToolCall &call = parted.calls[i];
            QVERIFY2(call.error.empty(), call.error.c_str());
            QCOMPARE(QString::fromStdString(call.name), QString::fromLatin1(names[i]));
            // Whatever the order: some templates sort.
            QVERIFY2(nlohmann::json::parse(call.arguments) == nlohmann::json::parse(arguments[i]),
                     call.arguments.c_str());
        }
    }

private Q_SLOTS:
    void initTestCase()
    {
        const std::string path = test::fixture("templates");
        if (path.empty())
            QSKIP("the shared fixtures, with the published templates, are not here");
        for (const auto &entry : std::filesystem::directory_iterator(path)) {
            const std::string name = entry.path().stem().string();
            const bool known =
                std::any_of(std::begin(kFamilies), std::end(kFamilies),
                            [&name](const Family &family) { return name == family.name; });
            QVERIFY2(known, name.c_str());
        }
    }

    void turnsAreTakenApart_data() { rows(); }

    void turnsAreTakenApart()
    {
        QFETCH(QString, name);
        const Family &family = familyOf(name);
        const std::string source = templateOf(family);
        const auto tokenizer = tokenizerFor(family, source);
        const AnswerFormat format = AnswerFormat::detect(source, tokenizer.get());
        const bool headers = format.headers != AnswerFormat::Headers::None;
        // What the table says a template has not, is not found in it either.
        QVERIFY(headers || format.reasoning.empty() == (family.reasoning == Reasoning::None));
        QCOMPARE(headers || !format.tools.empty() || format.bareToolCalls,
                 family.calls != Calls::None);

        for (Turn turn : {Turn::Answer, Turn::Reasoned, Turn::Called}) {
            if ((turn == Turn::Reasoned && family.reasoning == Reasoning::None)
                || (turn == Turn::Reasoned && family.reasoning == Reasoning::WithCalls)
                || (turn == Turn::Called && family.calls == Calls::None))
                continue;
            const Written written = turnOf(family, source, format, turn);
            QVERIFY2(written.error.empty(), written.error.c_str());
            const AnswerStart start = format.startAfter(written.prompt);
            if (turn == Turn::Answer && start == AnswerStart::Reasoning)
                continue; // an answer alone is none where the prompt has begun reasoning
            const bool reasoned = written.text.find(kReasoning) != std::string::npos;
            if (turn == Turn::Reasoned
                || (turn == Turn::Called && family.reasoning == Reasoning::WithCalls))
                QVERIFY(reasoned);

            const char *end = turn == Turn::Called && *family.callEnd ? family.callEnd : family.end;
            const std::string text = written.text.substr(0, written.text.rfind(end));
            check(family, partText(format, start, text), turn, reasoned);
            if (QTest::currentTestFailed())
                return;
            const Parted parted = partTokens(format, start, written.text, tokenizer);
            check(family, parted, turn, reasoned);
            if (QTest::currentTestFailed())
                return;
            QVERIFY2(parted.unread.size() <= written.text.size() - text.size(),
                     parted.unread.c_str());
        }
    }

    void whatEndsATurnEndsTheAnswer_data() { rows(); }

    void whatEndsATurnEndsTheAnswer()
    {
        QFETCH(QString, name);
        const Family &family = familyOf(name);
        const std::string source = templateOf(family);
        const Json user = {{"role", "user"}, {"content", "Weather?"}};
        Json messages = Json::array({user, assistant(family, Turn::Answer)});
        auto text = render(source, messages, Turn::Answer, Ask::No);
        QVERIFY2(text, text ? "" : text.error().message.c_str());
        if (text->substr(text->size() - std::string_view(kAnswer).size()) == kAnswer) {
            messages.push_back(user); // which begins with the end of the answer
            text = render(source, messages, Turn::Answer, Ask::No);
            QVERIFY(text);
        }
        const std::size_t at = text->rfind(kAnswer);
        QVERIFY(at != std::string::npos);
        std::string behind = text->substr(at + std::string_view(kAnswer).size());
        for (const char *inner : {"<|END_TEXT|>", "<|END_RESPONSE|>"}) {
            if (startsWith(behind, inner))
                behind.erase(0, std::string_view(inner).size());
        }
        const bool isText = startsWith(family.end, "\n");
        QVERIFY2(startsWith(isText ? behind : trimmed(behind), family.end), behind.c_str());

        const auto tokenizer = tokenizerFor(family, source);
        const bool otherwise = std::string_view(family.token) == "<|flush|>";
        const auto tokens = tokenizer->encode(otherwise ? family.token : family.end, AddSpecial::No,
                                              ParseSpecial::Yes);
        QCOMPARE(tokens.size(), std::size_t(1));
        QVERIFY(tokenizer->endsGeneration(tokens[0]));
    }
};

QTEST_APPLESS_MAIN(TestAnswerRoundTrip)
#include "tst_answer_round_trip.moc"
