// Tokenizer: text to token ids and back, from a GGUF's vocabulary.
//
// Immutable after creation; any thread. Text is UTF-8 and may be malformed (bytes survive where the
// vocabulary can express them).
#pragma once

#include "core/base/result.h"
#include "core/llm/gguf.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm {

enum class AddSpecial { No, AsModel }; // AsModel: bos/eos as the model's metadata asks
enum class ParseSpecial {
    No, // "<|im_end|>" in a text is plain characters; user-defined tokens are still recognised
    Yes, // special tokens are recognised wherever they are spelled
    Guarded, // ... except where guardSpecials() has marked them; the marks themselves are left out
};

class Tokenizer
{
public:
    // `preOverride` replaces tokenizer.ggml.pre when not empty.
    // Unsupported: a tokenizer model, or a pre-tokenizer asked for by `preOverride`, that we do not
    // know, by name. A file's own unknown pre-tokenizer gives a warning and the default one.
    // InvalidFile: lists that do not fit each other, or are out of bounds.
    static Result<std::shared_ptr<const Tokenizer>> create(const GgufFile &file,
                                                           std::string_view preOverride = {});
    // What a look at the file's names, not at its vocabulary, shows: that its tokenizer is not
    // supported, or that it is read with another pre-tokenizer. nullopt when there is nothing.
    static std::optional<std::string> troubleOf(const GgufFile &file);
    virtual ~Tokenizer() = default;

    // Ids of `text`. Special tokens are added and recognised as asked.
    virtual std::vector<Token> encode(std::string_view text, AddSpecial add,
                                      ParseSpecial parse) const = 0;

    // The bytes a token stands for, as they appear in text; empty for control tokens unless
    // `special` asks for their spelling. Not necessarily whole UTF-8 characters.
    enum class ShowSpecial { No, Yes };
    virtual std::string bytesOf(Token token, ShowSpecial special = ShowSpecial::No) const = 0;

    // Text of a sequence, with the leading space of SentencePiece and WordPiece removed at the
    // start. Ids outside the vocabulary stand for nothing. Not necessarily well-formed UTF-8.
    virtual std::string decode(std::span<const Token> tokens,
                               ShowSpecial special = ShowSpecial::No) const = 0;

    // `text` with a mark before every spelling of a token that gives prompts their structure, so
    // that ParseSpecial::Guarded reads it as plain text. Through prompt_text.h.
    virtual std::string guardSpecials(std::string_view text) const = 0;

    virtual std::uint32_t vocabularySize() const = 0;
    virtual std::optional<Token> bos() const = 0;
    virtual std::optional<Token> eos() const = 0;
    virtual bool addsBos() const = 0;
    virtual bool addsEos() const = 0;
    virtual bool
    endsGeneration(Token token) const = 0; // eos, eot, eom and the families' own enders
    virtual std::string spelling(Token token) const = 0; // as in the vocabulary ("<|im_end|>")
    virtual const std::vector<std::string> &warnings() const = 0;
};

// Turns tokens into text piece by piece: holds back an incomplete UTF-8 character until it is
// whole, and turns bytes that can never become one into U+FFFD. Its pieces together are what
// decode() gives, made well-formed. One stream, one thread.
class StreamDecoder
{
public:
    // Continuation keeps a leading space, because text stands before it.
    enum class Start { OfText, Continuation };

    explicit StreamDecoder(std::shared_ptr<const Tokenizer> tokenizer, Start start = Start::OfText);

    std::string append(Token token); // text that is now certain; often empty
    std::string finish(); // what was held back

private:
    std::shared_ptr<const Tokenizer> m_tokenizer;
    std::string m_pending;
    bool m_first = true;
};

} // namespace alcove::llm
