#include "core/cpu/processor.h"
#include "core/cpu/thread_pool.h"

#include <QTest>

#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

using alcove::cpu::ThreadPool;

class TestThreadPool : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void coversEveryUnitOnce()
    {
        for (const std::uint32_t threads : {1u, 2u, 5u}) {
            ThreadPool pool(threads);
            QCOMPARE(pool.size(), threads);
            for (const std::size_t count : {0u, 1u, 2u, 7u, 64u, 1001u}) {
                for (const std::size_t grain : {1u, 3u, 64u, 5000u}) {
                    std::vector<std::atomic<int>> visits(count);
                    std::atomic<bool> sound{true};
                    pool.run(count, grain,
                             [&](std::size_t begin, std::size_t end, std::uint32_t thread) {
                                 if (begin % grain != 0 || begin >= end || end > count
                                     || thread >= threads)
                                     sound = false;
                                 for (std::size_t i = begin; i < end; ++i)
                                     ++visits[i];
                             });
                    QVERIFY(sound);
                    for (const auto &visit : visits)
                        QCOMPARE(visit.load(), 1);
                }
            }
        }
    }

    // Each stage reads what the one before it wrote, on whichever threads.
    void stagesSeeEachOther()
    {
        ThreadPool pool(3);
        std::vector<std::uint64_t> values(97, 0);
        for (std::uint64_t stage = 0; stage < 3000; ++stage) {
            std::vector<std::uint64_t> before = values;
            pool.run(values.size(), 4, [&](std::size_t begin, std::size_t end, std::uint32_t) {
                for (std::size_t i = begin; i < end; ++i)
                    values[i] = before[(i + 31) % before.size()] + 1;
            });
            if (stage % 500 == 0) // long enough for the workers to fall asleep
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        for (const std::uint64_t value : values)
            QCOMPARE(value, std::uint64_t(3000));
    }

    void startsAndStopsWithoutWork()
    {
        for (int i = 0; i < 20; ++i)
            ThreadPool pool(4);
    }

    void knowsTheProcessor()
    {
        const std::uint32_t cores = alcove::cpu::usableCores();
        QVERIFY(cores >= 1);
        if (std::thread::hardware_concurrency() > 0)
            QVERIFY(cores <= std::thread::hardware_concurrency());
    }
};

QTEST_APPLESS_MAIN(TestThreadPool)
#include "tst_thread_pool.moc"
