// SpecialTokens: finds the spellings of control, unknown and user-defined tokens in a text.
//
// Longer spellings win over shorter ones that overlap them, then the earlier one. Immutable after
// creation; any thread. Works on a vocabulary that must outlive it.
#pragma once

#include "core/llm/vocabulary.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm {

// A mark that is put into a text before a spelling: no special token begins right after it and none
// reaches across it. U+FDD0 is a noncharacter: for use inside a program, never in a text.
inline constexpr std::string_view kSpecialTokenGuard = "\xEF\xB7\x90";

// `text` with every guard taken out, and those that come to be by that.
std::string withoutGuards(std::string_view text);

struct SpecialMatch {
    std::size_t position = 0;
    std::size_t length = 0;
    Token token = 0;
};

class SpecialTokens
{
public:
    enum class Which {
        UserDefined, // those that every text is searched for
        All,
        AllUnguarded, // all, but none right after a guard
        Markers, // those that a text must not be able to forge
    };

    SpecialTokens() = default;
    explicit SpecialTokens(const Vocabulary &vocabulary);

    // The tokens of `text`, in order and not overlapping.
    std::vector<SpecialMatch> find(std::string_view text, Which which) const;

    // Where in `text` any of them begins, overlapping or not, in order.
    std::vector<std::size_t> starts(std::string_view text, Which which) const;

    // Whether a spelling begins with `text` or ends with it, and goes on.
    bool anyBeginsWith(std::string_view text, Which which) const;
    bool anyEndsWith(std::string_view text, Which which) const;
    std::size_t longestSpelling() const { return m_longest; }

private:
    struct Entry {
        std::string_view spelling;
        Token token = 0;
        TokenKind kind = TokenKind::Control;
        bool marker = false;
    };

    static bool wanted(const Entry &entry, Which which);
    // The longest spelling of at most `limit` bytes at the start of `text`; length 0 for none.
    SpecialMatch longestAt(std::string_view text, std::size_t limit, Which which) const;

    std::vector<Entry> m_entries; // sorted by spelling
    std::array<bool, 256> m_firstBytes{}; // of any spelling
    std::size_t m_longest = 0;
};

} // namespace alcove::llm
