#include "core/llm/vocabulary.h"

#include "core/llm/architectures/architectures.h"

#include <algorithm>
#include <array>
#include <limits>

namespace alcove::llm {

namespace {

// How the model families spell the token that ends a turn. Files often leave it out of their
// metadata, or give only the end of a text.
constexpr std::array<std::string_view, 37> kEnders = {
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|EOT|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<end_of_turn>",
    "<end_of_utterance>",
    "<eos>",
    "</s>",
    "<|end_of_turn|>",
    "<|eot|>",
    "<|eom|>",
    "<|endofturn|>",
    "[|endofturn|]", // EXAONE
    "<|END_OF_TURN_TOKEN|>", // Command R
    "<turn|>", // Gemma 4
    "<|tool_response>", // Gemma 4, after a call
    "[e~[", // MiniMax
    "<|assistant_end|>", // Apertus
    "<|role_end|>", // Ling
    "<|message_sep|>", // GigaChat
    "<SPECIAL_12>", // Nemotron
    "<|user|>", // GLM writes no end of its own: the next turn begins
    "<|observation|>", // GLM, after a call
    "</assistant>", // Laguna
    "<|flush|>", // Solar
    "<|calls|>", // Solar
    "<sep>", // Reka
    "<\xEF\xBD\x9C"
    "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>",
};

// Spellings that also occur as plain text; they count only where the file marks the token.
bool isAlsoPlainText(std::string_view spelling)
{
    return spelling == "</s>" || spelling == "<eos>" || spelling == "[EOS]" || spelling == "[EOT]"
        || spelling == "<EOT>" || spelling == "_<EOT>" || spelling == "<sep>"
        || spelling == "</assistant>";
}

bool startsWith(std::string_view text, std::string_view start)
{
    return text.substr(0, start.size()) == start;
}

TokenKind kindOf(std::int64_t number)
{
    return number >= 1 && number <= 6 ? static_cast<TokenKind>(number) : TokenKind::Normal;
}

} // namespace

Result<Vocabulary> Vocabulary::read(const GgufFile &file)
{
    Vocabulary vocabulary;
    if (auto done = vocabulary.readTokens(file); !done)
        return fail(done.error());
    vocabulary.readSpecialIds(file);
    vocabulary.findEnders(file);
    return vocabulary;
}

Result<> Vocabulary::readTokens(const GgufFile &file)
{
    const GgufValue *declared = file.find("tokenizer.ggml.tokens");
    if (!declared || declared->type != GgufValueType::Array
        || declared->elementType != GgufValueType::String || declared->count == 0) {
        return fail(ErrorCode::InvalidFile,
                    "The model file has no list of tokens, so it cannot read or write text.");
    }
    if (declared->count > kMaxVocabularyTokens) {
        return fail(ErrorCode::InvalidFile,
                    "The model file declares " + std::to_string(declared->count)
                        + " tokens; at most " + std::to_string(kMaxVocabularyTokens)
                        + " are supported.");
    }
    const auto tokens = file.strings("tokenizer.ggml.tokens");
    if (!tokens)
        return fail(ErrorCode::InvalidFile, "The model file's list of tokens cannot be read.");

    std::size_t bytes = 0;
    for (std::string_view token : *tokens) {
        if (token.size() > kMaxTokenBytes)
            return fail(ErrorCode::InvalidFile,
                        "The model file has a token of " + std::to_string(token.size())
                            + " bytes; at most " + std::to_string(kMaxTokenBytes)
                            + " are supported.");
        bytes += token.size();
    }
    if (bytes > kMaxVocabularySpellingBytes)
        return fail(ErrorCode::InvalidFile, "The model file's list of tokens is too large.");

    const std::size_t count = tokens->size();
    const auto checkedCount = [&file, count](std::string_view key,
                                             std::string_view what) -> Result<bool> {
        const GgufValue *value = file.find(key);
        if (!value)
            return false;
        if (value->type != GgufValueType::Array || value->count != count)
            return fail(ErrorCode::InvalidFile,
                        "The model file's list of token " + std::string(what) + " does not fit its "
                            + std::to_string(count) + " tokens.");
        return true;
    };

    m_kinds.assign(count, TokenKind::Normal);
    const auto hasKinds = checkedCount("tokenizer.ggml.token_type", "types");
    if (!hasKinds)
        return fail(hasKinds.error());
    if (*hasKinds) {
        const auto kinds = file.integers("tokenizer.ggml.token_type");
        if (!kinds || kinds->size() != count)
            return fail(ErrorCode::InvalidFile, "The model file's token types are not integers.");
        std::transform(kinds->begin(), kinds->end(), m_kinds.begin(), kindOf);
    }

    const auto hasScores = checkedCount("tokenizer.ggml.scores", "scores");
    if (!hasScores)
        return fail(hasScores.error());
    if (*hasScores) {
        const auto scores = file.numbers("tokenizer.ggml.scores");
        if (!scores || scores->size() != count)
            return fail(ErrorCode::InvalidFile, "The model file's token scores are not numbers.");
        m_scores.reserve(count);
        for (double score : *scores) {
            // A score only orders tokens; one that is no number comes last.
            m_scores.push_back(score == score ? static_cast<float>(score)
                                              : -std::numeric_limits<float>::infinity());
        }
    }

    m_text.reserve(bytes);
    m_starts.reserve(count + 1);
    m_starts.push_back(0);
    for (std::string_view token : *tokens) {
        m_text += token;
        m_starts.push_back(static_cast<std::uint32_t>(m_text.size()));
    }
    m_index.reserve(count);
    const auto textOf = [this](std::uint32_t id) { return spelling(static_cast<Token>(id)); };
    for (std::uint32_t id = 0; id < count; ++id)
        m_index.insert(spelling(static_cast<Token>(id)), id, textOf);
    return {};
}

void Vocabulary::readSpecialIds(const GgufFile &file)
{
    const auto read = [this, &file](const char *name) -> std::optional<Token> {
        const std::string key = std::string("tokenizer.ggml.") + name;
        if (!file.find(key))
            return std::nullopt;
        const auto id = file.integer(key);
        if (id && *id >= 0 && *id < static_cast<std::int64_t>(size()))
            return static_cast<Token>(*id);
        // Converters write -1 (also as an unsigned 32-bit number) for "none".
        if (!id || (*id != -1 && *id != 0xFFFFFFFFll))
            warn("The model file's " + std::string(name) + " names no token and is ignored.");
        return std::nullopt;
    };
    m_bos = read("bos_token_id");
    m_eos = read("eos_token_id");
    m_unknown = read("unknown_token_id");
    m_classifier = read("cls_token_id");
    m_separator = read("seperator_token_id"); // as the format spells it
    for (const char *name : {"eos_token_id", "eot_token_id", "eom_token_id"}) {
        if (const auto id = name == std::string_view("eos_token_id") ? m_eos : read(name))
            m_enders.push_back(*id);
    }
    m_addBos = file.boolean("tokenizer.ggml.add_bos_token");
    const Architecture *architecture =
        findArchitecture(file.string("general.architecture").value_or(""));
    m_specialsSwallowSpace = architecture && architecture->specialsSwallowSpace;
    m_addEos = file.boolean("tokenizer.ggml.add_eos_token");
    m_addSeparator = file.boolean("tokenizer.ggml.add_sep_token");
}

void Vocabulary::findEnders(const GgufFile &file)
{
    const bool hasKinds = file.find("tokenizer.ggml.token_type") != nullptr;
    for (std::string_view ender : kEnders) {
        const auto id = find(ender);
        if (!id)
            continue;
        TokenKind &kind = m_kinds[static_cast<std::size_t>(*id)];
        const bool marked = kind == TokenKind::Control || kind == TokenKind::UserDefined;
        if (!marked && (isAlsoPlainText(ender) || kind != TokenKind::Normal))
            continue;
        m_enders.push_back(*id);
        // Some files call it normal or user-defined, which would let any text end a turn. A
        // user-defined one that is also plain text keeps its kind: it is matched in every text.
        if (kind != TokenKind::Control && !isAlsoPlainText(ender)) {
            if (hasKinds && kind == TokenKind::Normal)
                warn("The model file does not mark " + std::string(ender)
                     + " as a control token; it is used as one.");
            kind = TokenKind::Control;
        }
    }
    // The harmony format and Solar's use <|end|> between the parts of one answer.
    if ((find("<|return|>") && find("<|call|>")) || (find("<|flush|>") && find("<|calls|>"))) {
        if (const auto end = find("<|end|>"))
            m_enders.erase(std::remove(m_enders.begin(), m_enders.end(), *end), m_enders.end());
    }
    std::sort(m_enders.begin(), m_enders.end());
    m_enders.erase(std::unique(m_enders.begin(), m_enders.end()), m_enders.end());

    for (Token ender : m_enders) {
        if (kind(ender) == TokenKind::Unused)
            m_kinds[static_cast<std::size_t>(ender)] = TokenKind::Control;
    }
    if (!m_unknown && kind(0) == TokenKind::Unknown)
        m_unknown = 0;
    // Some files name the end of a text here: then no text may make one out of a missing byte.
    if (m_unknown && (!isUnknown(*m_unknown) || endsGeneration(*m_unknown)))
        m_unknown.reset();
}

// Files of BERT call theirs a control token.
bool Vocabulary::isUnknown(Token token) const
{
    const std::string_view text = spelling(token);
    return kind(token) == TokenKind::Unknown
        || (kind(token) == TokenKind::Control
            && (text.find("unk") != std::string_view::npos
                || text.find("UNK") != std::string_view::npos));
}

std::string_view Vocabulary::spelling(Token token) const
{
    const auto id = static_cast<std::size_t>(token);
    return std::string_view(m_text).substr(m_starts[id], m_starts[id + 1] - m_starts[id]);
}

std::optional<Token> Vocabulary::find(std::string_view text) const
{
    const auto textOf = [this](std::uint32_t id) { return spelling(static_cast<Token>(id)); };
    const std::uint32_t id = m_index.find(text, textOf);
    if (id == kNotFound)
        return std::nullopt;
    return static_cast<Token>(id);
}

bool Vocabulary::endsGeneration(Token token) const
{
    return std::binary_search(m_enders.begin(), m_enders.end(), token);
}

bool Vocabulary::swallowsSpace(Token token) const
{
    if (!m_specialsSwallowSpace)
        return false;
    const std::string_view text = spelling(token);
    return text != "<unk>" && text != "<s>" && text != "<|endoftext|>";
}

bool Vocabulary::isMarker(Token token) const
{
    const TokenKind tokenKind = kind(token);
    if (tokenKind == TokenKind::Control || tokenKind == TokenKind::Unknown)
        return true;
    return tokenKind == TokenKind::UserDefined
        && (endsGeneration(token) || startsWith(spelling(token), "<|")
            || startsWith(spelling(token), "<\xEF\xBD\x9C")); // deepseek's wide bar
}

} // namespace alcove::llm
