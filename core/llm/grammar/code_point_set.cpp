#include "core/llm/grammar/code_point_set.h"

#include <algorithm>

namespace alcove::llm {

namespace {

constexpr char32_t kFirstSurrogate = 0xD800;
constexpr char32_t kLastSurrogate = 0xDFFF;

} // namespace

CodePointSet::CodePointSet(std::vector<Range> ranges)
{
    std::vector<Range> parts;
    for (auto [first, last] : ranges) {
        last = std::min(last, kLastCodePoint);
        if (first < kFirstSurrogate)
            parts.emplace_back(first, std::min<char32_t>(last, kFirstSurrogate - 1));
        if (last > kLastSurrogate)
            parts.emplace_back(std::max<char32_t>(first, kLastSurrogate + 1), last);
    }
    std::sort(parts.begin(), parts.end());
    for (const Range &part : parts) {
        if (part.first > part.second)
            continue;
        if (!m_ranges.empty() && part.first <= m_ranges.back().second + 1)
            m_ranges.back().second = std::max(m_ranges.back().second, part.second);
        else
            m_ranges.push_back(part);
    }
}

bool CodePointSet::covers(char32_t first, char32_t last) const
{
    auto after = std::upper_bound(m_ranges.begin(), m_ranges.end(), Range(first, kLastCodePoint));
    return after != m_ranges.begin() && (--after)->second >= last && after->first <= first;
}

bool CodePointSet::touches(char32_t first, char32_t last) const
{
    const auto after =
        std::upper_bound(m_ranges.begin(), m_ranges.end(), Range(last, kLastCodePoint));
    return after != m_ranges.begin() && std::prev(after)->second >= first;
}

CodePointSet CodePointSet::complement() const
{
    std::vector<Range> rest;
    char32_t next = 0;
    for (const Range &range : m_ranges) {
        if (range.first > next)
            rest.emplace_back(next, range.first - 1);
        next = range.second + 1;
    }
    if (next <= kLastCodePoint)
        rest.emplace_back(next, kLastCodePoint);
    return CodePointSet(std::move(rest));
}

CodePointSet CodePointSet::without(const CodePointSet &other) const
{
    std::vector<Range> outside = complement().m_ranges;
    outside.insert(outside.end(), other.m_ranges.begin(), other.m_ranges.end());
    return CodePointSet(std::move(outside)).complement();
}

} // namespace alcove::llm
