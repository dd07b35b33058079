// Grammar: the texts that an answer may be, from GBNF (the notation of llama.cpp's grammars:
// rules, literals, character classes, groups, ?, *, +, {m,n}, any character, comments), compiled to
// a graph that reads bytes.
//
// Text is UTF-8. Refused with line and column: what is no GBNF, rules that are missing, given twice
// or recursive on the left, and what is larger than the bounds below. Immutable; any thread.
#pragma once

#include "core/base/result.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace alcove::llm {

inline constexpr std::size_t kMaxGrammarBytes = 1u << 20;
inline constexpr std::size_t kMaxGrammarNodes = 1u << 18;
inline constexpr std::size_t kMaxGrammarByteStates = 1u << 13;
inline constexpr std::uint32_t kMaxGrammarRepeats = 1u << 17;
inline constexpr int kMaxGrammarNesting = 100;

// One step of a rule.
struct GrammarNode {
    enum class Kind : std::uint8_t {
        Character, // reads a character: byte state `value`, then on to `next`
        Split, // `next` or `value`
        Call, // the rule that begins at `value`, then `next`
        Return, // the end of a rule
    };
    Kind kind = Kind::Return;
    std::uint32_t value = 0;
    std::uint32_t next = 0;
};

// Where a byte leads inside a character: another byte state, or one of the two below.
inline constexpr std::uint32_t kByteFails = 0xffffffffu;
inline constexpr std::uint32_t kCharacterDone = 0xfffffffeu;
using ByteState = std::array<std::uint32_t, 256>;

class Grammar
{
public:
    // InvalidArgument: what is wrong and where. The rule "root" is the whole text.
    static Result<std::shared_ptr<const Grammar>> parse(std::string_view gbnf);

    std::uint32_t root() const { return m_root; } // a node
    const std::vector<GrammarNode> &nodes() const { return m_nodes; }
    const std::vector<ByteState> &byteStates() const { return m_byteStates; }

private:
    friend class GrammarCompiler;

    std::uint32_t m_root = 0;
    std::vector<GrammarNode> m_nodes;
    std::vector<ByteState> m_byteStates;
};

} // namespace alcove::llm
