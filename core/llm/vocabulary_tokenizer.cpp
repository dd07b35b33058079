#include "core/llm/vocabulary_tokenizer.h"

#include <utility>

namespace alcove::llm {

namespace {

bool isAsciiSpace(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

} // namespace

VocabularyTokenizer::VocabularyTokenizer(Vocabulary vocabulary)
    : m_vocabulary(std::move(vocabulary)), m_specials(m_vocabulary)
{ }

std::vector<Token> VocabularyTokenizer::encode(std::string_view text, AddSpecial add,
                                               ParseSpecial parse) const
{
    std::vector<Token> out;
    if (add == AddSpecial::AsModel && m_ends.addsBos && m_ends.bos)
        out.push_back(*m_ends.bos);

    Before before = Before::TextStartOrSpecial;
    const auto plain = [&](std::string_view piece) {
        if (parse == ParseSpecial::Guarded
            && piece.find(kSpecialTokenGuard) != std::string_view::npos) {
            const std::string clean = withoutGuards(piece);
            if (clean.empty())
                return;
            encodePlain(clean, before, out);
        } else {
            if (piece.empty())
                return;
            encodePlain(piece, before, out);
        }
        before = Before::Text;
    };

    const auto which = parse == ParseSpecial::No ? SpecialTokens::Which::UserDefined
        : parse == ParseSpecial::Yes             ? SpecialTokens::Which::All
                                                 : SpecialTokens::Which::AllUnguarded;
    std::size_t done = 0;
    for (const SpecialMatch &match : m_specials.find(text, which)) {
        if (match.position > done)
            plain(text.substr(done, match.position - done));
        out.push_back(match.token);
        before = Before::TextStartOrSpecial;
        done = match.position + match.length;
        if (m_vocabulary.swallowsSpace(match.token)) {
            while (done < text.size() && isAsciiSpace(text[done]))
                ++done;
        }
    }
    if (done < text.size())
        plain(text.substr(done));

    if (add == AddSpecial::AsModel && m_ends.addsEos && m_ends.eos)
        out.push_back(*m_ends.eos);
    return out;
}

std::string VocabularyTokenizer::bytesOf(Token token, ShowSpecial special) const
{
    if (!m_vocabulary.contains(token))
        return {};
    switch (m_vocabulary.kind(token)) {
    case TokenKind::Normal:
    case TokenKind::Byte:
        return plainBytes(token);
    case TokenKind::UserDefined:
        return std::string(m_vocabulary.spelling(token));
    case TokenKind::Unknown:
    case TokenKind::Control:
    case TokenKind::Unused:
        break;
    }
    return special == ShowSpecial::Yes ? std::string(m_vocabulary.spelling(token)) : std::string();
}

std::string VocabularyTokenizer::decode(std::span<const Token> tokens, ShowSpecial special) const
{
    std::string out;
    bool first = dropsLeadingSpace();
    for (Token token : tokens) {
        std::string bytes = bytesOf(token, special);
        if (first && !bytes.empty()) {
            first = false;
            if (bytes.front() == ' ')
                bytes.erase(0, 1);
        }
        out += bytes;
    }
    return out;
}

std::string VocabularyTokenizer::guardSpecials(std::string_view text) const
{
    using Which = SpecialTokens::Which;
    const std::string clean = withoutGuards(text);
    const std::string_view view = clean;
    std::vector<bool> guarded(view.size());
    for (std::size_t position : m_specials.starts(view, Which::Markers))
        guarded[position] = true;

    // What stands around the text in a template could complete a spelling that begins or ends here.
    // Templates may strip white space, so it is the stripped text that has to be safe.
    std::size_t begin = 0;
    std::size_t end = view.size();
    while (begin < end && isAsciiSpace(view[begin]))
        ++begin;
    while (end > begin && isAsciiSpace(view[end - 1]))
        --end;
    for (const std::size_t from : {std::size_t(0), begin}) {
        for (const std::size_t to : {end, view.size()}) {
            for (std::size_t length = 1; length < m_specials.longestSpelling(); ++length) {
                if (from + length > to)
                    break;
                if (m_specials.anyEndsWith(view.substr(from, length), Which::Markers))
                    guarded[from] = true;
                if (m_specials.anyBeginsWith(view.substr(to - length, length), Which::Markers))
                    guarded[to - length] = true;
            }
        }
    }

    std::string out;
    for (std::size_t i = 0; i < view.size(); ++i) {
        if (guarded[i])
            out += kSpecialTokenGuard;
        out.push_back(view[i]);
    }
    return out;
}

bool VocabularyTokenizer::endsGeneration(Token token) const
{
    return m_vocabulary.endsGeneration(token);
}

std::string VocabularyTokenizer::spelling(Token token) const
{
    return m_vocabulary.contains(token) ? std::string(m_vocabulary.spelling(token)) : std::string();
}

} // namespace alcove::llm
