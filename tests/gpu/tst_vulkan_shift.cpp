// Context shift on a Vulkan device, against the reference executor: every way of rotating keys and
// every format of the KV cache.
#include "core/cpu/reference_executor.h"
#include "gpu_support.h"
#include "tests/support/fixtures.h"

using namespace alcove;
using namespace alcove::llm;

class TestVulkanShift : public QObject
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

    void matchesTheReference_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<int>("keys");
        QTest::addColumn<int>("values");
        QTest::addColumn<double>("tolerance");
        const auto row = [](const char *name, KvFormat keys, KvFormat values, double tolerance) {
            const std::string path = test::fixture(std::string(name) + ".gguf");
            if (!path.empty())
                QTest::addRow("%s, %d and %d", name, int(keys), int(values))
                    << QString::fromStdString(path) << int(keys) << int(values) << tolerance;
        };
        for (const KvFormat format : {KvFormat::F32, KvFormat::F16, KvFormat::Q8_0})
            row("arch/llama3", format, format,
                format == KvFormat::F32       ? test::kNmseFloat32
                    : format == KvFormat::F16 ? test::kNmseFloat16Kv
                                              : 3 * test::kNmseInt8Activations);
        row("arch/llama3", KvFormat::Q8_0, KvFormat::Q4_0, 0.05);
        // Split pairs, part of a head, long and short factors, windows, layers without rotation.
        for (const char *name :
             {"arch/qwen3", "arch/glm4", "arch/phi3", "arch/gptoss", "arch/gemma2", "arch/smollm3"})
            row(name, KvFormat::F32, KvFormat::F32, test::kNmseFloat32);
    }
    void matchesTheReference()
    {
        QFETCH(QString, model);
        QFETCH(int, keys);
        QFETCH(int, values);
        QFETCH(double, tolerance);
        const auto opened = Model::open(model.toStdString());
        QVERIFY(opened);
        ExecutorOptions options;
        options.contextLength = 96;
        options.kvFormat = KvFormat(keys);
        options.valueFormat = KvFormat(values);
        auto reference = cpu::createReferenceExecutor(*opened, options);
        const auto executor = test::loadOn(*m_device, model.toStdString(), options);
        QVERIFY(reference && executor);
        const auto tokens = test::someTokens(60, (*opened)->spec().vocabulary);
        const auto more = test::someTokens(21, (*opened)->spec().vocabulary);
        // More than a shift's length behind it, in one piece and in many.
        for (const auto &[first, count] : {std::pair(4u, 20u), std::pair(0u, 3u)}) {
            for (Executor *one : {reference->get(), executor.get()}) {
                QVERIFY(one->truncate(0));
                QVERIFY(one->forward(tokens, LogitRows::None));
                QVERIFY(one->discard(first, count));
                QCOMPARE(one->length(), 60u - count);
            }
            const auto expected = (*reference)->forward(more, LogitRows::All);
            const auto actual = executor->forward(more, LogitRows::All);
            QVERIFY(expected && actual);
            QVERIFY2(test::nmse(*actual, *expected) < tolerance,
                     qPrintable(QString::number(test::nmse(*actual, *expected))));
        }
        // Gone is gone: another beginning gives another answer, an empty cache the first one.
        QVERIFY(executor->truncate(0));
        const auto fresh = executor->forward(more, LogitRows::All);
        QVERIFY((*reference)->truncate(0));
        const auto freshReference = (*reference)->forward(more, LogitRows::All);
        QVERIFY(fresh && freshReference);
        QVERIFY(test::nmse(*fresh, *freshReference) < tolerance);
    }

    void refusesWhatItCannot()
    {
        const auto executor = test::loadOn(*m_device, test::fixture("arch/llama3.gguf"));
        QVERIFY(executor);
        const auto tokens = test::someTokens(30, executor->spec().vocabulary);
        QVERIFY(executor->forward(tokens, LogitRows::Last));
        const auto outside = executor->discard(25, 6);
        QVERIFY(!outside);
        QCOMPARE(outside.error().code, ErrorCode::InvalidArgument);
        QCOMPARE(executor->length(), 30u);
        QVERIFY(executor->discard(30, 0));
        QVERIFY(executor->discard(0, 30));
        QCOMPARE(executor->length(), 0u);
        QVERIFY(!executor->startSampling({}, {}));

        const std::string hybrid = test::fixture("arch/lfm2.gguf");
        if (hybrid.empty())
            QSKIP("The fixtures of these architectures are not beside this checkout.");
        const auto recurrent = test::loadOn(*m_device, hybrid);
        QVERIFY(recurrent);
        QVERIFY(
            recurrent->forward(test::someTokens(8, recurrent->spec().vocabulary), LogitRows::None));
        const auto refused = recurrent->discard(0, 4);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::Unsupported);
        QCOMPARE(recurrent->length(), 8u);
    }

private:
    std::optional<gpu::DeviceInfo> m_device;
};

QTEST_APPLESS_MAIN(TestVulkanShift)
#include "tst_vulkan_shift.moc"
