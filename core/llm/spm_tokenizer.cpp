#include "core/llm/spm_tokenizer.h"

#include "core/llm/space_mark.h"
#include "core/llm/utf8.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace alcove::llm {

struct SpmTokenizer::WordScratch {
    static constexpr std::uint32_t kNone = 0xFFFFFFFFu;

    // Per position of the word; a symbol lives at the position of its first byte.
    std::vector<std::uint32_t> length; // bytes; 0: part of the symbol before
    std::vector<std::uint32_t> previous;
    std::vector<std::uint32_t> rank; // of the symbol joined with the one after it; kNone: no token
    std::vector<std::uint64_t> queue; // heap of (rank << 32 | position), some out of date
};

SpmTokenizer::SpmTokenizer(Vocabulary vocabulary, bool addsSpace)
    : VocabularyTokenizer(std::move(vocabulary)), m_addsSpace(addsSpace)
{
    m_byteTokens.fill(-1);
    for (Token token = 0; this->vocabulary().contains(token); ++token) {
        const std::string_view spelling = this->vocabulary().spelling(token);
        m_longestToken = std::max(m_longestToken, spelling.size());
        if (const int byte = byteOfSpelling(spelling); byte >= 0)
            m_byteTokens[static_cast<std::size_t>(byte)] = token;
        if (!spelling.empty() && endOfMarkedWord(spelling, 0) != spelling.size())
            m_wordsStandAlone = false;
    }
    rankScores();
}

Result<std::shared_ptr<const Tokenizer>> SpmTokenizer::create(const GgufFile &file)
{
    auto vocabulary = Vocabulary::read(file);
    if (!vocabulary)
        return fail(vocabulary.error());
    if (!vocabulary->hasScores())
        return fail(ErrorCode::InvalidFile,
                    "The model file has no token scores, which its tokenizer needs.");
    const bool addsSpace = file.boolean("tokenizer.ggml.add_space_prefix").value_or(true);
    std::shared_ptr<SpmTokenizer> tokenizer(new SpmTokenizer(std::move(*vocabulary), addsSpace));
    const Vocabulary &own = tokenizer->vocabulary();
    // SentencePiece's own numbers, where the file names no others.
    const auto orDefault = [&own](std::optional<Token> id, Token usual) {
        return !id && own.contains(usual) && own.kind(usual) == TokenKind::Control ? usual : id;
    };
    tokenizer->setEnds({orDefault(own.bos(), 1), orDefault(own.eos(), 2),
                        own.addBos().value_or(true), own.addEos().value_or(false)});
    return tokenizer;
}

void SpmTokenizer::rankScores()
{
    const std::uint32_t count = vocabularySize();
    const auto score = [this](std::uint32_t id) {
        return vocabulary().score(static_cast<Token>(id));
    };
    std::vector<std::uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(),
              [&score](std::uint32_t a, std::uint32_t b) { return score(a) > score(b); });
    m_ranks.resize(count);
    std::uint32_t rank = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        if (i > 0 && score(order[i]) != score(order[i - 1]))
            ++rank;
        m_ranks[order[i]] = rank;
    }
}

void SpmTokenizer::encodePlain(std::string_view text, Before before, std::vector<Token> &out) const
{
    constexpr std::size_t kCachedWord = 64; // bytes
    constexpr std::size_t kLongestWord = std::size_t(1) << 28; // bytes; positions have 32 bits
    struct Range {
        std::size_t begin;
        std::size_t count;
    };
    std::string marked;
    marked.reserve(text.size() + text.size() / 2 + kSpaceMark.size());
    if (m_addsSpace && before == Before::TextStartOrSpecial)
        marked += kSpaceMark;
    appendMarked(marked, text);

    // Where no token reaches from one word into the next, each is joined by itself, which is the
    // same and much faster; most words come again: where in `out` they have been encoded before.
    const std::string_view all = marked;
    std::unordered_map<std::string_view, Range> seen;
    WordScratch scratch;
    std::size_t start = 0;
    while (start < all.size()) {
        const std::size_t end = m_wordsStandAlone ? endOfMarkedWord(all, start) : all.size();
        const std::string_view word = all.substr(start, std::min(end - start, kLongestWord));
        start += word.size();
        const bool cached = word.size() <= kCachedWord;
        if (cached) {
            if (const auto known = seen.find(word); known != seen.end()) {
                for (std::size_t i = 0; i < known->second.count; ++i) {
                    const Token token = out[known->second.begin + i];
                    out.push_back(token);
                }
                continue;
            }
        }
        const std::size_t begin = out.size();
        encodeWord(word, scratch, out);
        if (cached)
            seen.emplace(word, Range{begin, out.size() - begin});
    }
}

