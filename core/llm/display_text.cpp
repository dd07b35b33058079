#include "core/llm/display_text.h"

#include "core/llm/utf8.h"

#include <cstdio>
#include <iterator>

namespace alcove::llm {

namespace {

bool isShowable(char32_t c)
{
    const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    const bool separator = c == 0x2028 || c == 0x2029;
    const bool direction = c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e)
        || (c >= 0x2066 && c <= 0x2069);
    return !control && !separator && !direction;
}

} // namespace

std::string displayText(std::string_view text, std::size_t limit)
{
    std::string out;
    for (std::size_t count = 0; !text.empty(); ++count) {
        if (count == limit)
            return out + "...";
        const Utf8Step step = nextUtf8(text);
        if (step.kind == Utf8Kind::Character && isShowable(step.codePoint))
            out += text.substr(0, step.length);
        else
            out += kReplacementCharacter;
        text.remove_prefix(step.length);
    }
    return out;
}

std::string displayBytes(unsigned long long bytes)
{
    constexpr const char *kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024)
        return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
    double value = double(bytes) / 1024.0;
    std::size_t unit = 0;
    // 1023.95 would be printed as 1024.0.
    for (; value >= 1023.95 && unit + 1 < std::size(kUnits); ++unit)
        value /= 1024.0;
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.1f %s", value, kUnits[unit]);
    return buffer;
}

} // namespace alcove::llm
