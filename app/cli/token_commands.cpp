#include "app/cli/command.h"
#include "app/cli/nul_texts.h"
#include "core/llm/gguf.h"
#include "core/llm/tokenizer.h"

namespace alcove::cli {

namespace {

tl::expected<std::shared_ptr<const llm::Tokenizer>, Failure>
openTokenizer(const Environment &environment, const std::string &pre)
{
    auto file = llm::GgufFile::open(environment.arguments.positional(0));
    if (!file)
        return failure(file.error());
    auto tokenizer = llm::Tokenizer::create(*file, pre);
    if (!tokenizer)
        return failure(tokenizer.error());
    for (const std::string &warning : (*tokenizer)->warnings())
        environment.err << warning << std::endl;
    return std::move(*tokenizer);
}

Outcome tokenize(const Environment &environment)
{
    const Arguments &arguments = environment.arguments;
    auto tokenizer = openTokenizer(environment, arguments.valueOr("--pre", {}));
    if (!tokenizer)
        return tl::unexpected(tokenizer.error());
    const auto parse =
        arguments.has("--parse-special") ? llm::ParseSpecial::Yes : llm::ParseSpecial::No;
    const auto bos = (*tokenizer)->bos();
    if (arguments.has("--bos") && !bos)
        return failure("This model's vocabulary has no token for the beginning of a text.");
    for (const std::string &text : readNulTexts(environment.in)) {
        std::vector<llm::Token> ids = (*tokenizer)->encode(text, llm::AddSpecial::No, parse);
        if (arguments.has("--bos"))
            ids.insert(ids.begin(), *bos);
        const char *separator = "";
        for (const llm::Token id : ids) {
            environment.out << separator << id;
            separator = " ";
        }
        environment.out << "\n";
    }
    return {};
}

Outcome detokenize(const Environment &environment)
{
    const auto text = environment.arguments.required("--tokens");
    if (!text)
        return tl::unexpected(text.error());
    const auto ids = integerList("--tokens", *text);
    if (!ids)
        return tl::unexpected(ids.error());
    auto tokenizer = openTokenizer(environment, {});
    if (!tokenizer)
        return tl::unexpected(tokenizer.error());
    std::vector<llm::Token> tokens;
    for (const std::uint32_t id : *ids) {
        if (id >= (*tokenizer)->vocabularySize())
            return failure("There is no token " + std::to_string(id) + ": the vocabulary has "
                           + std::to_string((*tokenizer)->vocabularySize()) + ".");
        tokens.push_back(llm::Token(id));
    }
    environment.out << (*tokenizer)
                           ->decode(tokens,
                                    environment.arguments.has("--special")
                                        ? llm::Tokenizer::ShowSpecial::Yes
                                        : llm::Tokenizer::ShowSpecial::No);
    return {};
}

} // namespace

const Command &tokenizeCommand()
{
    static const Command command{
        {"tokenize",
         "reads NUL-separated texts and prints a line of token ids for each",
         {"MODEL"},
         {{"--pre", "NAME", "pre-tokenizer instead of the model's own"},
          {"--parse-special", "", "special tokens spelled in the text are recognised"},
          {"--bos", "", "puts the beginning-of-text token first"}}},
        tokenize};
    return command;
}

const Command &detokenizeCommand()
{
    static const Command command{{"detokenize",
                                  "prints the text of token ids, without a line feed",
                                  {"MODEL"},
                                  {{"--tokens", "IDS", "token ids separated by spaces"},
                                   {"--special", "", "shows special tokens too"}}},
                                 detokenize};
    return command;
}

} // namespace alcove::cli
