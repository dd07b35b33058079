// PreTokenizer: cuts a text into the words that byte-level BPE works on, each by itself.
//
// The patterns are those of the models' published tokenizer definitions, known in GGUF files by the
// name in `tokenizer.ggml.pre`. Immutable after creation; any thread. Needs time in proportion to
// the text. Bytes that are not UTF-8 make words of their own. Creation fails for an unknown name.
#pragma once

#include "core/base/result.h"

#include <memory>
#include <string_view>
#include <vector>

namespace alcove::llm {

struct PreTokenizerTraits {
    bool ignoreMerges = false; // a word that is a token is taken whole
    bool addBos = false; // where the file does not say
};

class PreTokenizer
{
public:
    // Unsupported for a name that we have no pattern for.
    static Result<PreTokenizer> create(std::string_view name);

    const PreTokenizerTraits &traits() const { return m_traits; }

    // Appends the words of `text`, in order, to `words`; together they are the whole text.
    void split(std::string_view text, std::vector<std::string_view> &words) const;

private:
    class Pattern;
    class Matcher;

    void splitValid(std::string_view text, Matcher &matcher,
                    std::vector<std::string_view> &words) const;

    PreTokenizerTraits m_traits;
    std::vector<std::shared_ptr<const Pattern>> m_patterns; // applied one after the other
};

} // namespace alcove::llm
