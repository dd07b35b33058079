// Self-test of the kernels that choose experts, group a batch by expert and add up the results.
#include "gpu/expert_kernels.h"
#include "gpu/kernel_bench.h"

#include "core/llm/model_spec.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace alcove::gpu {

namespace {

using llm::ExpertWeights;

constexpr double kLimit = 1e-5;

struct Choice {
    std::uint32_t expert = 0;
    float weight = 0;
};

struct ChoiceCase {
    const char *name;
    ExpertWeights weights;
    std::uint32_t experts;
    std::uint32_t used;
    bool bias;
    bool renormalise;
};

// [tokens][experts] chosen weights, zero where an expert was not chosen.
std::vector<double> plainChoice(const ChoiceCase &one, const std::vector<float> &logits,
                                const std::vector<float> &bias, double scale)
{
    std::vector<double> results(logits.size(), 0.0);
    for (std::size_t first = 0; first < logits.size(); first += one.experts) {
        std::vector<double> weights(one.experts);
        double all = 0;
        for (std::uint32_t e = 0; e < one.experts; ++e) {
            const double logit = double(logits[first + e]);
            weights[e] = one.weights == ExpertWeights::Sigmoid ? 1.0 / (1.0 + std::exp(-logit))
                                                               : std::exp(logit);
            all += std::exp(logit);
        }
        if (one.weights == ExpertWeights::Softmax) {
            for (double &weight : weights)
                weight /= all;
        }
        std::vector<std::uint32_t> order(one.experts);
        std::iota(order.begin(), order.end(), 0u);
        const auto score = [&](std::uint32_t e) {
            const double own = one.weights == ExpertWeights::SoftmaxOfChosen
                ? double(logits[first + e])
                : weights[e];
            return own + (one.bias ? double(bias[e]) : 0.0);
        };
        std::stable_sort(order.begin(), order.end(),
                         [&](std::uint32_t a, std::uint32_t b) { return score(a) > score(b); });
        double total = 0;
        for (std::uint32_t u = 0; u < one.used; ++u)
            total += weights[order[u]];
        const bool shared = one.renormalise || one.weights == ExpertWeights::SoftmaxOfChosen;
        for (std::uint32_t u = 0; u < one.used; ++u)
            results[first + order[u]] = scale * weights[order[u]] / (shared ? total : 1.0);
    }
    return results;
}

void checkChoice(const std::shared_ptr<Device> &device, const ChoiceCase &one, CheckList &checks)
{
    constexpr std::uint32_t kTokens = 5;
    constexpr float kScale = 2.5f;
    TestNumbers numbers(21);
    const std::uint32_t stride = one.experts + 1;
    std::vector<float> logits = numbers.floats(std::size_t(one.experts) * kTokens);
    for (float &logit : logits)
        logit *= 3.0f;
    const std::vector<float> bias = numbers.floats(one.experts);
    std::vector<float> rows(std::size_t(stride) * kTokens, 1e9f); // behind the experts: no expert
    for (std::uint32_t token = 0; token < kTokens; ++token)
        std::copy_n(logits.begin() + std::ptrdiff_t(token) * one.experts, one.experts,
                    rows.begin() + std::ptrdiff_t(token) * stride);
    KernelBench bench(device);
    const PipelineId kernel =
        bench.pipelines().add("expert_choice",
                              {{expertChoice::Experts, one.experts},
                               {expertChoice::Used, one.used},
                               {expertChoice::Weights, std::uint32_t(one.weights)},
                               {expertChoice::ChoiceBias, one.bias},
                               {expertChoice::Renormalise, one.renormalise}});
    const SliceId in = bench.put(rows);
    const SliceId biases = bench.put(bias);
    const SliceId out = bench.zeros(std::size_t(one.used) * kTokens * 2);
    const Result<> ran = bench.run([&](Recorder &recorder) {
        ExpertChoicePush push;
        push.logits = bench.at(in);
        push.choiceBias = bench.at(biases);
        push.choice = bench.at(out);
        push.stride = stride;
        push.weightScale = kScale;
        recorder.dispatch(bench.kernel(kernel), push, kTokens);
    });
    std::vector<float> actual;
    if (ran) {
        actual.assign(logits.size(), 0.0f);
        const auto choices = bench.get<Choice>(out, std::size_t(one.used) * kTokens);
        for (std::size_t i = 0; i < choices.size(); ++i)
            actual[i / one.used * one.experts + std::min(choices[i].expert, one.experts - 1)] +=
                choices[i].weight;
    }
    checks.add(std::string("expert_choice, ") + one.name, "-",
               std::to_string(one.used) + " of " + std::to_string(one.experts), ran, actual,
               plainChoice(one, logits, bias, double(kScale)), kLimit);
}

// Logits that are no numbers still choose experts that exist.
void checkDamagedChoice(const std::shared_ptr<Device> &device, CheckList &checks)
{
    constexpr std::uint32_t kExperts = 19;
    constexpr std::uint32_t kUsed = 4;
    constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
    constexpr float kInfinite = std::numeric_limits<float>::infinity();
    std::vector<float> logits;
    for (const float value : {kNone, kInfinite, -kInfinite})
        logits.insert(logits.end(), kExperts, value);
    const auto tokens = static_cast<std::uint32_t>(logits.size() / kExperts);
    for (const ExpertWeights weights :
         {ExpertWeights::Softmax, ExpertWeights::SoftmaxOfChosen, ExpertWeights::Sigmoid}) {
        KernelBench bench(device);
        const PipelineId kernel =
            bench.pipelines().add("expert_choice",
                                  {{expertChoice::Experts, kExperts},
                                   {expertChoice::Used, kUsed},
                                   {expertChoice::Weights, std::uint32_t(weights)}});
        const SliceId in = bench.put(logits);
        const SliceId out = bench.zeros(std::size_t(kUsed) * tokens * 2);
        const Result<> ran = bench.run([&](Recorder &recorder) {
            ExpertChoicePush push;
            push.logits = bench.at(in);
            push.choice = bench.at(out);
            push.stride = kExperts;
            recorder.dispatch(bench.kernel(kernel), push, tokens);
        });
        std::vector<float> wrong(1, 0.0f);
        if (ran) {
            for (const Choice &choice : bench.get<Choice>(out, std::size_t(kUsed) * tokens))
                wrong[0] += choice.expert < kExperts ? 0.0f : 1.0f;
        }
        checks.add("expert_choice, damaged", "-",
                   "weights " + std::to_string(std::uint32_t(weights)), ran, wrong,
                   std::vector<double>{0.0}, 0.0);
    }
}

// Every choice is in exactly one tile, in one of its expert, and no more tiles than planned.
void checkGroups(const std::shared_ptr<Device> &device, std::uint32_t experts,
                 std::uint32_t choiceCount, std::uint32_t favourite, CheckList &checks)
{
    constexpr std::uint32_t kTile = 4;
    TestNumbers numbers(22);
    std::vector<Choice> choices(choiceCount);
    for (std::uint32_t i = 0; i < choiceCount; ++i) {
        // Some experts get nothing, one gets most.
        const std::uint32_t any = numbers.word() % experts;
        choices[i].expert = i % 3 != 0 || any % 4 == 1 ? favourite : any;
    }
    const std::uint32_t tiles = expertTiles(choiceCount, experts, kTile);
    KernelBench bench(device);
    const PipelineId kernel = bench.pipelines().add(
        "expert_groups", {{expertGroups::Experts, experts}, {expertGroups::Tile, kTile}});
    const SliceId in = bench.put(choices);
    const SliceId order = bench.put(std::vector<std::uint32_t>(choiceCount, 0xffffffff));
    const SliceId tileList =
        bench.put(std::vector<std::uint32_t>(std::size_t(tiles) * 4, 0xffffffff));
    const Result<> ran = bench.run([&](Recorder &recorder) {
        ExpertGroupsPush push;
        push.choice = bench.at(in);
        push.order = bench.at(order);
        push.tiles = bench.at(tileList);
        push.choices = choiceCount;
        push.tileCount = tiles;
        recorder.dispatch(bench.kernel(kernel), push, 1);
    });
    std::vector<float> actual;
    if (ran) {
        std::vector<float> seen(choiceCount, 0.0f);
        const auto places = bench.get<std::uint32_t>(order, choiceCount);
        const auto list = bench.get<std::array<std::uint32_t, 4>>(tileList, tiles);
        for (const auto &[expert, first, count, unused] : list) {
            for (std::uint32_t i = first; count <= kTile && i < first + count; ++i) {
                if (i < choiceCount && places[i] < choiceCount
                    && choices[places[i]].expert == expert)
                    seen[places[i]] += 1.0f;
            }
        }
        actual = seen;
    }
    checks.add("expert_groups", "-",
               std::to_string(choiceCount) + " choices of " + std::to_string(experts), ran, actual,
               std::vector<double>(choiceCount, 1.0), 0.0);
}

void checkSum(const std::shared_ptr<Device> &device, std::uint32_t width, std::uint32_t used,
              bool shared, bool gate, bool residual, CheckList &checks)
{
    constexpr std::uint32_t kTokens = 3;
    constexpr float kScale = 0.7f;
    TestNumbers numbers(23);
    const std::vector<float> x = numbers.floats(std::size_t(width) * used * kTokens);
    const std::vector<float> common = numbers.floats(std::size_t(width + 2) * kTokens);
    const std::vector<float> gates = numbers.floats(std::size_t(5) * kTokens);
    const std::vector<float> y = numbers.floats(std::size_t(width + 3) * kTokens);
    std::vector<Choice> choices(std::size_t(used) * kTokens);
    for (Choice &choice : choices)
        choice.weight = numbers.next();
    KernelBench bench(device);
    const PipelineId kernel = bench.pipelines().add("expert_sum",
                                                    {{expertSum::Width, width},
                                                     {expertSum::Used, used},
                                                     {expertSum::Shared, shared},
                                                     {expertSum::SharedGate, gate},
                                                     {expertSum::Residual, residual}});
    const SliceId in = bench.put(x);
    const SliceId commons = bench.put(common);
    const SliceId gateLogits = bench.put(gates);
    const SliceId chosen = bench.put(choices);
    const SliceId out = bench.put(y);
    const Result<> ran = bench.run([&](Recorder &recorder) {
        ExpertSumPush push;
        push.x = bench.at(in);
        push.choice = bench.at(chosen);
        push.sharedSum = bench.at(commons);
        push.gate = bench.at(gateLogits);
        push.y = bench.at(out);
        push.sharedStride = width + 2;
        push.gateStride = 5;
        push.yStride = width + 3;
        push.scale = kScale;
        recorder.dispatch(bench.kernel(kernel), push, ceilDivide(width, device->limits().lanes),
                          kTokens);
    });
    std::vector<double> expected;
    for (std::uint32_t token = 0; token < kTokens; ++token) {
        for (std::uint32_t i = 0; i < width + 3; ++i) {
            const double before = double(y[std::size_t(token) * (width + 3) + i]);
            if (i >= width) {
                expected.push_back(before);
                continue;
            }
            double sum = 0;
            for (std::uint32_t u = 0; u < used; ++u)
                sum += double(choices[token * used + u].weight)
                    * double(x[(std::size_t(token) * used + u) * width + i]);
            double more = double(common[std::size_t(token) * (width + 2) + i]);
            if (gate)
                more /= 1.0 + std::exp(-double(gates[std::size_t(token) * 5]));
            expected.push_back((residual ? before : 0.0)
                               + double(kScale) * (sum + (shared ? more : 0.0)));
        }
    }
    checks.add("expert_sum", "-", std::to_string(used) + " x " + std::to_string(width), ran,
               ran ? bench.floats(out, expected.size()) : std::vector<float>{}, expected, kLimit);
}

} // namespace

