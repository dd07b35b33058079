// Vocabulary: the tokens of a GGUF file with their spellings, kinds and scores, and which of them
// begin a text, end it, or end an answer.
//
// A copy of what the file says, so it does not need the file. Immutable after reading; any thread.
// Reading checks counts, lengths and ids: InvalidFile names what is wrong.
// Source: the GGUF specification, section on `tokenizer.ggml.*`.
#pragma once

#include "core/base/result.h"
#include "core/llm/gguf.h"
#include "core/llm/hash_index.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm {

enum class TokenKind : std::uint8_t {
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
};

// What a file may declare; published vocabularies stay far below.
inline constexpr std::uint64_t kMaxVocabularyTokens = 1u << 20;
inline constexpr std::uint64_t kMaxVocabularyMerges = 1u << 21;
inline constexpr std::size_t kMaxVocabularySpellingBytes = 32u << 20;
inline constexpr std::size_t kMaxTokenBytes = 4096;

class Vocabulary
{
public:
    static Result<Vocabulary> read(const GgufFile &file);

    std::uint32_t size() const { return static_cast<std::uint32_t>(m_kinds.size()); }
    bool contains(Token token) const
    {
        return token >= 0 && static_cast<std::uint32_t>(token) < size();
    }

    // The three below need a token that the vocabulary contains.
    std::string_view spelling(Token token) const;
    TokenKind kind(Token token) const { return m_kinds[static_cast<std::size_t>(token)]; }
    float score(Token token) const { return m_scores[static_cast<std::size_t>(token)]; }

    bool hasScores() const { return !m_scores.empty(); }

    // The token of this spelling, whatever its kind; the last one where there are several.
    std::optional<Token> find(std::string_view spelling) const;

    std::optional<Token> bos() const { return m_bos; }
    std::optional<Token> eos() const { return m_eos; }
    // Stands for what the vocabulary cannot express.
    std::optional<Token> unknown() const { return m_unknown; }
    // What encoders put before a text ("[CLS]") and after it ("[SEP]"), where they have their own.
    std::optional<Token> classifier() const { return m_classifier; }
    std::optional<Token> separator() const { return m_separator; }
    // Whether they are added to a text; nullopt: the file does not say.
    std::optional<bool> addBos() const { return m_addBos; }
    std::optional<bool> addEos() const { return m_addEos; }
    std::optional<bool> addSeparator() const { return m_addSeparator; }
    bool endsGeneration(Token token) const;

    // A token that takes the white space after it along.
    bool swallowsSpace(Token token) const;

    // A token that gives a prompt its structure: a text must not be able to forge it. Control and
    // unknown tokens, those that end an answer, and user-defined ones spelled like a marker ("<|").
    bool isMarker(Token token) const;

    const std::vector<std::string> &warnings() const { return m_warnings; }
    void warn(std::string sentence) { m_warnings.push_back(std::move(sentence)); }

private:
    Result<> readTokens(const GgufFile &file);
    void readSpecialIds(const GgufFile &file);
    void findEnders(const GgufFile &file);
    bool isUnknown(Token token) const;

    std::string m_text; // all spellings, one after the other
    std::vector<std::uint32_t> m_starts; // [size + 1], offsets into m_text
    std::vector<TokenKind> m_kinds; // [size]
    std::vector<float> m_scores; // [size], or empty
    std::vector<Token> m_enders; // sorted
    SpellingIndex m_index;
    std::optional<Token> m_bos;
    std::optional<Token> m_eos;
    std::optional<Token> m_unknown;
    std::optional<Token> m_classifier;
    std::optional<Token> m_separator;
    std::optional<bool> m_addBos;
    std::optional<bool> m_addEos;
    std::optional<bool> m_addSeparator;
    bool m_specialsSwallowSpace = false;
    std::vector<std::string> m_warnings;
};

} // namespace alcove::llm
