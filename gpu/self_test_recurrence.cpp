// Self-test of the recurrent mixers' kernels: one sequence of tokens, some of them as decode steps
// and some as a batch, so that what each leaves for the other is seen too.
#include "gpu/kernel_bench.h"
#include "gpu/recurrent_kernels.h"
#include "gpu/step_state.h"

#include <algorithm>
#include <cmath>

namespace alcove::gpu {

namespace {

constexpr double kLimit = 2e-5;

double silu(double x)
{
    return x / (1.0 + std::exp(-x));
}

// Numbers of tokens that are fed one by one, as a batch, and one by one again.
struct Feed {
    std::uint32_t before;
    std::uint32_t batch;
    std::uint32_t after;

    std::uint32_t tokens() const { return before + batch + after; }
    bool inBatch(std::uint32_t token) const { return token >= before && token < before + batch; }
    std::string text() const
    {
        return std::to_string(before) + " + " + std::to_string(batch) + " + "
            + std::to_string(after) + " tokens";
    }
};

SliceId putState(KernelBench &bench, std::uint32_t position)
{
    std::vector<std::uint32_t> words(sizeof(StepState) / 4, 0);
    words[0] = position;
    return bench.put(words);
}

// The convolution of one channel at a token, from the channel's inputs up to there.
double convolved(const std::vector<double> &inputs, std::uint32_t token, const float *taps,
                 std::uint32_t count)
{
    double sum = double(taps[count]);
    for (std::uint32_t j = 0; j < count && j <= token; ++j)
        sum += double(taps[count - 1 - j]) * inputs[token - j];
    return sum;
}

// The last tokens of a batch go into the ring.
void recordStore(Recorder &recorder, VkPipeline kernel, ConvolutionPush push, std::uint32_t tokens,
                 std::uint32_t taps, std::uint32_t workgroups)
{
    const std::uint32_t stored = std::min(tokens, taps);
    push.firstToken = tokens - stored;
    recorder.dispatch(kernel, push, workgroups, stored);
}

void checkShortConvolution(const std::shared_ptr<Device> &device, std::uint32_t width,
                           std::uint32_t taps, const Feed &feed, CheckList &checks)
{
    TestNumbers numbers(11);
    const std::uint32_t stride = 3 * width + 2;
    const std::vector<float> x = numbers.floats(std::size_t(stride) * feed.tokens());
    std::vector<float> kernel = numbers.floats(std::size_t(width) * (taps + 1));
    KernelBench bench(device);
    const auto add = [&](bool step, bool store) {
        return bench.pipelines().add("convolution",
                                     {{convolution::Taps, taps},
                                      {convolution::Channels, width},
                                      {convolution::Short, 1},
                                      {convolution::Step, step},
                                      {convolution::Store, store}});
    };
    const PipelineId step = add(true, false);
    const PipelineId batch = add(false, false);
    const PipelineId store = add(false, true);
    const SliceId in = bench.put(x);
    const SliceId kernels = bench.put(kernel);
    const SliceId history = bench.zeros(std::size_t(taps) * width);
    const SliceId out = bench.zeros(std::size_t(width) * feed.tokens());
    std::vector<SliceId> states;
    for (std::uint32_t token = 0; token < feed.tokens(); ++token)
        states.push_back(putState(bench, token));
    const std::uint32_t workgroups = ceilDivide(width, device->limits().lanes);
    const Result<> ran = bench.run([&](Recorder &recorder) {
        for (std::uint32_t token = 0; token < feed.tokens();) {
            ConvolutionPush push;
            push.x = bench.at(in) + std::uint64_t(token) * stride * 4;
            push.history = bench.at(history);
            push.kernel = bench.at(kernels);
            push.y = bench.at(out) + std::uint64_t(token) * width * 4;
            push.state = bench.at(states[token]);
            push.xStride = stride;
            push.yStride = width;
            recorder.nextStage();
            if (!feed.inBatch(token)) {
                recorder.dispatch(bench.kernel(step), push, workgroups);
                ++token;
                continue;
            }
            // In two ranges, as a bounded submission may cut it.
            push.position = token;
            const std::uint32_t cut = feed.batch / 3;
            if (cut > 0)
                recorder.dispatch(bench.kernel(batch), push, workgroups, cut);
            push.firstToken = cut;
            recorder.dispatch(bench.kernel(batch), push, workgroups, feed.batch - cut);
            recorder.nextStage();
            recordStore(recorder, bench.kernel(store), push, feed.batch, taps, workgroups);
            token += feed.batch;
        }
    });
    std::vector<double> expected;
    std::vector<std::vector<double>> inputs(width);
    for (std::uint32_t token = 0; token < feed.tokens(); ++token) {
        for (std::uint32_t c = 0; c < width; ++c) {
            const float *row = x.data() + std::size_t(token) * stride;
            inputs[c].push_back(double(row[c]) * double(row[2 * width + c]));
            expected.push_back(
                double(row[width + c])
                * convolved(inputs[c], token, kernel.data() + std::size_t(c) * (taps + 1), taps));
        }
    }
    checks.add("convolution, short", "-", std::to_string(width) + ", " + feed.text(), ran,
               ran ? bench.floats(out, expected.size()) : std::vector<float>{}, expected, kLimit);
}

struct RecurrenceCase {
    bool delta;
    std::uint32_t heads;
    std::uint32_t keyHeads;
    std::uint32_t rows;
    std::uint32_t columns;
    std::uint32_t taps;
    std::uint32_t groups; // of the norm
    Feed feed;

