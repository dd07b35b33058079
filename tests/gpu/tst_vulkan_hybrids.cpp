// Whole models with mixtures of experts and with recurrent layers.
#include "gpu/checkpoints.h"
#include "gpu/vulkan_executor.h"
#include "gpu_support.h"
#include "tests/support/executor_checks.h"

using namespace alcove;
using namespace alcove::llm;

namespace {

const char *const kExpertModels[] = {"arch/mixtral", "arch/qwen3moe"};
const char *const kRecurrentModels[] = {"arch/granitehybrid", "arch/lfm2", "arch/qwen35"};

std::vector<Token> manyTokens(std::uint32_t vocabulary, std::size_t count)
{
    std::vector<Token> tokens;
    for (std::size_t i = 0; i < count; ++i)
        tokens.push_back(static_cast<Token>((i * 7919 + 13) % vocabulary));
    return tokens;
}

template <std::size_t size>
void addRows(const char *const (&names)[size])
{
    QTest::addColumn<QString>("model");
    for (const char *name : names) {
        const std::string path = test::fixture(std::string(name) + ".gguf");
        if (!path.empty())
            QTest::newRow(name) << QString::fromStdString(path);
    }
}

} // namespace

class TestVulkanHybrids : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        test::enableValidation();
        m_device = test::usableDevice();
        if (!m_device)
            QSKIP("There is no Vulkan device on this machine.");
        if (test::fixture("arch/mixtral.gguf").empty())
            QSKIP("The fixtures of these architectures are not beside this checkout.");
    }

    void cleanup() { QCOMPARE(gpu::validationMessages(), std::uint64_t(0)); }
    void cleanupTestCase() { m_executor.reset(); }

    void matchesTheKnownLogits_data()
    {
        std::vector<test::ModelCase> cases;
        for (test::ModelCase &one : test::modelCases()) {
            const auto is = [&](const char *name) { return one.name == name; };
            if (std::any_of(std::begin(kExpertModels), std::end(kExpertModels), is)
                || std::any_of(std::begin(kRecurrentModels), std::end(kRecurrentModels), is))
                cases.push_back(std::move(one));
        }
        test::addFeedingRows(cases);
    }

    // One executor for all the rows of a model: compiling its kernels is what takes the time.
    void matchesTheKnownLogits()
    {
        QFETCH(QString, model);
        if (model != m_model) {
            m_model = model;
            ExecutorOptions options;
            options.contextLength = 512;
            options.kvFormat = KvFormat::F32;
            m_executor = load(model, options);
        }
        QVERIFY(m_executor);
        QVERIFY(m_executor->truncate(0));
        test::compareFeeding(*m_executor, test::kNmseFloat32);
    }

    void choosesExpertsInFewStages_data() { addRows(kExpertModels); }
    void choosesExpertsInFewStages()
    {
        // Seven for a layer, the embedding, the logits, the draw.
        countStages(7);
    }

    void remembersInFewStages_data() { addRows(kRecurrentModels); }
    void remembersInFewStages() { countStages(5); }

    void goesBackToWhereItWas_data() { addRows(kRecurrentModels); }
    void goesBackToWhereItWas()
    {
        QFETCH(QString, model);
        ExecutorOptions options;
        options.contextLength = 1024;
        ExecutorPtr executor = load(model, options);
        QVERIFY(executor);
        const auto tokens = manyTokens(executor->spec().vocabulary, 100);
        const auto part = [&](std::size_t first, std::size_t count) {
            return std::span<const Token>(tokens).subspan(first, count);
        };
        auto whole = executor->forward(tokens, LogitRows::Last);
        QVERIFY(whole);
        // Only where a forward has ended, and the start.
        QCOMPARE(executor->restorable(100), 100u);
        QCOMPARE(executor->restorable(1000), 100u);
        QCOMPARE(executor->restorable(99), 0u);
        const auto between = executor->truncate(50);
        QVERIFY(!between);
        QCOMPARE(between.error().code, ErrorCode::InvalidArgument);
        QCOMPARE(executor->length(), 100u);

        QVERIFY(executor->truncate(0));
        QVERIFY(executor->forward(part(0, 40), LogitRows::None));
        QVERIFY(executor->forward(part(0, 31), LogitRows::None)); // which is then forgotten
        QVERIFY(executor->startSampling({}, tokens));
        for (int i = 0; i < 5; ++i)
            QVERIFY(executor->sampleNext());
        QCOMPARE(executor->length(), 75u);
        QCOMPARE(executor->restorable(75), 75u);
        QCOMPARE(executor->restorable(74), 71u);
        QCOMPARE(executor->restorable(70), 40u);
        QVERIFY(executor->truncate(40));
        QCOMPARE(executor->length(), 40u);
        auto again = executor->forward(part(40, 60), LogitRows::Last);
        QVERIFY(again);
        QVERIFY(test::nmse(*again, *whole) <= test::kNmseFloat16Kv);
        QCOMPARE(executor->restorable(99), 40u);
    }

    // What a sampling run has given, and no more, is in the state.
    void goesOnAfterAnAnswer_data() { addRows(kRecurrentModels); }
    void goesOnAfterAnAnswer()
    {
        QFETCH(QString, model);
        ExecutorOptions options;
        options.contextLength = 1024;
        ExecutorPtr executor = load(model, options);
        QVERIFY(executor);
        auto tokens = manyTokens(executor->spec().vocabulary, 11);
        QVERIFY(executor->forward(tokens, LogitRows::None));
        SamplingParams params;
        params.seed = 3;
        QVERIFY(executor->startSampling(params, tokens));
        for (int i = 0; i < 290; ++i) {
            auto token = executor->sampleNext();
            QVERIFY2(token, token ? "" : token.error().message.c_str());
            tokens.push_back(*token);
        }
        QCOMPARE(executor->length(), 300u);
        // Long answers are kept on the way too.
        QCOMPARE(executor->restorable(299), 11u + gpu::Checkpoints::kInterval);
        auto stepped = executor->forward({&tokens.back(), 1}, LogitRows::Last);
        QVERIFY(stepped);
        QVERIFY(executor->truncate(11u + gpu::Checkpoints::kInterval));
        const auto rest = std::span<const Token>(tokens).subspan(executor->length());
        auto resumed = executor->forward(rest, LogitRows::Last);
        QVERIFY(resumed);
        QVERIFY(executor->truncate(0));
        auto whole = executor->forward(tokens, LogitRows::Last);
        QVERIFY(whole);
        QVERIFY(test::nmse(*stepped, *whole) <= test::kNmseFloat16Kv);
        QVERIFY(test::nmse(*resumed, *whole) <= test::kNmseFloat16Kv);
    }

    // A batch that is stopped halfway leaves no trace in the states.
    void isCancelled_data() { addRows(kRecurrentModels); }
    void isCancelled()
    {
        QFETCH(QString, model);
        ExecutorOptions options;
        options.contextLength = 512;
        ExecutorPtr executor = load(model, options);
        QVERIFY(executor);
        const auto tokens = manyTokens(executor->spec().vocabulary, 300);
        ForwardHooks hooks;
        hooks.progress = [&](std::size_t done, std::size_t) {
            if (done >= 150)
                hooks.cancel.cancel();
        };
        const auto cancelled = executor->forward(tokens, LogitRows::Last, hooks);
        QVERIFY(!cancelled);
        QVERIFY(cancelled.error().cancelled());
        const std::uint32_t kept = executor->length();
        QVERIFY(kept < 300);
        auto rest =
            executor->forward(std::span<const Token>(tokens).subspan(kept), LogitRows::Last);
        QVERIFY(rest);
        QVERIFY(executor->truncate(0));
        auto whole = executor->forward(tokens, LogitRows::Last);
        QVERIFY(whole);
        QVERIFY(test::nmse(*rest, *whole) <= test::kNmseFloat16Kv);
    }

private:
    using ExecutorPtr = std::unique_ptr<Executor>;

    void countStages(std::uint32_t perLayer)
    {
        QFETCH(QString, model);
        ExecutorPtr executor = load(model, {});
        QVERIFY(executor);
        const auto prompt = manyTokens(executor->spec().vocabulary, 5);
        QVERIFY(executor->forward(prompt, LogitRows::None));
        QVERIFY(executor->startSampling({}, prompt));
        for (int i = 0; i < 4; ++i)
            QVERIFY(executor->sampleNext());
        const ExecutorInfo info = executor->info();
        const auto layers = std::uint32_t(executor->spec().layers.size());
        QVERIFY2(info.stagesPerToken <= perLayer * layers + 3,
                 qPrintable(QString::number(info.stagesPerToken)));
        QCOMPARE(info.submitsPerToken, 1u);
    }

    ExecutorPtr load(const QString &path, const ExecutorOptions &options)
    {
        return test::loadOn(*m_device, path.toStdString(), options);
    }

    std::optional<gpu::DeviceInfo> m_device;
    QString m_model;
    ExecutorPtr m_executor; // of m_model
};

QTEST_APPLESS_MAIN(TestVulkanHybrids)
#include "tst_vulkan_hybrids.moc"
