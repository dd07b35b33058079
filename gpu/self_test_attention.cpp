// Self-test of attention: kv_store and attention over a batch, and the decode step's attention.
#include "gpu/attention_block.h"
#include "gpu/kernel_bench.h"
#include "gpu/step_state.h"
#include "gpu/tuning.h"

#include <algorithm>
#include <cmath>

namespace alcove::gpu {

namespace {

using llm::KvFormat;

enum class TestNorms { No, PerHead, Whole };

// How many lanes share a position: as usual on the device, or as few as the head needs, so that
// several positions go side by side also where the usual is all lanes.
enum class Clusters { Usual, Narrow };

struct AttentionCase {
    std::uint32_t heads;
    std::uint32_t kvHeads;
    std::uint32_t headSize;
    std::uint32_t ropeDims;
    llm::RopePairs pairs;
    TestNorms norms;
    std::uint32_t before; // cached positions
    std::uint32_t tokens; // of the batch that follows
    KvFormat keys;
    KvFormat values;
    Clusters clusters = Clusters::Usual;
    std::uint32_t window = 0;
    float softCap = 0;
    bool sinks = false;
    float maxAlibiBias = 0;
    bool outputGate = false;
    llm::Direction direction = llm::Direction::Causal;
};

struct TestHeads {
    AttentionCase shape;
    std::uint32_t width = 0; // of one row of q, k, v
    std::vector<float> qkv; // [before + tokens][width]
    std::vector<float> queryNorm; // [heads * headSize]
    std::vector<float> keyNorm;
    std::vector<float> frequencies;
    std::vector<float> sinks; // [heads]
    llm::Tensor sinkTensor;
    llm::Tensor normTensor; // only to be there
    float magnitude = 1.05f;
    float epsilon = 1e-4f;

