#include "core/llm/answer_format.h"

#include "core/llm/loose_literal.h"

#include <algorithm>
#include <iterator>

namespace alcove::llm {

namespace {

using Block = AnswerFormat::Block;

struct Known {
    std::string_view open;
    std::string_view close;
    std::string_view shown; // what the template has to hold, where that is not `open`
    std::size_t kept = 0;
};

constexpr Known kReasoning[] = {
    {"<think>", "</think>", ""},
    {"<thinking>", "</thinking>", ""},
    {"<seed:think>", "</seed:think>", ""},
    {"<|START_THINKING|>", "<|END_THINKING|>", ""},
    {"[THINK]", "[/THINK]", ""},
    {"<|inner_prefix|>", "<|inner_suffix|>", ""}, // Apertus
    {"<|channel>thought", "<channel|>", ""}, // Gemma 4
    {"<|think|>", "<|end|>", "<|begin|>assistant<|think|>"}, // Solar
};

constexpr Known kTools[] = {
    {"<tool_call>", "</tool_call>", ""}, // Hermes, Qwen, GLM
    {"<tool_calls>", "</tool_calls>", ""}, // Apriel
    {"<TOOLCALL>", "</TOOLCALL>", ""}, // Nemotron
    {"<minimax:tool_call>", "</minimax:tool_call>", ""},
    {"[TOOL_CALLS]", "", ""}, // Mistral
    {"<|tool_call|>", "<|/tool_call|>", "<|/tool_call|>"}, // Phi
    {"<|tool_call|>", "", ""}, // Granite 3
    {"<|tool_call_start|>", "<|tool_call_end|>", "<|tool_list_start|>"}, // LFM2
    {"<|START_ACTION|>", "<|END_ACTION|>", ""}, // Command R
    {"<|tools_prefix|>", "<|tools_suffix|>", ""}, // Apertus
    {"<|tool_calls_section_begin|>", "<|tool_calls_section_end|>", ""}, // Kimi
    {"<\uFF5Ctool\u2581calls\u2581begin\uFF5C>", "<\uFF5Ctool\u2581calls\u2581end\uFF5C>", ""},
    {"<\uFF5CDSML\uFF5Ctool_calls>", "</\uFF5CDSML\uFF5Ctool_calls>", "\uFF5CDSML\uFF5C"},
    {"<\uFF5CDSML\uFF5Cfunction_calls>", "</\uFF5CDSML\uFF5Cfunction_calls>", "\uFF5CDSML\uFF5C"},
    {"<|tool_call>", "<tool_call|>", ""}, // Gemma 4
    {"<|tool_call:begin|>", "<|tool_call:end|>", ""}, // Solar
    {"<|function_call|>", "", ""}, // GigaChat
    {"<|python_tag|>", "", ""}, // Llama 3
    {"<function=", "</function>", "", 10}, // Llama's own calls, Qwen3-Coder without its frame
    {"functools[", "", "", 1}, // Firefunction
};

constexpr std::string_view kDropped[] = {
    "<|START_RESPONSE|>", "<|END_RESPONSE|>",   "<|START_TEXT|>",
    "<|END_TEXT|>",       "<|begin|>assistant", "<|content|>",
    "<|tool_calls|>",     "<response>",         "</response>",
};

bool holds(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

bool endsWith(std::string_view text, std::string_view end)
{
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool isToken(const Tokenizer *tokenizer, std::string_view spelling)
{
    return tokenizer && tokenizer->encode(spelling, AddSpecial::No, ParseSpecial::Yes).size() == 1;
}

} // namespace

AnswerFormat AnswerFormat::detect(std::string_view chatTemplate, const Tokenizer *tokenizer)
{
    AnswerFormat format;
    if (holds(chatTemplate, "<|channel|>") && holds(chatTemplate, "<|message|>")) {
        format.headers = Headers::Harmony;
        return format;
    }
    if (holds(chatTemplate, ">>>all") || holds(chatTemplate, "'>>>'")) {
        format.headers = Headers::Recipients;
        return format;
    }
    for (const Known &known : kReasoning) {
        const bool shown = known.shown.empty()
            ? holds(chatTemplate, known.open) || holds(chatTemplate, known.close)
            : holds(chatTemplate, known.shown);
        if (shown || (isToken(tokenizer, known.open) && isToken(tokenizer, known.close)))
            format.reasoning.push_back({std::string(known.open), std::string(known.close), 0});
    }
    for (const Known &known : kTools) {
        const bool shown = holds(chatTemplate, known.shown.empty() ? known.open : known.shown);
        const bool twice =
            std::any_of(format.tools.begin(), format.tools.end(),
                        [&known](const Block &one) { return one.open == known.open; });
        if (!twice && (shown || (known.kept == 0 && isToken(tokenizer, known.open))))
            format.tools.push_back({std::string(known.open), std::string(known.close), known.kept});
    }
    for (std::string_view marker : kDropped) {
        // "<response>" is a word of XML too: only where a template teaches it beside thinking.
        const bool isWord = marker.substr(0, 2) != "<|";
        if (holds(chatTemplate, marker) && (!isWord || !format.reasoning.empty()))
            format.dropped.emplace_back(marker);
    }
    // Templates of Llama 3 ask for a call's JSON as the whole answer.
    format.bareToolCalls = holds(chatTemplate, "\"parameters\"")
        && holds(chatTemplate, "<|start_header_id|>") && holds(chatTemplate, "tools");
    return format;
}

AnswerStart AnswerFormat::startAfter(std::string_view prompt) const
{
    const std::string_view end = trimmed(prompt);
    if (headers == Headers::Harmony)
        return endsWith(end, "<|message|>") ? AnswerStart::Answer : AnswerStart::Header;
    if (headers == Headers::Recipients)
        return endsWith(end, ">>>") ? AnswerStart::Header : AnswerStart::Answer;
    for (const Block &block : reasoning) {
        if (endsWith(end, block.open))
            return AnswerStart::Reasoning;
    }
    return AnswerStart::Answer;
}

bool AnswerFormat::isMarker(std::string_view spelling) const
{
    if (spelling.empty() || isPlain())
        return false;
    const auto has = [spelling](std::string_view text) { return holds(text, spelling); };
    constexpr std::string_view kHarmony[] = {"<|start|>",     "<|channel|>", "<|message|>",
                                             "<|constrain|>", "<|end|>",     "<|return|>",
                                             "<|call|>"};
    if (headers == Headers::Harmony)
        return std::find(std::begin(kHarmony), std::end(kHarmony), spelling) != std::end(kHarmony);
    const auto inBlock = [&has](const Block &block) { return has(block.open) || has(block.close); };
    // Inside a block there are markers of its own, which the call is read by.
    constexpr std::string_view kInner[] = {
        "<|tool_call_begin|>",
        "<|tool_call_argument_begin|>",
        "<|tool_call_end|>",
        "<\uFF5Ctool\u2581call\u2581begin\uFF5C>",
        "<\uFF5Ctool\u2581call\u2581end\uFF5C>",
        "<\uFF5Ctool\u2581sep\uFF5C>",
        "<|tool_call:name|>",
        "<|tool_call:args|>",
        "[ARGS]",
        "[CALL_ID]",
        "<|\"|>",
        "<arg_key>",
        "</arg_key>",
        "<arg_value>",
        "</arg_value>",
        "\uFF5CDSML\uFF5C",
        "<|role_sep|>",
    };
    return std::any_of(reasoning.begin(), reasoning.end(), inBlock)
        || std::any_of(tools.begin(), tools.end(), inBlock)
        || std::any_of(dropped.begin(), dropped.end(), has)
        || (!tools.empty()
            && std::find(std::begin(kInner), std::end(kInner), spelling) != std::end(kInner));
}

} // namespace alcove::llm
