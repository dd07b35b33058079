#include "core/llm/word_piece_tokenizer.h"

#include "core/llm/space_mark.h"
#include "core/llm/utf8.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace alcove::llm {

namespace {

// A longer word is one unknown token, as the published definition has it.
constexpr std::size_t kLongestWord = 100; // characters

struct Range {
    char32_t first;
    char32_t last;
};

// The blocks that BERT's definition calls Chinese characters.
constexpr Range kChinese[] = {
    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},   {0x20000, 0x2A6DF},
    {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F},
};

bool isChinese(char32_t c)
{
    return std::any_of(std::begin(kChinese), std::end(kChinese),
                       [c](const Range &range) { return c >= range.first && c <= range.last; });
}

bool isPunctuation(char32_t c)
{
    if (c < 0x80) {
        const bool isLetterOrDigit =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        return c > ' ' && c < 0x7F && !isLetterOrDigit;
    }
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
        return true;
    default:
        return false;
    }
}

enum class Role { Word, Space, Chinese, Dropped };

Role roleOf(char32_t c)
{
    if (c < 0x80) {
        if (c == ' ' || (c >= '\t' && c <= '\r'))
            return Role::Space;
        return c < 0x20 || c == 0x7F ? Role::Dropped : Role::Word;
    }
    if (c == 0x85)
        return Role::Space;
    if (c == 0xFFFD)
        return Role::Dropped;
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return Role::Space;
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
        return Role::Dropped;
    default:
        return isChinese(c) ? Role::Chinese : Role::Word;
    }
}

bool hasCapital(std::string_view spelling)
{
    // "[CLS]" and its kind say nothing of the letters of a text.
    if (spelling.size() > 2 && spelling.front() == '[' && spelling.back() == ']')
        return false;
    return std::any_of(spelling.begin(), spelling.end(),
                       [](char c) { return c >= 'A' && c <= 'Z'; });
}

} // namespace

WordPieceTokenizer::WordPieceTokenizer(Vocabulary vocabulary, Letters letters)
    : VocabularyTokenizer(std::move(vocabulary)), m_letters(letters)
{
    for (Token token = 0; this->vocabulary().contains(token); ++token)
        m_longestToken = std::max(m_longestToken, this->vocabulary().spelling(token).size());
}

Result<std::shared_ptr<const Tokenizer>> WordPieceTokenizer::create(const GgufFile &file)
{
    auto vocabulary = Vocabulary::read(file);
    if (!vocabulary)
        return fail(vocabulary.error());
    // Files do not say whether the model knows capital letters; its tokens do.
    bool beginsWords = false;
    Letters letters = Letters::LowerWithoutAccents;
    for (Token token = 0; vocabulary->contains(token); ++token) {
        if (vocabulary->kind(token) != TokenKind::Normal)
            continue;
        const std::string_view spelling = vocabulary->spelling(token);
        beginsWords = beginsWords || spelling.substr(0, kSpaceMark.size()) == kSpaceMark;
        if (hasCapital(spelling))
            letters = Letters::AsWritten;
    }
    if (!beginsWords)
        return fail(ErrorCode::InvalidFile,
                    "The model file's tokens are not those of a WordPiece tokenizer: none of them"
                    " begins a word.");

    std::shared_ptr<WordPieceTokenizer> tokenizer(
        new WordPieceTokenizer(std::move(*vocabulary), letters));
    const Vocabulary &own = tokenizer->vocabulary();
    const auto firstOf = [&own](std::optional<Token> id, std::optional<Token> other,
                                std::string_view usual) {
        return id ? id : other ? other : own.find(usual);
    };
    tokenizer->setEnds({firstOf(own.classifier(), own.bos(), "[CLS]"),
                        firstOf(own.separator(), own.eos(), "[SEP]"), own.addBos().value_or(true),
                        own.addSeparator().value_or(true)});
    return tokenizer;
}

