// Families without a fixture on the graphics card, against their published definitions.
#include "gpu/vulkan_executor.h"
#include "gpu_support.h"
#include "tests/support/plain_checks.h"

#include <QTemporaryDir>

using namespace alcove;
using namespace alcove::test;

class TestVulkanFamilies : public QObject
{
    Q_OBJECT
private:
    std::unique_ptr<llm::Executor> executorOf(const PlainModel &model, std::uint32_t context = 64)
    {
        const QString path = m_folder.filePath(QStringLiteral("model.gguf"));
        QFile::remove(path); // a model that is still mapped keeps its own
        writeBytes(path, model.file().bytes());
        llm::ExecutorOptions options;
        options.contextLength = context;
        options.kvFormat = llm::KvFormat::F32;
        return loadOn(*m_device, path.toStdString(), options);
    }

    std::optional<gpu::DeviceInfo> m_device;
    QTemporaryDir m_folder;

private Q_SLOTS:
    void initTestCase()
    {
        enableValidation();
        m_device = usableDevice();
        if (!m_device)
            QSKIP("There is no Vulkan device on this machine.");
    }

    void cleanup() { QCOMPARE(gpu::validationMessages(), std::uint64_t(0)); }

    void decoders_data() { addPlainRows(plainDecoders()); }
    void decoders()
    {
        QFETCH(int, index);
        const auto model = plainDecoders()[std::size_t(index)].make();
        const auto executor = executorOf(*model, plainDecoders()[std::size_t(index)].context);
        QVERIFY(executor);
        comparePlainLogits(*executor, *model);
    }

    void encoders_data() { addPlainRows(plainEncoders()); }
    void encoders()
    {
        QFETCH(int, index);
        const auto model = plainEncoders()[std::size_t(index)].make();
        const auto executor = executorOf(*model);
        if (plainEncoders()[std::size_t(index)].processorOnly) {
            QVERIFY(!executor); // and says so, rather than computing something else
            return;
        }
        QVERIFY(executor);
        for (const llm::Pooling pooling :
             {llm::Pooling::Mean, llm::Pooling::Cls, llm::Pooling::Last})
            comparePlainVector(*executor, *model, pooling, pooling);
    }

    void poolsAsTheFileSays()
    {
        const auto model = plainEncoders()[0].make();
        const std::pair<std::uint32_t, llm::Pooling> kinds[] = {
            {1, llm::Pooling::Mean}, {2, llm::Pooling::Cls}, {3, llm::Pooling::Last}};
        for (const auto &[type, pooling] : kinds) {
            model->file().u32("jina-bert-v2.pooling_type", type);
            const auto executor = executorOf(*model);
            QVERIFY(executor);
            comparePlainVector(*executor, *model, llm::Pooling::None, pooling);
        }
    }
};

QTEST_APPLESS_MAIN(TestVulkanFamilies)
#include "tst_vulkan_families.moc"
