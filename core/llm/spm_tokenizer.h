// SpmTokenizer: SentencePiece's BPE models, the `llama` of GGUF files.
//
// Spaces become U+2581; then the pair of neighbours whose concatenation is the token of the highest
// score is joined, until no two make a token. A character that is no token becomes its bytes'.
// Source: SentencePiece's published bpe_model (Kudo and Richardson, EMNLP'18).
// Immutable after creation; any thread.
#pragma once

#include "core/llm/vocabulary_tokenizer.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm {

class SpmTokenizer final : public VocabularyTokenizer
{
public:
    // InvalidFile when the tokens have no scores.
    static Result<std::shared_ptr<const Tokenizer>> create(const GgufFile &file);

protected:
    void encodePlain(std::string_view text, Before before, std::vector<Token> &out) const override;
    std::string plainBytes(Token token) const override;
    bool dropsLeadingSpace() const override { return m_addsSpace; }

private:
    struct WordScratch;

    explicit SpmTokenizer(Vocabulary vocabulary, bool addsSpace);

    void rankScores();
    std::optional<Token> findPiece(std::string_view text) const;
    void encodeWord(std::string_view word, WordScratch &scratch, std::vector<Token> &out) const;
    void appendSymbol(std::string_view text, std::vector<Token> &out) const;

    std::vector<std::uint32_t> m_ranks; // [tokens]; 0 for the highest score, equal for equal ones
    std::array<Token, 256> m_byteTokens{}; // -1: none
    std::size_t m_longestToken = 0; // bytes
    bool m_addsSpace = true; // before a text and after a special token
    bool m_wordsStandAlone = true; // no token has U+2581 after another character
};

} // namespace alcove::llm
