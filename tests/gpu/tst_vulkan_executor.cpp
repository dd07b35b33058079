#include "gpu/vulkan_executor.h"
#include "gpu_support.h"
#include "tests/support/fixtures.h"

#include <QElapsedTimer>
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
            const bool ours = [&] {
                for (const char *type :
                     {"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_K_M", "Q5_K_M", "Q6_K"}) {
                    if (one.name == std::string("quant/llama-") + type)
                        return true;
                }
                return one.name == "arch/llama3" || one.name == "arch/qwen2"
                    || one.name == "arch/qwen3";
            }();
            if (ours)
                QTest::newRow(one.name.c_str()) << QString::fromStdString(one.name);
        }
    }

    void matchesTheKnownLogits()
    {
        QFETCH(QString, name);
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

private:
    ExecutorPtr load(const std::string &path, const ExecutorOptions &options = {})
    {
        auto model = Model::open(path);
        if (!model) {
            qWarning("%s", model.error().message.c_str());
            return nullptr;
        }
        auto executor = gpu::createVulkanExecutor(*model, *m_device, options);
        if (!executor) {
            qWarning("%s (%s)", executor.error().message.c_str(), executor.error().detail.c_str());
            return nullptr;
        }
        return std::move(*executor);
    }

    std::optional<gpu::DeviceInfo> m_device;
};

QTEST_APPLESS_MAIN(TestVulkanExecutor)
#include "tst_vulkan_executor.moc"
