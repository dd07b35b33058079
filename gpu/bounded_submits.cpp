#include "gpu/bounded_submits.h"

#include <algorithm>
#include <chrono>

namespace alcove::gpu {

Result<> BoundedSubmits::open()
{
    auto commands = m_device->newCommandBuffer();
    if (!commands)
        return fail(commands.error());
    m_commands = *commands;
    return {};
}

void BoundedSubmits::begin(CancelToken cancel)
{
    m_cancel = std::move(cancel);
    m_recording = false; // what a failed run has left is recorded over
    m_macs = 0;
}

Result<> BoundedSubmits::ensureRecording()
{
    if (m_recording)
        return {};
    if (m_cancel.cancelled())
        return fail(ErrorCode::Cancelled, "The computation was stopped.");
    if (auto begun = m_recorder.begin(m_commands, Reuse::Once); !begun)
        return begun;
    m_recording = true;
    m_macs = 0;
    return {};
}

Result<> BoundedSubmits::add(const BoundedStage &stage)
{
    const double perItem = std::max(stage.macsPerItem, 1.0);
    for (std::uint32_t first = 0; first < stage.items;) {
        if (auto ready = ensureRecording(); !ready)
            return ready;
        const double left = m_macsPerMs * m_submitMs - m_macs;
        if (left < perItem && m_macs > 0) {
            if (auto done = finish(); !done)
                return done;
            continue;
        }
        const double most = std::max(left / perItem, 1.0);
        const auto count = static_cast<std::uint32_t>(std::min<double>(stage.items - first, most));
        if (first == 0)
            m_recorder.nextStage();
        stage.record(m_recorder, first, count);
        m_macs += count * perItem;
        first += count;
    }
    return {};
}

Result<> BoundedSubmits::finish()
{
    if (!m_recording)
        return {};
    m_recording = false;
    if (auto ended = m_recorder.end(); !ended)
        return ended;
    const auto start = std::chrono::steady_clock::now();
    auto submission = m_device->submit({&m_commands, 1});
    if (!submission)
        return fail(submission.error());
    if (auto done = m_device->wait(*submission); !done)
        return done;
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    m_longestMs = std::max(m_longestMs, took.count());
    // Slower is believed at once, faster by and by; tiny submissions say little about the rate.
    const double measured = m_macs / std::max(took.count(), 1e-3);
    if (measured < m_macsPerMs)
        m_macsPerMs = took.count() > m_submitMs / 8 ? measured : m_macsPerMs;
    else
        m_macsPerMs = std::min(measured, m_macsPerMs * 2);
    return {};
}

} // namespace alcove::gpu
