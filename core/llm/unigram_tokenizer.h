// UnigramTokenizer: SentencePiece's unigram models, the `t5` of GGUF files (T5, XLM-RoBERTa).
//
// The text is normalised by the file's table (CharsMap), white space as the file asks, spaces
// become U+2581; then it is cut into the tokens whose scores sum up highest (Viterbi). Characters
// that no token covers become byte tokens where the vocabulary has them all, else one unknown token
// a run. Source: SentencePiece's published unigram_model and normalizer (Kudo, ACL'18).
// What normalising changes does not come back from decoding. Immutable after creation; any thread.
#pragma once

#include "core/llm/charsmap.h"
#include "core/llm/hash_index.h"
#include "core/llm/vocabulary_tokenizer.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm {

class UnigramTokenizer final : public VocabularyTokenizer
{
public:
    // InvalidFile when the tokens have no scores, are too many, or the table is damaged.
    static Result<std::shared_ptr<const Tokenizer>> create(const GgufFile &file);

protected:
    void encodePlain(std::string_view text, Before before, std::vector<Token> &out) const override;
    std::string plainBytes(Token token) const override;
    bool dropsLeadingSpace() const override { return m_spaces.addsPrefix; }

private:
    struct Spaces {
        bool addsPrefix = true; // before a text and after a special token
        bool removesExtra = false; // at the ends, and all but one between words
        bool writesMark = true; // U+2581 for a space
    };
    struct Scratch;

    UnigramTokenizer(Vocabulary vocabulary, CharsMap charsMap, Spaces spaces);

    Result<> buildTrie();
    std::string normalised(std::string_view text, Before before) const;
    void encodeWord(std::string_view word, Scratch &scratch, std::vector<Token> &out) const;

    CharsMap m_charsMap;
    Spaces m_spaces;
    PairIndex m_children; // (node, byte) -> node; the root is 0
    std::vector<Token> m_tokenAt; // [nodes]; -1: no token ends here
    std::array<Token, 256> m_byteTokens{}; // -1: none
    bool m_hasAllBytes = true;
    double m_unknownScore = 0;
    bool m_wordsStandAlone = true; // no token has U+2581 after another character
};

} // namespace alcove::llm
