#include "app/cli/sampling_options.h"

#include "core/base/mapped_file.h"
#include "core/llm/grammar/json_schema.h"

#include <charconv>
#include <limits>
#include <random>
#include <string_view>

namespace alcove::cli {

namespace {

constexpr std::uint64_t kMost32 = std::numeric_limits<std::int32_t>::max();

// "ID=BIAS", or "ID=never".
Parsed<std::pair<llm::Token, float>> readBias(const std::string &text)
{
    const std::size_t equals = text.find('=');
    std::int32_t token = 0;
    const char *end = text.data() + std::min(equals, text.size());
    const auto read = std::from_chars(text.data(), end, token);
    if (equals == std::string::npos || read.ec != std::errc() || read.ptr != end || token < 0)
        return usageFailure("The option --logit-bias needs a token and a number, as in 42=-1.5, "
                            "not \""
                            + text + "\".");
    const std::string value = text.substr(equals + 1);
    if (value == "never")
        return std::pair(llm::Token(token), -std::numeric_limits<float>::infinity());
    const auto bias = realNumber("--logit-bias", value, -1000, 1000);
    if (!bias)
        return tl::unexpected(bias.error());
    return std::pair(llm::Token(token), *bias);
}

Parsed<std::shared_ptr<const llm::Grammar>> readGrammar(const Arguments &arguments)
{
    const auto grammarPath = arguments.value("--grammar");
    const auto schemaPath = arguments.value("--json-schema");
    if (grammarPath && schemaPath)
        return usageFailure("An answer has one form: --grammar and --json-schema exclude each "
                            "other.");
    if (!grammarPath && !schemaPath)
        return nullptr;
    const auto file = MappedFile::open(grammarPath ? *grammarPath : *schemaPath);
    if (!file)
        return failure(file.error());
    const std::string_view text(reinterpret_cast<const char *>(file->bytes().data()),
                                file->bytes().size());
    auto grammar = grammarPath ? llm::Grammar::parse(text) : llm::grammarOfSchema(text);
    if (!grammar)
        return usageFailure(grammar.error().message);
    return std::move(*grammar);
}

// Keeps the first failure of several options.
class Reader
{
public:
    explicit Reader(const Arguments &arguments) : m_arguments(arguments) { }

    void real(std::string_view option, float &value, float least, float most)
    {
        take(m_arguments.real(option, value, least, most), value);
    }
    void whole(std::string_view option, std::uint32_t &value, std::uint64_t least,
               std::uint64_t most = kMost32)
    {
        std::uint64_t wide = value;
        take(m_arguments.integer(option, value, least, most), wide);
        value = std::uint32_t(wide);
    }
    void whole(std::string_view option, std::uint64_t &value)
    {
        take(m_arguments.integer(option, value, 0, std::numeric_limits<std::uint64_t>::max()),
             value);
    }

    std::optional<Failure> failure;

private:
    template <typename T, typename U>
    void take(const Parsed<T> &parsed, U &value)
    {
        if (parsed)
            value = *parsed;
        else if (!failure)
            failure = parsed.error();
    }

