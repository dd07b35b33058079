#include "core/llm/grammar/schema_values.h"

#include "core/llm/display_text.h"
#include "core/llm/grammar/json_pattern.h"
#include "core/llm/grammar/json_text_grammar.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace alcove::llm {

namespace {

tl::unexpected<Error> wrong(const std::string &what)
{
    return fail(ErrorCode::InvalidArgument, "The schema " + what);
}

tl::unexpected<Error> unsupported(const std::string &what)
{
    return fail(ErrorCode::Unsupported, "The schema uses " + what + ", which is not supported,");
}

enum class Side { Lower, Upper };

// A bound of integers; exclusive ones as in draft 4 (a boolean) and later (a number).
Result<std::optional<std::int64_t>> bound(const SchemaJson &schema, const char *keyword,
                                          const char *exclusive, Side side)
{
    constexpr std::int64_t kMost = 1'000'000'000'000'000'000;
    std::optional<std::int64_t> tightest;
    const auto tighten = [&](const SchemaJson &value, bool open, const char *name) -> Result<> {
        if (!value.is_number())
            return wrong(std::string("has a '") + name + "' that is no number");
        // The next integer inside.
        std::int64_t inside = 0;
        bool whole = true;
        if (value.is_number_unsigned()) {
            inside = std::int64_t(std::min<std::uint64_t>(value.get<std::uint64_t>(), kMost));
        } else if (value.is_number_integer()) {
            inside = std::max(value.get<std::int64_t>(), -kMost);
        } else {
            const double number = value.get<double>();
            const double next = side == Side::Lower ? std::ceil(number) : std::floor(number);
            whole = next == number;
            inside = std::int64_t(std::clamp(next, -double(kMost), double(kMost)));
        }
        if (open && whole)
            inside += side == Side::Lower ? 1 : -1;
        if (!tightest || (side == Side::Lower ? inside > *tightest : inside < *tightest))
            tightest = inside;
        return {};
    };
    const auto other = schema.find(exclusive);
    const bool oldStyle = other != schema.end() && other->is_boolean();
    Result<> done;
    if (const auto plain = schema.find(keyword); plain != schema.end())
        done = tighten(*plain, oldStyle && other->get<bool>(), keyword);
    if (done && other != schema.end() && !oldStyle)
        done = tighten(*other, true, exclusive);
    if (!done)
        return fail(done.error());
    return tightest;
}

} // namespace

Result<std::optional<std::uint64_t>> schemaCount(const SchemaJson &schema, const char *keyword)
{
    const auto found = schema.find(keyword);
    if (found == schema.end())
        return std::nullopt;
    if (found->is_number_unsigned())
        return found->get<std::uint64_t>();
    const double number = found->is_number() ? found->get<double>() : -1;
    if (number >= 0 && number < 1e9 && number == std::floor(number))
        return std::uint64_t(number);
    return wrong(std::string("has a '") + keyword + "' that is no count");
}

std::string countText(std::uint64_t least, std::optional<std::uint64_t> most)
{
    return "{" + std::to_string(least) + "," + (most ? std::to_string(*most) : std::string()) + "}";
}

Result<std::optional<std::string>> stringForm(const SchemaJson &schema)
{
    const auto least = schemaCount(schema, "minLength");
    const auto most = schemaCount(schema, "maxLength");
    if (!least || !most)
        return fail(least ? most.error() : least.error());
    std::string text;
    for (const char *keyword : {"pattern", "format"}) {
        if (!schema.contains(keyword))
            continue;
        if (!schema[keyword].is_string())
            return wrong(std::string("has a '") + keyword + "' that is no text");
        if (!text.empty() || least->value_or(0) > 0 || *most)
            return unsupported(std::string("'") + keyword
                               + "' together with other bounds of a string");
        const auto value = schema[keyword].get<std::string>();
        if (keyword == std::string_view("format")) {
            const auto format = jsonFormat(value);
            if (!format)
                return unsupported("the format '" + displayText(value) + "'");
            text = *format;
        } else {
            auto pattern = jsonPattern(value);
            if (!pattern) {
                Error error = pattern.error();
                error.message.pop_back(); // its end
                return fail(std::move(error));
            }
            text = std::move(*pattern);
        }
    }
    if (text.empty() && (*least || *most)) {
        if (*most && **most < least->value_or(0))
            return wrong("asks for a longer text than it allows");
        text = "char" + countText(least->value_or(0), *most);
    }
    if (text.empty())
        return std::nullopt;
    return "\"\\\"\" " + text + " \"\\\"\"";
}

Result<std::string> numberForm(const SchemaJson &schema, const std::string &type)
{
    const auto least = bound(schema, "minimum", "exclusiveMinimum", Side::Lower);
    const auto most = bound(schema, "maximum", "exclusiveMaximum", Side::Upper);
    if (!least || !most)
        return fail(least ? most.error() : least.error());
    if (!*least && !*most)
        return type;
    if (type == "number")
        return unsupported("bounds of a number that need not be an integer");
    std::string text = jsonIntegers(*least, *most);
    if (text.empty())
        return wrong("allows no number");
    return text;
}

} // namespace alcove::llm
