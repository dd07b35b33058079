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

// Spins until `done()`; false when it took longer than kSpin.
template <typename Done>
bool spinUntil(const Done &done)
{
    for (int i = 0; i < 64; ++i) {
        if (done())
            return true;
        relax();
    }
    const Clock::time_point limit = Clock::now() + kSpin;
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
    : m_parts(std::make_unique<Part[]>(std::max(1u, threads)))
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
    m_generation.fetch_add(1, std::memory_order_release);
    m_generation.notify_all();
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
    m_running.store(static_cast<std::int32_t>(m_size) - 1, std::memory_order_relaxed);
    m_generation.fetch_add(1, std::memory_order_release);
    m_generation.notify_all();
    takePart(0);
    const auto finished = [this] { return m_running.load(std::memory_order_acquire) == 0; };
    // A worker that the system has set aside gets the processor sooner when we give ours up.
    while (!spinUntil(finished))
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

void ThreadPool::workerLoop(std::uint32_t thread)
{
    std::int32_t seen = 0;
    for (;;) {
        const auto called = [this, seen] {
            return m_generation.load(std::memory_order_acquire) != seen;
        };
        if (!spinUntil(called))
            m_generation.wait(seen, std::memory_order_acquire);
        if (!called())
            continue;
        ++seen;
        if (m_stop.load(std::memory_order_relaxed))
            return;
        takePart(thread);
        m_running.fetch_sub(1, std::memory_order_release);
    }
}

} // namespace alcove::cpu
