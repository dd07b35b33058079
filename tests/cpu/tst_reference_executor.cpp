#include "core/cpu/reference_executor.h"
#include "tests/support/executor_checks.h"

#include <QTest>

using namespace alcove;

class TestReferenceExecutor : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void float32Kv_data() { test::addFeedingRows(); }
    void float32Kv() { feed(llm::KvFormat::F32, test::kNmseFloat32); }

    void float16Kv_data() { test::addFeedingRows(); }
    void float16Kv() { feed(llm::KvFormat::F16, test::kNmseFloat16Kv); }

private:
    void feed(llm::KvFormat format, double tolerance)
    {
        QFETCH(QString, model);
        auto opened = llm::Model::open(model.toStdString());
        QVERIFY2(opened, opened ? "" : opened.error().message.c_str());
        llm::ExecutorOptions options;
        options.contextLength = 32;
        options.kvFormat = format;
        auto executor = cpu::createReferenceExecutor(*opened, options);
        QVERIFY2(executor, executor ? "" : executor.error().message.c_str());
        test::compareFeeding(**executor, tolerance);
    }
};

QTEST_APPLESS_MAIN(TestReferenceExecutor)
#include "tst_reference_executor.moc"
