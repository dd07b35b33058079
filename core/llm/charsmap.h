// CharsMap: SentencePiece's compiled table of what a normaliser replaces (NFKC and the like).
//
// A copy of the file's `tokenizer.ggml.precompiled_charsmap`: a double-array trie (Darts) over
// bytes whose values are offsets of zero-ended replacements. The bytes are hostile input: every
// step into them is checked, and a map that leads astray replaces nothing. Immutable after reading;
// any thread. Source: SentencePiece's published normalizer and the Darts-clone format.
#pragma once

#include "core/base/result.h"
#include "core/llm/gguf.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm {

class CharsMap
{
public:
    CharsMap() = default; // replaces nothing

    // InvalidFile when the lengths in the table do not fit it. A file without one: replaces
    // nothing.
    static Result<CharsMap> read(const GgufFile &file);

    struct Match {
        std::size_t length = 0; // bytes of the text; 0: nothing is replaced here
        std::string_view replacement;
    };
    // The longest entry that begins `text`.
    Match longestAt(std::string_view text) const;

private:
    std::vector<std::uint32_t> m_units;
    std::string m_replacements; // each ends with a zero byte
};

} // namespace alcove::llm
