// Self-test of attention: kv_store and attention over a batch, and the decode step's attention.
#include "gpu/attention_block.h"
#include "gpu/kernel_bench.h"
#include "gpu/step_state.h"
#include "gpu/tuning.h"

#include <algorithm>
#include <cmath>

namespace alcove::gpu {

namespace {

constexpr double kLimitFloat32 = 1e-4;
constexpr double kLimitFloat16 = 5e-3; // keys and values rounded to 11 bits

enum class HeadNorms { No, Yes };

// How many lanes share a position: as usual on the device, or as few as the head needs, so that
// several positions go side by side also where the usual is all lanes.
enum class Clusters { Usual, Narrow };

struct AttentionCase {
    std::uint32_t heads;
    std::uint32_t kvHeads;
    std::uint32_t headSize;
    std::uint32_t ropeDims;
    llm::RopePairs pairs;
    HeadNorms norms;
    std::uint32_t before; // cached positions
    std::uint32_t tokens; // of the batch that follows
    llm::KvFormat format;
    Clusters clusters = Clusters::Usual;
};

struct TestHeads {
    AttentionCase shape;
    std::uint32_t width = 0; // of one row of q, k, v
    std::vector<float> qkv; // [before + tokens][width]
    std::vector<float> queryNorm; // [headSize]
    std::vector<float> keyNorm;
    std::vector<float> frequencies;
    float magnitude = 1.05f;
    float epsilon = 1e-4f;

