#include "core/llm/tokenizer.h"

#include "core/llm/bpe_tokenizer.h"
#include "core/llm/spm_tokenizer.h"
#include "core/llm/unigram_tokenizer.h"
#include "core/llm/utf8.h"
#include "core/llm/word_piece_tokenizer.h"

namespace alcove::llm {

namespace {

using Create = Result<std::shared_ptr<const Tokenizer>> (*)(const GgufFile &, std::string_view);

template <typename T>
Result<std::shared_ptr<const Tokenizer>> createPlain(const GgufFile &file, std::string_view)
{
    return T::create(file);
}

struct Kind {
    std::string_view name; // of `tokenizer.ggml.model`
    Create create;
};

constexpr Kind kKinds[] = {
    {"gpt2", &BpeTokenizer::create},        {"gemma4", &BpeTokenizer::create},
    {"llama", &createPlain<SpmTokenizer>},  {"bert", &createPlain<WordPieceTokenizer>},
    {"t5", &createPlain<UnigramTokenizer>},
};

Result<Create> kindOf(const GgufFile &file)
{
    const auto model = file.string("tokenizer.ggml.model");
    if (!model || *model == "no_vocab" || *model == "none") {
        return fail(ErrorCode::Unsupported,
                    "The model file holds no vocabulary (its tokenizer is \"no_vocab\"), so it can"
                    " run on token numbers only, not on text.");
    }
    for (const Kind &kind : kKinds) {
        if (kind.name == *model)
            return kind.create;
    }
    return fail(ErrorCode::Unsupported,
                "The model uses the tokenizer \"" + replaceInvalidUtf8(model->substr(0, 64))
                    + "\", which is not supported.");
}

} // namespace

Result<std::shared_ptr<const Tokenizer>> Tokenizer::create(const GgufFile &file,
                                                           std::string_view preOverride)
{
    const auto create = kindOf(file);
    if (!create)
        return fail(create.error());
    return (*create)(file, preOverride);
}

std::optional<std::string> Tokenizer::troubleOf(const GgufFile &file)
{
    const auto create = kindOf(file);
    if (!create)
        return create.error().message;
    if (*create == &BpeTokenizer::create)
        return PreTokenizer::warningFor(BpeTokenizer::preTokenizerOf(file));
    return std::nullopt;
}

} // namespace alcove::llm
