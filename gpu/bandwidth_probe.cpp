#include "gpu/bandwidth_probe.h"

#include "gpu/kernels.h"
#include "gpu/pipelines.h"
#include "gpu/recorder.h"

#include <algorithm>
#include <chrono>
#include <functional>

namespace alcove::gpu {

namespace {

struct CopyPush {
    Address from = 0;
    Address to = 0;
    std::uint32_t count = 0;
    std::uint32_t unused = 0;
};

struct EmptyPush {
    Address word = 0;
};

// Best of some runs, in seconds: whatever else the machine does only makes a run longer.
Result<double> bestTime(Device &device, VkCommandBuffer commands,
                        const std::function<void(Recorder &)> &record)
{
    double best = 1e9;
    for (int run = 0; run < 5; ++run) {
        Recorder recorder(device);
        if (auto begun = recorder.begin(commands, Reuse::Once); !begun)
            return fail(begun.error());
        record(recorder);
        if (auto ended = recorder.end(); !ended)
            return fail(ended.error());
        const auto start = std::chrono::steady_clock::now();
        auto submission = device.submit({&commands, 1});
        if (!submission)
            return fail(submission.error());
        if (auto done = device.wait(*submission); !done)
            return fail(done.error());
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count());
    }
    return best;
}

} // namespace

Result<BandwidthFigures> probeBandwidth(const DeviceInfo &info)
{
    auto opened = Device::open(info);
    if (!opened)
        return fail(opened.error());
    const std::shared_ptr<Device> device = *opened;
    const bool software = device->info().kind == DeviceKind::Cpu;
    // Larger than any cache; a quarter of what is free at most.
    const std::uint64_t bytes =
        std::min<std::uint64_t>(software ? 64u << 20 : 512u << 20, device->info().budgetBytes / 4)
        / 4096 * 4096;
    DeviceMemory memory(device);
    Pipelines pipelines(device, {});
    const SliceId from = memory.plan(bytes);
    const SliceId to = memory.plan(bytes);
    const PipelineId copy = pipelines.add("probe_copy");
    const PipelineId empty = pipelines.add("probe_empty");
    pipelines.start();
    if (auto compiled = pipelines.finish(); !compiled)
        return fail(compiled.error());
    if (auto committed = memory.commit(); !committed)
        return fail(committed.error());
    auto commands = device->newCommandBuffer();
    if (!commands)
        return fail(commands.error());

    const auto none = bestTime(*device, *commands, [](Recorder &) {});
    if (!none)
        return fail(none.error());
    constexpr int kCopies = 4;
    const auto copying = bestTime(*device, *commands, [&](Recorder &recorder) {
        CopyPush push;
        push.from = memory[from].address;
        push.to = memory[to].address;
        push.count = static_cast<std::uint32_t>(bytes / 16);
        const std::uint32_t groups =
            std::min({ceilDivide(push.count, device->limits().lanes * 4),
                      device->limits().maxWorkgroups, software ? 512u : 65535u});
        for (int i = 0; i < kCopies; ++i) {
            recorder.nextStage();
            recorder.dispatch(pipelines.get(copy), push, groups);
        }
    });
    if (!copying)
        return fail(copying.error());
    constexpr int kStages = 300;
    const auto staging = bestTime(*device, *commands, [&](Recorder &recorder) {
        const EmptyPush push{memory[to].address};
        for (int i = 0; i < kStages; ++i) {
            recorder.nextStage();
            recorder.dispatch(pipelines.get(empty), push, 1);
        }
    });
    if (!staging)
        return fail(staging.error());
    BandwidthFigures figures;
    figures.copyGigabytesPerSecond =
        2.0 * double(bytes) * kCopies / std::max(*copying - *none, 1e-9) / 1e9;
    figures.stageMicroseconds = std::max(*staging - *none, 0.0) / kStages * 1e6;
    return figures;
}

} // namespace alcove::gpu