    std::vector<double> head(std::uint32_t position, std::uint32_t first,
                             const std::vector<float> &norm) const;
    std::vector<double> attend(std::uint32_t position) const; // [heads * headSize]
};

TestHeads makeHeads(const AttentionCase &shape)
{
    TestNumbers numbers(shape.headSize + shape.before);
    TestHeads heads;
    heads.shape = shape;
    heads.width = (shape.heads + 2 * shape.kvHeads) * shape.headSize;
    heads.qkv = numbers.floats(std::size_t(shape.before + shape.tokens) * heads.width);
    for (float &value : heads.qkv)
        value *= 2.0f;
    heads.queryNorm = numbers.floats(shape.headSize);
    heads.keyNorm = numbers.floats(shape.headSize);
    for (std::uint32_t i = 0; i < shape.ropeDims / 2; ++i) {
        const double sign = i % 3 == 2 ? -1.0 : 1.0; // a file's factors may have either
        heads.frequencies.push_back(
            static_cast<float>(sign * std::pow(10000.0, -2.0 * i / shape.ropeDims)));
    }
    return heads;
}

// One head, normed and rotated.
std::vector<double> TestHeads::head(std::uint32_t position, std::uint32_t first,
                                    const std::vector<float> &norm) const
{
    std::vector<double> values;
    double squares = 0;
    for (std::uint32_t d = 0; d < shape.headSize; ++d) {
        values.push_back(double(qkv[std::size_t(position) * width + first + d]));
        squares += values[d] * values[d];
    }
    if (shape.norms == HeadNorms::Yes) {
        const double inverse = 1.0 / std::sqrt(squares / shape.headSize + double(epsilon));
        for (std::uint32_t d = 0; d < shape.headSize; ++d)
            values[d] *= inverse * double(norm[d]);
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

std::vector<double> TestHeads::attend(std::uint32_t position) const
{
    const double scale = 1.0 / std::sqrt(double(shape.headSize));
    std::vector<double> out;
    for (std::uint32_t h = 0; h < shape.heads; ++h) {
        const std::uint32_t kvHead = h / (shape.heads / shape.kvHeads);
        const std::uint32_t keyAt = (shape.heads + kvHead) * shape.headSize;
        const std::uint32_t valueAt = keyAt + shape.kvHeads * shape.headSize;
        const std::vector<double> query = head(position, h * shape.headSize, queryNorm);
        std::vector<double> scores;
        for (std::uint32_t p = 0; p <= position; ++p) {
            const std::vector<double> key = head(p, keyAt, keyNorm);
            double score = 0;
            for (std::uint32_t d = 0; d < shape.headSize; ++d)
                score += query[d] * key[d];
            scores.push_back(score * scale);
        }
        const double top = *std::max_element(scores.begin(), scores.end());
        double total = 0;
        for (double &score : scores)
            total += score = std::exp(score - top);
        for (std::uint32_t d = 0; d < shape.headSize; ++d) {
            double sum = 0;
            for (std::uint32_t p = 0; p <= position; ++p)
                sum += scores[p] / total * double(qkv[std::size_t(p) * width + valueAt + d]);
            out.push_back(sum);
        }
    }
    return out;
}

std::string sizesOf(const AttentionCase &shape)
{
    return std::to_string(shape.heads) + "/" + std::to_string(shape.kvHeads) + " heads of "
        + std::to_string(shape.headSize) + ", " + std::to_string(shape.before) + " cached, "
        + std::to_string(shape.tokens) + " tokens"
        + (shape.clusters == Clusters::Narrow ? ", narrow" : "");
}

// Stores all but the last token as two batches, attends over the second, then one decode step.
void checkCase(const std::shared_ptr<Device> &device, const AttentionCase &shape, CheckList &checks)
{
    const TestHeads heads = makeHeads(shape);
    Tuning tuning = tuningFor(*device);
    if (shape.clusters == Clusters::Narrow)
        tuning.leastCluster = 1;
    const std::uint32_t group = shape.heads / shape.kvHeads;
    const std::uint32_t batch = shape.tokens - 1;
    const std::uint32_t last = shape.before + batch; // position of the decode step
    const std::uint32_t capacity = last + 5;
    const std::uint32_t queryWidth = shape.heads * shape.headSize;
    const std::uint32_t keyWidth = shape.kvHeads * shape.headSize;
    const std::uint32_t cluster = attentionCluster(shape.headSize, tuning);
    const std::uint32_t blocks = ceilDivide(group, tuning.attentionRows);
    const std::uint32_t splits = tuning.splits;
    const bool float32 = shape.format == llm::KvFormat::F32;
    const std::uint32_t normed = shape.norms == HeadNorms::Yes;
    const std::uint32_t split = shape.pairs == llm::RopePairs::SplitHalf;

    KernelBench bench(device);
    const PipelineId store = bench.pipelines().add("kv_store",
                                                   {{kvStore::QueryWidth, queryWidth},
                                                    {kvStore::KeyWidth, keyWidth},
                                                    {kvStore::KeyNorm, normed},
                                                    {head::Size, shape.headSize},
                                                    {head::RopeDims, shape.ropeDims},
                                                    {head::RopeSplit, split},
                                                    {kv::Float32, float32},
                                                    {kv::Stride, kvStride(shape.headSize)},
                                                    {kv::Capacity, capacity}});
    const auto attentionKernel = [&](std::uint32_t rows, std::uint32_t step) {
        return bench.pipelines().add("attention",
                                     {{attention::Rows, rows},
                                      {attention::Group, group},
                                      {attention::Cluster, cluster},
                                      {attention::Octets, ceilDivide(shape.headSize, cluster * 8)},
                                      {attention::QueryWidth, queryWidth},
                                      {attention::KeyWidth, keyWidth},
                                      {attention::QueryNorm, normed},
                                      {attention::KeyNorm, normed},
                                      {attention::Step, step},
                                      {attention::Unroll, tuning.attentionUnroll},
                                      {head::Size, shape.headSize},
                                      {head::RopeDims, shape.ropeDims},
                                      {head::RopeSplit, split},
                                      {kv::Float32, float32},
                                      {kv::Stride, kvStride(shape.headSize)},
                                      {kv::Capacity, capacity}});
    };
    const PipelineId attend = attentionKernel(tuning.attentionRows, 0);
    const PipelineId step = attentionKernel(ceilDivide(group, blocks), 1);

    StepState state;
    state.position = last;
    const SliceId qkv = bench.put(heads.qkv);
    const SliceId queryNorm = bench.put(heads.queryNorm);
    const SliceId keyNorm = bench.put(heads.keyNorm);
    const SliceId frequencies = bench.put(heads.frequencies);
    const std::size_t cacheWords =
        std::size_t(shape.kvHeads) * capacity * kvStride(shape.headSize) / (float32 ? 1 : 2);
    const SliceId keys = bench.zeros(cacheWords);
    const SliceId values = bench.zeros(cacheWords);
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
        recorder.dispatch(bench.kernel(store), storing, shape.kvHeads, last);

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
    const double limit = float32 ? kLimitFloat32 : kLimitFloat16;
    const char *format = float32 ? "KV F32" : "KV F16";
    std::vector<double> expected;
    for (std::uint32_t token = 0; token < batch; ++token) {
        const std::vector<double> row = heads.attend(shape.before + token);
        expected.insert(expected.end(), row.begin(), row.end());
    }
    if (batch > 0)
        checks.add("attention, batch", format, sizesOf(shape), ran,
                   ran ? bench.floats(out, expected.size()) : std::vector<float>{}, expected,
                   limit);
    checks.add("attention, step", format, sizesOf(shape), ran,
               ran ? bench.floats(stepOut, queryWidth) : std::vector<float>{}, heads.attend(last),
               limit);
}

} // namespace

void checkAttentionKernels(const std::shared_ptr<Device> &device, CheckList &checks)
{
    using llm::KvFormat;
    using llm::RopePairs;
    for (const AttentionCase &shape : {
             AttentionCase{1, 1, 2, 2, RopePairs::Adjacent, HeadNorms::No, 0, 1, KvFormat::F32},
             AttentionCase{4, 4, 32, 32, RopePairs::Adjacent, HeadNorms::No, 3, 9, KvFormat::F16},
             AttentionCase{6, 2, 36, 24, RopePairs::SplitHalf, HeadNorms::Yes, 70, 6,
                           KvFormat::F16},
             AttentionCase{6, 2, 36, 24, RopePairs::SplitHalf, HeadNorms::Yes, 70, 6, KvFormat::F16,
                           Clusters::Narrow},
             AttentionCase{3, 1, 16, 16, RopePairs::Adjacent, HeadNorms::No, 131, 7, KvFormat::F32,
                           Clusters::Narrow},
             AttentionCase{14, 2, 64, 64, RopePairs::SplitHalf, HeadNorms::No, 130, 4,
                           KvFormat::F32},
             AttentionCase{9, 1, 80, 80, RopePairs::Adjacent, HeadNorms::Yes, 200, 3,
                           KvFormat::F16},
             AttentionCase{4, 2, 128, 128, RopePairs::SplitHalf, HeadNorms::Yes, 400, 5,
                           KvFormat::F16},
             AttentionCase{2, 1, 256, 64, RopePairs::SplitHalf, HeadNorms::No, 33, 2,
                           KvFormat::F32},
         })
        checkCase(device, shape, checks);
}

} // namespace alcove::gpu
