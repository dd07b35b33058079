#include "core/cpu/thread_pool.h"

#include <algorithm>
#include <chrono>
#include <system_error>

#if defined(__x86_64__) || defined(__i386__) || defined(_M_X64)
#include <immintrin.h>
#elif defined(_M_ARM64)
#include <intrin.h>
#endif

namespace alcove::cpu {
namespace {

using Clock = std::chrono::steady_clock;

// Longer than the serial pieces between two stages of a token, far shorter than a person notices.
constexpr std::chrono::microseconds kSpin{200};

// m_stage: number << 32 | closed | workers inside
constexpr std::uint64_t kClosed = std::uint64_t{1} << 31;
constexpr std::uint64_t kInside = kClosed - 1;

std::uint32_t numberOf(std::uint64_t stage)
{
    return static_cast<std::uint32_t>(stage >> 32);
}

inline void relax()
{
#if defined(__x86_64__) || defined(__i386__) || defined(_M_X64)
    _mm_pause();
#elif defined(_M_ARM64)
    __yield();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// Spins until `done()`; false when it took longer than `patience`.
template <typename Done>
bool spinUntil(const Done &done, std::chrono::nanoseconds patience)
{
    for (int i = 0; i < 64; ++i) {
        if (done())
            return true;
        relax();
    }
    const Clock::time_point limit = Clock::now() + patience;
    do {
        for (int i = 0; i < 64; ++i) {
            if (done())
                return true;
            relax();
        }
    } while (Clock::now() < limit);
    return false;
}

} // namespace

ThreadPool::ThreadPool(std::uint32_t threads)
    : m_parts(std::make_unique<Part[]>(std::max(1u, threads))), m_stage(kClosed)
{
    const std::uint32_t wanted = std::max(1u, threads);
    m_workers.reserve(wanted - 1);
    try {
        for (std::uint32_t i = 1; i < wanted; ++i) {
            m_workers.emplace_back([this, i] { workerLoop(i); });
            m_size = i + 1;
        }
    } catch (const std::system_error &) {
        // The work gets done by those that did start.
    }
}

ThreadPool::~ThreadPool()
{
    m_stop.store(true, std::memory_order_relaxed);
    m_wake.fetch_add(1, std::memory_order_release);
    m_wake.notify_all();
    for (std::thread &worker : m_workers)
        worker.join();
}

void ThreadPool::runErased(std::size_t count, std::size_t grain, Invoke invoke, const void *context)
{
    if (count == 0)
        return;
    const std::size_t steps = (count + grain - 1) / grain;
    if (m_size == 1 || steps == 1) {
        invoke(context, 0, count, 0);
        return;
    }
    for (std::uint32_t i = 0; i < m_size; ++i) {
        m_parts[i].next.store(std::min(count, steps * i / m_size * grain),
                              std::memory_order_relaxed);
        m_parts[i].end = std::min(count, steps * (i + 1) / m_size * grain);
    }
    m_invoke = invoke;
    m_context = context;
    m_grain = grain;
    const std::uint64_t number = numberOf(m_stage.load(std::memory_order_relaxed)) + 1u;
    m_stage.store(number << 32, std::memory_order_release);
    m_wake.fetch_add(1, std::memory_order_release);
    m_wake.notify_all();
    takePart(0);
    // All the work is taken; only those who are at some of it are waited for.
    m_stage.fetch_or(kClosed, std::memory_order_relaxed);
    const auto finished = [this] {
        return (m_stage.load(std::memory_order_acquire) & kInside) == 0;
    };
    // A worker that the system has set aside gets the processor sooner when we give ours up.
    while (!spinUntil(finished, kSpin / 8))
        std::this_thread::yield();
}

void ThreadPool::takePart(std::uint32_t thread)
{
    for (std::uint32_t k = 0; k < m_size; ++k) {
        Part &part = m_parts[(thread + k) % m_size];
        for (;;) {
            if (part.next.load(std::memory_order_relaxed) >= part.end)
                break;
            const std::size_t begin = part.next.fetch_add(m_grain, std::memory_order_relaxed);
            if (begin >= part.end)
                break;
            m_invoke(m_context, begin, std::min(begin + m_grain, part.end), thread);
        }
    }
}

// Enters a stage that is not `seen` yet and still takes workers.
bool ThreadPool::join(std::uint32_t &seen)
{
    std::uint64_t stage = m_stage.load(std::memory_order_acquire);
    while (numberOf(stage) != seen) {
        if ((stage & kClosed) != 0) {
            seen = numberOf(stage);
            return false;
        }
        if (m_stage.compare_exchange_weak(stage, stage + 1, std::memory_order_acquire)) {
            seen = numberOf(stage);
            return true;
        }
    }
    return false;
}

void ThreadPool::workerLoop(std::uint32_t thread)
{
    std::uint32_t seen = 0;
    for (;;) {
        const std::int32_t wake = m_wake.load(std::memory_order_acquire);
        if (m_stop.load(std::memory_order_relaxed))
            return;
        if (join(seen)) {
            takePart(thread);
            m_stage.fetch_sub(1, std::memory_order_release);
            continue;
        }
        const auto called = [this, wake] { return m_wake.load(std::memory_order_relaxed) != wake; };
        if (!spinUntil(called, kSpin))
            m_wake.wait(wake, std::memory_order_acquire);
    }
}

} // namespace alcove::cpu
