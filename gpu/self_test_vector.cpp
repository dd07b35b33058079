// Self-test of the kernels between the matrices, and of sampling.
#include "core/llm/sampling.h"
#include "gpu/gpu_sampler.h"
#include "gpu/kernel_bench.h"

#include <cmath>

namespace alcove::gpu {

namespace {

constexpr double kLimit = 1e-5;

void checkNorm(const std::shared_ptr<Device> &device, std::uint32_t width, std::uint32_t tokens,
               CheckList &checks)
{
    TestNumbers numbers(2);
    const std::uint32_t stride = paddedColumns(width);
    const std::vector<float> x = numbers.floats(std::size_t(stride) * tokens);
    const std::vector<float> weight = numbers.floats(width);
    const float epsilon = 1e-4f;
    KernelBench bench(device);
    const PipelineId norm =
        bench.pipelines().add("norm", {{norm::Width, width}, {norm::Next, norm::Rms}});
    const PipelineId gain = bench.pipelines().add("gain", {{gain::Width, width}});
    const SliceId in = bench.put(x);
    const SliceId weights = bench.put(weight);
    const SliceId out = bench.zeros(std::size_t(stride) * tokens);
    const SliceId gained = bench.zeros(width);
    const SliceId sum = bench.zeros(1);
    const Result<> ran = bench.run([&](Recorder &recorder) {
        NormPush push;
        push.x = bench.at(in);
        push.nextWeight = bench.at(weights);
        push.y = bench.at(out);
        push.stride = stride;
        push.nextEpsilon = epsilon;
        recorder.dispatch(bench.kernel(norm), push, tokens);
        GainPush gainPush;
        gainPush.x = bench.at(in);
        gainPush.gain = bench.at(weights);
        gainPush.normed = bench.at(gained);
        gainPush.sumsOut = bench.at(sum);
        recorder.dispatch(bench.kernel(gain), gainPush, 1);
    });
    std::vector<double> expected;
    std::vector<double> expectedGain;
    for (std::uint32_t token = 0; token < tokens; ++token) {
        double squares = 0;
        for (std::uint32_t i = 0; i < width; ++i)
            squares += std::pow(double(x[token * stride + i]), 2);
        const double inverse = 1.0 / std::sqrt(squares / width + double(epsilon));
        for (std::uint32_t i = 0; i < stride; ++i)
            expected.push_back(
                i < width ? double(x[token * stride + i]) * inverse * double(weight[i]) : 0.0);
        if (token == 0) {
            for (std::uint32_t i = 0; i < width; ++i)
                expectedGain.push_back(double(x[i]) * double(weight[i]));
            expectedGain.push_back(squares);
        }
    }
    const std::string sizes = std::to_string(width) + ", " + std::to_string(tokens) + " tokens";
    checks.add("norm", "-", sizes, ran,
               ran ? bench.floats(out, expected.size()) : std::vector<float>{}, expected, kLimit);
    std::vector<float> actual;
    if (ran) {
        actual = bench.floats(gained, width);
        actual.push_back(bench.floats(sum, 1).front());
    }
    checks.add("gain", "-", std::to_string(width), ran, actual, expectedGain, kLimit);
}

void checkActivation(const std::shared_ptr<Device> &device, std::uint32_t hidden,
                     std::uint32_t tokens, CheckList &checks)
{
    TestNumbers numbers(3);
    std::vector<float> x = numbers.floats(std::size_t(hidden) * 2 * tokens);
    for (float &value : x)
        value *= 20.0f; // far enough out for exp to matter
    KernelBench bench(device);
    const PipelineId kernel = bench.pipelines().add("gated_activation",
                                                    {{gatedActivation::Hidden, hidden},
                                                     {gatedActivation::Gated, 1},
                                                     {activation::Kind, activation::Silu}});
    const SliceId in = bench.put(x);
    const SliceId out = bench.zeros(std::size_t(hidden) * tokens);
    const Result<> ran = bench.run([&](Recorder &recorder) {
        GatedActivationPush push;
        push.x = bench.at(in);
        push.y = bench.at(out);
        push.xStride = hidden * 2;
        push.yStride = hidden;
        recorder.dispatch(bench.kernel(kernel), push, ceilDivide(hidden, device->limits().lanes),
                          tokens);
    });
    std::vector<double> expected;
    for (std::uint32_t token = 0; token < tokens; ++token) {
        for (std::uint32_t i = 0; i < hidden; ++i) {
            const double gate = double(x[token * 2 * hidden + i]);
            const double up = double(x[token * 2 * hidden + hidden + i]);
            expected.push_back(gate / (1.0 + std::exp(-gate)) * up);
        }
    }
    checks.add("gated_activation", "-",
               std::to_string(hidden) + ", " + std::to_string(tokens) + " tokens", ran,
               ran ? bench.floats(out, expected.size()) : std::vector<float>{}, expected, kLimit);
}

struct SamplingCase {
    const char *name;
    std::uint32_t vocabulary;
    llm::SamplingParams params;
    enum class Logits { Random, Equal, SomeInfinite, NoneFinite } logits = Logits::Random;
};

std::vector<float> logitsOf(const SamplingCase &one)
{
    TestNumbers numbers(one.vocabulary);
    std::vector<float> logits = numbers.floats(one.vocabulary);
    for (std::size_t i = 0; i < logits.size(); ++i) {
        logits[i] *= 6.0f;
        switch (one.logits) {
        case SamplingCase::Logits::Random:
            break;
        case SamplingCase::Logits::Equal:
            logits[i] = -1.5f;
            break;
        case SamplingCase::Logits::SomeInfinite:
            if (i % 3 != 1)
                logits[i] = i % 3 == 0 ? std::numeric_limits<float>::infinity()
                                       : std::numeric_limits<float>::quiet_NaN();
            break;
        case SamplingCase::Logits::NoneFinite:
            logits[i] = -std::numeric_limits<float>::infinity();
            break;
        }
    }
    return logits;
}

// Many draws in a row against llm::Sampler, on the same logits; the error is the share that
// differs.
void checkDraws(const std::shared_ptr<Device> &device, const SamplingCase &one, CheckList &checks)
{
    constexpr std::uint32_t kDraws = 48;
    static_assert(kDraws <= kRingTokens);
    const std::vector<float> logits = logitsOf(one);
    std::vector<llm::Token> history;
    for (std::uint32_t i = 0; i < 20; ++i)
        history.push_back(static_cast<llm::Token>(i * 31 % one.vocabulary));
    history.push_back(history.front());

    KernelBench bench(device);
    DeviceMemory memory(device);
    GpuSampler sampler(one.vocabulary, bench.pipelines(), memory);
    const SliceId state = memory.plan(sizeof(StepState));
    const SliceId values = bench.put(logits);
    Result<> ran = memory.commit();
    if (ran) {
        ran = bench.run([&](Recorder &recorder) {
            for (const SliceId slice : sampler.zeroed())
                recorder.fill(memory[slice], 0);
            sampler.recordStart(recorder, one.params, history, 0, memory[state]);
            for (std::uint32_t i = 0; i < kDraws; ++i)
                sampler.record(recorder, bench.at(values), memory[state].address, Advance::None);
        });
    }
    llm::Sampler reference(one.params, history);
    std::vector<float> wrong;
    for (std::uint32_t i = 0; i < kDraws; ++i) {
        const llm::Token expected = reference.sample(logits);
        wrong.push_back(ran && sampler.drawn(i) == expected ? 0.0f : 1.0f);
    }
    checks.add(std::string("sample, ") + one.name, "-",
               std::to_string(one.vocabulary) + " logits, 48 draws", ran, wrong,
               std::vector<double>(kDraws, 0.0), 0.0);
}

llm::SamplingParams paramsOf(float temperature, std::uint32_t topK, float topP, float minP)
{
    llm::SamplingParams params;
    params.temperature = temperature;
    params.topK = topK;
    params.topP = topP;
    params.minP = minP;
    params.seed = 0x123456789abcdefull;
    return params;
}

} // namespace

void checkVectorKernels(const std::shared_ptr<Device> &device, CheckList &checks)
{
    checkNorm(device, 1, 1, checks);
    checkNorm(device, 333, 9, checks);
    checkActivation(device, 1, 1, checks);
    checkActivation(device, 77, 9, checks);
}

void checkSampling(const std::shared_ptr<Device> &device, CheckList &checks)
{
    llm::SamplingParams penalised = paramsOf(0.7f, 40, 0.9f, 0.0f);
    penalised.repeatPenalty = 1.3f;
    penalised.presencePenalty = 0.4f;
    penalised.frequencyPenalty = 0.2f;
    penalised.penaltyWindow = 16; // shorter than the history, so that tokens leave it
    llm::SamplingParams penalisedGreedy = penalised;
    penalisedGreedy.temperature = 0;
    using Logits = SamplingCase::Logits;
    const llm::SamplingParams usual = paramsOf(0.8f, 40, 0.95f, 0.05f);
    for (const SamplingCase &one : {
             SamplingCase{"greedy", 5003, paramsOf(0, 40, 0.9f, 0)},
             SamplingCase{"usual", 5003, usual},
             SamplingCase{"all 128", 70001, paramsOf(1.5f, 128, 1.0f, 0)},
             SamplingCase{"top-p", 5003, paramsOf(1.0f, 100, 0.3f, 0)},
             SamplingCase{"min-p", 5003, paramsOf(1.0f, 100, 1.0f, 0.5f)},
             SamplingCase{"tiny vocabulary", 3, usual},
             SamplingCase{"penalties", 200, penalised},
             SamplingCase{"penalties, greedy", 200, penalisedGreedy},
             SamplingCase{"equal logits", 50021, usual, Logits::Equal},
             SamplingCase{"infinite logits", 3001, usual, Logits::SomeInfinite},
             SamplingCase{"no finite logit", 300, usual, Logits::NoneFinite},
         })
        checkDraws(device, one, checks);
}

} // namespace alcove::gpu
