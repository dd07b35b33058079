#include "core/llm/tokenizer.h"
#include "core/llm/utf8.h"

#include <utility>

namespace alcove::llm {

StreamDecoder::StreamDecoder(std::shared_ptr<const Tokenizer> tokenizer, Start start)
    : m_tokenizer(std::move(tokenizer)), m_first(start == Start::OfText)
{ }

std::string StreamDecoder::append(Token token)
{
    const std::string bytes = m_tokenizer->bytesOf(token);
    if (bytes.empty())
        return {};
    // decode() knows whether a text's first space was put there by the tokenizer.
    m_pending += m_first ? m_tokenizer->decode({&token, 1}) : bytes;
    m_first = false;

    std::string certain;
    std::string_view rest = m_pending;
    while (!rest.empty()) {
        const Utf8Step step = nextUtf8(rest);
        if (step.kind == Utf8Kind::Incomplete)
            break;
        certain +=
            step.kind == Utf8Kind::Character ? rest.substr(0, step.length) : kReplacementCharacter;
        rest.remove_prefix(step.length);
    }
    m_pending.erase(0, m_pending.size() - rest.size());
    return certain;
}

std::string StreamDecoder::finish()
{
    return replaceInvalidUtf8(std::exchange(m_pending, {}));
}

} // namespace alcove::llm
