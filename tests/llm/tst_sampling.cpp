// The host sampler against its definition: the parts that every executor has.
#include "core/llm/sampling.h"
#include "tests/support/sampling_draws.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

using namespace alcove::llm;
using namespace alcove::test;

namespace {

Token greedy(SamplingParams params, const std::vector<Token> &history,
             const std::vector<float> &logits)
{
    params.temperature = 0;
    return Sampler(params, history).sample(logits);
}

// The definition, step by step, in double precision and with full sorts.
Token reference(const SamplingParams &params, const std::vector<Token> &window,
                std::span<const float> logits, std::uint64_t index)
{
    std::map<Token, int> counts;
    for (Token token : window)
        ++counts[token];
    struct One {
        double logit;
        Token token;
    };
    std::vector<One> ones;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        float logit = logits[i];
        if (const auto seen = counts.find(Token(i)); seen != counts.end()) {
            logit = logit > 0 ? logit / params.repeatPenalty : logit * params.repeatPenalty;
            logit -= params.presencePenalty + params.frequencyPenalty * float(seen->second);
        }
        if (std::isfinite(logit))
            ones.push_back({logit, Token(i)});
    }
    std::stable_sort(ones.begin(), ones.end(),
                     [](const One &a, const One &b) { return a.logit > b.logit; });
    if (params.temperature == 0)
        return ones.front().token;
    if (params.topK > 0 && ones.size() > params.topK)
        ones.resize(params.topK);
    const double best = ones.front().logit;
    double total = 0;
    for (const One &one : ones)
        total += std::exp(one.logit - best);
    if (params.topP < 1) {
        double sum = 0;
        std::size_t kept = 0;
        while (kept < ones.size()) {
            sum += std::exp(ones[kept++].logit - best);
            if (sum >= double(params.topP) * total)
                break;
        }
        ones.resize(kept);
    }
    while (ones.size() > 1 && std::exp(ones.back().logit - best) < double(params.minP))
        ones.pop_back();
    total = 0;
    for (const One &one : ones)
        total += std::exp((one.logit - best) / double(params.temperature));
    const double drawn = double(counterUniform(params.seed, index)) * total;
    double sum = 0;
    for (const One &one : ones) {
        sum += std::exp((one.logit - best) / double(params.temperature));
        if (sum > drawn)
            return one.token;
    }
    return ones.back().token;
}

} // namespace

