// The sampler's parts that run on the host only, against their published definitions.
#include "core/llm/sampling.h"
#include "tests/support/sampling_draws.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <random>
#include <set>

using namespace alcove::llm;
using namespace alcove::test;

namespace {

using Tokens = std::set<Token>;

std::map<Token, float> dry(const DryParams &params, const std::vector<Token> &history)
{
    std::map<Token, float> found;
    for (const auto &[token, penalty] : dryPenalties(params, history))
        found[token] = penalty;
    return found;
}

// The definition of DRY, one match at a time.
std::map<Token, float> dryByDefinition(const DryParams &params, std::vector<Token> history)
{
    if (history.size() > params.window)
        history.erase(history.begin(), history.end() - params.window);
    const auto breaks = [&](Token token) {
        return std::binary_search(params.breakers.begin(), params.breakers.end(), token);
    };
    std::map<Token, std::size_t> longest;
    for (std::size_t i = 0; i + 1 < history.size(); ++i) {
        std::size_t n = 0;
        while (n <= i && history[i - n] == history[history.size() - 1 - n]
               && !breaks(history[i - n]))
            ++n;
        if (n > 0 && !breaks(history[i + 1]))
            longest[history[i + 1]] = std::max(longest[history[i + 1]], n);
    }
    std::map<Token, float> penalties;
    for (const auto &[token, n] : longest) {
        if (n >= params.allowedLength)
            penalties[token] =
                float(double(params.multiplier)
                      * std::pow(double(params.base), double(n) - double(params.allowedLength)));
    }
    return penalties;
}

// Allows the tokens of each step of a list, then the answer's end (token 0).
class Steps final : public TokenConstraint
{
public:
    explicit Steps(std::vector<Tokens> steps) : m_steps(std::move(steps)) { }

    std::unique_ptr<ConstraintRun> begin() const override { return std::make_unique<Run>(m_steps); }

private:
    class Run final : public ConstraintRun
    {
    public:
        explicit Run(const std::vector<Tokens> &steps) : m_steps(steps) { }
        const TokenMask &allowed() override
        {
            m_mask = TokenMask(8);
            if (ended())
                m_mask.allow(0);
            else
                for (Token token : m_steps[m_at])
                    m_mask.allow(token);
            return m_mask;
        }
        void accept(Token token) override
        {
            m_at = !ended() && m_steps[m_at].count(token) ? m_at + 1 : m_steps.size();
        }
        bool ended() const override { return m_at == m_steps.size(); }

    private:
        const std::vector<Tokens> &m_steps;
        std::size_t m_at = 0;
        TokenMask m_mask;
    };
    std::vector<Tokens> m_steps;
};

} // namespace

