#include "core/llm/prompt_text.h"

#include "core/llm/special_tokens.h"

namespace alcove::llm {

std::string protectSpecialTokens(std::string_view content, const Tokenizer &tokenizer)
{
    return tokenizer.guardSpecials(content);
}

std::vector<Token> encodeRendered(std::string_view rendered, const Tokenizer &tokenizer,
                                  AddSpecial add)
{
    return tokenizer.encode(rendered, add, ParseSpecial::Guarded);
}

std::string withoutMarks(std::string_view text)
{
    return withoutGuards(text);
}

} // namespace alcove::llm
