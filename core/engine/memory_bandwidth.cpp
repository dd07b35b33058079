#include "core/engine/memory_bandwidth.h"

#include "core/engine/host_info.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace alcove::engine {

namespace {

constexpr std::uint64_t kMostBytes = 1ull << 30;
constexpr std::uint64_t kLeastBytes = 64ull << 20;
constexpr int kPasses = 5;

// Eight independent sums, so that the loop waits for memory and not for the additions.
std::uint64_t sumOf(const std::uint64_t *words, std::size_t count)
{
    std::uint64_t sums[8] = {};
    for (std::size_t i = 0; i + 8 <= count; i += 8) {
        for (std::size_t lane = 0; lane < 8; ++lane)
            sums[lane] += words[i + lane];
    }
    std::uint64_t total = 0;
    for (const std::uint64_t sum : sums)
        total += sum;
    return total;
}

} // namespace

Result<double> measureReadBandwidth(std::uint32_t threads)
try {
    if (threads == 0)
        threads = std::max(1u, std::thread::hardware_concurrency());
    const std::uint64_t available = availableMemoryBytes();
    const std::uint64_t bytes =
        available == 0 ? kMostBytes / 4 : std::clamp(available / 4, kLeastBytes, kMostBytes);
    std::vector<std::uint64_t> buffer(bytes / sizeof(std::uint64_t), 1);
    const std::size_t part = buffer.size() / threads / 8 * 8;

    std::atomic<std::uint64_t> checksum{0}; // keeps the reads from being optimised away
    double best = 0;
    for (int pass = 0; pass < kPasses; ++pass) {
        std::vector<std::thread> workers;
        workers.reserve(threads);
        const auto start = std::chrono::steady_clock::now();
        for (std::uint32_t worker = 1; worker < threads; ++worker) {
            const auto read = [&buffer, &checksum, part, worker] {
                checksum += sumOf(buffer.data() + worker * part, part);
            };
            try {
                workers.emplace_back(read);
            } catch (const std::system_error &) {
                read(); // no more threads to be had: this one does its part
            }
        }
        checksum += sumOf(buffer.data(), part);
        for (std::thread &worker : workers)
            worker.join();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        const double read = double(part) * threads * sizeof(std::uint64_t);
        best = std::max(best, took.count() > 0 ? read / took.count() : 0);
    }
    if (checksum != std::uint64_t(part) * threads * kPasses)
        return fail(ErrorCode::Internal, "The memory bandwidth could not be measured.");
    return best;
} catch (const std::bad_alloc &) {
    return fail(ErrorCode::OutOfMemory,
                "There is not enough free memory to measure the memory bandwidth.");
}

} // namespace alcove::engine
