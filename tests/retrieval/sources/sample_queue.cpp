// Queue of samples between the tray and the detector of an instrument.
//
// One thread puts samples in, one takes them out. A sample that waits longer than
// kStale evaporates and has to be drawn again.
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

namespace instrument {

constexpr std::chrono::minutes kStale{12};
constexpr std::size_t kCapacity = 16; // places of the large carousel

struct Sample {
    int place = 0;
    std::chrono::steady_clock::time_point drawn;
    bool urgent = false; // of an emergency ward
};

class SampleQueue
{
public:
    // Urgent samples overtake the others but never each other. False when the queue is full:
    // the arm then parks the cuvette in the waiting rack.
    bool push(const Sample &sample)
    {
        const std::lock_guard lock(m_mutex);
        if (m_samples.size() >= kCapacity)
            return false;
        auto at = m_samples.end();
        if (sample.urgent) {
            at = m_samples.begin();
            while (at != m_samples.end() && at->urgent)
                ++at;
        }
        m_samples.insert(at, sample);
        m_filled.notify_one();
        return true;
    }

    // The next sample that is still fresh; stale ones are dropped and counted. Nothing when the
    // queue was closed.
    std::optional<Sample> pop()
    {
        std::unique_lock lock(m_mutex);
        for (;;) {
            m_filled.wait(lock, [this] { return m_closed || !m_samples.empty(); });
            if (m_samples.empty())
                return std::nullopt;
            const Sample next = m_samples.front();
            m_samples.pop_front();
            if (std::chrono::steady_clock::now() - next.drawn <= kStale)
                return next;
            ++m_dropped;
        }
    }

    // Wakes the detector thread so that the instrument can shut down within a second.
    void close()
    {
        const std::lock_guard lock(m_mutex);
        m_closed = true;
        m_filled.notify_all();
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_filled;
    std::deque<Sample> m_samples;
    bool m_closed = false;
    int m_dropped = 0;
};

} // namespace instrument