    const Arguments &m_arguments;
};

} // namespace

Parsed<llm::SamplingParams> SamplingOptions::over(const llm::SamplingParams &fallback) const
{
    llm::SamplingParams sampling = fallback;
    Reader reader(m_arguments);
    reader.real("--temperature", sampling.temperature, 0, 100);
    reader.whole("--top-k", sampling.topK, 0);
    reader.real("--top-p", sampling.topP, 0, 1);
    reader.real("--min-p", sampling.minP, 0, 1);
    reader.real("--repeat-penalty", sampling.repeatPenalty, 0.01f, 100);
    reader.real("--presence-penalty", sampling.presencePenalty, -100, 100);
    reader.real("--frequency-penalty", sampling.frequencyPenalty, -100, 100);
    reader.whole("--penalty-window", sampling.penaltyWindow, 0);
    reader.real("--typical", sampling.typicalP, 0, 1);
    reader.real("--top-n-sigma", sampling.topNSigma, 0, 100);
    reader.real("--xtc-probability", sampling.xtcProbability, 0, 1);
    reader.real("--xtc-threshold", sampling.xtcThreshold, 0, 1);
    reader.real("--dynatemp-range", sampling.temperatureRange, 0, 100);
    reader.real("--dynatemp-exponent", sampling.temperatureExponent, 0, 100);
    reader.real("--mirostat-tau", sampling.mirostatTau, 0, 100);
    reader.real("--mirostat-eta", sampling.mirostatEta, 0, 10);
    reader.real("--dry-multiplier", sampling.dry.multiplier, 0, 100);
    reader.real("--dry-base", sampling.dry.base, 1, 100);
    reader.whole("--dry-allowed-length", sampling.dry.allowedLength, 1);
    reader.whole("--dry-window", sampling.dry.window, 0);
    if (reader.failure)
        return tl::unexpected(*reader.failure);
    return sampling;
}

Parsed<SamplingOptions> SamplingOptions::read(const Arguments &arguments,
                                              std::uint32_t maxTokensWhenAbsent)
{
    SamplingOptions options;
    options.m_arguments = arguments;
    auto sampling = options.over({});
    if (!sampling)
        return tl::unexpected(sampling.error());
    options.m_options.sampling = std::move(*sampling);
    options.m_options.maxTokens = maxTokensWhenAbsent;
    Reader reader(arguments);
    std::uint64_t seed = std::random_device{}();
    reader.whole("--max-tokens", options.m_options.maxTokens, 0);
    reader.whole("--seed", seed);
    if (reader.failure)
        return tl::unexpected(*reader.failure);
    options.m_options.sampling.seed = seed;
    for (const std::string &text : arguments.values("--logit-bias")) {
        const auto bias = readBias(text);
        if (!bias)
            return tl::unexpected(bias.error());
        options.m_options.sampling.bias.push_back(*bias);
    }
    options.m_breakers = arguments.has("--dry-breaker")
        ? arguments.values("--dry-breaker")
        : std::vector<std::string>{"\n", ":", "\"", "*"};
    auto grammar = readGrammar(arguments);
    if (!grammar)
        return tl::unexpected(grammar.error());
    options.m_options.grammar = std::move(*grammar);
    return options;
}

engine::GenerateOptions SamplingOptions::forModel(const engine::Session &session) const
{
    engine::GenerateOptions options = m_options;
    // What was given has been read before, so it can be read again.
    options.sampling = over(session.recommendedSampling()).value_or(m_options.sampling);
    options.sampling.seed = m_options.sampling.seed;
    options.sampling.bias = m_options.sampling.bias;
    if (options.sampling.dry.multiplier != 0 && session.tokenizer())
        options.sampling.dry.breakers = llm::tokensThatContain(*session.tokenizer(), m_breakers);
    return options;
}

std::vector<OptionSpec> samplingOptionSpecs()
{
    return {
        {"--max-tokens", "N", "longest answer in tokens; 0: as long as the context allows"},
        {"--temperature", "T", "0 takes the likeliest token always (default 0.8)"},
        {"--dynatemp-range", "R", "let the temperature go R up and down with the entropy; 0: off"},
        {"--dynatemp-exponent", "E", "how the temperature follows the entropy (default 1)"},
        {"--top-k", "K", "draw among the K likeliest; 0: off (default 40)"},
        {"--top-p", "P", "draw among the likeliest that sum to P; 1: off (default 0.95)"},
        {"--min-p", "P",
         "leave out what is P times less likely than the best; 0: off (default 0.05)"},
        {"--typical", "P", "draw among the most typical that sum to P; 1: off (default 1)"},
        {"--top-n-sigma", "N", "logits within N standard deviations of the best; 0: off"},
        {"--xtc-probability", "P", "how often to leave out the top choices but one; 0: off"},
        {"--xtc-threshold", "P", "how likely a top choice is (default 0.1)"},
        {"--mirostat-tau", "T", "aim at a surprise of T bits, instead of the above; 0: off"},
        {"--mirostat-eta", "E", "how fast mirostat corrects itself (default 0.1)"},
        {"--repeat-penalty", "R", "divide the logits of tokens seen lately; 1: off (default 1)"},
        {"--presence-penalty", "R", "subtract once from tokens seen lately (default 0)"},
        {"--frequency-penalty", "R", "subtract each time from tokens seen lately (default 0)"},
        {"--penalty-window", "N", "how many tokens are \"lately\" (default 64)"},
        {"--dry-multiplier", "M", "penalise what goes on with a repetition; 0: off"},
        {"--dry-base", "B", "times so much for each further token repeated (default 1.75)"},
        {"--dry-allowed-length", "N", "repetitions shorter than N are free (default 2)"},
        {"--dry-window", "N", "look at the last N tokens; all when absent"},
        {"--dry-breaker", "TEXT",
         "tokens with TEXT end a repetition; may be given again (default: newline : \" *)",
         OptionSpec::Times::Any},
        {"--logit-bias", "ID=BIAS",
         "add BIAS to a token's logit, \"never\" bans it; may be given again",
         OptionSpec::Times::Any},
        {"--grammar", "FILE", "the answer is a text of this GBNF grammar"},
        {"--json-schema", "FILE", "the answer is JSON of this schema"},
        {"--seed", "S", "the same seed gives the same text on the same device"},
    };
}

} // namespace alcove::cli
