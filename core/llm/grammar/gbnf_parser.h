// GbnfParser: GBNF text to a tree of each rule. Errors as in Grammar::parse. One use, one thread.
#pragma once

#include "core/base/result.h"
#include "core/llm/grammar/code_point_set.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm {

// What a piece of a rule is made of.
struct GbnfItem {
    enum class Kind { Set, Sequence, Choice, Repeat, Rule };
    static constexpr std::uint32_t kUnbounded = 0xffffffffu;

    Kind kind = Kind::Sequence;
    std::uint32_t value = 0; // Set: index into sets; Rule: index into rules
    std::uint32_t least = 0; // Repeat
    std::uint32_t most = 0; // Repeat
    std::vector<GbnfItem> items; // Sequence, Choice: any number; Repeat: one
};

struct GbnfRule {
    std::string name;
    std::size_t position = 0; // where it is first spoken of
    bool defined = false;
    GbnfItem body;
};

struct GbnfRules {
    std::vector<GbnfRule> rules;
    std::vector<CodePointSet> sets; // each once
    std::uint32_t root = 0;
};

Result<GbnfRules> parseGbnf(std::string_view text);

// "line 3, column 7": columns count characters.
std::string placeIn(std::string_view text, std::size_t position);

} // namespace alcove::llm
