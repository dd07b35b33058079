// What models write, taken apart: any text gives the same parts however it is cut, and none is
// lost.
//
// Input: a byte that chooses the format, then the text.
#include "core/llm/answer_parser.h"
#include "core/llm/loose_literal.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

using namespace alcove::llm;

namespace {

constexpr std::array<std::string_view, 5> kTemplates = {
    "<think></think><tool_call>[TOOL_CALLS]<function=functools[<|tool_call>",
    "<|channel|><|message|>",
    ">>>all",
    "\"parameters\"<|start_header_id|>tools<|python_tag|>",
    "<|tool_calls_section_begin|><|START_THINKING|><|END_THINKING|><|START_RESPONSE|>",
};

struct Parted {
    std::string reasoning;
    std::string answer;
    std::string calls;
};

void require(bool condition)
{
    if (!condition)
        std::abort();
}

Parted part(const AnswerFormat &format, AnswerStart start, std::string_view text, std::size_t step)
{
    AnswerParser parser(format, start);
    Parted out;
    const auto add = [&out](const AnswerParser::Pieces &pieces) {
        out.reasoning += pieces.reasoning;
        out.answer += pieces.answer;
    };
    for (std::size_t i = 0; i < text.size(); i += step)
        add(parser.append(text.substr(i, step)));
    add(parser.finish());
    for (const ToolCall &call : parser.toolCalls()) {
        out.calls += call.name + '\n' + call.arguments + '\n' + call.error + '\n';
        // What is called readable is a JSON object.
        const auto arguments = parseBoundedJson(call.arguments);
        require(!call.error.empty() || (arguments && arguments->is_object()));
        require(!call.error.empty() || !call.name.empty());
    }
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0)
        return 0;
    const AnswerFormat format =
        AnswerFormat::detect(kTemplates[data[0] % kTemplates.size()], nullptr);
    const std::string_view text(reinterpret_cast<const char *>(data + 1), size - 1);
    const bool headers = format.headers != AnswerFormat::Headers::None;
    for (const AnswerStart start :
         {AnswerStart::Answer, headers ? AnswerStart::Header : AnswerStart::Reasoning}) {
        const Parted whole = part(format, start, text, size);
        for (const std::size_t step : {1, 3}) {
            const Parted cut = part(format, start, text, step);
            require(cut.reasoning == whole.reasoning && cut.answer == whole.answer
                    && cut.calls == whole.calls);
        }
    }
    return 0;
}
