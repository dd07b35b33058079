#include "core/llm/bpe_tokenizer.h"

#include "core/llm/space_mark.h"
#include "core/llm/utf8.h"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

namespace alcove::llm {

namespace {

// GPT-2's alphabet: printable Latin-1 bytes stand for themselves, the others for U+0100 onwards.
bool standsForItself(unsigned byte)
{
    return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

// Code point -> byte, -1 for a character that is not of the alphabet.
const std::array<std::int16_t, 0x144> &alphabet()
{
    static const auto table = [] {
        std::array<std::int16_t, 0x144> bytes{};
        bytes.fill(-1);
        std::size_t next = 0x100;
        for (unsigned byte = 0; byte < 256; ++byte)
            bytes[standsForItself(byte) ? byte : next++] = static_cast<std::int16_t>(byte);
        return bytes;
    }();
    return table;
}

// Appends the text of a token, character by character; those not of the alphabet as they are.
bool decodeInto(std::string_view spelling, std::string &bytes)
{
    bool all = true;
    while (!spelling.empty()) {
        const Utf8Step step = nextUtf8(spelling);
        const bool known = step.kind == Utf8Kind::Character && step.codePoint < alphabet().size()
            && alphabet()[step.codePoint] >= 0;
        if (known)
            bytes.push_back(static_cast<char>(alphabet()[step.codePoint]));
        else
            bytes += spelling.substr(0, step.length);
        all = all && known;
        spelling.remove_prefix(step.length);
    }
    return all;
}

// Stands for a character that is no symbol; it is part of no merge.
constexpr std::uint32_t kNoSymbol = 0xFFFFFFFEu;

// Whose files name the tokenizer instead of the pre-tokenizer.
bool isGemma4(const GgufFile &file)
{
    return file.string("tokenizer.ggml.model") == "gemma4";
}

// Between the two parts of a merge. The first is never empty: a space at the start belongs to it.
std::size_t spaceIn(std::string_view merge)
{
    return merge.find(' ', 1);
}

} // namespace

std::string_view BpeTokenizer::preTokenizerOf(const GgufFile &file)
{
    return file.string("tokenizer.ggml.pre").value_or(isGemma4(file) ? "gemma4" : "");
}

struct BpeTokenizer::WordScratch {
    static constexpr std::uint32_t kNone = 0xFFFFFFFFu;

