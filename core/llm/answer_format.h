// AnswerFormat: the markers by which a family of models sets reasoning and tool calls apart from
// the answer, found in the model's chat template and vocabulary.
//
// A value; any thread; nothing fails: a template that shows no markers gives a format without any,
// by which every text is an answer as it stands. Source: the models' published chat templates.
#pragma once

#include "core/llm/tokenizer.h"

#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm {

// How a text that a model is to continue stands: inside reasoning, because the template opened it
// ("<think>\n" at the prompt's end), or before a header (gpt-oss, Functionary).
enum class AnswerStart { Answer, Reasoning, Header };

struct AnswerFormat {
    enum class Headers {
        None,
        Harmony, // <|channel|>analysis<|message|> ... <|end|>
        Recipients, // >>>all and a line end, or a tool's name: Functionary
    };
    struct Block {
        std::string open;
        std::string close; // empty: up to the next block or the end
        // Of `open`, what belongs to the block's content ("functools[" leaves "[").
        std::size_t kept = 0;
    };

    Headers headers = Headers::None;
    std::vector<Block> reasoning;
    std::vector<Block> tools;
    std::vector<std::string> dropped; // markers that say nothing to a reader
    bool bareToolCalls = false; // an answer that is nothing but a call's JSON is one

    // `tokenizer` may be null; with it, markers that are tokens of their own count too.
    static AnswerFormat detect(std::string_view chatTemplate, const Tokenizer *tokenizer);

    bool isPlain() const
    {
        return headers == Headers::None && reasoning.empty() && tools.empty() && !bareToolCalls
            && dropped.empty();
    }
    // What a prompt leaves the model to begin with.
    AnswerStart startAfter(std::string_view prompt) const;
    // Whether a special token of this spelling is a marker or a part of one, so that the parser has
    // to be given it.
    bool isMarker(std::string_view spelling) const;
};

} // namespace alcove::llm
