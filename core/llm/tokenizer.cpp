#include "core/llm/tokenizer.h"

#include "core/llm/bpe_tokenizer.h"
#include "core/llm/spm_tokenizer.h"
#include "core/llm/utf8.h"

namespace alcove::llm {

Result<std::shared_ptr<const Tokenizer>> Tokenizer::create(const GgufFile &file,
                                                           std::string_view preOverride)
{
    const auto model = file.string("tokenizer.ggml.model");
    if (!model || *model == "no_vocab" || *model == "none") {
        return fail(ErrorCode::Unsupported,
                    "The model file holds no vocabulary (its tokenizer is \"no_vocab\"), so it can"
                    " run on token numbers only, not on text.");
    }
    if (*model == "gpt2")
        return BpeTokenizer::create(file, preOverride);
    if (*model == "llama")
        return SpmTokenizer::create(file);
    return fail(ErrorCode::Unsupported,
                "The model uses the tokenizer \"" + replaceInvalidUtf8(model->substr(0, 64))
                    + "\", which is not supported.");
}

} // namespace alcove::llm
