#include "gpu/uploader.h"

#include <algorithm>
#include <cstring>

namespace alcove::gpu {

Uploader::Uploader(std::shared_ptr<Device> device, const llm::LoadHooks &hooks,
                   std::uint64_t totalBytes)
    : m_device(std::move(device)), m_hooks(hooks), m_memory(m_device), m_recorder(*m_device),
      m_totalBytes(totalBytes)
{ }

Result<> Uploader::open()
{
    for (Buffer &buffer : m_buffers) {
        buffer.slice = m_memory.plan(kStagingBytes, MemoryUse::Upload);
        auto commands = m_device->newCommandBuffer();
        if (!commands)
            return fail(commands.error());
        buffer.commands = *commands;
    }
    return m_memory.commit();
}

Result<> Uploader::acquire()
{
    if (m_hooks.cancel.cancelled())
        return fail(ErrorCode::Cancelled, "Loading was stopped.");
    m_current = 1 - m_current;
    if (auto free = m_device->wait(m_buffers[m_current].submission); !free)
        return free;
    return m_recorder.begin(m_buffers[m_current].commands, Reuse::Once);
}

Result<> Uploader::submit(std::uint64_t source)
{
    if (auto ended = m_recorder.end(); !ended)
        return ended;
    auto submission = m_device->submit({&m_buffers[m_current].commands, 1});
    if (!submission)
        return fail(submission.error());
    m_buffers[m_current].submission = *submission;
    m_doneBytes += source;
    if (m_hooks.progress && source > 0)
        m_hooks.progress(std::min(m_doneBytes, m_totalBytes), m_totalBytes);
    return {};
}

Result<> Uploader::write(const Slice &to, std::uint64_t offset, std::span<const std::byte> bytes)
{
    while (!bytes.empty()) {
        if (auto ready = acquire(); !ready)
            return ready;
        const Slice &staging = m_memory[m_buffers[m_current].slice];
        const std::size_t part = std::min<std::size_t>(bytes.size(), kStagingBytes);
        std::memcpy(staging.mapped, bytes.data(), part);
        m_recorder.copy(staging, 0, to, offset, part);
        if (auto done = submit(part); !done)
            return done;
        offset += part;
        bytes = bytes.subspan(part);
    }
    return {};
}

Result<> Uploader::writeUnits(const WeightLayout &layout, const Slice &to, std::uint64_t firstUnit,
                              std::span<const std::byte> source)
{
    std::uint64_t unitBytes = 0;
    for (const std::uint32_t bytes : layout.unitBytes)
        unitBytes += bytes;
    const std::uint64_t most = kStagingBytes / unitBytes;
    if (most == 0)
        return fail(ErrorCode::Unsupported, "A row of this model's weights is too long to load.");
    if (firstUnit == 0 && layout.gridPoints > 0) {
        const std::vector<std::uint16_t> grid = gridEntries(layout.type);
        const auto bytes = std::as_bytes(std::span<const std::uint16_t>(grid));
        if (auto done = write(to, layout.gridOffset(), bytes); !done)
            return done;
    }
    std::uint64_t units = source.size() / layout.sourceUnitBytes;
    while (units > 0) {
        if (auto ready = acquire(); !ready)
            return ready;
        const Slice &staging = m_memory[m_buffers[m_current].slice];
        const std::uint64_t part = std::min(units, most);
        std::array<std::byte *, kPlanes> planes{};
        std::array<std::uint64_t, kPlanes> offsets{};
        std::uint64_t offset = 0;
        for (std::uint32_t plane = 0; plane < kPlanes; ++plane) {
            offsets[plane] = offset;
            if (layout.unitBytes[plane])
                planes[plane] = staging.mapped + offset;
            offset += part * layout.unitBytes[plane];
        }
        repack(layout, source.data(), part, planes);
        for (std::uint32_t plane = 0; plane < kPlanes; ++plane) {
            if (layout.unitBytes[plane])
                m_recorder.copy(staging, offsets[plane], to,
                                layout.planeOffset[plane] + firstUnit * layout.unitBytes[plane],
                                part * layout.unitBytes[plane]);
        }
        if (auto done = submit(part * layout.sourceUnitBytes); !done)
            return done;
        source = source.subspan(part * layout.sourceUnitBytes);
        firstUnit += part;
        units -= part;
    }
    return {};
}

Result<> Uploader::fill(const Slice &to, std::uint32_t word)
{
    if (auto ready = acquire(); !ready)
        return ready;
    m_recorder.fill(to, word);
    return submit(0);
}

Result<> Uploader::finish()
{
    return m_device->wait(m_device->submissions());
}

} // namespace alcove::gpu
