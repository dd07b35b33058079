// BpeTokenizer: byte pair encoding by a list of merges, the `gpt2` and `gemma4` of GGUF files.
//
// The text is cut into words (PreTokenizer); within a word the pair of neighbours whose merge
// stands first in the file's list is joined, until none is left. In files each byte of a token is
// written as a printable character (GPT-2's alphabet); here everything is done on the bytes
// themselves. Gemma 4's kind joins characters instead, with U+2581 for a space, and writes a
// character that is no token as byte tokens. Source: Sennrich et al. (ACL'16) and GPT-2's published
// encoder. Immutable after creation; any thread.
#pragma once

#include "core/llm/hash_index.h"
#include "core/llm/pre_tokenizer.h"
#include "core/llm/vocabulary_tokenizer.h"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm {

class BpeTokenizer final : public VocabularyTokenizer
{
public:
    // InvalidFile for a list of merges that is missing, too long or malformed.
    static Result<std::shared_ptr<const Tokenizer>> create(const GgufFile &file,
                                                           std::string_view preOverride);

    // The name of the file's pre-tokenizer; empty when it gives none.
    static std::string_view preTokenizerOf(const GgufFile &file);

    // The bytes of a token's spelling in GPT-2's alphabet. False when a character is not of it.
    static bool decodeAlphabet(std::string_view spelling, std::string &bytes);

protected:
    void encodePlain(std::string_view text, Before before, std::vector<Token> &out) const override;
    std::string plainBytes(Token token) const override;
    bool dropsLeadingSpace() const override { return false; }

private:
    using Symbols = PreTokenizerTraits::Symbols;

    // A string of bytes that is a token or a step on the way to one.
    using Symbol = std::uint32_t;

    struct Merge {
        Symbol left;
        Symbol right;
        Symbol result;
    };

    struct WordScratch;

    BpeTokenizer(Vocabulary vocabulary, PreTokenizer preTokenizer);

    Symbols symbols() const { return m_preTokenizer.traits().symbols; }
    Ends endsOf(bool addsBosByDefault) const;
    Result<> readMerges(const GgufFile &file);
    bool readSpelling(std::string_view spelling, std::string &text) const;
    Symbol symbolAt(std::string_view word, std::size_t at, std::uint32_t &length) const;
    std::string_view symbolText(Symbol symbol) const;
    Symbol findSymbol(std::string_view bytes) const;
    Symbol addSymbol(std::string_view bytes);
    void encodeWord(std::string_view word, WordScratch &scratch, std::vector<Token> &out) const;
    void appendSymbol(Symbol symbol, std::string_view text, std::vector<Token> &out) const;
    void appendBytes(std::string_view text, std::vector<Token> &out) const;

    PreTokenizer m_preTokenizer;
    std::string m_symbolText; // the bytes of all symbols, one after the other
    std::vector<std::uint32_t> m_symbolStart; // [symbols + 1]
    std::vector<Token> m_symbolToken; // [symbols]; -1: not a token
    SpellingIndex m_symbolIndex;
    std::array<Symbol, 256> m_byteSymbols{}; // of Symbols::Bytes
    std::array<Token, 256> m_byteTokens{}; // -1: none
    std::vector<Merge> m_merges; // first to be done first
    PairIndex m_mergeIndex; // pair of symbols -> index of its merge
};

} // namespace alcove::llm