void WordPieceTokenizer::encodePlain(std::string_view text, Before, std::vector<Token> &out) const
{
    // Most words of a text come again.
    std::unordered_map<std::string, std::vector<Token>> seen;
    std::string word(kSpaceMark);
    std::size_t characters = 0;
    const auto finishWord = [&] {
        if (characters > kLongestWord) {
            if (vocabulary().unknown())
                out.push_back(*vocabulary().unknown());
        } else if (characters > 0) {
            const auto [known, fresh] = seen.try_emplace(word);
            if (fresh)
                encodeWord(word, known->second);
            out.insert(out.end(), known->second.begin(), known->second.end());
        }
        word.resize(kSpaceMark.size());
        characters = 0;
    };
    Cleaned cleaned;
    while (!text.empty()) {
        const Utf8Step step = nextUtf8(text);
        text.remove_prefix(step.length);
        if (step.kind != Utf8Kind::Character)
            continue;
        const Role role = roleOf(step.codePoint);
        if (role == Role::Dropped)
            continue;
        if (role != Role::Word)
            finishWord();
        if (role == Role::Space)
            continue;
        const std::size_t count = clean(step.codePoint, cleaned);
        for (std::size_t i = 0; i < count; ++i) {
            // Asked of what cleaning left: of U+2260, an "=" with a stroke, that is "=".
            const bool alone = isPunctuation(cleaned[i]);
            if (alone)
                finishWord();
            if (characters <= kLongestWord)
                appendUtf8(word, cleaned[i]);
            ++characters;
            if (alone)
                finishWord();
        }
        if (role == Role::Chinese)
            finishWord();
    }
    finishWord();
}

std::size_t WordPieceTokenizer::clean(char32_t c, Cleaned &cleaned) const
{
    cleaned[0] = c;
    if (m_letters == Letters::AsWritten)
        return 1;
    if (c < 0x80) {
        if (c >= 'A' && c <= 'Z')
            cleaned[0] = c + ('a' - 'A');
        return 1;
    }
    std::array<utf8proc_int32_t, std::tuple_size_v<Cleaned>> parts{};
    int boundary = 0;
    const utf8proc_ssize_t count = utf8proc_decompose_char(
        static_cast<utf8proc_int32_t>(c), parts.data(), static_cast<utf8proc_ssize_t>(parts.size()),
        UTF8PROC_DECOMPOSE, &boundary);
    if (count <= 0 || count > static_cast<utf8proc_ssize_t>(parts.size()))
        return 1;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        if (utf8proc_category(parts[i]) != UTF8PROC_CATEGORY_MN)
            cleaned[kept++] = static_cast<char32_t>(utf8proc_tolower(parts[i]));
    }
    return kept;
}

void WordPieceTokenizer::encodeWord(std::string_view word, std::vector<Token> &out) const
{
    std::size_t begin = 0;
    while (begin < word.size()) {
        // A mark alone begins no word.
        const std::size_t least = begin == 0 ? kSpaceMark.size() + 1 : 1;
        std::size_t length = std::min(word.size() - begin, m_longestToken);
        std::optional<Token> piece;
        // Nor does one go on inside a word: it would be the beginning of another.
        if (begin > 0 && word.substr(begin, kSpaceMark.size()) == kSpaceMark)
            length = 0;
        for (; length >= least; --length) {
            if ((piece = findPiece(word.substr(begin, length))))
                break;
        }
        if (!piece) {
            out.clear();
            if (vocabulary().unknown())
                out.push_back(*vocabulary().unknown());
            return;
        }
        out.push_back(*piece);
        begin += length;
    }
}

std::optional<Token> WordPieceTokenizer::findPiece(std::string_view text) const
{
    const auto token = vocabulary().find(text);
    if (!token)
        return std::nullopt;
    // A text never becomes a token that gives it structure.
    const TokenKind kind = vocabulary().kind(*token);
    return kind == TokenKind::Normal || kind == TokenKind::UserDefined ? token : std::nullopt;
}

std::string WordPieceTokenizer::plainBytes(Token token) const
{
    return withSpaces(vocabulary().spelling(token));
}

} // namespace alcove::llm
