// Keeps a message's text from forging the structure of a prompt.
//
// A chat template writes the special tokens ("<|im_end|>") and the messages into one text. A
// message that spells such a token would end its own turn. So each message goes through
// protectSpecialTokens() before the template renders it, and the rendered text through
// encodeRendered(): there only what the template wrote itself is recognised. Texts without such
// spellings are encoded exactly as they would be otherwise. Pure functions; any thread; no failure.
#pragma once

#include "core/llm/tokenizer.h"

#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm {

// `content` with a mark (the noncharacter U+FDD0) before each spelling of a control token, of one
// that ends an answer, and of a user-defined one spelled like them ("<|"). Marks already there are
// taken out first. What only begins or ends such a spelling at the content's edges, where a
// template could complete it, is marked too. Templates may trim the result.
std::string protectSpecialTokens(std::string_view content, const Tokenizer &tokenizer);

// Tokens of a rendered prompt: special tokens are recognised but where they are marked; the marks
// are left out. `add`: templates usually write the beginning of text themselves.
std::vector<Token> encodeRendered(std::string_view rendered, const Tokenizer &tokenizer,
                                  AddSpecial add = AddSpecial::No);

// `text` without marks, for showing.
std::string withoutMarks(std::string_view text);

} // namespace alcove::llm
