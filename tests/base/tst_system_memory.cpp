#include "core/base/system_memory.h"

#include <QTest>

using namespace alcove;

class TestSystemMemory : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void knowsTheMachine()
    {
        const SystemMemory memory = systemMemory();
        QVERIFY(memory.totalBytes > (64u << 20));
        QVERIFY(memory.availableBytes > 0);
        QVERIFY(memory.availableBytes <= memory.totalBytes);
    }

    void readsWell()
    {
        QCOMPARE(readableBytes(0), std::string("0 bytes"));
        QCOMPARE(readableBytes(1023), std::string("1023 bytes"));
        QCOMPARE(readableBytes(640u << 10), std::string("640 KiB"));
        QCOMPARE(readableBytes(7u << 19), std::string("3.5 MiB"));
        QCOMPARE(readableBytes(std::uint64_t(12) << 30), std::string("12.0 GiB"));
        QCOMPARE(readableBytes(~std::uint64_t(0)), std::string("16777216.0 TiB"));
    }
};

QTEST_APPLESS_MAIN(TestSystemMemory)
#include "tst_system_memory.moc"
