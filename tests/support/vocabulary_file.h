// Writes GGUF files that hold a vocabulary and nothing else, for tests with hand-made tokens.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::test {

class VocabularyFile
{
public:
    VocabularyFile &text(std::string_view key, std::string_view value)
    {
        begin(key, 8);
        putText(value);
        return *this;
    }
    VocabularyFile &number(std::string_view key, std::uint32_t value)
    {
        begin(key, 4);
        put(value);
        return *this;
    }
    VocabularyFile &flag(std::string_view key, bool value)
    {
        begin(key, 7);
        put(std::uint8_t(value));
        return *this;
    }
    VocabularyFile &texts(std::string_view key, const std::vector<std::string> &values)
    {
        beginArray(key, 8, values.size());
        for (const std::string &value : values)
            putText(value);
        return *this;
    }
    VocabularyFile &numbers(std::string_view key, const std::vector<std::int32_t> &values)
    {
        beginArray(key, 5, values.size());
        for (std::int32_t value : values)
            put(value);
        return *this;
    }
    VocabularyFile &bytesArray(std::string_view key, const std::vector<std::int32_t> &values)
    {
        beginArray(key, 0, values.size());
        for (std::int32_t value : values)
            put(static_cast<std::uint8_t>(value));
        return *this;
    }
    VocabularyFile &floats(std::string_view key, const std::vector<float> &values)
    {
        beginArray(key, 6, values.size());
        for (float value : values)
            put(value);
        return *this;
    }

    // The file's bytes.
    std::string bytes() const
    {
        std::string out = "GGUF";
        const auto add = [&out](auto value) {
            out.append(reinterpret_cast<const char *>(&value), sizeof(value));
        };
        add(std::uint32_t(3));
        add(std::uint64_t(0)); // tensors
        add(m_count);
        out += m_metadata;
        out.resize((out.size() + 31) / 32 * 32);
        return out;
    }

    static std::span<const std::byte> view(const std::string &bytes)
    {
        return std::as_bytes(std::span(bytes.data(), bytes.size()));
    }

private:
    template <typename T>
    void put(T value)
    {
        m_metadata.append(reinterpret_cast<const char *>(&value), sizeof(value));
    }
    void putText(std::string_view value)
    {
        put(std::uint64_t(value.size()));
        m_metadata += value;
    }
    void begin(std::string_view key, std::uint32_t type)
    {
        ++m_count;
        putText(key);
        put(type);
    }
    void beginArray(std::string_view key, std::uint32_t type, std::size_t count)
    {
        begin(key, 9);
        put(type);
        put(std::uint64_t(count));
    }

    std::uint64_t m_count = 0;
    std::string m_metadata;
};

// GPT-2's way to write a byte as a printable character.
inline std::string gpt2Character(unsigned char byte)
{
    const auto printable = [](unsigned b) {
        return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    };
    unsigned code = byte;
    if (!printable(byte)) {
        code = 256;
        for (unsigned b = 0; b < byte; ++b)
            code += printable(b) ? 0 : 1;
    }
    if (code < 0x80)
        return {char(code)};
    return {char(0xC0 | (code >> 6)), char(0x80 | (code & 0x3F))};
}

inline std::string gpt2Spelling(std::string_view bytes)
{
    std::string out;
    for (char byte : bytes)
        out += gpt2Character(static_cast<unsigned char>(byte));
    return out;
}

// A token of a hand-made vocabulary; kinds as in `tokenizer.ggml.token_type`.
struct HandToken {
    std::string spelling;
    std::int32_t kind = 1;
    float score = 0;
};

inline constexpr std::int32_t kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kByte = 6;

// A byte-level BPE vocabulary: the 256 bytes (ids 0-255), what `merges` make, then `specials`.
inline VocabularyFile bpeFile(const std::vector<std::pair<std::string, std::string>> &merges,
                              const std::vector<HandToken> &specials,
                              std::string_view pre = "llama-bpe")
{
    std::vector<std::string> tokens;
    std::vector<std::int32_t> kinds;
    std::vector<std::string> mergeTexts;
    for (unsigned byte = 0; byte < 256; ++byte)
        tokens.push_back(gpt2Character(static_cast<unsigned char>(byte)));
    for (const auto &[left, right] : merges) {
        mergeTexts.push_back(gpt2Spelling(left) + " " + gpt2Spelling(right));
        tokens.push_back(gpt2Spelling(left + right));
    }
    kinds.assign(tokens.size(), kNormal);
    for (const HandToken &special : specials) {
        tokens.push_back(special.spelling);
        kinds.push_back(special.kind);
    }
    VocabularyFile file;
    file.text("general.architecture", "llama")
        .text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", pre)
        .texts("tokenizer.ggml.tokens", tokens)
        .numbers("tokenizer.ggml.token_type", kinds)
        .texts("tokenizer.ggml.merges", mergeTexts);
    return file;
}

// A SentencePiece vocabulary: <unk>, <s>, </s>, the 256 byte tokens (ids 3-258), then `tokens`.
inline VocabularyFile spmFile(const std::vector<HandToken> &tokens)
{
    std::vector<std::string> spellings = {"<unk>", "<s>", "</s>"};
    std::vector<std::int32_t> kinds = {kUnknown, kControl, kControl};
    std::vector<float> scores = {0, 0, 0};
    for (unsigned byte = 0; byte < 256; ++byte) {
        const char *digits = "0123456789ABCDEF";
        spellings.push_back(std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + ">");
        kinds.push_back(kByte);
        scores.push_back(0);
    }
    for (const HandToken &token : tokens) {
        spellings.push_back(token.spelling);
        kinds.push_back(token.kind);
        scores.push_back(token.score);
    }
    VocabularyFile file;
    file.text("general.architecture", "llama")
        .text("tokenizer.ggml.model", "llama")
        .texts("tokenizer.ggml.tokens", spellings)
        .floats("tokenizer.ggml.scores", scores)
        .numbers("tokenizer.ggml.token_type", kinds)
        .number("tokenizer.ggml.unknown_token_id", 0);
    return file;
}

} // namespace alcove::test
