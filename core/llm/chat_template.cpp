#include "core/llm/chat_template.h"

#include "core/llm/jinja/date_text.h"
#include "core/llm/jinja/evaluator.h"
#include "core/llm/jinja/globals.h"
#include "core/llm/jinja/parser.h"
#include "core/llm/utf8.h"

#include <algorithm>
#include <new>
#include <optional>
#include <stdexcept>

namespace alcove::llm {

namespace {

using jinja::Failure;
using jinja::Heap;
using jinja::Kind;
using jinja::Value;

constexpr std::size_t kSourceBytes = 1u << 20;
constexpr jinja::Bounds kParseBounds{64u << 20, 64u << 20, 200};
// All values of a render together may take this many times its output, and a bit for small bounds.
constexpr std::uint64_t kValueBytesPerOutputByte = 16;
constexpr std::uint64_t kMostOutputBytes = 1u << 30;
constexpr std::uint64_t kLeastValueBytes = 1u << 20;

tl::unexpected<Error> templateFailed(const Failure &failure, std::uint32_t line)
{
    constexpr std::size_t kLongest = 2000; // bytes of a reason that is shown
    const std::uint32_t at = failure.line != 0 ? failure.line : line;
    return fail(ErrorCode::TemplateFailed,
                "The model's chat template failed in line " + std::to_string(at) + ": "
                    + replaceInvalidUtf8(std::string_view(failure.reason).substr(0, kLongest)),
                "chat template, line " + std::to_string(at));
}

// Line ends become "\n", and one at the very end goes, as Jinja does it.
std::string normalised(std::string_view source)
{
    std::string out;
    const std::string text = replaceInvalidUtf8(source);
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r') {
            if (i + 1 < text.size() && text[i + 1] == '\n')
                ++i;
            out += '\n';
        } else {
            out += text[i];
        }
    }
    if (!out.empty() && out.back() == '\n')
        out.pop_back();
    return out;
}

Value fromJson(Heap &heap, const Json &json)
{
    switch (json.type()) {
    case Json::value_t::boolean:
        return jinja::boolean(json.get<bool>());
    case Json::value_t::number_integer:
        return jinja::integer(json.get<std::int64_t>());
    case Json::value_t::number_unsigned: {
        const auto number = json.get<std::uint64_t>();
        if (number <= static_cast<std::uint64_t>(INT64_MAX))
            return jinja::integer(static_cast<std::int64_t>(number));
        Value value;
        value.kind = Kind::UInt;
        value.large = number;
        return value;
    }
    case Json::value_t::number_float:
        return jinja::real(json.get<double>());
    case Json::value_t::string:
        return heap.string(replaceInvalidUtf8(json.get_ref<const std::string &>()));
    case Json::value_t::array: {
        jinja::DepthGuard guard(heap);
        std::vector<Value> items;
        items.reserve(json.size());
        for (const Json &item : json)
            items.push_back(fromJson(heap, item));
        return heap.list(std::move(items));
    }
    case Json::value_t::object: {
        jinja::DepthGuard guard(heap);
        auto dict = std::make_unique<jinja::Dict>();
        for (const auto &[key, item] : json.items())
            dict->set(heap, heap.string(replaceInvalidUtf8(key)), fromJson(heap, item));
        return heap.dict(std::move(dict));
    }
    default:
        return jinja::none();
    }
}

// What `json` takes as values is the caller's own size, not the template's doing.
std::uint64_t bytesOf(const Json &json)
{
    constexpr std::uint64_t kPerNode = 256;
    std::uint64_t bytes = 0;
    std::vector<const Json *> open{&json};
    while (!open.empty()) {
        const Json &node = *open.back();
        open.pop_back();
        bytes += kPerNode;
        if (node.is_string())
            bytes += node.get_ref<const std::string &>().size() * 3;
        for (auto it = node.begin(); node.is_structured() && it != node.end(); ++it) {
            if (node.is_object())
                bytes += it.key().size() * 3 + kPerNode;
            open.push_back(&*it);
        }
    }
    return bytes;
}

} // namespace

struct ChatTemplate::Parsed {
    std::string source;
    Heap heap{kParseBounds}; // of the constants; never touched again after parsing
    jinja::Template tree;
};

Result<ChatTemplate> ChatTemplate::parse(std::string_view source)
{
    if (source.size() > kSourceBytes) {
        return fail(ErrorCode::TemplateFailed,
                    "The model's chat template is larger than 1 MiB, which no template needs.");
    }
    try {
        auto parsed = std::make_shared<Parsed>();
        parsed->source = normalised(source);
        parsed->tree = jinja::Parser(parsed->source, parsed->heap).parse();
        ChatTemplate result;
        result.m_parsed = std::move(parsed);
        return result;
    } catch (const Failure &failure) {
        return templateFailed(failure, 1);
    } catch (const std::bad_alloc &) {
        return fail(ErrorCode::OutOfMemory,
                    "There is not enough memory to read the chat template.");
    } catch (const std::length_error &) {
        return fail(ErrorCode::OutOfMemory,
                    "There is not enough memory to read the chat template.");
    }
}

std::string_view ChatTemplate::chatMl()
{
    return "{%- for message in messages %}"
           "{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
           "{%- endfor %}"
           "{%- if add_generation_prompt %}"
           "{{- '<|im_start|>assistant\\n' }}"
           "{%- endif %}";
}

Result<std::string> ChatTemplate::render(const Json &variables, const TemplateLimits &limits) const
{
    if (!m_parsed || !variables.is_object()) {
        return fail(ErrorCode::InvalidArgument,
                    "A chat template needs its variables as a JSON object.");
    }
    std::optional<jinja::DateTime> now;
    if (const auto given = variables.find("now"); given != variables.end() && !given->is_null()) {
        if (given->is_string())
            now = jinja::parseDateTime(given->get_ref<const std::string &>());
        if (!now) {
            return fail(ErrorCode::InvalidArgument,
                        "The time \"now\" of a chat template is written like 2026-03-14T09:26:53.");
        }
    }
    std::uint32_t line = 1;
    try {
        const std::uint64_t given = bytesOf(variables);
        const std::uint64_t valueBytes =
            std::min<std::uint64_t>(limits.outputBytes, kMostOutputBytes)
            * kValueBytesPerOutputByte;
        Heap heap({limits.steps + given / 64, valueBytes + kLeastValueBytes + given, limits.depth});
        std::vector<Value> values;
        for (const std::string &name : m_parsed->tree.names) {
            const auto found = name == "now" ? variables.end() : variables.find(name);
            values.push_back(found != variables.end() ? fromJson(heap, *found)
                                                      : jinja::globalNamed(heap, name, now));
        }
        jinja::Evaluator evaluator(m_parsed->tree, heap, std::move(values), limits.outputBytes);
        try {
            return evaluator.run();
        } catch (const Failure &) {
            line = evaluator.line();
            throw;
        }
    } catch (const Failure &failure) {
        return templateFailed(failure, line);
    } catch (const std::bad_alloc &) {
        return fail(ErrorCode::OutOfMemory,
                    "There is not enough memory to fill the chat template.");
    } catch (const std::length_error &) {
        return fail(ErrorCode::OutOfMemory,
                    "There is not enough memory to fill the chat template.");
    }
}

} // namespace alcove::llm
