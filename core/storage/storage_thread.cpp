#include "core/storage/storage_thread.h"

namespace alcove::storage {

StorageThread::StorageThread()
{
    m_thread.setObjectName(QStringLiteral("storage"));
    m_worker.moveToThread(&m_thread);
    m_thread.start();
}

Result<std::unique_ptr<StorageThread>> StorageThread::open(const QString &databasePath)
{
    std::unique_ptr<StorageThread> thread(new StorageThread);
    Result<> outcome;
    QMetaObject::invokeMethod(
        &thread->m_worker,
        [&thread, &outcome, &databasePath] {
            auto store = Store::open(databasePath);
            if (store)
                thread->m_store = std::move(*store);
            else
                outcome = fail(std::move(store.error()));
        },
        Qt::BlockingQueuedConnection);
    if (!outcome)
        return fail(std::move(outcome.error()));
    thread->m_notice = thread->m_store->notice();
    return thread;
}

StorageThread::~StorageThread()
{
    // Queued behind all other work.
    QMetaObject::invokeMethod(
        &m_worker,
        [this] {
            m_store.reset();
            m_thread.quit();
        },
        Qt::QueuedConnection);
    m_thread.wait();
}

void StorageThread::post(std::function<void(Store &)> work)
{
    QMetaObject::invokeMethod(
        &m_worker, [this, work = std::move(work)] { work(*m_store); }, Qt::QueuedConnection);
}

void StorageThread::deliver(std::function<void()> done)
{
    QMetaObject::invokeMethod(&m_receiver, std::move(done), Qt::QueuedConnection);
}

} // namespace alcove::storage