void checkExpertKernels(const std::shared_ptr<Device> &device, CheckList &checks)
{
    for (const ChoiceCase &one : {
             ChoiceCase{"softmax", ExpertWeights::Softmax, 67, 6, false, false},
             ChoiceCase{"softmax", ExpertWeights::Softmax, 128, 10, false, true},
             ChoiceCase{"softmax", ExpertWeights::Softmax, 1, 1, false, true},
             ChoiceCase{"softmax", ExpertWeights::Softmax, 5, 5, true, false},
             ChoiceCase{"softmax of the chosen", ExpertWeights::SoftmaxOfChosen, 33, 4, false,
                        false},
             ChoiceCase{"sigmoid", ExpertWeights::Sigmoid, 64, 6, true, true},
         })
        checkChoice(device, one, checks);
    checkDamagedChoice(device, checks);
    checkGroups(device, 1, 1, 0, checks);
    checkGroups(device, 7, 1, 6, checks);
    checkGroups(device, 37, 100, 11, checks);
    checkGroups(device, 9, 64, 0, checks);
    checkSum(device, 1, 1, false, false, false, checks);
    checkSum(device, 37, 3, false, false, true, checks);
    checkSum(device, 37, 2, true, false, false, checks);
    checkSum(device, 21, 4, true, true, true, checks);
}

} // namespace alcove::gpu
