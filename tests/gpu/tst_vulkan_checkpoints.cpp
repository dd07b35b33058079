#include "gpu/checkpoints.h"
#include "gpu_support.h"

#include <QTest>

#include <set>

using namespace alcove;
using namespace alcove::gpu;

namespace {

// Two states that the host can see, and their checkpoints.
struct Bench {
    explicit Bench(const std::shared_ptr<Device> &device)
        : memory(device), first(memory.plan(1000, MemoryUse::Readback)),
          second(memory.plan(70'000, MemoryUse::Readback)),
          checkpoints(device, {first, second}, memory)
    { }

    // Writes what the states are at a position.
    void set(std::uint32_t position) const
    {
        for (const SliceId slice : {first, second}) {
            auto *words = reinterpret_cast<std::uint32_t *>(memory[slice].mapped);
            std::fill_n(words, memory[slice].bytes / 4, position * 100 + slice);
        }
    }
    bool areThoseOf(std::uint32_t position) const
    {
        for (const SliceId slice : {first, second}) {
            const auto *words = reinterpret_cast<const std::uint32_t *>(memory[slice].mapped);
            const std::uint32_t word = position > 0 ? position * 100 + slice : 0;
            if (!std::all_of(words, words + memory[slice].bytes / 4,
                             [word](std::uint32_t one) { return one == word; }))
                return false;
        }
        return true;
    }
    std::set<std::uint32_t> kept(std::uint32_t last) const
    {
        std::set<std::uint32_t> positions;
        for (std::uint32_t position = 1; position <= last; ++position) {
            if (checkpoints.restorable(position) == position)
                positions.insert(position);
        }
        return positions;
    }

    DeviceMemory memory;
    SliceId first;
    SliceId second;
    Checkpoints checkpoints;
};

} // namespace

class TestVulkanCheckpoints : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        test::enableValidation();
        const auto info = test::usableDevice();
        if (!info)
            QSKIP("There is no Vulkan device on this machine.");
        auto device = Device::open(*info);
        QVERIFY2(device, device ? "" : device.error().message.c_str());
        m_device = std::move(*device);
    }

    void cleanup() { QCOMPARE(validationMessages(), std::uint64_t(0)); }
    void cleanupTestCase() { m_device.reset(); }

    void goesBack()
    {
        Bench bench(m_device);
        QVERIFY(bench.memory.commit());
        Checkpoints &checkpoints = bench.checkpoints;
        QVERIFY(checkpoints.needed());
        QVERIFY(checkpoints.bytes() >= 3 * 71'000u);
        QCOMPARE(checkpoints.restorable(100), 0u);
        for (const std::uint32_t position : {10u, 20u, 30u}) {
            bench.set(position);
            QVERIFY(checkpoints.keep(position));
        }
        bench.set(35);
        QCOMPARE(checkpoints.restorable(9), 0u);
        QCOMPARE(checkpoints.restorable(29), 20u);
        QCOMPARE(checkpoints.restorable(35), 30u);
        QVERIFY(checkpoints.restore(20));
        QVERIFY(bench.areThoseOf(20));
        QCOMPARE(checkpoints.restorable(35), 20u); // 30 is of a text that is gone
        bench.set(30);
        QVERIFY(checkpoints.keep(30));
        bench.set(31);
        QVERIFY(checkpoints.restore(30));
        QVERIFY(bench.areThoseOf(30));
        QVERIFY(checkpoints.restore(0));
        QVERIFY(bench.areThoseOf(0));
        QCOMPARE(checkpoints.restorable(35), 0u);
    }

    void keepsSome()
    {
        Bench bench(m_device);
        QVERIFY(bench.memory.commit());
        Checkpoints &checkpoints = bench.checkpoints;
        for (std::uint32_t position = 1; position <= 300; ++position) {
            bench.set(position);
            QVERIFY(checkpoints.keepSometimes(position));
        }
        QCOMPARE(bench.kept(300), std::set<std::uint32_t>{Checkpoints::kInterval});
        // As a chat does: the prompt but its last token, the last token, then an answer.
        std::uint32_t end = 300;
        for (int turn = 0; turn < 20; ++turn) {
            end += 40;
            for (const std::uint32_t position : {end - 1, end}) {
                bench.set(position);
                QVERIFY(checkpoints.keep(position));
                QVERIFY(bench.kept(end).size() <= Checkpoints::kMost);
                QCOMPARE(checkpoints.restorable(position), position);
            }
            QCOMPARE(checkpoints.restorable(end - 1), end - 1);
            end += 60;
        }
        const std::set<std::uint32_t> kept = bench.kept(end);
        QCOMPARE(kept.size(), Checkpoints::kMost);
        // Backwards, each is what it was.
        for (auto position = kept.rbegin(); position != kept.rend(); ++position) {
            QVERIFY(checkpoints.restore(*position));
            QVERIFY2(bench.areThoseOf(*position), qPrintable(QString::number(*position)));
        }
    }

    void guardsABatch()
    {
        Bench bench(m_device);
        QVERIFY(bench.memory.commit());
        Checkpoints &checkpoints = bench.checkpoints;
        bench.set(7);
        QVERIFY(checkpoints.keep(7));
        bench.set(8);
        QVERIFY(checkpoints.setGuard());
        bench.set(9);
        QVERIFY(checkpoints.restoreGuard());
        QVERIFY(bench.areThoseOf(8));
        QCOMPARE(checkpoints.restorable(100), 7u);
    }

    void needsNothingWithoutStates()
    {
        DeviceMemory memory(m_device);
        Checkpoints checkpoints(m_device, {}, memory);
        QVERIFY(!checkpoints.needed());
        QCOMPARE(memory.planned(), std::uint64_t(0));
        QCOMPARE(checkpoints.bytes(), std::uint64_t(0));
        QVERIFY(checkpoints.keep(5));
        QVERIFY(checkpoints.setGuard());
        QVERIFY(checkpoints.restoreGuard());
        QVERIFY(checkpoints.restore(0));
    }

private:
    std::shared_ptr<Device> m_device;
};

QTEST_APPLESS_MAIN(TestVulkanCheckpoints)
#include "tst_vulkan_checkpoints.moc"
