// bench-cpu MODEL.gguf [--prompt N] [--generate N] [--repeat R] [--threads N] [--kernels NAME]
//
// Measures the processor's executor: tokens per second while reading a prompt and while drawing
// tokens (medians over the repetitions, best in brackets), and the share of the memory's speed that
// drawing reaches, against plain reading of the same weights by as many threads in the same run.
#include "core/cpu/cpu_executor.h"
#include "core/cpu/processor.h"
#include "core/cpu/thread_pool.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

using namespace alcove;

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Rates {
    std::vector<double> values;
    double median() const
    {
        std::vector<double> sorted = values;
        std::sort(sorted.begin(), sorted.end());
        return sorted.empty() ? 0 : sorted[sorted.size() / 2];
    }
    double best() const
    {
        return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
    }
};

// Gigabytes per second of plain reading: every 8 bytes of the tensors are added up.
double readingSpeed(const llm::GgufFile &file, std::uint32_t threads)
{
    cpu::ThreadPool pool(threads);
    std::vector<std::uint64_t> sums(std::size_t(threads) * 8);
    double best = 0;
    for (int round = 0; round < 3; ++round) {
        std::uint64_t bytes = 0;
        const auto start = Clock::now();
        for (const llm::Tensor &tensor : file.tensors()) {
            const std::size_t words = tensor.data.size() / 8;
            bytes += words * 8;
            pool.run(words, 8192, [&](std::size_t begin, std::size_t end, std::uint32_t thread) {
                std::uint64_t parts[8] = {};
                for (std::size_t i = begin; i + 8 <= end; i += 8) {
                    std::uint64_t values[8];
                    std::memcpy(values, tensor.data.data() + i * 8, sizeof(values));
                    for (int k = 0; k < 8; ++k)
                        parts[k] += values[k];
                }
                for (const std::uint64_t part : parts)
                    sums[thread * 8] += part;
            });
        }
        best = std::max(best, double(bytes) / secondsSince(start) / 1e9);
    }
    volatile std::uint64_t keep = sums[0];
    static_cast<void>(keep);
    return best;
}

std::uint32_t numberAfter(int argc, char **argv, const char *option, std::uint32_t fallback)
{
    for (int i = 2; i + 1 < argc; ++i) {
        if (std::strcmp(argv[i], option) == 0)
            return std::uint32_t(std::strtoul(argv[i + 1], nullptr, 10));
    }
    return fallback;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc < 2) {
        std::fputs("usage: bench-cpu MODEL.gguf [--prompt N] [--generate N] [--repeat R]"
                   " [--threads N] [--kernels NAME]\n",
                   stderr);
        return 2;
    }
    const std::uint32_t prompt = std::max(1u, numberAfter(argc, argv, "--prompt", 128));
    const std::uint32_t generate = numberAfter(argc, argv, "--generate", 32);
    const std::uint32_t repeat = std::max(1u, numberAfter(argc, argv, "--repeat", 3));
    const cpu::KernelTable *kernels = &cpu::bestKernels();
    for (int i = 2; i + 1 < argc; ++i) {
        for (const cpu::KernelTable *table : cpu::runnableKernels()) {
            if (std::strcmp(argv[i], "--kernels") == 0
                && std::string_view(argv[i + 1]) == table->name)
                kernels = table;
        }
    }
    auto model = llm::Model::open(argv[1]);
    if (!model) {
        std::fprintf(stderr, "%s\n", model.error().message.c_str());
        return 1;
    }
    llm::ExecutorOptions options;
    options.contextLength = prompt + generate + 1;
    options.threads = std::max(1u, numberAfter(argc, argv, "--threads", cpu::usableCores()));
    auto created = cpu::createCpuExecutorWith(*kernels, *model, options);
    if (!created) {
        std::fprintf(stderr, "%s\n", created.error().message.c_str());
        return 1;
    }
    llm::Executor &executor = **created;
    std::vector<llm::Token> tokens(prompt);
    for (std::size_t i = 0; i < tokens.size(); ++i)
        tokens[i] = llm::Token(i * 7919 % executor.spec().vocabulary);
    llm::SamplingParams greedy;
    greedy.temperature = 0;
    Rates prefill;
    Rates decode;
    for (std::uint32_t r = 0; r < repeat; ++r) {
        if (!executor.truncate(0))
            return 1;
        auto start = Clock::now();
        if (!executor.forward(tokens, llm::LogitRows::Last))
            return 1;
        prefill.values.push_back(prompt / secondsSince(start));
        if (!executor.startSampling(greedy, tokens) || !executor.sampleNext())
            return 1;
        start = Clock::now();
        for (std::uint32_t i = 0; i < generate; ++i) {
            if (!executor.sampleNext())
                return 1;
        }
        if (generate > 0)
            decode.values.push_back(generate / secondsSince(start));
    }
    const double reading = readingSpeed((*model)->file(), options.threads);
    const double used = decode.median() * double(executor.info().weightBytes) / 1e9;
    std::printf("%s, %u threads, %s: prefill(%u) %.1f tok/s [%.1f]  decode(%u) %.1f tok/s [%.1f]"
                "  %.1f GB/s of %.1f GB/s read\n",
                kernels->name, options.threads, executor.spec().name.c_str(), prompt,
                prefill.median(), prefill.best(), generate, decode.median(), decode.best(), used,
                reading);
    return 0;
}