class TestSamplingFilters : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    // H = 0.5 * 1 + 0.25 * 2 + 2 * 0.125 * 3 = 1.75 bits; distances from it: 0.75,
    // 0.25, 1.25, 1.25.
    void typicalKeepsWhatIsNearTheEntropy()
    {
        SamplingParams params = plainParams();
        const auto logits = logitsOf({0.5, 0.25, 0.125, 0.125});
        const auto kept = [&](float p) {
            params.typicalP = p;
            return drawnTokens(params, logits);
        };
        QCOMPARE(kept(0.2f), (Tokens{1})); // not the likeliest
        QCOMPARE(kept(0.3f), (Tokens{0, 1}));
        QCOMPARE(kept(0.74f), (Tokens{0, 1}));
        QCOMPARE(kept(0.8f), (Tokens{0, 1, 2})); // of equally distant ones the first
        QCOMPARE(kept(0.9f), (Tokens{0, 1, 2, 3}));
        QCOMPARE(kept(1.0f), (Tokens{0, 1, 2, 3}));
        QCOMPARE(kept(kNan).size(), 4u);
        QCOMPARE(kept(0.0f), (Tokens{1}));
    }

    void typicalComesAfterTopKAndBeforeTopP()
    {
        SamplingParams params = plainParams();
        const auto logits = logitsOf({0.5, 0.25, 0.125, 0.125});
        params.topK = 2; // 2/3 and 1/3: entropy 0.918 bits, distances 0.333 and 0.667
        params.typicalP = 0.5f;
        QCOMPARE(drawnTokens(params, logits), (Tokens{0}));
        params.topK = 0;
        params.typicalP = 0.2f; // leaves token 1 alone, so top-p cannot leave it out
        params.topP = 0.1f;
        QCOMPARE(drawnTokens(params, logits), (Tokens{1}));
    }

    // The deviation of 2, 1, 0, 0, -3 is sqrt(14 / 5) = 1.673, their mean 0.
    void topNSigmaIsMeasuredFromTheLargestLogit()
    {
        SamplingParams params = plainParams();
        const std::vector<float> logits = {1, 2, 0, kNan, 0, -3};
        const auto kept = [&](float n) {
            params.topNSigma = n;
            return drawnTokens(params, logits);
        };
        QCOMPARE(kept(0.5f), (Tokens{1}));
        QCOMPARE(kept(0.6f), (Tokens{0, 1}));
        QCOMPARE(kept(1.19f), (Tokens{0, 1}));
        QCOMPARE(kept(1.2f), (Tokens{0, 1, 2, 4}));
        QCOMPARE(kept(3.0f), (Tokens{0, 1, 2, 4, 5}));
        QCOMPARE(kept(0.0f).size(), 5u);
        QCOMPARE(kept(kInfinity).size(), 5u);
        QCOMPARE(kept(kNan).size(), 5u);
        params.topK = 3; // the deviation is that of all
        QCOMPARE(kept(1.2f), (Tokens{0, 1, 2}));
    }

    void xtcKeepsTheLeastLikelyOfTheTopChoices()
    {
        SamplingParams params = plainParams();
        params.xtcProbability = 1;
        const auto logits = logitsOf({0.1, 0.4, 0.2, 0.3});
        const auto kept = [&](float threshold) {
            params.xtcThreshold = threshold;
            return drawnTokens(params, logits);
        };
        QCOMPARE(kept(0.15f), (Tokens{0, 2}));
        QCOMPARE(kept(0.25f), (Tokens{0, 2, 3}));
        QCOMPARE(kept(0.35f).size(), 4u); // one only is no choice
        QCOMPARE(kept(0.6f).size(), 4u);
        QCOMPARE(kept(0.0f), (Tokens{0}));
        // Of what min-p left: 0.4, 0.2, 0.3 become 0.444, 0.222, 0.333.
        params.minP = 0.3f;
        QCOMPARE(kept(0.21f), (Tokens{2}));
        QCOMPARE(kept(0.23f), (Tokens{2, 3}));
    }

    void xtcActsAsOftenAsAsked()
    {
        SamplingParams params = plainParams();
        params.xtcProbability = 0.3f;
        params.xtcThreshold = 0.05f;
        const int count = 40'000;
        auto seen = draws(params, logitsOf({0.5, 0.3, 0.2}), count);
        // Without: 0.5, 0.3, 0.2. With: token 2 alone.
        const double expected[] = {0.35, 0.21, 0.44};
        double chiSquare = 0;
        for (int i = 0; i < 3; ++i)
            chiSquare += std::pow(seen[i] - expected[i] * count, 2) / (expected[i] * count);
        QVERIFY2(chiSquare < 13.8, qPrintable(QString::number(chiSquare))); // 2 degrees, 0.1 %
    }

    void dryPenalisesWhatWouldGoOnRepeating()
    {
        DryParams params;
        params.multiplier = 0.5f;
        params.base = 2;
        params.allowedLength = 2;
        // ... 1 2 3 4 ... 1 2 3: a 4 would repeat four, after three that match.
        QCOMPARE(dry(params, {1, 2, 3, 4, 9, 1, 2, 3}), (std::map<Token, float>{{4, 1.0f}}));
        // Two match: multiplier * base^0.
        QCOMPARE(dry(params, {1, 2, 3, 4, 9, 8, 2, 3}), (std::map<Token, float>{{4, 0.5f}}));
        QCOMPARE(dry(params, {1, 2, 3, 4, 9, 8, 7, 3}), (std::map<Token, float>{}));
        // The longest of several.
        QCOMPARE(dry(params, {2, 3, 5, 1, 2, 3, 4, 9, 2, 3, 4, 1, 2, 3}),
                 (std::map<Token, float>{{4, 1.0f}, {5, 0.5f}}));
        // One match may lie in the other.
        QCOMPARE(dry(params, {6, 6, 6, 6}), (std::map<Token, float>{{6, 1.0f}}));
        QCOMPARE(dry(params, {}), (std::map<Token, float>{}));
        QCOMPARE(dry(params, {3}), (std::map<Token, float>{}));
    }

    void dryStopsAtBreakersAndAtTheWindow()
    {
        DryParams params;
        params.multiplier = 1;
        params.base = 2;
        params.allowedLength = 1;
        const std::vector<Token> history = {1, 2, 3, 4, 9, 1, 2, 3};
        QCOMPARE(dry(params, history), (std::map<Token, float>{{4, 4.0f}}));
        params.breakers = {1};
        QCOMPARE(dry(params, history), (std::map<Token, float>{{4, 2.0f}}));
        params.breakers = {2};
        QCOMPARE(dry(params, history), (std::map<Token, float>{{4, 1.0f}}));
        params.breakers = {3};
        QCOMPARE(dry(params, history), (std::map<Token, float>{}));
        params.breakers = {4}; // breakers themselves are not penalised
        QCOMPARE(dry(params, history), (std::map<Token, float>{}));
        params.breakers = {};
        params.window = 6; // 3 4 9 1 2 3
        QCOMPARE(dry(params, history), (std::map<Token, float>{{4, 1.0f}}));
        params.window = 5;
        QCOMPARE(dry(params, history), (std::map<Token, float>{}));
        params.window = 0;
        QCOMPARE(dry(params, history), (std::map<Token, float>{}));
    }

    void dryIsOffForOddNumbers()
    {
        const std::vector<Token> history = {1, 2, 3, 1, 2};
        for (const float odd : {kNan, kInfinity}) {
            DryParams params;
            params.multiplier = odd;
            QCOMPARE(dry(params, history), (std::map<Token, float>{}));
            params.multiplier = 1;
            params.base = odd;
            QCOMPARE(dry(params, history), (std::map<Token, float>{}));
        }
        DryParams params;
        params.multiplier = 1;
        params.base = 0.5f;
        QCOMPARE(dry(params, history), (std::map<Token, float>{}));
        // Long repetitions stay a number.
        params.base = 100;
        const std::vector<Token> same(1000, 5);
        QCOMPARE(dry(params, same), (std::map<Token, float>{{5, 1e30f}}));
    }

    void dryAgreesWithTheDefinition()
    {
        std::mt19937 random(5);
        for (int round = 0; round < 500; ++round) {
            DryParams params;
            params.multiplier = 0.8f;
            params.base = 1.75f;
            params.allowedLength = 1 + random() % 4;
            if (random() % 2)
                params.window = random() % 60;
            for (Token token = 0; token < 4; ++token) {
                if (random() % 6 == 0)
                    params.breakers.push_back(token);
            }
            std::vector<Token> history(random() % 80);
            for (Token &token : history)
                token = Token(random() % 4);
            const auto actual = dry(params, history);
            const auto expected = dryByDefinition(params, history);
            QCOMPARE(actual, expected);
        }
    }

    void dryChangesTheDraw()
    {
        SamplingParams params = plainParams();
        params.temperature = 0;
        params.dry.multiplier = 2;
        params.dry.allowedLength = 2;
        const std::vector<float> logits = {0, 3, 2, 1};
        const std::vector<Token> history = {2, 3, 1, 2, 3};
        QCOMPARE(Sampler(params, history).sample(logits), Token(2)); // 3 - 2 < 2
        params.dry.multiplier = 0.9f;
        QCOMPARE(Sampler(params, history).sample(logits), Token(1));
        // What is drawn counts: greedy alone would repeat token 1 for ever.
        params.dry.multiplier = 10;
        Sampler sampler(params, {});
        std::vector<Token> drawn;
        for (int i = 0; i < 4; ++i)
            drawn.push_back(sampler.sample(logits));
        QCOMPARE(drawn, (std::vector<Token>{1, 1, 1, 2}));
    }

    // One step by hand. p = 0.5, 0.25, 0.25; tau 0.75, so the bound is 1.5 bits: token 0 alone,
    // whose surprise is 1 bit; bound = 1.5 - 2 * (1 - 0.75) = 1. Then 1 bit is just kept; bound
    // 0.5, -> 0 ...
    void mirostatFollowsItsAlgorithm()
    {
        SamplingParams params = plainParams();
        params.mirostatTau = 0.75f;
        params.mirostatEta = 2;
        QCOMPARE(drawnTokens(params, {3, 2, 2}), (Tokens{0}));

        // The algorithm, step by step, with the surprise of the whole distribution.
        std::mt19937 random(4);
        params.mirostatTau = 2;
        params.mirostatEta = 0.3f;
        params.temperature = 0.7f;
        params.topK = 1; // the other filters are out of the way
        params.minP = 0.9f;
        Sampler sampler(params, {});
        double bound = 4;
        double average = 0;
        for (std::uint64_t step = 0; step < 3000; ++step) {
            std::vector<float> logits(40);
            for (float &logit : logits)
                logit = float(random() % 1000) / 80;
            std::vector<std::size_t> order(logits.size());
            std::iota(order.begin(), order.end(), 0u);
            std::stable_sort(order.begin(), order.end(),
                             [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
            double total = 0;
            for (float logit : logits)
                total += std::exp(double(logit) / double(params.temperature));
            const auto probability = [&](std::size_t i) {
                return std::exp(double(logits[order[i]]) / double(params.temperature)) / total;
            };
            std::size_t kept = 1;
            while (kept < order.size() && -std::log2(probability(kept)) <= bound)
                ++kept;
            double sum = 0;
            for (std::size_t i = 0; i < kept; ++i)
                sum += probability(i);
            const double drawn = double(counterUniform(params.seed, step)) * sum;
            std::size_t i = 0;
            for (double running = probability(0); running <= drawn && i + 1 < kept;)
                running += probability(++i);
            QCOMPARE(sampler.sample(logits), Token(order[i]));
            const double surprise = -std::log2(probability(i));
            bound -= double(params.mirostatEta) * (surprise - 2);
            average += surprise / 3000;
        }
        QVERIFY2(std::fabs(average - 2) < 0.02, qPrintable(QString::number(average)));
    }

    // p = 0.5, 0.25, 0.25: entropy 1.0397 nats of at most ln 3 = 1.0986; share 0.9464.
    void dynamicTemperatureFollowsTheEntropy()
    {
        SamplingParams params = plainParams();
        params.temperature = 1.5f;
        params.temperatureRange = 1.0f;
        params.temperatureExponent = 2;
        const double share = 1.5 * std::log(2.0) / std::log(3.0);
        const double temperature = 0.5 + 2.0 * share * share;
        const double first = std::pow(0.5, 1 / temperature);
        const double second = std::pow(0.25, 1 / temperature);
        const double total = first + 2 * second;
        const int count = 60'000;
        auto seen = draws(params, logitsOf({0.5, 0.25, 0.25}), count);
        double chiSquare = 0;
        for (const auto &[token, p] : std::map<Token, double>{{0, first}, {1, second}, {2, second}})
            chiSquare += std::pow(seen[token] - p / total * count, 2) / (p / total * count);
        QVERIFY2(chiSquare < 13.8, qPrintable(QString::number(chiSquare)));
    }

    void dynamicTemperatureHasBounds()
    {
        // All alike: the highest. 1.0 + 0.5 for two tokens of the same logit changes nothing.
        SamplingParams params = plainParams();
        params.temperature = 0.5f;
        params.temperatureRange = 5; // the low end is 0, not -4.5
        // Nearly certain: the lowest temperature, which takes the likeliest.
        QCOMPARE(drawnTokens(params, {20, 0, 0}), (Tokens{0}));
        QCOMPARE(drawnTokens(params, {1, 1, 1}).size(), 3u);
        params.temperatureExponent = 1e9f; // any share below 1 becomes 0
        QCOMPARE(drawnTokens(params, {1.1f, 1, 1}), (Tokens{0}));
        params.temperatureExponent = kNan; // off
        QCOMPARE(drawnTokens(params, {1.1f, 1, 1}).size(), 3u);
        params.temperatureExponent = 1;
        params.temperatureRange = kNan;
        QCOMPARE(drawnTokens(params, {1.1f, 1, 1}).size(), 3u);
        params.temperature = 0; // greedy, whatever the range
        params.temperatureRange = 1;
        QCOMPARE(drawnTokens(params, {1.1f, 1, 1}), (Tokens{0}));
        params.temperature = 1;
        params.topK = 1; // of one token there is no entropy
        QCOMPARE(drawnTokens(params, {1.1f, 1, 1}), (Tokens{0}));
    }

    void biasComesFirst()
    {
        SamplingParams params = plainParams();
        params.temperature = 0;
        const std::vector<float> logits = {0, 3, 2, 1};
        params.bias = {{1, -1.5f}};
        QCOMPARE(Sampler(params, {}).sample(logits), Token(2));
        params.bias = {{3, 1}, {3, 1.5f}}; // several add up
        QCOMPARE(Sampler(params, {}).sample(logits), Token(3));
        params.bias = {{1, -kInfinity}, {2, -kInfinity}};
        QCOMPARE(Sampler(params, {}).sample(logits), Token(3));
        params.bias = {{1, kNan}, {-1, 5}, {400, 5}}; // nothing
        QCOMPARE(Sampler(params, {}).sample(logits), Token(1));
        // Before the penalties: (3 - 6) * 2 = -6, and not 3 / 2 - 6.
        params.bias = {{1, -6}, {2, -7.2f}, {0, -9}, {3, -9}};
        params.repeatPenalty = 2;
        QCOMPARE(Sampler(params, std::vector<Token>{1}).sample(logits), Token(2));
        // All banned: none is left to draw.
        params.bias = {{0, -kInfinity}, {1, -kInfinity}, {2, -kInfinity}, {3, -kInfinity}};
        QCOMPARE(Sampler(params, {}).sample(logits), Token(0));
    }

    void constraintComesBeforeTheFilters()
    {
        SamplingParams params = plainParams();
        params.topK = 1;
        params.constraint = std::make_shared<Steps>(std::vector<Tokens>{{2, 3}, {3}, {1, 4}});
        const std::vector<float> logits = {9, 8, 3, 2, 1, 7};
        for (const float temperature : {0.0f, 1.0f}) {
            params.temperature = temperature;
            Sampler sampler(params, {});
            std::vector<Token> drawn;
            for (int i = 0; i < 4; ++i)
                drawn.push_back(sampler.sample(logits));
            QCOMPARE(drawn, (std::vector<Token>{2, 3, 1, 0}));
        }
        // No finite logit is allowed: an allowed token all the same.
        for (const float temperature : {0.0f, 1.0f}) {
            params.temperature = temperature;
            QCOMPARE(Sampler(params, {}).sample(std::vector<float>{1, 1, kNan, -kInfinity}),
                     Token(2));
        }
    }

    // A run that is taken up again draws what it would have drawn.
    void continuesWhereItWas()
    {
        SamplingParams params = plainParams();
        params.repeatPenalty = 1.3f;
        params.xtcProbability = 0.5f;
        params.dry.multiplier = 1;
        params.constraint = std::make_shared<Steps>(std::vector<Tokens>(
            {{1, 2, 3}, {1, 2, 3, 4}, {4, 5, 6}, {1, 2, 3}, {1, 4, 5, 6}, {2, 3}}));
        const std::vector<float> logits = {1, 2, 1.5f, 2, 1, 1.2f, 1.3f, 0};
        std::vector<Token> sequence = {7, 3, 1};
        Sampler whole(params, sequence);
        for (int i = 0; i < 6; ++i)
            sequence.push_back(whole.sample(logits));
        for (std::size_t cut = 0; cut < 6; ++cut) {
            params.firstDraw = cut;
            Sampler rest(params, std::span(sequence).first(3 + cut));
            for (std::size_t i = cut; i < 6; ++i)
                QCOMPARE(rest.sample(logits), sequence[3 + i]);
        }
    }

    void onlyTheFirstBlockIsPlain()
    {
        QVERIFY(SamplingParams().plain());
        const std::vector<std::function<void(SamplingParams &)>> changes = {
            [](SamplingParams &p) { p.typicalP = 0.9f; },
            [](SamplingParams &p) { p.topNSigma = 1; },
            [](SamplingParams &p) { p.xtcProbability = 0.1f; },
            [](SamplingParams &p) { p.temperatureRange = 0.1f; },
            [](SamplingParams &p) { p.mirostatTau = 5; },
            [](SamplingParams &p) { p.dry.multiplier = 0.8f; },
            [](SamplingParams &p) {
                p.bias = {{1, 1}};
            },
            [](SamplingParams &p) {
                p.constraint = std::make_shared<Steps>(std::vector<Tokens>());
            },
        };
        for (const auto &change : changes) {
            SamplingParams params;
            change(params);
            QVERIFY(!params.plain());
        }
    }
};

QTEST_APPLESS_MAIN(TestSamplingFilters)
#include "tst_sampling_filters.moc"
