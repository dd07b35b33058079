#include "core/llm/special_tokens.h"

#include <algorithm>
#include <cstdint>

namespace alcove::llm {

namespace {

// Longer ones are not looked for: it keeps a search of a hostile vocabulary short. The longest in
// published vocabularies have some 60 bytes.
constexpr std::size_t kLongestSpelling = 256;

std::uint8_t byteAt(std::string_view text, std::size_t i)
{
    return static_cast<std::uint8_t>(text[i]);
}

} // namespace

std::string withoutGuards(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (char byte : text) {
        out.push_back(byte);
        // Looked for in what is left, so that no guard comes out of two halves around another.
        if (byte == kSpecialTokenGuard.back() && out.size() >= kSpecialTokenGuard.size()
            && out.compare(out.size() - kSpecialTokenGuard.size(), kSpecialTokenGuard.size(),
                           kSpecialTokenGuard)
                == 0)
            out.resize(out.size() - kSpecialTokenGuard.size());
    }
    return out;
}

SpecialTokens::SpecialTokens(const Vocabulary &vocabulary)
{
    for (Token token = 0; static_cast<std::uint32_t>(token) < vocabulary.size(); ++token) {
        const TokenKind kind = vocabulary.kind(token);
        if (kind != TokenKind::Control && kind != TokenKind::Unknown
            && kind != TokenKind::UserDefined)
            continue;
        const std::string_view spelling = vocabulary.spelling(token);
        if (spelling.empty() || spelling.size() > kLongestSpelling
            || spelling.find(kSpecialTokenGuard) != std::string_view::npos)
            continue;
        m_entries.push_back({spelling, token, kind, vocabulary.isMarker(token)});
        m_firstBytes[byteAt(spelling, 0)] = true;
        m_longest = std::max(m_longest, spelling.size());
    }
    std::sort(m_entries.begin(), m_entries.end(), [](const Entry &a, const Entry &b) {
        return a.spelling != b.spelling ? a.spelling < b.spelling : a.token < b.token;
    });
}

bool SpecialTokens::wanted(const Entry &entry, Which which)
{
    switch (which) {
    case Which::UserDefined:
        return entry.kind == TokenKind::UserDefined;
    case Which::Markers:
        return entry.marker;
    case Which::All:
    case Which::AllUnguarded:
        break;
    }
    return true;
}

SpecialMatch SpecialTokens::longestAt(std::string_view text, std::size_t limit, Which which) const
{
    SpecialMatch best;
    limit = std::min({limit, text.size(), m_longest});
    // [low, high): the spellings that begin with the bytes read so far.
    auto low = m_entries.begin();
    auto high = m_entries.end();
    for (std::size_t depth = 0; depth < limit; ++depth) {
        const std::uint8_t byte = byteAt(text, depth);
        low = std::partition_point(low, high, [depth, byte](const Entry &entry) {
            return entry.spelling.size() <= depth || byteAt(entry.spelling, depth) < byte;
        });
        high = std::partition_point(low, high, [depth, byte](const Entry &entry) {
            return byteAt(entry.spelling, depth) == byte;
        });
        if (low == high)
            break;
        // Those that end here come first; several only when a file repeats a spelling.
        for (auto entry = low; entry != high && entry->spelling.size() == depth + 1; ++entry) {
            if (wanted(*entry, which)) {
                best = {0, depth + 1, entry->token};
                break;
            }
        }
    }
    return best;
}

std::vector<SpecialMatch> SpecialTokens::find(std::string_view text, Which which) const
{
    // Each position waits with its longest match. The longest of all is taken first; a position
    // whose match has lost its room comes back with the longest that still fits.
    struct Candidate {
        std::size_t length;
        std::size_t position;
    };
    const auto later = [](const Candidate &a, const Candidate &b) {
        return a.length != b.length ? a.length < b.length : a.position > b.position;
    };
    std::vector<Candidate> heap;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!m_firstBytes[byteAt(text, i)])
            continue;
        if (which == Which::AllUnguarded && i >= kSpecialTokenGuard.size()
            && text.substr(i - kSpecialTokenGuard.size(), kSpecialTokenGuard.size())
                == kSpecialTokenGuard)
            continue;
        if (const SpecialMatch match = longestAt(text.substr(i), m_longest, which); match.length)
            heap.push_back({match.length, i});
    }
    std::vector<SpecialMatch> found;
    if (heap.empty())
        return found;

    std::make_heap(heap.begin(), heap.end(), later);
    std::vector<bool> taken(text.size());
    while (!heap.empty()) {
        std::pop_heap(heap.begin(), heap.end(), later);
        const Candidate candidate = heap.back();
        heap.pop_back();
        std::size_t room = 0;
        while (room < candidate.length && !taken[candidate.position + room])
            ++room;
        SpecialMatch match = longestAt(text.substr(candidate.position), room, which);
        if (match.length == 0)
            continue;
        if (match.length < candidate.length) {
            heap.push_back({match.length, candidate.position});
            std::push_heap(heap.begin(), heap.end(), later);
            continue;
        }
        std::fill_n(taken.begin() + static_cast<std::ptrdiff_t>(candidate.position), match.length,
                    true);
        match.position = candidate.position;
        found.push_back(match);
    }
    std::sort(found.begin(), found.end(),
              [](const SpecialMatch &a, const SpecialMatch &b) { return a.position < b.position; });
    return found;
}

std::vector<std::size_t> SpecialTokens::starts(std::string_view text, Which which) const
{
    std::vector<std::size_t> positions;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (m_firstBytes[byteAt(text, i)] && longestAt(text.substr(i), m_longest, which).length)
            positions.push_back(i);
    }
    return positions;
}

bool SpecialTokens::anyBeginsWith(std::string_view text, Which which) const
{
    auto entry =
        std::lower_bound(m_entries.begin(), m_entries.end(), text,
                         [](const Entry &a, std::string_view b) { return a.spelling < b; });
    for (; entry != m_entries.end() && entry->spelling.substr(0, text.size()) == text; ++entry) {
        if (entry->spelling.size() > text.size() && wanted(*entry, which))
            return true;
    }
    return false;
}

bool SpecialTokens::anyEndsWith(std::string_view text, Which which) const
{
    return std::any_of(m_entries.begin(), m_entries.end(), [text, which](const Entry &entry) {
        return wanted(entry, which) && entry.spelling.size() > text.size()
            && entry.spelling.substr(entry.spelling.size() - text.size()) == text;
    });
}

} // namespace alcove::llm
