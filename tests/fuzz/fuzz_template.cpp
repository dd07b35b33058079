// Parses and renders arbitrary bytes as a chat template over a fixed, rich case. Bounds are small
// so that one input takes milliseconds; any outcome but a crash, a hang or growth is a good one.
#include "core/llm/chat_template.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace alcove::llm;

namespace {

const Json &richCase()
{
    static const Json variables = Json::parse(R"({
        "messages": [
            {"role": "system", "content": "You are terse.  "},
            {"role": "user", "content": "Wie heißt \"du\"?\n"},
            {"role": "assistant", "content": "<think>\neasy\n</think>\n\n2", "tool_calls": [
                {"id": "abc123def", "type": "function", "function": {
                    "name": "get_weather", "arguments": {"city": "Oslo", "unit": "c"}}}]},
            {"role": "tool", "tool_call_id": "abc123def", "content": "{\"temp\": 3}"},
            {"role": "user", "content": [{"type": "text", "text": "日本語 <b>&"}, {"type": "image"}]}
        ],
        "tools": [{"type": "function", "function": {
            "name": "get_weather", "description": "Current weather for a city.",
            "parameters": {"type": "object", "required": ["city"], "properties": {
                "city": {"type": "string", "description": "City name"},
                "unit": {"type": "string", "enum": ["c", "f"]}}}}}],
        "add_generation_prompt": true, "enable_thinking": false, "none_value": null,
        "n": 7, "f": -2.5, "big": 18446744073709551615, "text": "Straße, ΑΣ", "empty": [],
        "numbers": [3, 1, 2], "bos_token": "<s>", "eos_token": "</s>", "now": "2026-03-14T09:26:53"
    })");
    return variables;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    constexpr TemplateLimits kLimits{5'000, 60, 16u << 10};
    const auto parsed =
        ChatTemplate::parse(std::string_view(reinterpret_cast<const char *>(data), size));
    if (!parsed && parsed.error().message.empty())
        std::abort();
    if (!parsed)
        return 0;
    const auto text = parsed->render(richCase(), kLimits);
    if (text ? text->size() > kLimits.outputBytes : text.error().message.empty())
        std::abort();
    // Rendering is a function of the template and its variables.
    const auto again = parsed->render(richCase(), kLimits);
    if (text.has_value() != again.has_value() || (text && *text != *again))
        std::abort();
    return 0;
}
