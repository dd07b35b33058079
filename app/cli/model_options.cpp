#include "app/cli/model_options.h"

#include "core/llm/kv_format.h"

#include <limits>
#include <random>

namespace alcove::cli {

Parsed<engine::SessionOptions> sessionOptions(const Arguments &arguments, std::string path,
                                              engine::Vocabulary vocabulary)
{
    engine::SessionOptions options;
    options.modelPath = std::move(path);
    options.vocabulary = vocabulary;
    auto device = engine::DeviceRequest::parse(arguments.valueOr("--device", "auto"));
    if (!device)
        return usageFailure(device.error().message);
    options.device = *device;
    auto threads = arguments.integer("--threads", 0, 1, 1024);
    if (!threads)
        return tl::unexpected(threads.error());
    options.executor.threads = std::uint32_t(*threads);
    auto context = arguments.integer("--context", 0, 1, 1u << 24);
    if (!context)
        return tl::unexpected(context.error());
    options.executor.contextLength = std::uint32_t(*context);
    const std::string kv = arguments.valueOr("--kv", "f16");
    if (!llm::setKvFormat(kv, options.executor))
        return usageFailure("The option --kv needs f32, f16, q8_0 or q8_0/q4_0, not \"" + kv
                            + "\".");
    return options;
}

engine::Hardware hardwareOf(const Arguments &arguments)
{
    const std::string folder = arguments.valueOr("--data-dir", {});
    return engine::Hardware::ofThisMachine(folder.empty() ? folder : folder + "/cache");
}

tl::expected<std::unique_ptr<engine::Session>, Failure>
openSession(const Environment &environment, const engine::Hardware &hardware,
            const engine::SessionOptions &options)
{
    auto session = engine::Session::open(hardware, options);
    if (!session)
        return failure(session.error());
    if (!(*session)->info().warning.empty())
        environment.err << (*session)->info().warning << std::endl;
    return std::move(*session);
}

Parsed<engine::GenerateOptions> generateOptions(const Arguments &arguments,
                                                std::uint32_t maxTokensWhenAbsent)
{
    constexpr std::uint64_t kMost32 = std::numeric_limits<std::int32_t>::max();
    engine::GenerateOptions options;
    llm::SamplingParams &sampling = options.sampling;
    const auto maxTokens = arguments.integer("--max-tokens", maxTokensWhenAbsent, 0, kMost32);
    const auto temperature = arguments.real("--temperature", sampling.temperature, 0, 100);
    const auto topK = arguments.integer("--top-k", sampling.topK, 0, kMost32);
    const auto topP = arguments.real("--top-p", sampling.topP, 0, 1);
    const auto minP = arguments.real("--min-p", sampling.minP, 0, 1);
    const auto repeat = arguments.real("--repeat-penalty", sampling.repeatPenalty, 0.01f, 100);
    const auto presence = arguments.real("--presence-penalty", sampling.presencePenalty, -100, 100);
    const auto frequency =
        arguments.real("--frequency-penalty", sampling.frequencyPenalty, -100, 100);
    const auto seed = arguments.integer("--seed", 0, 0, std::numeric_limits<std::uint64_t>::max());
    for (const auto *number : {&temperature, &topP, &minP, &repeat, &presence, &frequency}) {
        if (!*number)
            return tl::unexpected(number->error());
    }
    for (const auto *number : {&maxTokens, &topK, &seed}) {
        if (!*number)
            return tl::unexpected(number->error());
    }
    options.maxTokens = std::uint32_t(*maxTokens);
    sampling.temperature = *temperature;
    sampling.topK = std::uint32_t(*topK);
    sampling.topP = *topP;
    sampling.minP = *minP;
    sampling.repeatPenalty = *repeat;
    sampling.presencePenalty = *presence;
    sampling.frequencyPenalty = *frequency;
    sampling.seed = arguments.has("--seed") ? *seed : std::random_device{}();
    return options;
}

std::vector<OptionSpec> samplingOptionSpecs()
{
    return {
        {"--max-tokens", "N", "longest answer in tokens; 0: as long as the context allows"},
        {"--temperature", "T", "0 takes the likeliest token always (default 0.8)"},
        {"--top-k", "K", "draw among the K likeliest; 0: off (default 40)"},
        {"--top-p", "P", "draw among the likeliest that sum to P; 1: off (default 0.95)"},
        {"--min-p", "P",
         "leave out what is P times less likely than the best; 0: off (default 0.05)"},
        {"--repeat-penalty", "R", "divide the logits of tokens seen lately; 1: off (default 1)"},
        {"--presence-penalty", "R", "subtract once from tokens seen lately (default 0)"},
        {"--frequency-penalty", "R", "subtract each time from tokens seen lately (default 0)"},
        {"--seed", "S", "the same seed gives the same text on the same device"},
    };
}

} // namespace alcove::cli
