// CodePointSet: a set of Unicode characters as sorted ranges. Surrogates are no characters and are
// never in a set. A plain value.
#pragma once

#include <utility>
#include <vector>

namespace alcove::llm {

inline constexpr char32_t kLastCodePoint = 0x10FFFF;

class CodePointSet
{
public:
    using Range = std::pair<char32_t, char32_t>; // both ends are in it

    CodePointSet() = default;
    explicit CodePointSet(std::vector<Range> ranges);
    static CodePointSet all() { return CodePointSet({{0, kLastCodePoint}}); }

    const std::vector<Range> &ranges() const { return m_ranges; } // sorted, apart from each other
    bool contains(char32_t codePoint) const { return covers(codePoint, codePoint); }
    bool covers(char32_t first, char32_t last) const; // all of it
    bool touches(char32_t first, char32_t last) const; // some of it
    CodePointSet complement() const;
    CodePointSet without(const CodePointSet &other) const;

    bool operator==(const CodePointSet &other) const { return m_ranges == other.m_ranges; }
    bool operator<(const CodePointSet &other) const { return m_ranges < other.m_ranges; }

private:
    std::vector<Range> m_ranges;
};

} // namespace alcove::llm
