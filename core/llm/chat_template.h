// ChatTemplate: the Jinja2 template of a model's metadata, run by our own bounded interpreter.
//
// Semantics: Jinja2 as `transformers` sets it up for chat templates (trim_blocks, lstrip_blocks,
// loop controls, tojson, raise_exception, strftime_now). A template is hostile input: parsing and
// rendering are bounded in steps, depth and output size. Immutable; any thread may render.
#pragma once

#include "core/base/result.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace alcove::llm {

using Json = nlohmann::ordered_json; // templates rely on source order

struct TemplateLimits {
    std::uint64_t steps = 2'000'000;
    std::uint32_t depth = 200; // of expressions, blocks and macro calls
    std::size_t outputBytes = 16u << 20;
};

class ChatTemplate
{
public:
    // TemplateFailed with line and reason.
    static Result<ChatTemplate> parse(std::string_view source);
    // The template that most models without one understand.
    static std::string_view chatMl();

    // `variables`: messages, tools, add_generation_prompt, bos_token, eos_token and any other;
    // `now` ("2026-03-14T09:26:53"), when given, is the time of strftime_now instead of the clock.
    Result<std::string> render(const Json &variables, const TemplateLimits &limits = {}) const;

private:
    struct Parsed;
    std::shared_ptr<const Parsed> m_parsed;
};

} // namespace alcove::llm
