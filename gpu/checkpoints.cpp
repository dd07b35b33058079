#include "gpu/checkpoints.h"

#include <algorithm>

namespace alcove::gpu {

Checkpoints::Checkpoints(std::shared_ptr<Device> device, std::vector<SliceId> states,
                         DeviceMemory &memory)
    : m_device(std::move(device)), m_memory(&memory), m_states(std::move(states))
{
    if (m_states.empty())
        return;
    std::uint64_t each = 0;
    for (const SliceId state : m_states)
        each += memory.planned(state);
    const auto copies = static_cast<std::size_t>(
        std::clamp<std::uint64_t>(kMostBytes / std::max<std::uint64_t>(each, 1), 2, kMost));
    m_copies.resize(copies + 1);
    for (std::vector<SliceId> &copy : m_copies) {
        for (const SliceId state : m_states)
            copy.push_back(memory.plan(memory.planned(state)));
    }
    m_bytes = each * m_copies.size();
}

std::uint32_t Checkpoints::restorable(std::uint32_t wanted) const
{
    std::uint32_t best = 0;
    for (const Kept &kept : m_kept) {
        if (kept.position <= wanted)
            best = kept.position;
    }
    return best;
}

// Weighs how far one would have to go back further by how far back it is.
std::size_t Checkpoints::leastMissed(std::uint32_t position) const
{
    std::size_t least = 0;
    double leastLoss = 0;
    for (std::size_t i = 0; i < m_kept.size(); ++i) {
        const std::uint32_t before = i > 0 ? m_kept[i - 1].position : 0;
        const double loss =
            double(m_kept[i].position - before) / double(position - m_kept[i].position + 1);
        if (i == 0 || loss < leastLoss) {
            least = i;
            leastLoss = loss;
        }
    }
    return least;
}

Result<> Checkpoints::keep(std::uint32_t position)
{
    if (!needed() || position == 0 || restorable(position) == position)
        return {};
    std::vector<bool> taken(m_copies.size(), false);
    taken.back() = true; // the guard
    if (m_kept.size() + 1 == m_copies.size())
        m_kept.erase(m_kept.begin() + std::ptrdiff_t(leastMissed(position)));
    for (const Kept &kept : m_kept)
        taken[kept.copy] = true;
    const auto copy =
        static_cast<std::size_t>(std::find(taken.begin(), taken.end(), false) - taken.begin());
    if (auto done = copyTo(copy); !done)
        return done;
    m_kept.push_back({position, copy});
    return {};
}

Result<> Checkpoints::keepSometimes(std::uint32_t position)
{
    const std::uint32_t newest = m_kept.empty() ? 0 : m_kept.back().position;
    return position - newest >= kInterval ? keep(position) : Result<>{};
}

Result<> Checkpoints::restore(std::uint32_t position)
{
    if (!needed())
        return {};
    const auto later = std::find_if(m_kept.begin(), m_kept.end(), [position](const Kept &kept) {
        return kept.position > position;
    });
    m_kept.erase(later, m_kept.end());
    if (!m_kept.empty() && m_kept.back().position == position)
        return copyFrom(m_kept.back().copy);
    return run([this](Recorder &recorder) {
        for (const SliceId state : m_states)
            recorder.fill((*m_memory)[state], 0);
    });
}

Result<> Checkpoints::setGuard()
{
    return needed() ? copyTo(m_copies.size() - 1) : Result<>{};
}

Result<> Checkpoints::restoreGuard()
{
    return needed() ? copyFrom(m_copies.size() - 1) : Result<>{};
}

Result<> Checkpoints::copyTo(std::size_t copy)
{
    return run([this, copy](Recorder &recorder) {
        for (std::size_t i = 0; i < m_states.size(); ++i) {
            const Slice &state = (*m_memory)[m_states[i]];
            recorder.copy(state, 0, (*m_memory)[m_copies[copy][i]], 0, state.bytes);
        }
    });
}

Result<> Checkpoints::copyFrom(std::size_t copy)
{
    return run([this, copy](Recorder &recorder) {
        for (std::size_t i = 0; i < m_states.size(); ++i) {
            const Slice &state = (*m_memory)[m_states[i]];
            recorder.copy((*m_memory)[m_copies[copy][i]], 0, state, 0, state.bytes);
        }
    });
}

Result<> Checkpoints::run(const std::function<void(Recorder &)> &record)
{
    if (!m_commands) {
        auto made = m_device->newCommandBuffer();
        if (!made)
            return fail(made.error());
        m_commands = *made;
    }
    Recorder recorder(*m_device);
    if (auto begun = recorder.begin(m_commands, Reuse::Once); !begun)
        return begun;
    recorder.nextStage();
    record(recorder);
    if (auto ended = recorder.end(); !ended)
        return ended;
    auto submission = m_device->submit({&m_commands, 1});
    if (!submission)
        return fail(submission.error());
    return m_device->wait(*submission);
}

} // namespace alcove::gpu