    llm::Attention attention() const;
    std::uint32_t queryStride() const { return shape.headSize * (shape.outputGate ? 2 : 1); }
    double at(std::uint32_t position, std::uint32_t i) const
    {
        return double(qkv[std::size_t(position) * width + i]);
    }
    std::vector<double> head(std::uint32_t position, std::uint32_t first, std::uint32_t h,
                             std::uint32_t stride, std::uint32_t count,
                             const std::vector<float> &norm) const;
    double score(double product, std::uint32_t h, std::uint32_t from, std::uint32_t to) const;
    bool sees(std::uint32_t from, std::uint32_t to) const;
    // [heads * headSize], of `end` positions that there are.
    std::vector<double> attend(std::uint32_t position, std::uint32_t end) const;
};

llm::Attention TestHeads::attention() const
{
    llm::Attention made;
    made.heads = shape.heads;
    made.kvHeads = shape.kvHeads;
    made.headSize = shape.headSize;
    made.headNorms =
        shape.norms == TestNorms::Whole ? llm::HeadNorms::Whole : llm::HeadNorms::PerHead;
    if (shape.norms != TestNorms::No) {
        llm::Norm norm;
        norm.weight = &normTensor;
        made.queryNorm = norm;
        made.keyNorm = norm;
    }
    made.rope.pairs = shape.pairs;
    made.rope.dims = shape.ropeDims;
    made.direction = shape.direction;
    made.window = shape.window;
    made.softCap = shape.softCap;
    made.sinks = shape.sinks ? &sinkTensor : nullptr;
    made.maxAlibiBias = shape.maxAlibiBias;
    made.outputGate = shape.outputGate;
    return made;
}

TestHeads makeHeads(const AttentionCase &shape)
{
    TestNumbers numbers(shape.headSize + shape.before);
    TestHeads heads;
    heads.shape = shape;
    heads.width = shape.heads * heads.queryStride() + 2 * shape.kvHeads * shape.headSize;
    heads.qkv = numbers.floats(std::size_t(shape.before + shape.tokens) * heads.width);
    for (float &value : heads.qkv)
        value *= 2.0f;
    heads.queryNorm = numbers.floats(std::size_t(shape.heads) * shape.headSize);
    heads.keyNorm = numbers.floats(std::size_t(shape.heads) * shape.headSize);
    heads.sinks = numbers.floats(shape.heads);
    heads.sinkTensor.rank = 1;
    heads.sinkTensor.shape = {shape.heads, 1, 1, 1};
    for (std::uint32_t i = 0; i < shape.ropeDims / 2; ++i) {
        const double sign = i % 3 == 2 ? -1.0 : 1.0; // a file's factors may have either
        heads.frequencies.push_back(
            static_cast<float>(sign * std::pow(10000.0, -2.0 * i / shape.ropeDims)));
    }
    return heads;
}

// One head, normed and rotated; the token's heads lie from `first` on.
std::vector<double> TestHeads::head(std::uint32_t position, std::uint32_t first, std::uint32_t h,
                                    std::uint32_t stride, std::uint32_t count,
                                    const std::vector<float> &norm) const
{
    const bool whole = shape.norms == TestNorms::Whole;
    double squares = 0;
    for (std::uint32_t i = 0; i < (whole ? count * shape.headSize : shape.headSize); ++i)
        squares += std::pow(at(position, first + (whole ? i : h * stride + i)), 2);
    const double inverse = 1.0
        / std::sqrt(squares / (whole ? count * shape.headSize : shape.headSize) + double(epsilon));
    std::vector<double> values;
    for (std::uint32_t d = 0; d < shape.headSize; ++d) {
        values.push_back(at(position, first + h * stride + d));
        if (shape.norms != TestNorms::No)
            values[d] *= inverse * double(norm[whole ? h * shape.headSize + d : d]);
    }
    for (std::uint32_t i = 0; i < shape.ropeDims / 2; ++i) {
        const bool split = shape.pairs == llm::RopePairs::SplitHalf;
        const std::uint32_t a = split ? i : 2 * i;
        const std::uint32_t b = split ? i + shape.ropeDims / 2 : 2 * i + 1;
        // The angle itself is float32 on the device, as positions times frequencies are everywhere.
        const double angle = double(static_cast<float>(position) * frequencies[i]);
        const double x = values[a];
        const double y = values[b];
        values[a] = (x * std::cos(angle) - y * std::sin(angle)) * double(magnitude);
        values[b] = (x * std::sin(angle) + y * std::cos(angle)) * double(magnitude);
    }
    return values;
}

// A head as a cache of blocks gives it back; the float formats are close enough as they are.
std::vector<double> kept(std::vector<double> values, KvFormat format)
{
    if (format != KvFormat::Q8_0 && format != KvFormat::Q4_0)
        return values;
    for (std::size_t first = 0; first < values.size(); first += 32) {
        const std::size_t count = std::min<std::size_t>(32, values.size() - first);
        double most = 0;
        for (std::size_t i = first; i < first + count; ++i)
            most = std::abs(values[i]) > std::abs(most) ? values[i] : most;
        const double step = format == KvFormat::Q8_0 ? std::abs(most) / 127 : most / -8;
        for (std::size_t i = first; i < first + count && step != 0; ++i)
            values[i] = step
                * (format == KvFormat::Q8_0
                       ? std::round(values[i] / step)
                       : std::min(15.0, std::floor(values[i] / step + 8.5)) - 8.0);
    }
    return values;
}

double TestHeads::score(double product, std::uint32_t h, std::uint32_t from, std::uint32_t to) const
{
    double value = product / std::sqrt(double(shape.headSize));
    if (shape.softCap > 0)
        value = double(shape.softCap) * std::tanh(value / double(shape.softCap));
    if (shape.maxAlibiBias > 0) {
        const auto power = std::uint32_t(std::exp2(std::floor(std::log2(double(shape.heads)))));
        const double exponent =
            h < power ? double(h + 1) / power : (2.0 * (h - power) + 1) / (2.0 * power);
        value -=
            std::exp2(-double(shape.maxAlibiBias) * exponent) * std::abs(double(from) - double(to));
    }
    return value;
}

bool TestHeads::sees(std::uint32_t from, std::uint32_t to) const
{
    return (shape.direction == llm::Direction::Both || to <= from)
        && (shape.window == 0 || to + shape.window > from);
}

std::vector<double> TestHeads::attend(std::uint32_t position, std::uint32_t end) const
{
    const std::uint32_t keyAt = shape.heads * queryStride();
    std::vector<double> out;
    for (std::uint32_t h = 0; h < shape.heads; ++h) {
        const std::uint32_t kvHead = h / (shape.heads / shape.kvHeads);
        const std::uint32_t valueAt = keyAt + (shape.kvHeads + kvHead) * shape.headSize;
        const std::vector<double> query =
            head(position, 0, h, queryStride(), shape.heads, queryNorm);
        double total = shape.sinks ? std::exp(double(sinks[h])) : 0;
        std::vector<double> sum(shape.headSize, 0.0);
        for (std::uint32_t p = 0; p < end; ++p) {
            if (!sees(position, p))
                continue;
            const std::vector<double> key =
                kept(head(p, keyAt, kvHead, shape.headSize, shape.kvHeads, keyNorm), shape.keys);
            double product = 0;
            std::vector<double> value;
            for (std::uint32_t d = 0; d < shape.headSize; ++d) {
                product += query[d] * key[d];
                value.push_back(at(p, valueAt + d));
            }
            value = kept(value, shape.values);
            const double weight = std::exp(score(product, h, position, p));
            total += weight;
            for (std::uint32_t d = 0; d < shape.headSize; ++d)
                sum[d] += weight * value[d];
        }
        for (std::uint32_t d = 0; d < shape.headSize; ++d) {
            const double gate =
                at(position, h * queryStride() + shape.headSize * shape.outputGate + d);
            out.push_back(sum[d] / total / (shape.outputGate ? 1.0 + std::exp(-gate) : 1.0));
        }
    }
    return out;
}

const char *nameOf(KvFormat format)
{
    switch (format) {
    case KvFormat::F32:
        return "KV F32";
    case KvFormat::F16:
        return "KV F16";
    case KvFormat::Q8_0:
        return "KV Q8_0";
    case KvFormat::Q4_0:
        return "KV Q4_0";
    }
    return "";
}

// Rounding of numbers near the middle of two steps may go either way.
double limitOf(KvFormat format)
{
    switch (format) {
    case KvFormat::F32:
        return 1e-4;
    case KvFormat::F16:
        return 5e-3; // 11 bits
    case KvFormat::Q8_0:
    case KvFormat::Q4_0:
        return 2e-2;
    }
    return 0;
}

std::string sizesOf(const AttentionCase &shape)
{
    return std::to_string(shape.heads) + "/" + std::to_string(shape.kvHeads) + " heads of "
        + std::to_string(shape.headSize) + ", " + std::to_string(shape.before) + " cached, "
        + std::to_string(shape.tokens) + " tokens"
        + (shape.clusters == Clusters::Narrow ? ", narrow" : "")
        + (shape.window > 0 ? ", window" : "") + (shape.softCap > 0 ? ", soft cap" : "")
        + (shape.sinks ? ", sinks" : "") + (shape.maxAlibiBias > 0 ? ", ALiBi" : "")
        + (shape.outputGate ? ", gated" : "")
        + (shape.norms == TestNorms::Whole ? ", norm over all heads" : "")
        + (shape.direction == llm::Direction::Both ? ", both directions" : "");
}

// Stores all but the last token as two batches, attends over the second, then one decode step.
void checkCase(const std::shared_ptr<Device> &device, const AttentionCase &shape, CheckList &checks)
{
    TestHeads heads = makeHeads(shape);
    heads.sinkTensor.data = std::as_bytes(std::span<const float>(heads.sinks));
    heads.normTensor = heads.sinkTensor;
    Tuning tuning = tuningFor(*device);
    if (shape.clusters == Clusters::Narrow)
        tuning.leastCluster = 1;
    const std::uint32_t group = shape.heads / shape.kvHeads;
    const std::uint32_t batch = shape.tokens - 1;
    const std::uint32_t last = shape.before + batch; // position of the decode step
    const std::uint32_t capacity = last + 5;
    const std::uint32_t queryWidth = shape.heads * shape.headSize;
    const std::uint32_t cluster = attentionCluster(shape.headSize, tuning);
    const std::uint32_t blocks = ceilDivide(group, tuning.attentionRows);
    const std::uint32_t splits = tuning.splits;
    const llm::Attention attention = heads.attention();
    KvLayout layout;
    layout.kvHeads = shape.kvHeads;
    layout.headSize = shape.headSize;
    layout.positions = capacity;
    layout.keys = shape.keys;
    layout.values = shape.values;
    if (attention.window > 0) {
        layout.positions = attention.window + shape.tokens + 3;
        layout.ring = true;
    }

    KernelBench bench(device);
    const PipelineId store = bench.pipelines().add("kv_store", kvStoreConstants(attention, layout));
    const auto attentionKernel = [&](std::uint32_t rows, AttentionMode mode) {
        return bench.pipelines().add("attention",
                                     attentionConstants(attention, layout, tuning, rows, mode));
    };
    const PipelineId attend = attentionKernel(tuning.attentionRows, AttentionMode::Batch);
    const PipelineId step = attentionKernel(ceilDivide(group, blocks), AttentionMode::Step);

    StepState state;
    state.position = last;
    const SliceId qkv = bench.put(heads.qkv);
    const SliceId queryNorm = bench.put(heads.queryNorm);
    const SliceId keyNorm = bench.put(heads.keyNorm);
    const SliceId frequencies = bench.put(heads.frequencies);
    const SliceId keys = bench.zeros(layout.bytes(shape.keys) / 4);
    const SliceId values = bench.zeros(layout.bytes(shape.values) / 4);
    const SliceId extras = bench.put(attentionExtras(attention));
    const SliceId states = bench.put(std::vector<StepState>{state});
    const SliceId parts =
        bench.zeros(std::size_t(shape.heads) * splits
                    * attentionPart(ceilDivide(shape.headSize, cluster * 8), cluster));
    const SliceId counters = bench.zeros(std::size_t(shape.kvHeads) * blocks);
    const SliceId out = bench.zeros(std::size_t(queryWidth) * batch);
    const SliceId stepOut = bench.zeros(queryWidth);
    const Result<> ran = bench.run([&](Recorder &recorder) {
        KvStorePush storing;
        storing.qkv = bench.at(qkv);
        storing.keyNorm = bench.at(keyNorm);
        storing.frequencies = bench.at(frequencies);
        storing.keys = bench.at(keys);
        storing.values = bench.at(values);
        storing.stride = heads.width;
        storing.epsilon = heads.epsilon;
        storing.magnitude = heads.magnitude;
        // No two positions of a stage may share a place.
        const std::uint32_t most = std::min(layout.positions, std::max(last, 1u));
        for (std::uint32_t first = 0; first < last; first += most) {
            storing.qkv = bench.at(qkv) + std::uint64_t(first) * heads.width * 4;
            storing.position = first;
            recorder.nextStage();
            recorder.dispatch(bench.kernel(store), storing, shape.kvHeads,
                              std::min(most, last - first));
        }
        recorder.nextStage();

        AttentionPush push;
        push.qkv = bench.at(qkv) + std::uint64_t(shape.before) * heads.width * 4;
        push.queryNorm = bench.at(queryNorm);
        push.keyNorm = bench.at(keyNorm);
        push.frequencies = bench.at(frequencies);
        push.keys = bench.at(keys);
        push.values = bench.at(values);
        push.y = bench.at(out);
        push.stride = heads.width;
        push.yStride = queryWidth;
        push.tokens = batch;
        push.position = shape.before;
        push.scale = static_cast<float>(1.0 / std::sqrt(double(shape.headSize)));
        push.queryEpsilon = heads.epsilon;
        push.keyEpsilon = heads.epsilon;
        push.magnitude = heads.magnitude;
        push.extras = bench.at(extras);
        push.softCap = shape.softCap;
        push.end = last;
        if (batch > 0) {
            recorder.nextStage();
            recorder.dispatch(bench.kernel(attend), push, shape.kvHeads,
                              ceilDivide(batch * group, tuning.attentionRows));
        }
        push.qkv = bench.at(qkv) + std::uint64_t(last) * heads.width * 4;
        push.y = bench.at(stepOut);
        push.state = bench.at(states);
        push.parts = bench.at(parts);
        push.counters = bench.at(counters);
        // Twice: the second finds the counters that the first has left.
        for (int i = 0; i < 2; ++i) {
            recorder.nextStage();
            recorder.dispatch(bench.kernel(step), push, shape.kvHeads, blocks, splits);
        }
    });
    const double limit = std::max(limitOf(shape.keys), limitOf(shape.values));
    std::string format = nameOf(shape.keys);
    if (shape.values != shape.keys)
        format += std::string(", ") + nameOf(shape.values);
    std::vector<double> expected;
    for (std::uint32_t token = 0; token < batch; ++token) {
        const std::vector<double> row = heads.attend(shape.before + token, last);
        expected.insert(expected.end(), row.begin(), row.end());
    }
    if (batch > 0)
        checks.add("attention, batch", format, sizesOf(shape), ran,
                   ran ? bench.floats(out, expected.size()) : std::vector<float>{}, expected,
                   limit);
    // A decode step sees nothing behind it.
    if (shape.direction == llm::Direction::Causal)
        checks.add("attention, step", format, sizesOf(shape), ran,
                   ran ? bench.floats(stepOut, queryWidth) : std::vector<float>{},
                   heads.attend(last, last + 1), limit);
}

} // namespace

void checkAttentionKernels(const std::shared_ptr<Device> &device, CheckList &checks)
{
    using llm::RopePairs;
    const auto check = [&](AttentionCase shape, auto change) {
        change(shape);
        checkCase(device, shape, checks);
    };
    const auto asItIs = [](AttentionCase &) {};
    const auto narrow = [](AttentionCase &shape) { shape.clusters = Clusters::Narrow; };
    const KvFormat f16 = KvFormat::F16;
    const KvFormat f32 = KvFormat::F32;
    const RopePairs adjacent = RopePairs::Adjacent;
    const RopePairs split = RopePairs::SplitHalf;
    check({1, 1, 2, 2, adjacent, TestNorms::No, 0, 1, f32, f32}, asItIs);
    check({4, 4, 32, 32, adjacent, TestNorms::No, 3, 9, f16, f16}, asItIs);
    check({6, 2, 36, 24, split, TestNorms::PerHead, 70, 6, f16, f16}, asItIs);
    check({6, 2, 36, 24, split, TestNorms::PerHead, 70, 6, f16, f16}, narrow);
    check({3, 1, 16, 16, adjacent, TestNorms::No, 131, 7, f32, f32}, narrow);
    check({14, 2, 64, 64, split, TestNorms::No, 130, 4, f32, f32}, asItIs);
    check({9, 1, 80, 80, adjacent, TestNorms::PerHead, 200, 3, f16, f16}, asItIs);
    check({4, 2, 128, 128, split, TestNorms::PerHead, 400, 5, f16, f16}, asItIs);
    check({2, 1, 256, 64, split, TestNorms::No, 33, 2, f32, f32}, asItIs);

    check({6, 2, 40, 40, split, TestNorms::Whole, 9, 5, f32, f32}, asItIs);
    check({6, 3, 24, 0, split, TestNorms::No, 50, 9, f32, f32},
          [](AttentionCase &shape) { shape.softCap = 2.5f; });
    check({6, 3, 24, 24, split, TestNorms::No, 40, 5, f32, f32},
          [](AttentionCase &shape) { shape.sinks = true; });
    check({6, 2, 24, 0, split, TestNorms::No, 40, 5, f32, f32},
          [](AttentionCase &shape) { shape.maxAlibiBias = 8.0f; });
    check({4, 1, 24, 12, split, TestNorms::PerHead, 20, 5, f32, f32},
          [](AttentionCase &shape) { shape.outputGate = true; });
    check({4, 4, 24, 24, split, TestNorms::No, 0, 23, f32, f32},
          [](AttentionCase &shape) { shape.direction = llm::Direction::Both; });
    for (const std::uint32_t window : {1u, 7u, 100u}) {
        check({6, 2, 16, 16, adjacent, TestNorms::No, 150, 9, f32, f32}, [&](AttentionCase &shape) {
            shape.window = window;
            shape.sinks = window == 7;
            shape.clusters = window == 100 ? Clusters::Narrow : Clusters::Usual;
        });
    }
    check({4, 2, 64, 64, split, TestNorms::No, 70, 5, KvFormat::Q8_0, KvFormat::Q8_0}, asItIs);
    check({4, 2, 40, 40, split, TestNorms::No, 20, 5, KvFormat::Q8_0, KvFormat::Q4_0}, asItIs);
    check({4, 2, 96, 96, split, TestNorms::No, 20, 5, f16, KvFormat::Q4_0}, narrow);
}

} // namespace alcove::gpu
