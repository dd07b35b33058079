#include "core/engine/benchmark.h"

#include "core/engine/host_info.h"

#include <algorithm>
#include <chrono>

namespace alcove::engine {

namespace {

using Clock = std::chrono::steady_clock;

double secondsBetween(Clock::time_point from, Clock::time_point to)
{
    return std::chrono::duration<double>(to - from).count();
}

// Ids spread over the whole vocabulary, the same on every machine. What they mean does not matter:
// the work of a dense model does not depend on it.
std::vector<llm::Token> promptOf(std::uint32_t count, std::uint32_t vocabulary)
{
    std::vector<llm::Token> tokens(count);
    std::uint64_t state = 1;
    for (llm::Token &token : tokens) {
        state = state * 6364136223846793005ull + 1442695040888963407ull; // Knuth, MMIX
        token = llm::Token((state >> 33) % vocabulary);
    }
    return tokens;
}

struct Pass {
    double prefillSeconds = 0;
    double firstTokenSeconds = 0;
    double decodeSeconds = 0;
};

Result<Pass> runPass(llm::Executor &executor, std::span<const llm::Token> prompt,
                     std::uint32_t generated)
{
    if (auto done = executor.truncate(0); !done)
        return fail(done.error());
    Pass pass;
    const auto start = Clock::now();
    auto logits = executor.forward(prompt, llm::LogitRows::Last);
    if (!logits)
        return fail(logits.error());
    pass.prefillSeconds = secondsBetween(start, Clock::now());
    llm::SamplingParams greedy;
    greedy.temperature = 0;
    if (auto started = executor.startSampling(greedy, prompt); !started)
        return fail(started.error());
    if (auto first = executor.sampleNext(); !first)
        return fail(first.error());
    const auto decodeStart = Clock::now();
    pass.firstTokenSeconds = secondsBetween(start, decodeStart);
    for (std::uint32_t i = 0; i < generated; ++i) {
        if (auto token = executor.sampleNext(); !token)
            return fail(token.error());
    }
    pass.decodeSeconds = secondsBetween(decodeStart, Clock::now());
    return pass;
}

} // namespace

std::uint64_t weightBytesPerToken(const llm::ModelSpec &spec)
{
    const std::uint64_t all = spec.weightBytes();
    if (spec.tiedEmbedding || !spec.embedding || spec.embedding->rows() == 0)
        return all;
    const std::uint64_t table = spec.embedding->data.size();
    return all - table + table / spec.embedding->rows();
}

double median(std::vector<double> values)
{
    if (values.empty())
        return 0;
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Result<BenchmarkResult> runBenchmark(Session &session, const BenchmarkOptions &options,
                                     const BandwidthProbe &probe)
{
    const std::uint64_t needed =
        std::uint64_t(options.promptTokens) + std::uint64_t(options.generatedTokens) + 1;
    if (options.promptTokens == 0 || options.generatedTokens == 0 || options.repeats == 0)
        return fail(ErrorCode::InvalidArgument,
                    "A benchmark needs at least one prompt token, one generated token and one "
                    "repeat.");
    if (needed > session.capacity())
        return fail(ErrorCode::InvalidArgument,
                    "The benchmark needs " + std::to_string(needed)
                        + " positions, but the context holds " + std::to_string(session.capacity())
                        + ".");
    auto bare = session.bareExecutor();
    if (!bare)
        return fail(bare.error());
    llm::Executor &executor = **bare;
    const std::vector<llm::Token> prompt =
        promptOf(options.promptTokens, executor.spec().vocabulary);

    // One short pass first: pages of the file are read, pipelines and clocks warm up.
    auto warm = runPass(executor, std::span(prompt).first(std::min<std::size_t>(8, prompt.size())),
                        std::min(4u, options.generatedTokens));
    if (!warm)
        return fail(warm.error());

    std::vector<double> prefill;
    std::vector<double> firstToken;
    std::vector<double> decode;
    for (std::uint32_t repeat = 0; repeat < options.repeats; ++repeat) {
        auto pass = runPass(executor, prompt, options.generatedTokens);
        if (!pass)
            return fail(pass.error());
        prefill.push_back(options.promptTokens / pass->prefillSeconds);
        firstToken.push_back(pass->firstTokenSeconds);
        decode.push_back(options.generatedTokens / pass->decodeSeconds);
    }

    const llm::ExecutorInfo info = executor.info();
    BenchmarkResult result;
    result.prefillTokensPerSecond = median(prefill);
    result.firstTokenSeconds = median(firstToken);
    result.decodeTokensPerSecond = median(decode);
    const double meanLength = options.promptTokens + (options.generatedTokens + 1) / 2.0;
    const double kvPerPosition = double(info.kvBytes) / executor.capacity();
    result.bytesPerToken =
        weightBytesPerToken(executor.spec()) + std::uint64_t(kvPerPosition * meanLength);
    result.decodeGigabytesPerSecond =
        double(result.bytesPerToken) * result.decodeTokensPerSecond / 1e9;
    result.stagesPerToken = info.stagesPerToken;
    result.loadSeconds = session.info().loadSeconds;
    // Before the bandwidth is measured, which takes memory of its own. What a software renderer
    // calls device memory is this process's own, and counted already.
    const DeviceKind kind = session.info().device.kind;
    const bool ownMemory = kind != DeviceKind::Processor && kind != DeviceKind::Software;
    result.peakMemoryBytes =
        peakResidentBytes() + (ownMemory ? info.weightBytes + info.kvBytes + info.scratchBytes : 0);
    auto bandwidth = probe(session.info().device, options.threads);
    if (!bandwidth)
        return fail(bandwidth.error());
    result.deviceCopyGigabytesPerSecond = *bandwidth / 1e9;
    result.fractionOfBandwidth = result.deviceCopyGigabytesPerSecond > 0
        ? result.decodeGigabytesPerSecond / result.deviceCopyGigabytesPerSecond
        : 0;
    return result;
}

} // namespace alcove::engine
