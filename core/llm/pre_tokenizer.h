// PreTokenizer: cuts a text into the words that byte-level BPE works on, each by itself.
//
// The patterns (pre_tokenizer_patterns.h) are known in GGUF files by the name in
// `tokenizer.ggml.pre`. Immutable after creation; any thread. Needs time in proportion to
// the text. Bytes that are not UTF-8 make words of their own. Creation fails for an unknown name.
#pragma once

#include "core/base/result.h"
#include "core/llm/pre_tokenizer_patterns.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm {

class PreTokenizer
{
public:
    // Unsupported for a name that we have no pattern for.
    static Result<PreTokenizer> create(std::string_view name);

    // What is to be said of a file that gives this name ("": none); nullopt for one that is known.
    // Such a file is read with the pre-tokenizer named "default".
    static std::optional<std::string> warningFor(std::string_view name);

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