class TestSampling : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void philoxGivesThePublishedNumbers()
    {
        // Random123's known-answer file, philox4x32 with 10 rounds.
        using Words = std::array<std::uint32_t, 4>;
        QVERIFY((philox4x32({0, 0, 0, 0}, {0, 0})
                 == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
        const std::uint32_t ones = 0xffffffff;
        QVERIFY((philox4x32({ones, ones, ones, ones}, {ones, ones})
                 == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
        QVERIFY(
            (philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0})
             == Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
    }

    void uniformIsTheTop24BitsOfTheFirstWord()
    {
        QCOMPARE(counterUniform(0, 0), float(0x6627e8) / float(1 << 24));
        // Both halves of the seed and of the index count.
        const std::uint64_t seed = 0x299f31d0a4093822u;
        const std::uint64_t index = 0x85a308d3243f6a88u;
        const auto words = philox4x32({0x243f6a88, 0x85a308d3, 0, 0}, {0xa4093822, 0x299f31d0});
        QCOMPARE(counterUniform(seed, index), float(words[0] >> 8) / float(1 << 24));
        double sum = 0;
        for (std::uint64_t i = 0; i < 100'000; ++i) {
            const float u = counterUniform(5, i);
            QVERIFY(u >= 0 && u < 1);
            sum += double(u);
        }
        QVERIFY(std::abs(sum / 100'000 - 0.5) < 0.003); // 3 standard errors
    }

    void drawsFollowTheSoftmax_data()
    {
        QTest::addColumn<float>("temperature");
        QTest::newRow("0.5") << 0.5f;
        QTest::newRow("1") << 1.0f;
        QTest::newRow("2") << 2.0f;
    }

    void drawsFollowTheSoftmax()
    {
        QFETCH(float, temperature);
        const std::vector<double> probabilities = {0.02, 0.4, 0.08, 0.25, 0.15, 0.1};
        SamplingParams params = plainParams();
        params.temperature = temperature;
        const int count = 60'000;
        auto seen = draws(params, logitsOf(probabilities), count);
        double total = 0;
        for (double p : probabilities)
            total += std::pow(p, 1.0 / double(temperature));
        double chiSquare = 0;
        for (std::size_t i = 0; i < probabilities.size(); ++i) {
            const double expected =
                std::pow(probabilities[i], 1.0 / double(temperature)) / total * count;
            chiSquare += std::pow(seen[Token(i)] - expected, 2) / expected;
        }
        QVERIFY2(chiSquare < 20.5, qPrintable(QString::number(chiSquare))); // 5 degrees, 0.1 %
    }

    void topKKeepsTheLikeliest()
    {
        SamplingParams params = plainParams();
        const auto logits = logitsOf({0.1, 0.3, 0.15, 0.25, 0.2});
        params.topK = 1;
        QCOMPARE(drawnTokens(params, logits), (std::set<Token>{1}));
        params.topK = 3;
        QCOMPARE(drawnTokens(params, logits), (std::set<Token>{1, 3, 4}));
        params.topK = 5;
        QCOMPARE(drawnTokens(params, logits).size(), std::size_t(5));
        params.topK = 4'000'000'000u;
        QCOMPARE(drawnTokens(params, logits).size(), std::size_t(5));
        // Among equals the lower ids.
        params.topK = 3;
        QCOMPARE(drawnTokens(params, {0, 1, 0, 1, 0, 0}), (std::set<Token>{0, 1, 3}));
    }

    void topPKeepsTheSmallestSetThatReachesIt()
    {
        SamplingParams params = plainParams();
        const auto logits = logitsOf({0.05, 0.5, 0.15, 0.3});
        const auto kept = [&](float topP) {
            params.topP = topP;
            return drawnTokens(params, logits);
        };
        QCOMPARE(kept(0.49f), (std::set<Token>{1}));
        QCOMPARE(kept(0.51f), (std::set<Token>{1, 3}));
        QCOMPARE(kept(0.79f), (std::set<Token>{1, 3}));
        QCOMPARE(kept(0.81f), (std::set<Token>{1, 2, 3}));
        QCOMPARE(kept(0.96f).size(), std::size_t(4));
        QCOMPARE(kept(0.0f), (std::set<Token>{1}));
        // Of what top-k has left: 0.5 of 0.8 is enough for 0.6.
        params.topK = 2;
        QCOMPARE(kept(0.6f), (std::set<Token>{1}));
        QCOMPARE(kept(0.64f), (std::set<Token>{1, 3}));
    }

    void minPIsRelativeToTheLikeliest()
    {
        SamplingParams params = plainParams();
        const auto logits = logitsOf({0.05, 0.5, 0.15, 0.3});
        const auto kept = [&](float minP) {
            params.minP = minP;
            return drawnTokens(params, logits);
        };
        QCOMPARE(kept(0.09f).size(), std::size_t(4));
        QCOMPARE(kept(0.11f), (std::set<Token>{1, 2, 3}));
        QCOMPARE(kept(0.31f), (std::set<Token>{1, 3}));
        QCOMPARE(kept(0.61f), (std::set<Token>{1}));
        QCOMPARE(kept(5.0f), (std::set<Token>{1}));
    }

    void temperatureComesAfterTheFilters()
    {
        // At a temperature of 100 all six are nearly alike; the filters must not see that.
        SamplingParams params = plainParams();
        params.temperature = 100;
        params.topP = 0.9f;
        params.minP = 0.2f;
        const auto seen = draws(params, logitsOf({0.5, 0.3, 0.13, 0.05, 0.01, 0.01}), 9000);
        QCOMPARE(seen.size(), std::size_t(3));
        for (const auto &[token, count] : seen)
            QVERIFY(count > 2700 && count < 3300);
    }

    void repeatPenaltyWeakensBothSigns()
    {
        SamplingParams params = plainParams();
        params.repeatPenalty = 2;
        QCOMPARE(greedy(params, {}, {3, 2}), Token(0));
        QCOMPARE(greedy(params, {0}, {3, 2}), Token(1));
        QCOMPARE(greedy(params, {0}, {5, 2}), Token(0));
        QCOMPARE(greedy(params, {0}, {-1, -1.9f}), Token(1)); // -2: multiplied, not divided
        QCOMPARE(greedy(params, {0}, {-1, -2.1f}), Token(0));
        QCOMPARE(greedy(params, {0, 0, 0}, {5, 2}), Token(0)); // once, however often it was seen
        params.repeatPenalty = 0; // off
        QCOMPARE(greedy(params, {0}, {3, 2}), Token(0));
    }

    void presenceCountsOnceAndFrequencyEachTime()
    {
        SamplingParams params = plainParams();
        params.presencePenalty = 1;
        QCOMPARE(greedy(params, {0, 0, 0}, {3, 1.9f}), Token(0));
        QCOMPARE(greedy(params, {0, 0, 0}, {3, 2.1f}), Token(1));
        params.presencePenalty = 0;
        params.frequencyPenalty = 1;
        QCOMPARE(greedy(params, {0, 0}, {3, 1.1f}), Token(1));
        QCOMPARE(greedy(params, {0}, {3, 1.1f}), Token(0));
        params.presencePenalty = -2; // wanted: makes it likelier
        params.frequencyPenalty = 0;
        QCOMPARE(greedy(params, {1}, {3, 2}), Token(1));
    }

    void penaltiesSeeTheLastTokensOnly()
    {
        SamplingParams params = plainParams();
        params.presencePenalty = 10;
        params.penaltyWindow = 2;
        QCOMPARE(greedy(params, {0, 1, 2}, {4, 3, 2, 1}), Token(0));
        QCOMPARE(greedy(params, {3, 0, 1}, {4, 3, 2, 1}), Token(2));
        params.penaltyWindow = 0;
        QCOMPARE(greedy(params, {0}, {4, 3}), Token(0));

        // Drawn tokens enter, old ones leave.
        params.penaltyWindow = 2;
        params.temperature = 0;
        Sampler sampler(params, {});
        const std::vector<float> logits = {4, 3, 2, 1};
        std::vector<Token> drawn;
        for (int i = 0; i < 7; ++i)
            drawn.push_back(sampler.sample(logits));
        QCOMPARE(drawn, (std::vector<Token>{0, 1, 2, 0, 1, 2, 0}));
        QCOMPARE(sampler.drawn(), std::uint64_t(7));
        QCOMPARE(std::vector<Token>(sampler.window().begin(), sampler.window().end()),
                 (std::vector<Token>{2, 0}));
    }

    void idsOutsideTheVocabularyAreNotPenalised()
    {
        SamplingParams params = plainParams();
        params.presencePenalty = 10;
        QCOMPARE(greedy(params, {-1, 2, 1'000'000, 0}, {3, 2}), Token(1));
    }

    void nonFiniteLogitsAreNeverDrawn()
    {
        SamplingParams params = plainParams();
        const std::vector<float> logits = {kNan, kInfinity, 1, -kInfinity, 1};
        QCOMPARE(drawnTokens(params, logits), (std::set<Token>{2, 4}));
        params.topK = 2;
        QCOMPARE(drawnTokens(params, logits), (std::set<Token>{2, 4}));
        QCOMPARE(greedy(params, {}, logits), Token(2));
        for (float temperature : {0.0f, 1.0f}) {
            params.temperature = temperature;
            QCOMPARE(Sampler(params, {}).sample(std::vector<float>{kNan, kInfinity, -kInfinity}),
                     Token(0));
            QCOMPARE(Sampler(params, {}).sample({}), Token(0));
        }
    }

    void greedyTakesTheLowestOfEquals()
    {
        QCOMPARE(greedy(plainParams(), {}, {1, 3, 3, 2}), Token(1));
        QCOMPARE(greedy(plainParams(), {}, {-5, -5}), Token(0));
    }

    void oddParametersAreSafe()
    {
        const std::vector<float> logits = {1, 3, 2};
        for (float temperature : {-1.0f, kNan, 1e-40f}) {
            SamplingParams params = plainParams();
            params.temperature = temperature;
            QCOMPARE(drawnTokens(params, logits), (std::set<Token>{1}));
        }
        SamplingParams params = plainParams();
        params.temperature = kInfinity;
        QCOMPARE(drawnTokens(params, logits).size(), std::size_t(3));
        params = plainParams();
        params.topP = kNan;
        params.minP = kNan;
        params.repeatPenalty = kNan;
        params.presencePenalty = kInfinity;
        params.frequencyPenalty = kNan;
        QCOMPARE(drawnTokens(params, logits).size(), std::size_t(3));
        // Logits so far apart that their difference is not a float.
        QCOMPARE(drawnTokens(plainParams(), {3e38f, -3e38f, 0}), (std::set<Token>{0}));
    }

    void sameSeedSameSequence()
    {
        std::mt19937 random(3);
        std::vector<std::vector<float>> steps(200, std::vector<float>(500));
        for (auto &logits : steps) {
            for (float &logit : logits)
                logit = float(random() % 1000) / 200;
        }
        const auto run = [&steps](std::uint64_t seed) {
            SamplingParams params;
            params.seed = seed;
            params.repeatPenalty = 1.1f;
            Sampler sampler(params, {});
            std::vector<Token> tokens;
            for (const auto &logits : steps)
                tokens.push_back(sampler.sample(logits));
            return tokens;
        };
        QCOMPARE(run(42), run(42));
        QVERIFY(run(42) != run(43));
        QVERIFY(run(42) != run(42 + (std::uint64_t(1) << 32)));
    }

    void agreesWithTheDefinition()
    {
        std::mt19937 random(9);
        const auto pick = [&random](std::initializer_list<float> values) {
            return *(values.begin() + random() % values.size());
        };
        for (int round = 0; round < 400; ++round) {
            SamplingParams params;
            params.temperature = pick({0, 0.3f, 1, 5});
            params.topK = std::uint32_t(pick({0, 1, 7, 40, 300, 5000}));
            params.topP = pick({0.1f, 0.7f, 0.95f, 0.999f, 1});
            params.minP = pick({0, 0.01f, 0.3f});
            params.repeatPenalty = pick({1, 1.3f});
            params.presencePenalty = pick({0, 0.5f});
            params.frequencyPenalty = pick({0, 0.2f});
            params.penaltyWindow = std::uint32_t(pick({0, 5, 64}));
            params.seed = random();
            std::vector<Token> history(random() % 100);
            for (Token &token : history)
                token = Token(random() % 3000);
            std::vector<float> logits(3000);
            // Coarse in every other round, so that many are equal.
            for (float &logit : logits)
                logit = round % 2 ? float(random() % 40) / 4 : float(random() % 100'000) / 10'000;
            logits[random() % 3000] = kNan;
            Sampler sampler(params, history);
            for (std::uint64_t i = 0; i < 3; ++i) {
                const std::vector<Token> window(sampler.window().begin(), sampler.window().end());
                QCOMPARE(sampler.sample(logits), reference(params, window, logits, i));
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestSampling)
#include "tst_sampling.moc"