void SpmTokenizer::encodeWord(std::string_view word, WordScratch &scratch,
                              std::vector<Token> &out) const
{
    constexpr std::uint32_t kNone = WordScratch::kNone;
    const auto size = static_cast<std::uint32_t>(word.size());
    auto &length = scratch.length;
    auto &previous = scratch.previous;
    auto &rank = scratch.rank;
    auto &queue = scratch.queue;
    length.assign(size, 0);
    previous.resize(size);
    rank.resize(size);
    queue.clear();

    std::uint32_t last = kNone;
    for (std::uint32_t i = 0; i < size;) {
        const Utf8Step step = nextUtf8(word.substr(i));
        // Bytes that are no character are joined by nothing: they become byte tokens.
        length[i] = step.kind == Utf8Kind::Character ? static_cast<std::uint32_t>(step.length) : 1;
        previous[i] = last;
        last = i;
        i += length[i];
    }
    const auto rankAt = [&](std::uint32_t i) {
        const std::uint32_t after = i + length[i];
        if (after >= size)
            return kNone;
        const std::size_t joined = length[i] + length[after];
        if (joined > m_longestToken)
            return kNone;
        const auto token = findPiece(word.substr(i, joined));
        return token ? m_ranks[static_cast<std::size_t>(*token)] : kNone;
    };
    for (std::uint32_t i = 0; i < size; i += length[i]) {
        rank[i] = rankAt(i);
        if (rank[i] != kNone)
            queue.push_back((std::uint64_t(rank[i]) << 32) | i);
    }
    std::make_heap(queue.begin(), queue.end(), std::greater<>());
    while (!queue.empty()) {
        std::pop_heap(queue.begin(), queue.end(), std::greater<>());
        const std::uint64_t top = queue.back();
        queue.pop_back();
        const auto i = static_cast<std::uint32_t>(top);
        // Out of date when a neighbour has been joined since.
        if (length[i] == 0 || rank[i] != static_cast<std::uint32_t>(top >> 32))
            continue;
        const std::uint32_t joined = i + length[i];
        length[i] += length[joined];
        length[joined] = 0;
        if (i + length[i] < size)
            previous[i + length[i]] = i;
        for (const std::uint32_t at : {previous[i], i}) {
            if (at == kNone)
                continue;
            rank[at] = rankAt(at);
            if (rank[at] != kNone) {
                queue.push_back((std::uint64_t(rank[at]) << 32) | at);
                std::push_heap(queue.begin(), queue.end(), std::greater<>());
            }
        }
    }
    for (std::uint32_t i = 0; i < size; i += length[i])
        appendSymbol(word.substr(i, length[i]), out);
}

std::optional<Token> SpmTokenizer::findPiece(std::string_view text) const
{
    const auto token = vocabulary().find(text);
    if (!token)
        return std::nullopt;
    // As in SentencePiece, the others are kept apart: plain text never becomes one.
    const TokenKind kind = vocabulary().kind(*token);
    const bool piece =
        kind == TokenKind::Normal || kind == TokenKind::UserDefined || kind == TokenKind::Unused;
    return piece ? token : std::nullopt;
}

void SpmTokenizer::appendSymbol(std::string_view text, std::vector<Token> &out) const
{
    if (const auto token = findPiece(text)) {
        out.push_back(*token);
        return;
    }
    const auto byteToken = [this](char byte) {
        return m_byteTokens[static_cast<unsigned char>(byte)];
    };
    if (std::all_of(text.begin(), text.end(), [&](char byte) { return byteToken(byte) >= 0; })) {
        for (char byte : text)
            out.push_back(byteToken(byte));
    } else if (vocabulary().unknown()) {
        out.push_back(*vocabulary().unknown());
    }
}

std::string SpmTokenizer::plainBytes(Token token) const
{
    const std::string_view spelling = vocabulary().spelling(token);
    if (vocabulary().kind(token) == TokenKind::Byte) {
        if (const int byte = byteOfSpelling(spelling); byte >= 0)
            return std::string(1, static_cast<char>(byte));
    }
    return withSpaces(spelling);
}

} // namespace alcove::llm
