#include "core/llm/unigram_tokenizer.h"

#include "core/llm/space_mark.h"
#include "core/llm/utf8.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

namespace alcove::llm {

namespace {

// Scores below the worst token's, as in SentencePiece: a character is unknown only where nothing
// else covers it.
constexpr double kUnknownPenalty = 10;

constexpr std::size_t kMostNodes = std::size_t(1) << 23;

// What both words begin with.
std::size_t commonBytes(std::string_view a, std::string_view b)
{
    const std::size_t limit = std::min(a.size(), b.size());
    std::size_t n = 0;
    while (n < limit && a[n] == b[n])
        ++n;
    return n;
}

} // namespace

struct UnigramTokenizer::Scratch {
    // The best way to each place of the word.
    struct Step {
        double score = 0;
        std::uint32_t from = 0;
        Token token = 0; // -1: unknown characters
    };
    static constexpr Token kUnreached = -2;
    static constexpr Token kUnknown = -1;

    std::vector<Step> best; // [bytes + 1]
};

UnigramTokenizer::UnigramTokenizer(Vocabulary vocabulary, CharsMap charsMap, Spaces spaces)
    : VocabularyTokenizer(std::move(vocabulary)), m_charsMap(std::move(charsMap)), m_spaces(spaces)
{ }

Result<std::shared_ptr<const Tokenizer>> UnigramTokenizer::create(const GgufFile &file)
{
    auto vocabulary = Vocabulary::read(file);
    if (!vocabulary)
        return fail(vocabulary.error());
    if (!vocabulary->hasScores())
        return fail(ErrorCode::InvalidFile,
                    "The model file has no token scores, which its tokenizer needs.");
    auto charsMap = CharsMap::read(file);
    if (!charsMap)
        return fail(charsMap.error());
    Spaces spaces;
    spaces.addsPrefix = file.boolean("tokenizer.ggml.add_space_prefix").value_or(true);
    spaces.removesExtra = file.boolean("tokenizer.ggml.remove_extra_whitespaces").value_or(false);
    spaces.writesMark = file.boolean("tokenizer.ggml.escape_whitespaces").value_or(true);

    std::shared_ptr<UnigramTokenizer> tokenizer(
        new UnigramTokenizer(std::move(*vocabulary), std::move(*charsMap), spaces));
    if (auto done = tokenizer->buildTrie(); !done)
        return fail(done.error());
    const Vocabulary &own = tokenizer->vocabulary();
    // T5's own numbers, where the file names no others: a text ends with </s> and begins plainly.
    const bool hasUsualEos = own.contains(1) && own.kind(1) == TokenKind::Control;
    tokenizer->setEnds({own.bos(), own.eos() || !hasUsualEos ? own.eos() : Token(1),
                        own.addBos().value_or(false), own.addEos().value_or(true)});
    return tokenizer;
}

Result<> UnigramTokenizer::buildTrie()
{
    m_byteTokens.fill(-1);
    std::vector<std::pair<std::string_view, Token>> pieces;
    double worst = std::numeric_limits<double>::max();
    for (Token token = 0; vocabulary().contains(token); ++token) {
        const std::string_view spelling = vocabulary().spelling(token);
        const TokenKind kind = vocabulary().kind(token);
        if (kind == TokenKind::Byte) {
            if (const int byte = byteOfSpelling(spelling); byte >= 0)
                m_byteTokens[static_cast<std::size_t>(byte)] = token;
            continue;
        }
        // The others never come out of a text; user-defined ones are found before.
        if (kind != TokenKind::Normal || spelling.empty())
            continue;
        const double score = vocabulary().score(token);
        if (!(score > -std::numeric_limits<float>::infinity()))
            continue;
        worst = std::min(worst, score);
        pieces.emplace_back(spelling, token);
        if (endOfMarkedWord(spelling, 0) != spelling.size())
            m_wordsStandAlone = false;
    }
    m_hasAllBytes = std::all_of(m_byteTokens.begin(), m_byteTokens.end(),
                                [](Token token) { return token >= 0; });
    m_unknownScore = (pieces.empty() ? 0 : worst) - kUnknownPenalty;

    std::sort(pieces.begin(), pieces.end());
    std::size_t nodes = 1;
    for (std::size_t i = 0; i < pieces.size(); ++i)
        nodes += pieces[i].first.size()
            - (i == 0 ? 0 : commonBytes(pieces[i - 1].first, pieces[i].first));
    if (nodes > kMostNodes)
        return fail(ErrorCode::InvalidFile, "The model file's list of tokens is too large.");
    m_children.reserve(nodes);
    m_tokenAt.reserve(nodes);
    m_tokenAt.push_back(-1);
    std::vector<std::uint32_t> path = {0}; // the nodes of the piece before
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const auto &[spelling, token] = pieces[i];
        path.resize(1 + (i == 0 ? 0 : commonBytes(pieces[i - 1].first, spelling)));
        for (std::size_t at = path.size() - 1; at < spelling.size(); ++at) {
            const auto node = static_cast<std::uint32_t>(m_tokenAt.size());
            m_tokenAt.push_back(-1);
            m_children.insert(path.back(), static_cast<unsigned char>(spelling[at]), node);
            path.push_back(node);
        }
        // The last one of a spelling counts, as in Vocabulary::find.
        m_tokenAt[path.back()] = token;
    }
    return {};
}

