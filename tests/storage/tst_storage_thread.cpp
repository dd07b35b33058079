#include "core/storage/storage_thread.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <atomic>
#include <vector>

using namespace alcove;
using namespace alcove::storage;

class TestStorageThread : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;

    std::unique_ptr<StorageThread> open(const QString &name = QStringLiteral("alcove.sqlite3"))
    {
        auto opened = StorageThread::open(m_folder.filePath(name));
        return opened ? std::move(*opened) : nullptr;
    }

private Q_SLOTS:
    void runsInOrderOnItsOwnThread()
    {
        auto thread = open();
        QVERIFY(thread);
        std::vector<int> order;
        std::vector<QThread *> threads;
        QObject context;
        std::vector<int> delivered;
        for (int i = 0; i < 200; ++i) {
            const auto work = [&, i](Store &) {
                order.push_back(i);
                threads.push_back(QThread::currentThread());
                return i;
            };
            if (i % 3 == 0)
                thread->run(work);
            else
                thread->run(&context, work, [&](int value) {
                    QCOMPARE(QThread::currentThread(), this->thread());
                    delivered.push_back(value);
                });
        }
        QCOMPARE(thread->runBlocking([](Store &) { return 7; }), 7);
        QCOMPARE(order.size(), std::size_t(200));
        QVERIFY(std::is_sorted(order.begin(), order.end()));
        QVERIFY(threads.front() != QThread::currentThread());
        QCOMPARE(std::count(threads.begin(), threads.end(), threads.front()), 200);
        QVERIFY(delivered.empty()); // only from the event loop
        QTRY_COMPARE(delivered.size(), std::size_t(133));
        QVERIFY(std::is_sorted(delivered.begin(), delivered.end()));
    }

    void givesFutures()
    {
        auto thread = open();
        auto future = thread->run([](Store &store) { return store.chats().list(); });
        future.waitForFinished();
        QVERIFY(future.result().has_value());
        QFuture<void> nothing = thread->run([](Store &) {});
        nothing.waitForFinished();
        QVERIFY(nothing.isFinished());
    }

    void drainsBeforeItEnds()
    {
        std::atomic<int> ran = 0;
        auto thread = open();
        for (int i = 0; i < 50; ++i)
            thread->run([&](Store &) {
                QThread::msleep(1);
                ++ran;
            });
        thread.reset();
        QCOMPARE(ran.load(), 50);
    }

    void forgetsReceiversThatAreGone()
    {
        auto thread = open();
        bool called = false;
        auto context = std::make_unique<QObject>();
        thread->run(
            context.get(), [](Store &) { return 1; }, [&](int) { called = true; });
        context.reset();
        thread->runBlocking([](Store &) {});
        QCoreApplication::processEvents();
        QVERIFY(!called);
        // And of a thread that is gone.
        QObject still;
        thread->run(
            &still, [](Store &) { return 1; }, [&](int) { called = true; });
        thread.reset();
        QCoreApplication::processEvents();
        QVERIFY(!called);
    }

    void movesValues()
    {
        auto thread = open();
        QObject context;
        std::unique_ptr<int> got;
        thread->run(
            &context, [](Store &) { return std::make_unique<int>(5); },
            [&](std::unique_ptr<int> value) { got = std::move(value); });
        QTRY_VERIFY(got);
        QCOMPARE(*got, 5);
        QCOMPARE(*thread->runBlocking([](Store &) { return std::make_unique<int>(6); }), 6);
    }

    void saysWhyItCannotOpen()
    {
        const auto failed = StorageThread::open(m_folder.filePath(QStringLiteral("no/folder/db")));
        QVERIFY(!failed);
        QCOMPARE(failed.error().code, ErrorCode::Io);
    }

    void passesTheNoticeOn()
    {
        QFile file(m_folder.filePath(QStringLiteral("bad")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(QByteArray(5000, '?'));
        file.close();
        auto thread = open(QStringLiteral("bad"));
        QVERIFY(thread);
        QVERIFY(!thread->notice().isEmpty());
    }
};

QTEST_GUILESS_MAIN(TestStorageThread)
#include "tst_storage_thread.moc"
