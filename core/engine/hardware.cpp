#include "core/engine/hardware.h"

#include "core/cpu/cpu_executor.h"
#include "core/engine/host_info.h"
#include "core/engine/memory_bandwidth.h"
#include "gpu/bandwidth_probe.h"
#include "gpu/device_info.h"
#include "gpu/vulkan_executor.h"

#include <utility>

namespace alcove::engine {

namespace {

DeviceKind kindOf(gpu::DeviceKind kind)
{
    switch (kind) {
    case gpu::DeviceKind::Discrete:
        return DeviceKind::Discrete;
    case gpu::DeviceKind::Integrated:
        return DeviceKind::Integrated;
    case gpu::DeviceKind::Virtual:
        return DeviceKind::Virtual;
    case gpu::DeviceKind::Cpu:
        return DeviceKind::Software;
    case gpu::DeviceKind::Other:
        break;
    }
    return DeviceKind::Other;
}

DeviceOption optionOf(const gpu::DeviceInfo &info)
{
    DeviceOption option;
    option.kind = kindOf(info.kind);
    option.vulkanIndex = info.index;
    option.name = info.name;
    option.vendor = info.vendor;
    option.driver = info.driver;
    if (!info.driverVersion.empty())
        option.driver += (option.driver.empty() ? "" : " ") + info.driverVersion;
    option.memoryBytes = info.memoryBytes;
    option.availableBytes = info.budgetBytes;
    option.problem = info.unusable;
    return option;
}

DeviceOption processorOption()
{
    DeviceOption option;
    option.kind = DeviceKind::Processor;
    option.name = processorName();
    if (option.name.empty())
        option.name = "Processor";
    option.memoryBytes = physicalMemoryBytes();
    option.availableBytes = availableMemoryBytes();
    return option;
}

const gpu::DeviceInfo *infoOf(const DeviceOption &device, const std::vector<gpu::DeviceInfo> &infos)
{
    for (const gpu::DeviceInfo &info : infos) {
        if (info.index == device.vulkanIndex)
            return &info;
    }
    return nullptr;
}

tl::unexpected<Error> gone(const DeviceOption &device)
{
    return fail(ErrorCode::DeviceUnavailable, device.name + " is no longer there.");
}

} // namespace

Hardware Hardware::ofThisMachine(const std::string &cacheFolder)
{
    Hardware hardware;
    std::vector<gpu::DeviceInfo> vulkanDevices;
    if (auto listed = gpu::listDevices())
        vulkanDevices = std::move(*listed);
    else
        hardware.list.vulkanProblem = listed.error().message;
    for (const gpu::DeviceInfo &info : vulkanDevices)
        hardware.list.devices.push_back(optionOf(info));
    hardware.list.devices.push_back(processorOption());

    hardware.createExecutor =
        [vulkanDevices,
         cacheFolder](const DeviceOption &device, std::shared_ptr<const llm::Model> model,
                      const llm::ExecutorOptions &options,
                      const llm::LoadHooks &hooks) -> Result<std::unique_ptr<llm::Executor>> {
        if (device.kind == DeviceKind::Processor)
            return cpu::createCpuExecutor(std::move(model), options, hooks);
        const gpu::DeviceInfo *info = infoOf(device, vulkanDevices);
        if (!info)
            return gone(device);
        return gpu::createVulkanExecutor(std::move(model), *info, options, hooks, {cacheFolder});
    };
    hardware.measureBandwidth = [vulkanDevices](const DeviceOption &device,
                                                std::uint32_t threads) -> Result<double> {
        if (device.kind == DeviceKind::Processor)
            return measureReadBandwidth(threads);
        const gpu::DeviceInfo *info = infoOf(device, vulkanDevices);
        if (!info)
            return gone(device);
        auto figures = gpu::probeBandwidth(*info);
        if (!figures)
            return fail(figures.error());
        return figures->copyGigabytesPerSecond * 1e9;
    };
    return hardware;
}

} // namespace alcove::engine
