// Benchmark: how fast a session reads prompts and writes answers, beside what the memory of its
// device could give. Every figure is measured in the same run; medians over the repeats.
//
// Runs on the calling thread, empties the session's KV cache. Fails with the executor's errors, and
// with InvalidArgument when the tokens do not fit the context.
#pragma once

#include "core/base/result.h"
#include "core/engine/session.h"

#include <cstdint>
#include <string>

namespace alcove::engine {

struct BenchmarkOptions {
    std::uint32_t promptTokens = 512;
    std::uint32_t generatedTokens = 128;
    std::uint32_t repeats = 3;
    std::uint32_t threads = 0; // of the bandwidth measurement on the processor; 0: one per core
};

struct BenchmarkResult {
    double prefillTokensPerSecond = 0;
    double decodeTokensPerSecond = 0; // greedy; without the first token
    double firstTokenSeconds = 0; // from an empty KV cache to the first token drawn
    // Bytes that one decoded token has to read (weights touched, K and V of the mean position)
    // times decodeTokensPerSecond, in 1e9 bytes.
    double decodeGigabytesPerSecond = 0;
    // What the device's memory gives to a plain read (processor) or copy (graphics card), 1e9 bytes
    // read and written a second.
    double deviceCopyGigabytesPerSecond = 0;
    double fractionOfBandwidth = 0; // the ratio of the two
    std::uint32_t stagesPerToken = 0;
    double loadSeconds = 0;
    std::uint64_t peakMemoryBytes = 0; // resident memory of the process, and device memory
    std::uint64_t bytesPerToken = 0; // what decodeGigabytesPerSecond counts
};

Result<BenchmarkResult> runBenchmark(Session &session, const BenchmarkOptions &options,
                                     const BandwidthProbe &probe);

// Bytes of weights that decoding one token reads: all of them, but of an embedding that is not the
// output matrix too only one row.
std::uint64_t weightBytesPerToken(const llm::ModelSpec &spec);

// The middle value; the mean of the two middle ones for an even count. 0 for none.
double median(std::vector<double> values);

} // namespace alcove::engine
