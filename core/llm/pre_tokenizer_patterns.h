// The patterns by which models' tokenizers cut a text into words, by the name that GGUF files use.
//
// Constant data; any thread; nothing fails. Source: the models' published tokenizer definitions
// (`pre_tokenizer` of tokenizer.json, or the pattern of a tiktoken definition).
#pragma once

#include <array>
#include <string_view>

namespace alcove::llm {

// What a family of tokenizers does besides its pattern.
struct PreTokenizerTraits {
    enum class Symbols {
        Bytes, // tokens are bytes, written in GPT-2's alphabet
        Characters, // tokens are characters, spaces U+2581; what is none becomes byte tokens
    };
    enum class Ends {
        AsFile,
        Both, // a separator after the text too, where the file does not say
        NeverBos, // the file's beginning of text is not one
    };

    bool ignoreMerges = false; // a word that is a token is taken whole
    bool addBos = false; // where the file does not say
    Symbols symbols = Symbols::Bytes;
    Ends ends = Ends::AsFile;
};

// One regular expression: its matches, and what lies between them, become pieces.
struct PreTokenizerStep {
    enum class Cut { Whole, ThreesFromTheEnd }; // how a match is cut further, in characters

    constexpr PreTokenizerStep() = default;
    constexpr PreTokenizerStep(std::string_view thePattern, Cut theCut = Cut::Whole)
        : pattern(thePattern), cut(theCut)
    { }
    constexpr PreTokenizerStep(const char *thePattern) : pattern(thePattern) { }

    std::string_view pattern;
    Cut cut = Cut::Whole;
};

struct PreTokenizerDefinition {
    std::array<PreTokenizerStep, 6> steps; // applied one after the other; the first empty one ends
    PreTokenizerTraits traits;
};

// nullptr for a name that we have no patterns for.
const PreTokenizerDefinition *findPreTokenizer(std::string_view name);

} // namespace alcove::llm
