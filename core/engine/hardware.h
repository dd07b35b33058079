// Hardware: the devices that models can run on, and the way to an executor on each of them.
//
// Owns nothing but descriptions; an executor owns its device. ofThisMachine() may take a moment (it
// asks the Vulkan drivers). Any thread. A machine without Vulkan is not an error: its list holds
// the processor alone and says why.
#pragma once

#include "core/base/result.h"
#include "core/engine/device_choice.h"
#include "core/llm/executor.h"

#include <functional>
#include <memory>
#include <string>

namespace alcove::engine {

using ExecutorFactory = std::function<Result<std::unique_ptr<llm::Executor>>(
    const DeviceOption &device, std::shared_ptr<const llm::Model> model,
    const llm::ExecutorOptions &options, const llm::LoadHooks &hooks)>;

// What the memory of a device gives, in bytes per second: a plain read by `threads` threads on the
// processor (0: one per core), a copy (read and written bytes together) on a graphics card.
using BandwidthProbe =
    std::function<Result<double>(const DeviceOption &device, std::uint32_t threads)>;

struct Hardware {
    DeviceList list;
    ExecutorFactory createExecutor;
    BandwidthProbe measureBandwidth;

    // `cacheFolder`: where compiled Vulkan pipelines are kept; empty: nowhere.
    static Hardware ofThisMachine(const std::string &cacheFolder = {});
};

} // namespace alcove::engine
