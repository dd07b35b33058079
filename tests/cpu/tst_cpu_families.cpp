// Families without a fixture on the processor, against their published definitions.
#include "core/cpu/reference_executor.h"
#include "tests/cpu/cpu_executor_support.h"
#include "tests/support/plain_checks.h"

#include <QTemporaryDir>
#include <QTest>

using namespace alcove;
using namespace alcove::test;

class TestCpuFamilies : public QObject
{
    Q_OBJECT
private:
    std::shared_ptr<const llm::Model> written(const PlainModel &model)
    {
        const QString path = m_folder.filePath(QStringLiteral("model.gguf"));
        QFile::remove(path); // a model that is still mapped keeps its own
        writeBytes(path, model.file().bytes());
        auto opened = llm::Model::open(path.toStdString());
        if (!opened)
            qWarning("%s", opened.error().message.c_str());
        return opened ? *opened : nullptr;
    }

    // On the reference executor and on every set of kernels.
    template <typename Check>
    static void onAll(const std::shared_ptr<const llm::Model> &model, const Check &check,
                      std::uint32_t context = 64)
    {
        const auto options = contextOf(context, llm::KvFormat::F32);
        const auto plain = cpu::createReferenceExecutor(model, options);
        QVERIFY2(plain, plain ? "" : plain.error().message.c_str());
        check(**plain);
        for (const cpu::KernelTable *kernels : cpu::runnableKernels()) {
            if (QTest::currentTestFailed())
                return;
            const auto executor = create(model, options, *kernels);
            QVERIFY(executor);
            check(*executor);
            if (QTest::currentTestFailed())
                qWarning("with the %s kernels", kernels->name);
        }
    }

    QTemporaryDir m_folder;

private Q_SLOTS:
    void decoders_data() { addPlainRows(plainDecoders()); }
    void decoders()
    {
        QFETCH(int, index);
        const auto model = plainDecoders()[std::size_t(index)].make();
        const auto opened = written(*model);
        QVERIFY(opened);
        onAll(
            opened, [&](llm::Executor &executor) { comparePlainLogits(executor, *model); },
            plainDecoders()[std::size_t(index)].context);
    }

    void encoders_data() { addPlainRows(plainEncoders()); }
    void encoders()
    {
        QFETCH(int, index);
        const auto model = plainEncoders()[std::size_t(index)].make();
        const auto opened = written(*model);
        QVERIFY(opened);
        onAll(opened, [&](llm::Executor &executor) {
            for (const llm::Pooling pooling :
                 {llm::Pooling::Mean, llm::Pooling::Cls, llm::Pooling::Last})
                comparePlainVector(executor, *model, pooling, pooling);
        });
    }

    // What the file asks for is what it gets, unless another is asked for.
    void poolsAsTheFileSays()
    {
        const llm::Pooling kinds[] = {llm::Pooling::Mean, llm::Pooling::Mean, llm::Pooling::Cls,
                                      llm::Pooling::Last};
        const auto model = plainEncoders()[0].make();
        for (std::uint32_t type = 0; type < std::size(kinds); ++type) {
            model->file().u32("jina-bert-v2.pooling_type", type);
            const auto opened = written(*model);
            QVERIFY(opened);
            onAll(opened, [&](llm::Executor &executor) {
                comparePlainVector(executor, *model, llm::Pooling::None, kinds[type]);
                comparePlainVector(executor, *model, llm::Pooling::Cls, llm::Pooling::Cls);
            });
        }
        model->file().u32("jina-bert-v2.pooling_type", 4); // of a classifier, which we have not
        QVERIFY(!written(*model));
    }
};

QTEST_APPLESS_MAIN(TestCpuFamilies)
#include "tst_cpu_families.moc"
