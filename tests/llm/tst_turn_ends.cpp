// The tokens by which each family ends a turn end the answer, also where the file's metadata names
// only the end of a text; those that begin or part a turn do not.
#include "tests/support/vocabulary_file.h"

#include "core/llm/tokenizer.h"

#include <QTest>

using namespace alcove;
using namespace alcove::llm;

namespace {

struct Family {
    const char *name;
    std::vector<const char *> ends; // of a turn, of a call, of a text
    std::vector<const char *> goesOn; // markers behind which an answer may go on
};

const Family kFamilies[] = {
    {"chatml", {"<|im_end|>", "<|endoftext|>"}, {"<|im_start|>", "<think>", "</think>"}},
    {"llama 2", {"</s>"}, {"<s>", "<unk>"}},
    {"llama 3",
     {"<|eot_id|>", "<|eom_id|>", "<|end_of_text|>"},
     {"<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|python_tag|>"}},
    {"llama 4",
     {"<|eot|>", "<|eom|>", "<|end_of_text|>"},
     {"<|begin_of_text|>", "<|header_start|>", "<|header_end|>", "<|python_start|>"}},
    {"gemma", {"<end_of_turn>", "<eos>"}, {"<bos>", "<start_of_turn>"}},
    {"gemma 4",
     {"<turn|>", "<|tool_response>", "<eos>"},
     {"<|turn>", "<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>"}},
    {"phi 3", {"<|end|>", "<|endoftext|>"}, {"<|assistant|>", "<|system|>"}},
    {"phi 4", {"<|im_end|>", "<|endoftext|>"}, {"<|im_start|>", "<|im_sep|>"}},
    {"mistral",
     {"</s>"},
     {"<s>", "[INST]", "[/INST]", "[TOOL_CALLS]", "[ARGS]", "[THINK]", "[/THINK]"}},
    {"gpt-oss",
     {"<|return|>", "<|call|>", "<|endoftext|>"},
     {"<|end|>", "<|start|>", "<|channel|>", "<|message|>", "<|constrain|>"}},
    {"granite", {"<|end_of_text|>"}, {"<|start_of_role|>", "<|end_of_role|>", "<|tool_call|>"}},
    {"glm 4",
     {"<|user|>", "<|observation|>", "<|endoftext|>"},
     {"[gMASK]", "<sop>", "<|assistant|>", "<tool_call>", "<arg_key>"}},
    {"deepseek",
     {"<｜end▁of▁sentence｜>", "<|EOT|>"},
     {"<｜begin▁of▁sentence｜>", "<｜Assistant｜>", "<｜tool▁calls▁begin｜>", "<｜tool▁sep｜>"}},
    {"command r",
     {"<|END_OF_TURN_TOKEN|>"},
     {"<|START_OF_TURN_TOKEN|>", "<|CHATBOT_TOKEN|>", "<|START_THINKING|>", "<|END_THINKING|>",
      "<|START_ACTION|>", "<|END_ACTION|>", "<|END_RESPONSE|>"}},
    {"lfm2", {"<|im_end|>", "<|endoftext|>"}, {"<|startoftext|>", "<|tool_call_start|>"}},
    {"exaone", {"[|endofturn|]", "<|endoftext|>"}, {"[|assistant|]", "[|system|]"}},
    {"kimi",
     {"<|im_end|>", "[EOS]", "[EOT]"},
     {"[BOS]", "<|im_assistant|>", "<|im_middle|>", "<|tool_calls_section_begin|>",
      "<|tool_call_end|>", "<|tool_calls_section_end|>"}},
    {"minimax", {"[e~["}, {"]~b]", "]~!b[", "<minimax:tool_call>"}},
    {"apertus",
     {"<|assistant_end|>", "</s>"},
     {"<|assistant_start|>", "<|inner_prefix|>", "<|inner_suffix|>", "<|tools_suffix|>"}},
    {"ling", {"<|role_end|>", "<|endoftext|>"}, {"<|startoftext|>"}},
    {"nemotron", {"<SPECIAL_12>"}, {"<SPECIAL_10>", "<SPECIAL_11>"}},
    {"gigachat", {"<|message_sep|>"}, {"<|role_sep|>", "<|function_call|>"}},
    {"solar",
     {"<|flush|>", "<|calls|>"},
     {"<|end|>", "<|begin|>", "<|think|>", "<|content|>", "<|tool_call:end|>"}},
    {"reka", {"<sep>"}, {"<image>", "</image>"}},
    {"laguna", {"</assistant>"}, {"<assistant>", "<think>", "</think>", "</tool_call>"}},
    {"smolvlm", {"<end_of_utterance>", "<|im_end|>"}, {"<|im_start|>"}},
    {"starling", {"<|end_of_turn|>"}, {"<s>"}},
    {"hyperclova", {"<|endofturn|>", "<|im_end|>", "<|endoftext|>"}, {"<|im_start|>"}},
    {"code llama", {"<EOT>", "</s>"}, {"<PRE>", "<SUF>", "<MID>"}},
};

std::shared_ptr<const Tokenizer> tokenizerOf(const Family &family, std::int32_t kind)
{
    std::vector<test::HandToken> specials;
    for (const auto &list : {family.ends, family.goesOn}) {
        for (const char *spelling : list)
            specials.push_back({spelling, kind});
    }
    const std::string bytes = test::bpeFile({}, specials).bytes();
    const auto file = GgufFile::parse(test::VocabularyFile::view(bytes), "test");
    const auto created = Tokenizer::create(*file);
    if (!created)
        qFatal("%s", created.error().message.c_str());
    return *created;
}

} // namespace

class TestTurnEnds : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void ofEachFamily_data()
    {
        QTest::addColumn<int>("index");
        int index = 0;
        for (const Family &family : kFamilies)
            QTest::newRow(family.name) << index++;
    }

    void ofEachFamily()
    {
        QFETCH(int, index);
        const Family &family = kFamilies[index];
        // Converters mark them either way.
        for (const std::int32_t kind : {test::kControl, test::kUserDefined}) {
            const auto tokenizer = tokenizerOf(family, kind);
            Token token = 256;
            for (const char *end : family.ends) {
                QCOMPARE(tokenizer->spelling(token), std::string(end));
                QVERIFY2(tokenizer->endsGeneration(token), end);
                ++token;
            }
            for (const char *marker : family.goesOn) {
                QCOMPARE(tokenizer->spelling(token), std::string(marker));
                QVERIFY2(!tokenizer->endsGeneration(token), marker);
                ++token;
            }
        }
    }

    // What is plain text in other vocabularies ends nothing where the file does not mark it.
    void plainTextEndsNothing()
    {
        const Family words{
            "", {"</s>", "<eos>", "[EOS]", "[EOT]", "<EOT>", "<sep>", "</assistant>"}, {}};
        const auto tokenizer = tokenizerOf(words, test::kNormal);
        for (std::size_t i = 0; i < words.ends.size(); ++i)
            QVERIFY2(!tokenizer->endsGeneration(Token(256 + i)), words.ends[i]);
    }
};

QTEST_APPLESS_MAIN(TestTurnEnds)
#include "tst_turn_ends.moc"
