// VocabularyTokenizer: what the tokenizer families share: special tokens, beginning and end of a
// text, and the way back from tokens to text. A family adds how plain text becomes tokens.
//
// Immutable after creation; any thread.
#pragma once

#include "core/llm/special_tokens.h"
#include "core/llm/tokenizer.h"
#include "core/llm/vocabulary.h"

#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm {

class VocabularyTokenizer : public Tokenizer
{
public:
    std::vector<Token> encode(std::string_view text, AddSpecial add,
                              ParseSpecial parse) const override;
    std::string bytesOf(Token token, ShowSpecial special) const override;
    std::string decode(std::span<const Token> tokens, ShowSpecial special) const override;
    std::string guardSpecials(std::string_view text) const override;

    std::uint32_t vocabularySize() const override { return m_vocabulary.size(); }
    std::optional<Token> bos() const override { return m_ends.bos; }
    std::optional<Token> eos() const override { return m_ends.eos; }
    bool addsBos() const override { return m_ends.addsBos; }
    bool addsEos() const override { return m_ends.addsEos; }
    bool endsGeneration(Token token) const override;
    std::string spelling(Token token) const override;
    const std::vector<std::string> &warnings() const override { return m_vocabulary.warnings(); }

protected:
    // What stands before a piece of plain text.
    enum class Before { TextStartOrSpecial, Text };

    explicit VocabularyTokenizer(Vocabulary vocabulary);
    // The views of m_specials point into m_vocabulary.
    VocabularyTokenizer(const VocabularyTokenizer &) = delete;
    VocabularyTokenizer &operator=(const VocabularyTokenizer &) = delete;

    virtual void encodePlain(std::string_view text, Before before,
                             std::vector<Token> &out) const = 0;
    // The bytes of a token of kind Normal or Byte, as they appear in text.
    virtual std::string plainBytes(Token token) const = 0;
    virtual bool dropsLeadingSpace() const = 0;

    const Vocabulary &vocabulary() const { return m_vocabulary; }
    void warn(std::string sentence) { m_vocabulary.warn(std::move(sentence)); }
    // What is added before a text and after it, and whether it is.
    struct Ends {
        std::optional<Token> bos;
        std::optional<Token> eos;
        bool addsBos = false;
        bool addsEos = false;
    };
    void setEnds(const Ends &ends) { m_ends = ends; }

private:
    Vocabulary m_vocabulary;
    SpecialTokens m_specials;
    Ends m_ends;
};

} // namespace alcove::llm
