// Vocabularies out of arbitrary bytes, and arbitrary text through them.
//
// Input: a byte that chooses a second pre-tokenizer beside the file's own, two bytes of length, a
// text of that length, then a GGUF file.
#include "core/llm/prompt_text.h"
#include "core/llm/tokenizer.h"
#include "core/llm/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <span>

using namespace alcove::llm;

namespace {

// One of each definition.
constexpr std::string_view kPreTokenizers[] = {
    "gpt-2",       "roberta-bpe", "default",      "falcon",     "llama-bpe",
    "dbrx",        "glm4",        "minicpm5",     "qwen2",      "qwen35",
    "laguna",      "bailingmoe",  "seed-coder",   "exaone-moe", "jais-2",
    "starcoder",   "tekken",      "gpt-4o",       "youtu",      "granite-embed-multi-97m",
    "tiny_aya",    "kimi-k2",     "bloom",        "viking",     "chameleon",
    "superbpe",    "afmoe",       "deepseek-llm", "gemma4",     "deepseek-coder",
    "deepseek-v3",
};

void require(bool condition)
{
    if (!condition)
        std::abort();
}

void check(const std::shared_ptr<const Tokenizer> &tokenizer, std::string_view text)
{
    const auto size = static_cast<Token>(tokenizer->vocabularySize());
    for (const ParseSpecial parse : {ParseSpecial::No, ParseSpecial::Yes, ParseSpecial::Guarded}) {
        const auto tokens = tokenizer->encode(text, AddSpecial::AsModel, parse);
        // At most a token for each byte, and the ends; what a table of characters puts in the place
        // of a character is bounded too.
        require(tokens.size() <= text.size() * 128 + 8);
        StreamDecoder stream(tokenizer);
        std::string streamed;
        for (Token token : tokens) {
            require(token >= 0 && token < size);
            const std::string piece = stream.append(token);
            require(isValidUtf8(piece));
            streamed += piece;
        }
        streamed += stream.finish();
        require(streamed == replaceInvalidUtf8(tokenizer->decode(tokens)));
    }
    const std::string guarded = protectSpecialTokens(text, *tokenizer);
    require(withoutMarks(guarded) == withoutMarks(text));
    require(protectSpecialTokens(guarded, *tokenizer) == guarded);
    for (Token token : encodeRendered(guarded, *tokenizer))
        require(!tokenizer->endsGeneration(token) || !tokenizer->bytesOf(token).empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size < 3)
        return 0;
    const std::string_view other = kPreTokenizers[data[0] % std::size(kPreTokenizers)];
    const std::size_t length = std::min<std::size_t>(data[1] | (data[2] << 8), size - 3);
    const std::string_view text(reinterpret_cast<const char *>(data + 3), length);
    const auto rest = std::as_bytes(std::span(data + 3 + length, size - 3 - length));
    const auto file = GgufFile::parse(rest, "fuzz");
    if (!file)
        return 0;
    for (const std::string_view pre : {std::string_view(), other}) {
        const auto tokenizer = Tokenizer::create(*file, pre);
        if (!tokenizer) {
            require(!tokenizer.error().message.empty());
            continue;
        }
        check(*tokenizer, text);
        // Any ids at all may be asked about.
        for (Token token : {-1, 0, 1 << 30})
            (*tokenizer)->bytesOf(token, Tokenizer::ShowSpecial::Yes);
    }
    return 0;
}
