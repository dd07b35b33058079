// StorageThread: the one thread on which SQL runs, with its own connection.
//
// Created, used and destroyed on the GUI thread. Work is run in the order in which it was given and
// gets the Store by reference; it must not keep it. The destructor finishes all work first.
#pragma once

#include "core/storage/store.h"

#include <QFuture>
#include <QObject>
#include <QPointer>
#include <QPromise>
#include <QThread>

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace alcove::storage {

class StorageThread
{
public:
    // Opens the database (see database_file.h) and waits for it: before the window is shown.
    static Result<std::unique_ptr<StorageThread>> open(const QString &databasePath);
    ~StorageThread();

    StorageThread(const StorageThread &) = delete;
    StorageThread &operator=(const StorageThread &) = delete;

    // Not empty: one sentence the user should see about how the database was opened.
    const QString &notice() const { return m_notice; }

    // Runs `work(Store &)`; its value comes with the future.
    template <typename Work>
    auto run(Work work)
    {
        using Value = std::invoke_result_t<Work &, Store &>;
        auto promise = std::make_shared<QPromise<Value>>();
        promise->start();
        auto future = promise->future();
        post([promise, work = std::move(work)](Store &store) mutable {
            if constexpr (std::is_void_v<Value>)
                work(store);
            else
                promise->addResult(work(store));
            promise->finish();
        });
        return future;
    }

    // Runs `work(Store &)`, then `done(value)` on the GUI thread, unless `context` is gone by then.
    template <typename Work, typename Done>
    void run(QObject *context, Work work, Done done)
    {
        QPointer<QObject> receiver(context);
        post(
            [this, receiver, work = std::move(work), done = std::move(done)](Store &store) mutable {
                auto value = std::make_shared<std::invoke_result_t<Work &, Store &>>(work(store));
                // The receiver is looked at on its own thread only, so it cannot vanish meanwhile.
                deliver([receiver, value, done = std::move(done)]() mutable {
                    if (receiver)
                        done(std::move(*value));
                });
            });
    }

    // Runs `work(Store &)` after all that was given before, and waits for its value.
    template <typename Work>
    auto runBlocking(Work work)
    {
        auto future = run(std::move(work));
        future.waitForFinished();
        if constexpr (!std::is_void_v<std::invoke_result_t<Work &, Store &>>)
            return future.takeResult();
    }

private:
    StorageThread();
    void post(std::function<void(Store &)> work);
    void deliver(std::function<void()> done);

    QThread m_thread;
    QObject m_worker; // lives on m_thread
    QObject m_receiver; // lives on the GUI thread
    std::unique_ptr<Store> m_store; // made, used and destroyed on m_thread
    QString m_notice;
};

} // namespace alcove::storage
