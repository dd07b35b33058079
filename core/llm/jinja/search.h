// Needle: substring search whose time is linear however the text is chosen.
//
// The standard library's search takes time in proportion to both lengths in the worst case, which a
// hostile template would pick. Short needles still use it; long ones go by Knuth, Morris and Pratt
// ("Fast pattern matching in strings", 1977). The needle's text must outlive it. One thread.
#pragma once

#include "core/llm/jinja/value.h"

#include <string_view>
#include <vector>

namespace alcove::llm::jinja {

class Needle
{
public:
    Needle(Heap &heap, std::string_view needle);

    // Byte offset of the first occurrence at or after `from`, or npos.
    std::size_t find(std::string_view text, std::size_t from = 0) const;
    // Byte offset of the last occurrence, or npos.
    std::size_t findLast(std::string_view text) const;
    std::size_t size() const { return m_needle.size(); }

private:
    std::string_view m_needle;
    std::vector<std::uint32_t> m_fallback; // empty for a short needle
};

} // namespace alcove::llm::jinja
