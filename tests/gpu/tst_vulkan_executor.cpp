#include "gpu/vulkan_executor.h"
#include "gpu_support.h"
#include "tests/support/fixtures.h"

#include <QDir>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>

using namespace alcove;
using namespace alcove::llm;

namespace {

using ExecutorPtr = std::unique_ptr<Executor>;

std::span<const Token> part(const std::vector<Token> &tokens, std::size_t first, std::size_t count)
{
    return std::span<const Token>(tokens).subspan(first, count);
}

// Logits after every token, fed in pieces of the given sizes.
Result<std::vector<float>> feed(Executor &executor, const std::vector<Token> &tokens,
                                const std::vector<std::size_t> &pieces)
{
    std::vector<float> all;
    std::size_t first = 0;
    for (const std::size_t size : pieces) {
        auto logits = executor.forward(part(tokens, first, size), LogitRows::All);
        if (!logits)
            return logits;
        all.insert(all.end(), logits->begin(), logits->end());
        first += size;
    }
    return all;
}

std::vector<Token> manyTokens(std::uint32_t vocabulary, std::size_t count)
{
    std::vector<Token> tokens;
    for (std::size_t i = 0; i < count; ++i)
        tokens.push_back(static_cast<Token>((i * 7919 + 13) % vocabulary));
    return tokens;
}

} // namespace