    std::uint32_t inner() const { return heads * columns; }
    std::uint32_t channels() const { return 2 * keyHeads * rows + inner(); }
    // Where things are in the convolution's channels and in a row of projections.
    std::uint32_t queries() const { return delta ? 0 : inner() + keyHeads * rows; }
    std::uint32_t keys() const { return delta ? keyHeads * rows : inner(); }
    std::uint32_t values() const { return delta ? 2 * keyHeads * rows : 0; }
    std::uint32_t in() const { return delta ? 0 : inner(); }
    std::uint32_t gate() const { return delta ? channels() : 0; }
    std::uint32_t time() const { return inner() + channels(); }
    std::uint32_t beta() const { return time() + heads; }
    std::uint32_t stride() const { return time() + 2 * heads; }
    std::uint32_t keyHead(std::uint32_t head) const
    {
        return delta ? head % keyHeads : head / (heads / keyHeads);
    }
    std::string text() const
    {
        return std::to_string(heads) + " of " + std::to_string(rows) + " x "
            + std::to_string(columns) + ", " + feed.text();
    }
};

struct RecurrenceInput {
    std::vector<float> projected; // [tokens][stride]
    std::vector<float> kernel; // [channels][taps + 1]
    std::vector<float> heads; // [heads][3]
    std::vector<float> norm;
    float epsilon = 1e-4f;
};

// [tokens][inner], then the states.
std::vector<double> plainRecurrence(const RecurrenceCase &one, const RecurrenceInput &input)
{
    std::vector<double> results;
    std::vector<std::vector<double>> inputs(one.channels());
    std::vector<double> states(std::size_t(one.inner()) * one.rows, 0.0);
    for (std::uint32_t token = 0; token < one.feed.tokens(); ++token) {
        const float *row = input.projected.data() + std::size_t(token) * one.stride();
        std::vector<double> channels;
        for (std::uint32_t c = 0; c < one.channels(); ++c) {
            inputs[c].push_back(double(row[one.in() + c]));
            channels.push_back(
                silu(convolved(inputs[c], token,
                               input.kernel.data() + std::size_t(c) * (one.taps + 1), one.taps)));
        }
        std::vector<double> y;
        for (std::uint32_t head = 0; head < one.heads; ++head) {
            const auto part = [&](std::uint32_t first) {
                const auto begin =
                    channels.begin() + std::ptrdiff_t(first + one.keyHead(head) * one.rows);
                return std::vector<double>(begin, begin + std::ptrdiff_t(one.rows));
            };
            std::vector<double> key = part(one.keys());
            std::vector<double> query = part(one.queries());
            const auto normalise = [&](std::vector<double> &values, double scale) {
                double squares = 0;
                for (const double value : values)
                    squares += value * value;
                for (double &value : values)
                    value *= scale / std::sqrt(squares);
            };
            if (one.delta) {
                normalise(key, 1.0);
                normalise(query, 1.0 / std::sqrt(double(one.rows)));
            }
            const double dt = std::log1p(
                std::exp(double(row[one.time() + head]) + double(input.heads[head * 3 + 1])));
            const double decay = std::exp(double(input.heads[head * 3]) * dt);
            const double beta = 1.0 / (1.0 + std::exp(-double(row[one.beta() + head])));
            for (std::uint32_t column = 0; column < one.columns; ++column) {
                double *state =
                    states.data() + (std::size_t(head) * one.columns + column) * one.rows;
                const double value = channels[one.values() + head * one.columns + column];
                double known = 0;
                for (std::uint32_t r = 0; r < one.rows; ++r) {
                    state[r] *= decay;
                    known += state[r] * key[r];
                }
                const double change = one.delta ? beta * (value - known) : dt * value;
                double result = one.delta ? 0.0 : double(input.heads[head * 3 + 2]) * value;
                for (std::uint32_t r = 0; r < one.rows; ++r) {
                    state[r] += change * key[r];
                    result += state[r] * query[r];
                }
                const double gate = double(row[one.gate() + head * one.columns + column]);
                y.push_back(one.delta ? result : result * silu(gate));
            }
        }
        const std::uint32_t width = one.inner() / one.groups;
        for (std::uint32_t i = 0; i < one.inner(); ++i) {
            double squares = 0;
            for (std::uint32_t j = 0; j < width; ++j)
                squares += std::pow(y[i / width * width + j], 2);
            double value = y[i] / std::sqrt(squares / width + double(input.epsilon))
                * double(input.norm[one.delta ? i % width : i]);
            if (one.delta)
                value *= silu(double(row[one.gate() + i]));
            results.push_back(value);
        }
    }
    results.insert(results.end(), states.begin(), states.end());
    return results;
}

void checkRecurrence(const std::shared_ptr<Device> &device, const RecurrenceCase &one,
                     CheckList &checks)
{
    constexpr std::uint32_t kBlock = 4;
    TestNumbers numbers(12);
    RecurrenceInput input;
    const Feed &feed = one.feed;
    input.projected = numbers.floats(std::size_t(one.stride()) * feed.tokens());
    input.kernel = numbers.floats(std::size_t(one.channels()) * (one.taps + 1));
    for (std::uint32_t head = 0; head < one.heads; ++head) {
        input.heads.push_back(-0.6f + 0.5f * numbers.next());
        input.heads.push_back(numbers.next());
        input.heads.push_back(numbers.next());
    }
    input.norm = numbers.floats(one.inner());

    KernelBench bench(device);
    const auto add = [&](bool step) {
        return bench.pipelines().add("recurrence",
                                     {{recurrence::Delta, one.delta},
                                      {recurrence::Step, step},
                                      {recurrence::Heads, one.heads},
                                      {recurrence::Rows, one.rows},
                                      {recurrence::Columns, one.columns},
                                      {recurrence::Block, kBlock},
                                      {recurrence::KeyHeads, one.keyHeads},
                                      {recurrence::Taps, one.taps},
                                      {recurrence::Channels, one.channels()},
                                      {recurrence::Queries, one.queries()},
                                      {recurrence::Keys, one.keys()},
                                      {recurrence::Values, one.values()},
                                      {recurrence::In, one.in()},
                                      {recurrence::Gate, one.gate()},
                                      {recurrence::Time, one.time()},
                                      {recurrence::Beta, one.beta()},
                                      {recurrence::Groups, one.groups}});
    };
    const auto addConvolution = [&](bool store) {
        return bench.pipelines().add("convolution",
                                     {{convolution::Taps, one.taps},
                                      {convolution::Channels, one.channels()},
                                      {convolution::Store, store}});
    };
    const PipelineId step = add(true);
    const PipelineId batch = add(false);
    const PipelineId convolve = addConvolution(false);
    const PipelineId store = addConvolution(true);
    const PipelineId norm = bench.pipelines().add("gated_norm",
                                                  {{gatedNorm::Width, one.inner() / one.groups},
                                                   {gatedNorm::GateFirst, !one.delta},
                                                   {gatedNorm::SharedWeight, one.delta}});
    const SliceId projected = bench.put(input.projected);
    const SliceId kernels = bench.put(input.kernel);
    const SliceId heads = bench.put(input.heads);
    const SliceId weights = bench.put(input.norm);
    const SliceId history = bench.zeros(std::size_t(one.taps) * one.channels());
    const SliceId convolvedRows = bench.zeros(std::size_t(feed.batch) * one.channels());
    const std::size_t stateFloats = std::size_t(one.inner()) * one.rows;
    const SliceId recurrent = bench.zeros(stateFloats);
    const SliceId counters = bench.zeros(one.groups);
    const SliceId out = bench.zeros(std::size_t(one.inner()) * feed.tokens());
    std::vector<SliceId> states;
    for (std::uint32_t token = 0; token < feed.tokens(); ++token)
        states.push_back(putState(bench, token));
    const std::uint32_t workgroups = ceilDivide(one.channels(), device->limits().lanes);
    const std::uint32_t blocks = ceilDivide(one.columns, kBlock);
    const Result<> ran = bench.run([&](Recorder &recorder) {
        for (std::uint32_t token = 0; token < feed.tokens();) {
            RecurrencePush push;
            push.projected = bench.at(projected) + std::uint64_t(token) * one.stride() * 4;
            push.convolved = bench.at(convolvedRows);
            push.history = bench.at(history);
            push.kernel = bench.at(kernels);
            push.heads = bench.at(heads);
            push.norm = bench.at(weights);
            push.states = bench.at(recurrent);
            push.y = bench.at(out) + std::uint64_t(token) * one.inner() * 4;
            push.counters = bench.at(counters);
            push.state = bench.at(states[token]);
            push.stride = one.stride();
            push.yStride = one.inner();
            push.tokens = feed.batch;
            push.epsilon = input.epsilon;
            recorder.nextStage();
            if (!feed.inBatch(token)) {
                recorder.dispatch(bench.kernel(step), push, one.heads, blocks);
                ++token;
                continue;
            }
            ConvolutionPush convolution;
            convolution.x = push.projected + one.in() * 4;
            convolution.history = push.history;
            convolution.kernel = push.kernel;
            convolution.y = push.convolved;
            convolution.position = token;
            convolution.xStride = one.stride();
            convolution.yStride = one.channels();
            recorder.dispatch(bench.kernel(convolve), convolution, workgroups, feed.batch);
            recorder.nextStage();
            recordStore(recorder, bench.kernel(store), convolution, feed.batch, one.taps,
                        workgroups);
            recorder.dispatch(bench.kernel(batch), push, one.heads, blocks);
            recorder.nextStage();
            GatedNormPush gated;
            gated.y = push.y;
            gated.gate = push.projected + one.gate() * 4;
            gated.weight = push.norm;
            gated.yStride = one.inner();
            gated.gateStride = one.stride();
            gated.epsilon = input.epsilon;
            recorder.dispatch(bench.kernel(norm), gated, one.groups, feed.batch);
            token += feed.batch;
        }
    });
    const std::vector<double> expected = plainRecurrence(one, input);
    std::vector<float> actual;
    if (ran) {
        actual = bench.floats(out, expected.size() - stateFloats);
        const std::vector<float> last = bench.floats(recurrent, stateFloats);
        actual.insert(actual.end(), last.begin(), last.end());
    }
    checks.add(one.delta ? "recurrence, delta rule" : "recurrence, Mamba 2", "-", one.text(), ran,
               actual, expected, kLimit);
}

} // namespace

void checkRecurrentKernels(const std::shared_ptr<Device> &device, CheckList &checks)
{
    checkShortConvolution(device, 1, 1, {1, 2, 1}, checks);
    checkShortConvolution(device, 37, 3, {1, 2, 2}, checks);
    checkShortConvolution(device, 37, 3, {2, 9, 3}, checks);
    for (const RecurrenceCase &one : {
             RecurrenceCase{true, 1, 1, 1, 1, 1, 1, {1, 2, 1}},
             RecurrenceCase{true, 6, 2, 21, 7, 4, 6, {3, 2, 3}},
             RecurrenceCase{true, 2, 2, 128, 33, 4, 2, {1, 11, 2}},
             RecurrenceCase{false, 1, 1, 3, 5, 2, 1, {0, 5, 4}},
             RecurrenceCase{false, 6, 2, 21, 7, 4, 2, {3, 2, 3}},
             RecurrenceCase{false, 4, 1, 128, 9, 4, 1, {1, 11, 2}},
         })
        checkRecurrence(device, one, checks);
}

} // namespace alcove::gpu
