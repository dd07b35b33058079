// WordPieceTokenizer: the tokenizer of BERT and its descendants, the `bert` of GGUF files.
//
// The text is cleaned (control characters dropped; lower case without accents, unless the
// vocabulary knows capital letters) and cut at white space, around punctuation and around CJK
// characters; each word becomes the longest token that begins it, then the longest that goes on.
// In files a token that begins a word has U+2581 before it. A word that cannot be written so is one
// unknown token. Source: BERT's published tokenizer definition (Devlin et al., NAACL'19).
// What cleaning drops does not come back from decoding. Immutable after creation; any thread.
#pragma once

#include "core/llm/vocabulary_tokenizer.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm {

class WordPieceTokenizer final : public VocabularyTokenizer
{
public:
    // InvalidFile for a vocabulary without a single piece that can begin a word.
    static Result<std::shared_ptr<const Tokenizer>> create(const GgufFile &file);

protected:
    void encodePlain(std::string_view text, Before before, std::vector<Token> &out) const override;
    std::string plainBytes(Token token) const override;
    bool dropsLeadingSpace() const override { return true; }

private:
    enum class Letters { AsWritten, LowerWithoutAccents };

    WordPieceTokenizer(Vocabulary vocabulary, Letters letters);

    using Cleaned = std::array<char32_t, 8>;
    // What is left of a character of a word after cleaning, and how many characters that is.
    std::size_t clean(char32_t c, Cleaned &cleaned) const;
    // `word` begins with U+2581.
    void encodeWord(std::string_view word, std::vector<Token> &out) const;
    std::optional<Token> findPiece(std::string_view text) const;

    Letters m_letters;
    std::size_t m_longestToken = 0; // bytes
};

} // namespace alcove::llm