class TestVulkanExecutor : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        test::enableValidation();
        m_device = test::usableDevice();
        if (!m_device)
            QSKIP("There is no Vulkan device on this machine.");
    }

    void cleanup() { QCOMPARE(gpu::validationMessages(), std::uint64_t(0)); }

    void matchesTheKnownLogits_data()
    {
        QTest::addColumn<QString>("name");
        for (const auto &one : test::modelCases()) {
            const bool ours = one.name.starts_with("quant/") || one.name == "arch/llama3"
                || one.name == "arch/qwen2" || one.name == "arch/qwen3";
            if (ours)
                QTest::newRow(one.name.c_str()) << QString::fromStdString(one.name);
        }
        if (!std::filesystem::exists(ALCOVE_SHARED_FIXTURES))
            QTest::newRow("the whole set") << QString();
    }

    void matchesTheKnownLogits()
    {
        QFETCH(QString, name);
        if (name.isEmpty())
            QSKIP("The fixtures of shared/fixtures are not beside this checkout.");
        const auto cases = test::modelCases();
        const auto one = *std::find_if(cases.begin(), cases.end(), [&](const auto &candidate) {
            return candidate.name == name.toStdString();
        });
        const auto expected = test::readFloats(one.expected);
        for (const KvFormat format : {KvFormat::F32, KvFormat::F16}) {
            ExecutorOptions options;
            options.contextLength = 512;
            options.kvFormat = format;
            ExecutorPtr executor = load(one.model, options);
            QVERIFY(executor);
            const std::size_t vocabulary = executor->spec().vocabulary;
            QCOMPARE(expected.size(), one.tokens.size() * vocabulary);
            const double most = format == KvFormat::F32 ? test::kNmseFloat32 : test::kNmseFloat16Kv;
            const std::size_t count = one.tokens.size();
            for (const auto &pieces :
                 {std::vector<std::size_t>{count}, std::vector<std::size_t>(count, 1),
                  std::vector<std::size_t>{1, 7, 16}}) {
                if (pieces.size() == 3 && count != 24)
                    continue;
                QVERIFY(executor->truncate(0));
                auto logits = feed(*executor, one.tokens, pieces);
                QVERIFY2(logits, logits ? "" : logits.error().message.c_str());
                QCOMPARE(logits->size(), expected.size());
                const double error = test::nmse(*logits, expected);
                QVERIFY2(
                    error <= most,
                    qPrintable(QStringLiteral("%1 pieces: NMSE %2").arg(pieces.size()).arg(error)));
                QCOMPARE(test::argmaxDisagreements(*logits, expected, vocabulary), 0);
                QCOMPARE(executor->length(), std::uint32_t(count));
            }
        }
    }

    void decodesInFewStages()
    {
        for (const char *name : {"arch/llama3.gguf", "arch/qwen3.gguf"}) {
            ExecutorPtr executor = load(test::fixture(name));
            QVERIFY(executor);
            const auto prompt = manyTokens(executor->spec().vocabulary, 5);
            QVERIFY(executor->forward(prompt, LogitRows::None));
            QVERIFY(executor->startSampling({}, prompt));
            for (int i = 0; i < 10; ++i)
                QVERIFY(executor->sampleNext());
            const ExecutorInfo info = executor->info();
            const auto layers = std::uint32_t(executor->spec().layers.size());
            // Five for a layer, the embedding, the logits, the draw.
            QVERIFY(info.stagesPerToken >= layers);
            QVERIFY2(info.stagesPerToken <= 5 * layers + 3,
                     qPrintable(QString::number(info.stagesPerToken)));
            QCOMPARE(info.submitsPerToken, 1u);
            QCOMPARE(info.device, m_device->name);
            QVERIFY(info.weightBytes > 0);
            QCOMPARE(info.kvBytes, executor->capacity() * executor->spec().kvBytesPerPosition(2));
            QVERIFY(info.scratchBytes > 0);
        }
    }

    void drawsWhatTheHostDraws_data()
    {
        QTest::addColumn<float>("temperature");
        QTest::addColumn<uint>("topK");
        QTest::addColumn<float>("repeat");
        QTest::addColumn<quint64>("seed");
        QTest::newRow("greedy") << 0.0f << 40u << 1.0f << quint64(0);
        QTest::newRow("greedy, penalties") << 0.0f << 40u << 1.2f << quint64(0);
        for (quint64 seed = 1; seed <= 4; ++seed)
            QTest::addRow("seed %d", int(seed)) << 0.9f << 40u << 1.0f << (seed << 30);
        QTest::newRow("penalties") << 1.0f << 100u << 1.3f << quint64(9);
        QTest::newRow("hot") << 3.0f << 128u << 1.0f << quint64(5);
        QTest::newRow("top-k off") << 1.0f << 0u << 1.0f << quint64(7);
        QTest::newRow("top-k too large") << 1.0f << 300u << 1.1f << quint64(8);
    }

    void drawsWhatTheHostDraws()
    {
        QFETCH(float, temperature);
        QFETCH(uint, topK);
        QFETCH(float, repeat);
        QFETCH(quint64, seed);
        SamplingParams params;
        params.temperature = temperature;
        params.topK = topK;
        params.repeatPenalty = repeat;
        params.presencePenalty = repeat - 1.0f;
        params.penaltyWindow = 12;
        params.seed = seed;
        ExecutorPtr executor = load(test::fixture("arch/llama3.gguf"));
        QVERIFY(executor);
        const auto prompt = manyTokens(executor->spec().vocabulary, 9);

        QVERIFY(executor->forward(prompt, LogitRows::None));
        QVERIFY(executor->startSampling(params, prompt));
        std::vector<Token> drawn;
        for (std::uint32_t i = 0; i < 40; ++i) {
            auto token = executor->sampleNext();
            QVERIFY2(token, token ? "" : token.error().message.c_str());
            drawn.push_back(*token);
            QCOMPARE(executor->length(), std::uint32_t(prompt.size()) + i);
        }

        QVERIFY(executor->truncate(0));
        Sampler sampler(params, prompt);
        auto logits = executor->forward(prompt, LogitRows::Last);
        for (const Token token : drawn) {
            QVERIFY(logits);
            QCOMPARE(token, sampler.sample(*logits));
            logits = executor->forward({&token, 1}, LogitRows::Last);
        }

        // A run that is taken up in the middle goes on as it would have.
        constexpr std::size_t kBefore = 33; // at no border of the ring of drawn tokens
        QVERIFY(executor->truncate(0));
        QVERIFY(executor->forward(prompt, LogitRows::None));
        std::vector<Token> history = prompt;
        for (std::size_t i = 0; i < kBefore; ++i) {
            history.push_back(drawn[i]);
            QVERIFY(executor->forward({&drawn[i], 1}, LogitRows::Last));
        }
        params.firstDraw = kBefore;
        QVERIFY(executor->startSampling(params, history));
        for (std::size_t i = kBefore; i < drawn.size(); ++i) {
            const auto token = executor->sampleNext();
            QVERIFY(token);
            QCOMPARE(*token, drawn[i]);
        }
    }

    void truncatesAndFeedsAgain()
    {
        ExecutorPtr executor = load(test::fixture("arch/qwen3.gguf"));
        QVERIFY(executor);
        const auto tokens = manyTokens(executor->spec().vocabulary, 40);
        auto whole = executor->forward(tokens, LogitRows::Last);
        QVERIFY(whole);
        QVERIFY(executor->truncate(17));
        QCOMPARE(executor->length(), 17u);
        // Other tokens over the old ones, and back again.
        QVERIFY(executor->forward(part(tokens, 0, 9), LogitRows::None));
        QVERIFY(executor->truncate(17));
        auto again = executor->forward(part(tokens, 17, 23), LogitRows::Last);
        QVERIFY(again);
        QVERIFY(test::nmse(*again, *whole) <= test::kNmseFloat16Kv);
        const auto past = executor->truncate(41);
        QVERIFY(!past);
        QCOMPARE(past.error().code, ErrorCode::InvalidArgument);
        QCOMPARE(executor->length(), 40u);
    }

    void continuesAfterManySteps()
    {
        ExecutorOptions options;
        options.contextLength = 256;
        ExecutorPtr executor = load(test::fixture("arch/qwen2.gguf"), options);
        QVERIFY(executor);
        auto tokens = manyTokens(executor->spec().vocabulary, 11);
        QVERIFY(executor->forward(tokens, LogitRows::None));
        SamplingParams params;
        params.seed = 3;
        QVERIFY(executor->startSampling(params, tokens));
        for (int i = 0; i < 200; ++i) {
            auto token = executor->sampleNext();
            QVERIFY2(token, token ? "" : token.error().message.c_str());
            tokens.push_back(*token);
        }
        QCOMPARE(executor->length(), 210u);
        auto stepped = executor->forward({&tokens.back(), 1}, LogitRows::Last);
        QVERIFY(stepped);
        QVERIFY(executor->truncate(0));
        auto whole = executor->forward(tokens, LogitRows::Last);
        QVERIFY(whole);
        const double error = test::nmse(*stepped, *whole);
        QVERIFY2(error <= test::kNmseFloat16Kv, qPrintable(QString::number(error)));
    }

    void saysWhenTheContextIsFull()
    {
        ExecutorOptions options;
        options.contextLength = 16;
        ExecutorPtr executor = load(test::fixture("arch/llama3.gguf"), options);
        QVERIFY(executor);
        QCOMPARE(executor->capacity(), 16u);
        const auto tokens = manyTokens(executor->spec().vocabulary, 17);
        const auto tooMany = executor->forward(tokens, LogitRows::Last);
        QVERIFY(!tooMany);
        QCOMPARE(tooMany.error().code, ErrorCode::ContextFull);
        QCOMPARE(executor->length(), 0u);
        QVERIFY(executor->forward(part(tokens, 0, 14), LogitRows::None));
        for (const unsigned topK : {40u, 0u}) {
            SamplingParams params;
            params.topK = topK;
            QVERIFY(executor->truncate(13));
            QVERIFY(executor->forward(part(tokens, 13, 1), LogitRows::None));
            QVERIFY(executor->startSampling(params, {}));
            for (int i = 0; i < 3; ++i)
                QVERIFY(executor->sampleNext());
            QCOMPARE(executor->length(), 16u);
            const auto full = executor->sampleNext();
            QVERIFY(!full);
            QCOMPARE(full.error().code, ErrorCode::ContextFull);
            QCOMPARE(executor->length(), 16u);
        }
    }

    void refusesWhatMakesNoSense()
    {
        ExecutorPtr executor = load(test::fixture("arch/llama3.gguf"));
        QVERIFY(executor);
        const auto code = [](const auto &result) {
            return result ? ErrorCode::Internal : result.error().code;
        };
        const auto vocabulary = Token(executor->spec().vocabulary);
        QCOMPARE(code(executor->startSampling({}, {})), ErrorCode::InvalidArgument);
        QCOMPARE(code(executor->sampleNext()), ErrorCode::InvalidArgument);
        QCOMPARE(code(executor->forward({}, LogitRows::None)), ErrorCode::InvalidArgument);
        for (const Token token : {Token(-1), vocabulary}) {
            const std::vector<Token> tokens{0, token};
            QCOMPARE(code(executor->forward(tokens, LogitRows::None)), ErrorCode::InvalidArgument);
        }
        const std::vector<Token> tokens{1, 2, vocabulary - 1};
        QVERIFY(executor->forward(tokens, LogitRows::None));
        QVERIFY(executor->startSampling({}, tokens));
        QVERIFY(executor->sampleNext());
        QVERIFY(executor->truncate(3));
        QCOMPARE(code(executor->sampleNext()), ErrorCode::InvalidArgument);
        QCOMPARE(code(executor->startSampling({}, {})), ErrorCode::InvalidArgument);
    }

    void isCancelled()
    {
        const std::string path = test::fixture("arch/llama3.gguf");
        auto model = Model::open(path);
        QVERIFY(model);
        LoadHooks loading;
        loading.cancel.cancel();
        const auto refused = gpu::createVulkanExecutor(*model, *m_device, {}, loading);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::Cancelled);
        LoadHooks midway;
        std::uint64_t told = 0;
        midway.progress = [&](std::uint64_t done, std::uint64_t total) {
            told = std::max(told, done);
            if (done * 2 > total)
                midway.cancel.cancel();
        };
        const auto stopped = gpu::createVulkanExecutor(*model, *m_device, {}, midway);
        QVERIFY(!stopped);
        QCOMPARE(stopped.error().code, ErrorCode::Cancelled);
        QVERIFY(told > 0);

        ExecutorOptions options;
        options.contextLength = 1024;
        ExecutorPtr executor = load(path, options);
        QVERIFY(executor);
        const auto tokens = manyTokens(executor->spec().vocabulary, 600);
        ForwardHooks hooks;
        std::size_t last = 0;
        hooks.progress = [&](std::size_t done, std::size_t total) {
            QCOMPARE(total, std::size_t(600));
            QVERIFY(done > last);
            last = done;
            if (done >= 300)
                hooks.cancel.cancel();
        };
        const auto cancelled = executor->forward(tokens, LogitRows::Last, hooks);
        QVERIFY(!cancelled);
        QVERIFY(cancelled.error().cancelled());
        const std::uint32_t kept = executor->length();
        QVERIFY(kept < 600);
        QVERIFY(last < 600);
        auto rest =
            executor->forward(std::span<const Token>(tokens).subspan(kept), LogitRows::Last);
        QVERIFY(rest);
        QVERIFY(executor->truncate(0));
        hooks = {};
        last = 0;
        hooks.progress = [&](std::size_t done, std::size_t) { last = done; };
        auto whole = executor->forward(tokens, LogitRows::Last, hooks);
        QVERIFY(whole);
        QCOMPARE(last, std::size_t(600));
        QVERIFY(test::nmse(*rest, *whole) <= test::kNmseFloat16Kv);
    }

    void saysWhatDoesNotFit()
    {
        auto model = Model::open(test::fixture("arch/llama3.gguf"));
        QVERIFY(model);
        ExecutorOptions options;
        options.contextLength = 4'000'000'000u;
        const auto executor = gpu::createVulkanExecutor(*model, *m_device, options);
        QVERIFY(!executor);
        QCOMPARE(executor.error().code, ErrorCode::OutOfDeviceMemory);
        const QString message = QString::fromStdString(executor.error().message);
        QVERIFY2(message.contains(QStringLiteral("needs")), qPrintable(message));
        QVERIFY2(message.contains(QStringLiteral("are free")), qPrintable(message));
        QVERIFY2(message.contains(QStringLiteral("would fit")), qPrintable(message));
    }

    void missesADeviceThatIsGone()
    {
        auto model = Model::open(test::fixture("arch/llama3.gguf"));
        QVERIFY(model);
        gpu::DeviceInfo gone = *m_device;
        gone.deviceUuid[3] ^= 0xff;
        const auto executor = gpu::createVulkanExecutor(*model, gone);
        QVERIFY(!executor);
        QCOMPARE(executor.error().code, ErrorCode::DeviceUnavailable);
    }

    void keepsCompiledPipelines()
    {
        QTemporaryDir folder;
        gpu::VulkanOptions vulkan;
        vulkan.pipelineCacheFolder = folder.filePath(QStringLiteral("Grüße/cache")).toStdString();
        auto model = Model::open(test::fixture("arch/llama3.gguf"));
        QVERIFY(model);
        QVERIFY(gpu::createVulkanExecutor(*model, *m_device, {}, {}, vulkan));
        QDir cache(QString::fromStdString(vulkan.pipelineCacheFolder));
        const QStringList files = cache.entryList(QDir::Files);
        QCOMPARE(files.size(), 1);
        QFile file(cache.filePath(files.first()));
        QVERIFY(file.size() > 0);
        QVERIFY(gpu::createVulkanExecutor(*model, *m_device, {}, {}, vulkan));
        // What is not a cache is replaced by one.
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("no cache at all");
        file.close();
        QVERIFY(gpu::createVulkanExecutor(*model, *m_device, {}, {}, vulkan));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QVERIFY(!file.readAll().startsWith("no cache"));
        QCOMPARE(cache.entryList(QDir::Files).size(), 1);
    }

private:
    ExecutorPtr load(const std::string &path, const ExecutorOptions &options = {})
    {
        return test::loadOn(*m_device, path, options);
    }

    std::optional<gpu::DeviceInfo> m_device;
};

QTEST_APPLESS_MAIN(TestVulkanExecutor)
#include "tst_vulkan_executor.moc"
