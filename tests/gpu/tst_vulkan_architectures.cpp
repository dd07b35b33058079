// Whole models of the architectures that differ in their attention and norms: decoders and
// encoders.
#include "core/cpu/reference_executor.h"
#include "gpu/vulkan_executor.h"
#include "gpu_support.h"
#include "tests/support/executor_checks.h"
#include "tests/support/mixed_model.h"

#include <QTemporaryDir>

#include <fstream>

using namespace alcove;
using namespace alcove::llm;

namespace {

using ExecutorPtr = std::unique_ptr<Executor>;

const char *const kDecoders[] = {"arch/gemma2",  "arch/gemma3",  "arch/phi3",  "arch/gptoss",
                                 "arch/granite", "arch/smollm3", "arch/olmo2", "arch/glm4",
                                 "arch/lfm2",    "arch/qwen35"};

std::vector<Token> tokensOf(const QVector<int> &tokens)
{
    return {tokens.begin(), tokens.end()};
}

} // namespace

class TestVulkanArchitectures : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        test::enableValidation();
        m_device = test::usableDevice();
        if (!m_device)
            QSKIP("There is no Vulkan device on this machine.");
        if (test::fixture("arch/gemma2.gguf").empty())
            QSKIP("The fixtures of these architectures are not beside this checkout.");
    }

    void cleanup() { QCOMPARE(gpu::validationMessages(), std::uint64_t(0)); }
    void cleanupTestCase() { m_executor.reset(); }

    void matchesTheKnownLogits_data()
    {
        std::vector<test::ModelCase> cases;
        for (test::ModelCase &one : test::modelCases()) {
            if (std::any_of(std::begin(kDecoders), std::end(kDecoders),
                            [&](const char *name) { return one.name == name; }))
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

    void embedsLikeTheFixtures_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("expected");
        QTest::addColumn<QVector<int>>("tokens");
        for (const test::ModelCase &one : test::modelCases()) {
            if (one.isEncoder())
                QTest::newRow(one.name.c_str())
                    << QString::fromStdString(one.model) << QString::fromStdString(one.expected)
                    << QVector<int>(one.tokens.begin(), one.tokens.end());
        }
    }

    void embedsLikeTheFixtures()
    {
        QFETCH(QString, model);
        QFETCH(QString, expected);
        QFETCH(QVector<int>, tokens);
        ExecutorOptions options;
        options.contextLength = 128;
        options.kvFormat = KvFormat::F32;
        const ExecutorPtr executor = load(model, options);
        QVERIFY(executor);
        const std::vector<float> known = test::readFloats(expected.toStdString());
        for (int turn = 0; turn < 2; ++turn) {
            const auto vector = executor->embed(tokensOf(tokens), Pooling::Mean);
            QVERIFY2(vector, vector ? "" : vector.error().message.c_str());
            QCOMPARE(vector->size(), known.size());
            const double error = test::nmse(*vector, known);
            QVERIFY2(error <= test::kNmseFloat32, qPrintable(QString::number(error)));
            QCOMPARE(executor->length(), 0u);
        }
        const auto written = executor->forward(tokensOf(tokens), LogitRows::Last);
        QVERIFY(!written);
        QCOMPARE(written.error().code, ErrorCode::Unsupported);
    }

    // Longer than a window and its slack, so that places in the cache are taken again.
    void longTextsPassTheWindow_data()
    {
        QTest::addColumn<QString>("model");
        for (const char *name : {"arch/gptoss", "arch/gemma3"})
            QTest::newRow(name) << QString::fromStdString(
                test::fixture(std::string(name) + ".gguf"));
    }
    void longTextsPassTheWindow()
    {
        QFETCH(QString, model);
        ExecutorOptions options;
        options.contextLength = 512;
        options.kvFormat = KvFormat::F32;
        const ExecutorPtr executor = load(model, options);
        const auto opened = Model::open(model.toStdString());
        QVERIFY(executor && opened);
        // Its windowed layers do not hold the whole context.
        std::uint64_t whole = (*opened)->spec().kvBytesPerPosition(4) * 512;
        QVERIFY(executor->info().kvBytes < whole);
        auto reference = cpu::createReferenceExecutor(*opened, options);
        QVERIFY(reference);
        const auto tokens = test::someTokens(420, executor->spec().vocabulary);
        const std::span<const Token> all(tokens);
        const auto expected = (*reference)->forward(all, LogitRows::All);
        QVERIFY(expected);
        const auto batch = executor->forward(all, LogitRows::All);
        QVERIFY(batch);
        QVERIFY2(test::nmse(*batch, *expected) < test::kNmseFloat32,
                 qPrintable(QString::number(test::nmse(*batch, *expected))));
        // Then token by token over the border of the ring.
        QVERIFY(executor->truncate(0));
        QVERIFY(executor->forward(all.first(200), LogitRows::None));
        const std::size_t vocabulary = executor->spec().vocabulary;
        for (std::size_t i = 200; i < 320; ++i) {
            const auto row = executor->forward(all.subspan(i, 1), LogitRows::Last);
            QVERIFY(row);
            const std::span<const float> wanted =
                std::span(*expected).subspan(i * vocabulary, vocabulary);
            QVERIFY(test::nmse(*row, wanted) < test::kNmseFloat32);
        }
    }

    void runsAMixOfFormats()
    {
        const QTemporaryDir folder;
        const std::string path = folder.filePath(QStringLiteral("mixed.gguf")).toStdString();
        const std::string bytes = test::mixedModel();
        QVERIFY(!bytes.empty());
        std::ofstream(path, std::ios::binary).write(bytes.data(), std::streamsize(bytes.size()));
        ExecutorOptions options;
        options.contextLength = 64;
        options.kvFormat = KvFormat::F32;
        const ExecutorPtr executor = load(QString::fromStdString(path), options);
        const auto opened = Model::open(path);
        QVERIFY(executor && opened);
        auto reference = cpu::createReferenceExecutor(*opened, options);
        QVERIFY(reference);
        const auto tokens = test::someTokens(24, executor->spec().vocabulary);
        const auto expected = (*reference)->forward(tokens, LogitRows::All);
        const auto batch = executor->forward(tokens, LogitRows::All);
        QVERIFY(expected && batch);
        QVERIFY(test::nmse(*batch, *expected) < test::kNmseFloat32);
        QVERIFY(executor->truncate(0));
        std::vector<float> steps;
        for (const Token token : tokens) {
            const auto row = executor->forward({&token, 1}, LogitRows::Last);
            QVERIFY(row);
            steps.insert(steps.end(), row->begin(), row->end());
        }
        QVERIFY(test::nmse(steps, *expected) < test::kNmseFloat32);
    }

    void embedsSeveralTexts_data() { embedsLikeTheFixtures_data(); }
    void embedsSeveralTexts()
    {
        QFETCH(QString, model);
        for (const KvFormat format : {KvFormat::F16, KvFormat::Q8_0}) {
            ExecutorOptions options;
            options.contextLength = 100;
            options.kvFormat = format;
            const ExecutorPtr executor = load(model, options);
            QVERIFY(executor);
            test::compareEmbeddingTogether(*executor, 1e-9);
        }
    }

private:
    ExecutorPtr load(const QString &path, const ExecutorOptions &options)
    {
        return test::loadOn(*m_device, path.toStdString(), options);
    }

    std::optional<gpu::DeviceInfo> m_device;
    QString m_model;
    ExecutorPtr m_executor; // of m_model
};

QTEST_APPLESS_MAIN(TestVulkanArchitectures)
#include "tst_vulkan_architectures.moc"
