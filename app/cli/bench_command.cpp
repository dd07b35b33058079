#include "app/cli/command.h"
#include "app/cli/model_options.h"
#include "core/engine/benchmark.h"

#include <cstdio>

namespace alcove::cli {

namespace {

Outcome run(const Environment &environment)
{
    const Arguments &arguments = environment.arguments;
    engine::BenchmarkOptions options;
    const auto prompt = arguments.integer("--prompt", options.promptTokens, 1, 1u << 20);
    const auto generated = arguments.integer("--generate", options.generatedTokens, 1, 1u << 20);
    const auto repeats = arguments.integer("--repeat", options.repeats, 1, 1000);
    for (const auto *number : {&prompt, &generated, &repeats}) {
        if (!*number)
            return tl::unexpected(number->error());
    }
    options.promptTokens = std::uint32_t(*prompt);
    options.generatedTokens = std::uint32_t(*generated);
    options.repeats = std::uint32_t(*repeats);
    auto loading = sessionOptions(arguments, arguments.positional(0), engine::Vocabulary::Optional);
    if (!loading)
        return tl::unexpected(loading.error());
    if (loading->executor.contextLength == 0)
        loading->executor.contextLength = options.promptTokens + options.generatedTokens + 1;
    options.threads = loading->executor.threads;

    const engine::Hardware hardware = hardwareOf(arguments);
    auto session = openSession(environment, hardware, *loading);
    if (!session)
        return tl::unexpected(session.error());
    auto measured = engine::runBenchmark(**session, options, hardware.measureBandwidth);
    if (!measured)
        return failure(measured.error());

    const engine::SessionInfo &info = (*session)->info();
    const engine::BenchmarkResult &result = *measured;
    if (arguments.has("--json")) {
        Json json;
        json["model"] = info.name;
        json["device"] = info.deviceName;
        json["device_id"] = info.device.id();
        json["driver"] = info.device.driver;
        json["device_reason"] = info.deviceReason;
        json["prompt_tokens"] = options.promptTokens;
        json["generated_tokens"] = options.generatedTokens;
        json["repeats"] = options.repeats;
        json["context_length"] = info.contextLength;
        json["prefill_tokens_per_second"] = result.prefillTokensPerSecond;
        json["decode_tokens_per_second"] = result.decodeTokensPerSecond;
        json["decode_gigabytes_per_second"] = result.decodeGigabytesPerSecond;
        json["device_copy_gigabytes_per_second"] = result.deviceCopyGigabytesPerSecond;
        json["fraction_of_bandwidth"] = result.fractionOfBandwidth;
        json["bytes_per_token"] = result.bytesPerToken;
        json["stages_per_token"] = result.stagesPerToken;
        json["load_seconds"] = result.loadSeconds;
        json["first_token_seconds"] = result.firstTokenSeconds;
        json["peak_memory_bytes"] = result.peakMemoryBytes;
        printJson(environment.out, json);
        return {};
    }
    char text[1024];
    std::snprintf(text, sizeof(text),
                  "%s on %s\n"
                  "prefill      %10.1f tokens/s  (%u tokens)\n"
                  "decode       %10.1f tokens/s  (%u tokens, greedy)\n"
                  "read         %10.2f GB/s of %.2f GB/s that the memory gives (%.0f %%)\n"
                  "first token  %10.3f s\n"
                  "load         %10.3f s\n"
                  "stages       %10u per token\n"
                  "peak memory  %13s\n",
                  info.name.c_str(), info.deviceName.c_str(), result.prefillTokensPerSecond,
                  options.promptTokens, result.decodeTokensPerSecond, options.generatedTokens,
                  result.decodeGigabytesPerSecond, result.deviceCopyGigabytesPerSecond,
                  100 * result.fractionOfBandwidth, result.firstTokenSeconds, result.loadSeconds,
                  result.stagesPerToken, readableBytes(result.peakMemoryBytes).c_str());
    environment.out << text;
    return {};
}

} // namespace

const Command &benchCommand()
{
    static const Command command{
        {"bench",
         "measures how fast a model reads and writes on a device (medians)",
         {"MODEL"},
         {{"--prompt", "N", "tokens of the prompt (default 512)"},
          {"--generate", "N", "tokens to write (default 128)"},
          {"--repeat", "R", "measurements, of which the median counts (default 3)"},
          {"--json", "", "as JSON"}}},
        run};
    return command;
}

} // namespace alcove::cli
