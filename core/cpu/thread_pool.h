// ThreadPool: a fixed team of threads that run one stage of work together and meet at its end.
//
// Made for stages of microseconds: between stages the workers spin for a moment, then sleep, so
// that an idle program uses no processor time. run() is called by one thread at a time, which takes
// part; it allocates nothing. Destruction joins the workers.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace alcove::cpu {

class ThreadPool
{
public:
    // `threads` counts the caller; at least 1. Fewer run when the system refuses to start more.
    explicit ThreadPool(std::uint32_t threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool &) = delete;
    ThreadPool &operator=(const ThreadPool &) = delete;

    std::uint32_t size() const { return m_size; }

    // Calls work(begin, end, thread) for ranges that together cover [0, count) once. Each thread
    // owns one contiguous part, in steps of `grain` units, and helps the others when it is done;
    // every `begin` is a multiple of `grain`. `work` must not throw.
    template <typename Work>
    void run(std::size_t count, std::size_t grain, const Work &work)
    {
        runErased(
            count, grain,
            [](const void *context, std::size_t begin, std::size_t end, std::uint32_t thread) {
                (*static_cast<const Work *>(context))(begin, end, thread);
            },
            &work);
    }

private:
    using Invoke = void (*)(const void *, std::size_t, std::size_t, std::uint32_t);

    // One thread's part of the stage, on a cache line of its own.
    struct alignas(64) Part {
        std::atomic<std::size_t> next{0};
        std::size_t end = 0;
    };

    void runErased(std::size_t count, std::size_t grain, Invoke invoke, const void *context);
    void takePart(std::uint32_t thread);
    void workerLoop(std::uint32_t thread);
    bool join(std::uint32_t &seen);

    std::uint32_t m_size = 1;
    std::unique_ptr<Part[]> m_parts;
    std::vector<std::thread> m_workers;

    Invoke m_invoke = nullptr;
    const void *m_context = nullptr;
    std::size_t m_grain = 1;
    // The stage's number (upper half), whether it takes no more workers, and how many are in it.
    alignas(64) std::atomic<std::uint64_t> m_stage;
    alignas(64) std::atomic<std::int32_t> m_wake{
        0}; // changes with every stage; sleepers wait on it
    std::atomic<bool> m_stop{false};
};

} // namespace alcove::cpu