std::string UnigramTokenizer::normalised(std::string_view text, Before before) const
{
    const std::string_view space = m_spaces.writesMark ? kSpaceMark : std::string_view(" ");
    std::string out;
    out.reserve(text.size() + text.size() / 4 + space.size());
    const bool prefixed = m_spaces.addsPrefix && before == Before::TextStartOrSpecial;
    if (prefixed)
        out += space;
    const std::size_t start = out.size();
    bool afterSpace = m_spaces.removesExtra;
    while (!text.empty()) {
        CharsMap::Match match = m_charsMap.longestAt(text);
        if (match.length == 0) {
            const Utf8Step step = nextUtf8(text);
            match.length = step.length;
            match.replacement = step.kind == Utf8Kind::Character ? text.substr(0, step.length)
                                                                 : kReplacementCharacter;
        }
        text.remove_prefix(match.length);
        for (char c : match.replacement) {
            if (c != ' ') {
                out.push_back(c);
                afterSpace = false;
            } else if (!afterSpace) {
                out += space;
                afterSpace = m_spaces.removesExtra;
            }
        }
    }
    if (m_spaces.removesExtra) {
        if (out.size() == start)
            return {};
        if (afterSpace)
            out.resize(out.size() - space.size());
    }
    return out;
}

void UnigramTokenizer::encodePlain(std::string_view text, Before before,
                                   std::vector<Token> &out) const
{
    constexpr std::size_t kCachedWord = 64; // bytes
    constexpr std::size_t kLongestWord = std::size_t(1) << 28; // bytes; places have 32 bits
    const std::string clean = normalised(text, before);
    const std::string_view all = clean;
    // Where no token reaches from one word into the next, each has its own best way; most words
    // come again.
    std::unordered_map<std::string_view, std::vector<Token>> seen;
    Scratch scratch;
    std::vector<Token> pieces;
    bool afterUnknown = false;
    std::size_t start = 0;
    while (start < all.size()) {
        const std::size_t end = m_wordsStandAlone ? endOfMarkedWord(all, start) : all.size();
        const std::string_view word = all.substr(start, std::min(end - start, kLongestWord));
        start += word.size();
        const std::vector<Token> *tokens = &pieces;
        if (word.size() <= kCachedWord) {
            const auto [known, fresh] = seen.try_emplace(word);
            if (fresh)
                encodeWord(word, scratch, known->second);
            tokens = &known->second;
        } else {
            pieces.clear();
            encodeWord(word, scratch, pieces);
        }
        for (Token token : *tokens) {
            if (token != Scratch::kUnknown)
                out.push_back(token);
            else if (!afterUnknown && vocabulary().unknown())
                out.push_back(*vocabulary().unknown());
            afterUnknown = token == Scratch::kUnknown;
        }
    }
}

void UnigramTokenizer::encodeWord(std::string_view word, Scratch &scratch,
                                  std::vector<Token> &out) const
{
    using Step = Scratch::Step;
    std::vector<Step> &best = scratch.best;
    best.assign(word.size() + 1, Step{0, 0, Scratch::kUnreached});
    best[0].token = Scratch::kUnknown;
    const auto offer = [&best](std::size_t at, double score, std::size_t from, Token token) {
        // Of equal ways the one found first stays: the one whose last token is longer.
        if (best[at].token == Scratch::kUnreached || score > best[at].score)
            best[at] = {score, static_cast<std::uint32_t>(from), token};
    };
    for (std::size_t i = 0; i < word.size();) {
        const std::size_t length = nextUtf8(word.substr(i)).length;
        const double score = best[i].score;
        bool covered = false;
        std::uint32_t node = 0;
        for (std::size_t end = i; end < word.size();) {
            node = m_children.find(node, static_cast<unsigned char>(word[end]));
            if (node == kNotFound)
                break;
            ++end;
            if (const Token token = m_tokenAt[node]; token >= 0) {
                offer(end, score + vocabulary().score(token), i, token);
                covered = covered || end == i + length;
            }
        }
        if (!covered)
            offer(i + length, score + m_unknownScore, i, Scratch::kUnknown);
        i += length;
    }

    const std::size_t first = out.size();
    for (std::size_t end = word.size(); end > 0; end = best[end].from) {
        const Step &step = best[end];
        if (step.token != Scratch::kUnknown || !m_hasAllBytes) {
            out.push_back(step.token);
            continue;
        }
        for (std::size_t i = end; i > step.from; --i)
            out.push_back(m_byteTokens[static_cast<unsigned char>(word[i - 1])]);
    }
    std::reverse(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
}

std::string UnigramTokenizer::plainBytes(Token token) const
{
    const std::string_view spelling = vocabulary().spelling(token);
    if (vocabulary().kind(token) == TokenKind::Byte) {
        if (const int byte = byteOfSpelling(spelling); byte >= 0)
            return std::string(1, static_cast<char>(byte));
    }
    return withSpaces(spelling);
}

} // namespace alcove::llm