    // Per position of the word; a joined symbol lives at the position of its first byte.
    std::vector<Symbol> symbol; // kNone: part of the symbol before
    std::vector<std::uint32_t> previous;
    std::vector<std::uint32_t> next;
    std::vector<std::uint32_t>
        merge; // of the symbol with the one after it; kNone: cannot be joined
    std::vector<std::uint64_t> queue; // heap of (merge << 32 | position), some out of date
};

bool BpeTokenizer::decodeAlphabet(std::string_view spelling, std::string &bytes)
{
    bytes.clear();
    return decodeInto(spelling, bytes);
}

BpeTokenizer::BpeTokenizer(Vocabulary vocabulary, PreTokenizer preTokenizer)
    : VocabularyTokenizer(std::move(vocabulary)), m_preTokenizer(std::move(preTokenizer))
{ }

Result<std::shared_ptr<const Tokenizer>> BpeTokenizer::create(const GgufFile &file,
                                                              std::string_view preOverride)
{
    auto vocabulary = Vocabulary::read(file);
    if (!vocabulary)
        return fail(vocabulary.error());

    const std::string_view declared = preTokenizerOf(file);
    std::string_view name = preOverride.empty() ? declared : preOverride;
    if (preOverride.empty()) {
        if (auto warning = PreTokenizer::warningFor(declared)) {
            vocabulary->warn(std::move(*warning));
            name = "default";
        }
    }
    auto preTokenizer = PreTokenizer::create(name);
    if (!preTokenizer)
        return fail(preTokenizer.error());

    std::shared_ptr<BpeTokenizer> tokenizer(
        new BpeTokenizer(std::move(*vocabulary), std::move(*preTokenizer)));
    tokenizer->setEnds(
        tokenizer->endsOf(isGemma4(file) || tokenizer->m_preTokenizer.traits().addBos));
    if (auto done = tokenizer->readMerges(file); !done)
        return fail(done.error());
    return tokenizer;
}

BpeTokenizer::Ends BpeTokenizer::endsOf(bool addsBosByDefault) const
{
    using Kind = PreTokenizerTraits::Ends;
    const Vocabulary &own = vocabulary();
    Ends ends{own.bos(), own.eos(), own.addBos().value_or(addsBosByDefault),
              own.addEos().value_or(false)};
    switch (m_preTokenizer.traits().ends) {
    case Kind::AsFile:
        break;
    case Kind::Both: // as RoBERTa: <s> text </s>
        ends = {own.classifier() ? own.classifier() : own.bos(),
                own.separator() ? own.separator() : own.eos(), own.addBos().value_or(true),
                own.addSeparator().value_or(own.addEos().value_or(true))};
        break;
    case Kind::NeverBos:
        ends.bos.reset();
        break;
    }
    return ends;
}

// The text of a token or of a part of a merge. False when it can occur in no text.
bool BpeTokenizer::readSpelling(std::string_view spelling, std::string &text) const
{
    if (symbols() == Symbols::Bytes)
        return decodeAlphabet(spelling, text);
    text = spelling;
    return true;
}

Result<> BpeTokenizer::readMerges(const GgufFile &file)
{
    const GgufValue *declared = file.find("tokenizer.ggml.merges");
    if (!declared || declared->type != GgufValueType::Array
        || declared->elementType != GgufValueType::String)
        return fail(ErrorCode::InvalidFile,
                    "The model file has no list of merges, which its tokenizer needs.");
    if (declared->count > kMaxVocabularyMerges)
        return fail(ErrorCode::InvalidFile,
                    "The model file declares " + std::to_string(declared->count)
                        + " merges; at most " + std::to_string(kMaxVocabularyMerges)
                        + " are supported.");
    const auto merges = file.strings("tokenizer.ggml.merges");
    if (!merges)
        return fail(ErrorCode::InvalidFile, "The model file's list of merges cannot be read.");

    // At most one symbol for each token, byte and merge.
    m_symbolIndex.reserve(vocabularySize() + 256 + merges->size());
    m_symbolStart.push_back(0);
    m_byteTokens.fill(-1);
    std::string bytes;
    for (Token token = 0; vocabulary().contains(token); ++token) {
        // Merges make no control token, however it is spelled: plain text must not become one.
        const TokenKind kind = vocabulary().kind(token);
        if (kind == TokenKind::Control || kind == TokenKind::Unknown)
            continue;
        if (kind == TokenKind::Byte) {
            if (const int byte = byteOfSpelling(vocabulary().spelling(token)); byte >= 0) {
                m_byteTokens[static_cast<std::size_t>(byte)] = token;
                continue;
            }
        }
        if (!readSpelling(vocabulary().spelling(token), bytes) || bytes.empty())
            continue;
        m_symbolToken[addSymbol(bytes)] = token;
    }
    for (unsigned byte = 0; symbols() == Symbols::Bytes && byte < 256; ++byte) {
        const char text = static_cast<char>(byte);
        m_byteSymbols[byte] = addSymbol({&text, 1});
        if (const Token token = m_symbolToken[m_byteSymbols[byte]]; token >= 0)
            m_byteTokens[byte] = token;
    }

    // All results first: a merge may need a part that only a later one makes.
    std::string left;
    std::string right;
    for (std::size_t i = 0; i < merges->size(); ++i) {
        const std::string_view merge = (*merges)[i];
        const std::size_t space = spaceIn(merge);
        if (merge.size() > 2 * kMaxTokenBytes || space == std::string_view::npos
            || space + 1 == merge.size())
            return fail(ErrorCode::InvalidFile,
                        "Merge " + std::to_string(i)
                            + " of the model file is not a pair of two parts.");
        // A part with a character that no byte is written as can never occur in a text.
        if (readSpelling(merge.substr(0, space), left)
            && readSpelling(merge.substr(space + 1), right))
            addSymbol(left + right);
        if (m_symbolText.size() > 2 * kMaxVocabularySpellingBytes)
            return fail(ErrorCode::InvalidFile, "The model file's list of merges is too large.");
    }
    m_merges.reserve(merges->size());
    m_mergeIndex.reserve(merges->size());
    for (std::string_view merge : *merges) {
        const std::size_t space = spaceIn(merge);
        // Neither can a part that is no byte, no token and nothing that merges make.
        Merge one{kNotFound, kNotFound, kNotFound};
        if (readSpelling(merge.substr(0, space), left)
            && readSpelling(merge.substr(space + 1), right)) {
            one = {findSymbol(left), findSymbol(right), findSymbol(left + right)};
            if (one.left != kNotFound && one.right != kNotFound)
                m_mergeIndex.insert(one.left, one.right,
                                    static_cast<std::uint32_t>(m_merges.size()));
        }
        m_merges.push_back(one);
    }
    return {};
}

std::string_view BpeTokenizer::symbolText(Symbol symbol) const
{
    return std::string_view(m_symbolText)
        .substr(m_symbolStart[symbol], m_symbolStart[symbol + 1] - m_symbolStart[symbol]);
}

BpeTokenizer::Symbol BpeTokenizer::findSymbol(std::string_view bytes) const
{
    return m_symbolIndex.find(bytes, [this](Symbol symbol) { return symbolText(symbol); });
}

BpeTokenizer::Symbol BpeTokenizer::addSymbol(std::string_view bytes)
{
    if (const Symbol known = findSymbol(bytes); known != kNotFound)
        return known;
    const auto symbol = static_cast<Symbol>(m_symbolToken.size());
    m_symbolText += bytes;
    m_symbolStart.push_back(static_cast<std::uint32_t>(m_symbolText.size()));
    m_symbolToken.push_back(-1);
    m_symbolIndex.insert(bytes, symbol, [this](Symbol one) { return symbolText(one); });
    return symbol;
}

void BpeTokenizer::encodePlain(std::string_view text, Before, std::vector<Token> &out) const
{
    constexpr std::size_t kCachedWord = 64; // bytes
    constexpr std::size_t kLongestWord = std::size_t(1) << 28; // bytes; positions have 32 bits
    struct Range {
        std::size_t begin;
        std::size_t count;
    };
    std::string marked;
    if (symbols() == Symbols::Characters) {
        marked.reserve(text.size() + text.size() / 2);
        appendMarked(marked, text);
        text = marked;
    }
    std::vector<std::string_view> words;
    m_preTokenizer.split(text, words);
    // Most words of a text come again: where in `out` they have been encoded before.
    std::unordered_map<std::string_view, Range> seen;
    WordScratch scratch;
    for (std::string_view word : words) {
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
        for (std::size_t i = 0; i < word.size(); i += kLongestWord)
            encodeWord(word.substr(i, kLongestWord), scratch, out);
        if (cached)
            seen.emplace(word, Range{begin, out.size() - begin});
    }
}

void BpeTokenizer::encodeWord(std::string_view word, WordScratch &scratch,
                              std::vector<Token> &out) const
{
    constexpr std::uint32_t kNone = WordScratch::kNone;
    // Lines of their own are tokens without merges in some files that join characters.
    if (m_preTokenizer.traits().ignoreMerges
        || (symbols() == Symbols::Characters && word.front() == '\n')) {
        const Symbol whole = findSymbol(word);
        if (whole != kNotFound && m_symbolToken[whole] >= 0) {
            out.push_back(m_symbolToken[whole]);
            return;
        }
    }
    const auto size = static_cast<std::uint32_t>(word.size());
    auto &symbol = scratch.symbol;
    auto &previous = scratch.previous;
    auto &next = scratch.next;
    auto &merge = scratch.merge;
    auto &queue = scratch.queue;
    symbol.resize(size);
    previous.resize(size);
    next.resize(size);
    merge.resize(size);
    queue.clear();
    const auto mergeAt = [&](std::uint32_t i) {
        return next[i] < size ? m_mergeIndex.find(symbol[i], symbol[next[i]]) : kNone;
    };
    std::uint32_t last = kNone;
    for (std::uint32_t i = 0; i < size; i = next[i]) {
        std::uint32_t length = 1;
        symbol[i] = symbolAt(word, i, length);
        std::fill_n(symbol.begin() + i + 1, length - 1, kNone);
        previous[i] = last;
        next[i] = i + length;
        last = i;
    }
    for (std::uint32_t i = 0; i < size; i = next[i]) {
        merge[i] = mergeAt(i);
        if (merge[i] != kNone)
            queue.push_back((std::uint64_t(merge[i]) << 32) | i);
    }
    std::make_heap(queue.begin(), queue.end(), std::greater<>());
    while (!queue.empty()) {
        std::pop_heap(queue.begin(), queue.end(), std::greater<>());
        const auto rank = static_cast<std::uint32_t>(queue.back() >> 32);
        const auto i = static_cast<std::uint32_t>(queue.back());
        queue.pop_back();
        // Out of date when a neighbour has been joined since.
        if (symbol[i] == kNone || merge[i] != rank)
            continue;
        const std::uint32_t joined = next[i];
        symbol[i] = m_merges[rank].result;
        symbol[joined] = kNone;
        next[i] = next[joined];
        if (next[i] < size)
            previous[next[i]] = i;
        for (const std::uint32_t at : {previous[i], i}) {
            if (at == kNone)
                continue;
            merge[at] = mergeAt(at);
            if (merge[at] != kNone) {
                queue.push_back((std::uint64_t(merge[at]) << 32) | at);
                std::push_heap(queue.begin(), queue.end(), std::greater<>());
            }
        }
    }
    for (std::uint32_t i = 0; i < size; i = next[i])
        appendSymbol(symbol[i], word.substr(i, next[i] - i), out);
}

// The symbol that stands at a place before anything is joined, and its length.
BpeTokenizer::Symbol BpeTokenizer::symbolAt(std::string_view word, std::size_t at,
                                            std::uint32_t &length) const
{
    if (symbols() == Symbols::Bytes) {
        length = 1;
        return m_byteSymbols[static_cast<unsigned char>(word[at])];
    }
    const Utf8Step step = nextUtf8(word.substr(at));
    length = step.kind == Utf8Kind::Character ? static_cast<std::uint32_t>(step.length) : 1;
    const Symbol symbol = findSymbol(word.substr(at, length));
    return symbol == kNotFound ? kNoSymbol : symbol;
}

void BpeTokenizer::appendSymbol(Symbol symbol, std::string_view text, std::vector<Token> &out) const
{
    if (symbol != kNoSymbol && m_symbolToken[symbol] >= 0) {
        out.push_back(m_symbolToken[symbol]);
        return;
    }
    if (symbols() == Symbols::Bytes) {
        appendBytes(text, out);
        return;
    }
    // What merges made and is no token comes apart into its characters again.
    while (!text.empty()) {
        std::uint32_t length = 1;
        const Symbol one = symbolAt(text, 0, length);
        if (one != kNoSymbol && m_symbolToken[one] >= 0)
            out.push_back(m_symbolToken[one]);
        else
            appendBytes(text.substr(0, length), out);
        text.remove_prefix(length);
    }
}

void BpeTokenizer::appendBytes(std::string_view text, std::vector<Token> &out) const
{
    for (char byte : text) {
        const Token token = m_byteTokens[static_cast<unsigned char>(byte)];
        if (token >= 0)
            out.push_back(token);
        else if (vocabulary().unknown())
            out.push_back(*vocabulary().unknown());
    }
}

std::string BpeTokenizer::plainBytes(Token token) const
{
    const std::string_view spelling = vocabulary().spelling(token);
    if (vocabulary().kind(token) == TokenKind::Byte) {
        if (const int byte = byteOfSpelling(spelling); byte >= 0)
            return std::string(1, static_cast<char>(byte));
    }
    if (symbols() == Symbols::Characters)
        return withSpaces(spelling);
    std::string bytes;
    decodeInto(spelling, bytes);
    return bytes;
}

} // namespace alcove::llm
