#include "core/llm/jinja/search.h"

namespace alcove::llm::jinja {

namespace {

constexpr std::size_t kShort = 32; // bytes

} // namespace

Needle::Needle(Heap &heap, std::string_view needle) : m_needle(needle)
{
    if (needle.size() <= kShort)
        return;
    heap.charge(needle.size() * sizeof(std::uint32_t));
    heap.work(needle.size());
    m_fallback.resize(needle.size());
    std::uint32_t matched = 0;
    for (std::size_t i = 1; i < needle.size(); ++i) {
        while (matched > 0 && needle[i] != needle[matched])
            matched = m_fallback[matched - 1];
        if (needle[i] == needle[matched])
            ++matched;
        m_fallback[i] = matched;
    }
}

std::size_t Needle::find(std::string_view text, std::size_t from) const
{
    if (m_fallback.empty())
        return text.find(m_needle, from);
    std::uint32_t matched = 0;
    for (std::size_t i = from; i < text.size(); ++i) {
        while (matched > 0 && text[i] != m_needle[matched])
            matched = m_fallback[matched - 1];
        if (text[i] == m_needle[matched])
            ++matched;
        if (matched == m_needle.size())
            return i + 1 - matched;
    }
    return std::string_view::npos;
}

std::size_t Needle::findLast(std::string_view text) const
{
    if (m_fallback.empty())
        return text.rfind(m_needle);
    std::size_t last = std::string_view::npos;
    std::uint32_t matched = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        while (matched > 0 && text[i] != m_needle[matched])
            matched = m_fallback[matched - 1];
        if (text[i] == m_needle[matched])
            ++matched;
        if (matched == m_needle.size()) {
            last = i + 1 - matched;
            matched = m_fallback[matched - 1];
        }
    }
    return last;
}

} // namespace alcove::llm::jinja
