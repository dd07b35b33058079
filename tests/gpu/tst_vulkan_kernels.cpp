#include "core/llm/tensor.h"
#include "gpu/bandwidth_probe.h"
#include "gpu/kernels.h"
#include "gpu/memory_budget.h"
#include "gpu/self_test.h"
#include "gpu/weight_layout.h"
#include "gpu_support.h"
#include "shaders/shader_table.h"

#include <QTest>

#include <cmath>
#include <set>

using namespace alcove;
using namespace alcove::gpu;

class TestVulkanKernels : public QObject
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

    void cleanup() { QCOMPARE(validationMessages(), std::uint64_t(0)); }

    void agreeWithTheProcessor()
    {
        auto checks = runSelfTest(*m_device);
        QVERIFY2(checks, checks ? "" : checks.error().message.c_str());
        std::set<std::pair<std::string, std::string>> seen;
        int failed = 0;
        for (const KernelCheck &check : *checks) {
            seen.insert({check.kernel, check.format});
            if (check.passed)
                continue;
            ++failed;
            qWarning("%s, %s, %s: error %g, at most %g", check.kernel.c_str(), check.format.c_str(),
                     check.sizes.c_str(), check.error, check.limit);
        }
        QCOMPARE(failed, 0);
        for (const char *kernel : {"matvec, gated", "matvec, residual", "matmul", "embed"}) {
            for (const llm::TensorType type : weightFormats())
                QVERIFY2(seen.count({kernel, formatName(type)}), kernel);
        }
        for (const char *kernel :
             {"expert_choice, softmax", "expert_choice, softmax of the chosen",
              "expert_choice, sigmoid", "expert_choice, damaged", "expert_groups", "expert_sum",
              "convolution, short", "recurrence, delta rule", "recurrence, Mamba 2"})
            QVERIFY2(seen.count({kernel, "-"}), kernel);
        for (const char *kernel : {"attention, batch", "attention, step"}) {
            QVERIFY(seen.count({kernel, "KV F16"}));
            QVERIFY(seen.count({kernel, "KV F32"}));
            QVERIFY(seen.count({kernel, "KV Q8_0"}));
            QVERIFY(seen.count({kernel, "KV Q8_0, KV Q4_0"}));
        }
    }

    void everyKernelIsEmbedded()
    {
        QVERIFY(!shaders::all().empty());
        for (const shaders::Shader &shader : shaders::all()) {
            QVERIFY(shader.words.size() > 5);
            QCOMPARE(shader.words[0], 0x07230203u); // SPIR-V
            QCOMPARE(shaders::find(shader.name).data(), shader.words.data());
        }
        QVERIFY(shaders::find("no such kernel").empty());
    }

    void layoutsKeepTheFilesSize()
    {
        QCOMPARE(weightFormats().size(), std::size_t(22));
        for (const llm::TensorType type : weightFormats()) {
            const llm::TensorTypeInfo *info = llm::tensorTypeInfo(type);
            QVERIFY(info);
            QCOMPARE(QByteArray(formatName(type)), QByteArray(info->name.data()));
            const WeightLayout layout = weightLayout(type, 512, 64);
            const std::uint64_t file = 512u * 64 / info->blockElements * info->blockBytes;
            QCOMPARE(layout.units * layout.sourceUnitBytes, file);
            QCOMPARE(layout.bytes, file + layout.gridPoints * 2);
            QCOMPARE(gridEntries(type).size(), std::size_t(layout.gridPoints));
            QCOMPARE(layout.chunks, 32u);
            for (const char *kernel : {"matvec", "matmul", "embed"})
                QVERIFY(!shaders::find(variant(kernel, type)).empty());
        }
        QCOMPARE(formatName(llm::TensorType::IQ1_S), nullptr);
        QCOMPARE(formatName(llm::TensorType::I32), nullptr);
        QCOMPARE(weightLayout(llm::TensorType::F32, 33, 3).bytes, std::uint64_t(768));
    }

    void saysWhatFits()
    {
        DeviceInfo device;
        device.name = "Card";
        device.budgetBytes = 8'000'000'000;
        QVERIFY(checkBudget(device, {8'000'000'000, 1'000'000'000, 4096}));
        const auto context = checkBudget(device, {12'000'000'000, 8'000'000'000, 8192});
        QVERIFY(!context);
        QCOMPARE(context.error().code, ErrorCode::OutOfDeviceMemory);
        QCOMPARE(QString::fromStdString(context.error().message),
                 QStringLiteral("This model with a context of 8192 tokens needs 12.0 GB on "
                                "\"Card\", and 8.0 GB are free: a context of 4096 tokens would "
                                "fit, or choose a smaller model."));
        const auto weights = checkBudget(device, {12'000'000'000, 1'000'000'000, 4096});
        QVERIFY(!weights);
        QVERIFY(QString::fromStdString(weights.error().message)
                    .endsWith(QStringLiteral("choose a smaller model, or run on the processor.")));
        QCOMPARE(sizeText(5'000'000), std::string("5 MB"));
    }

    void probesTheBandwidth()
    {
        auto figures = probeBandwidth(*m_device);
        QVERIFY2(figures, figures ? "" : figures.error().message.c_str());
        QVERIFY(figures->copyGigabytesPerSecond > 0);
        // A busy machine can take longer over nothing than over the stages; the figure is then 0.
        QVERIFY(std::isfinite(figures->stageMicroseconds) && figures->stageMicroseconds >= 0);
        qInfo("copy %.2f GB/s, stage %.1f us", figures->copyGigabytesPerSecond,
              figures->stageMicroseconds);
    }

private:
    std::optional<DeviceInfo> m_device;
};

int main(int argc, char **argv)
{
    // A software renderer compiles some hundred kernels in one test; the test runner's own limit on
    // the whole program is what counts.
    qputenv("QTEST_FUNCTION_TIMEOUT", "900000");
    TestVulkanKernels test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_vulkan_kernels.moc"
