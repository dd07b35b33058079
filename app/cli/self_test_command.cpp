#include "app/cli/command.h"
#include "app/cli/model_options.h"
#include "gpu/self_test.h"

#include <cstdio>

namespace alcove::cli {

namespace {

Json jsonOf(const gpu::KernelCheck &check)
{
    return {{"kernel", check.kernel}, {"format", check.format}, {"sizes", check.sizes},
            {"error", check.error},   {"limit", check.limit},   {"passed", check.passed}};
}

// The Vulkan device that is to be tested: the chosen one, or the best one under "auto", software
// renderers included.
tl::expected<gpu::DeviceInfo, Failure> deviceOf(const Arguments &arguments)
{
    auto request = engine::DeviceRequest::parse(arguments.valueOr("--device", "auto"));
    if (!request)
        return usageFailure(request.error().message);
    if (request->kind == engine::DeviceRequest::Kind::Processor)
        return usageFailure("The self-test tests the kernels of a Vulkan device.");
    request->kind = engine::DeviceRequest::Kind::Vulkan;
    auto chosen = engine::chooseDevice(hardwareOf(arguments).list, *request);
    if (!chosen)
        return failure(chosen.error());
    auto devices = gpu::listDevices();
    if (!devices)
        return failure(devices.error());
    for (const gpu::DeviceInfo &device : *devices) {
        if (device.index == chosen->device.vulkanIndex)
            return device;
    }
    return failure(chosen->device.name + " is no longer there.");
}

Outcome run(const Environment &environment)
{
    const auto device = deviceOf(environment.arguments);
    if (!device)
        return tl::unexpected(device.error());
    const auto checks = gpu::runSelfTest(*device);
    if (!checks)
        return failure(checks.error());
    std::size_t failed = 0;
    for (const gpu::KernelCheck &check : *checks)
        failed += check.passed ? 0 : 1;

    if (environment.arguments.has("--json")) {
        Json json;
        json["device"] = device->name;
        json["driver"] = device->driver + " " + device->driverVersion;
        json["checks"] = Json::array();
        for (const gpu::KernelCheck &check : *checks)
            json["checks"].push_back(jsonOf(check));
        json["failed"] = failed;
        printJson(environment.out, json);
    } else {
        environment.out << device->name << ", " << device->driver << " " << device->driverVersion
                        << "\n";
        for (const gpu::KernelCheck &check : *checks) {
            char line[256];
            std::snprintf(line, sizeof(line), "%-6s %-28s %-8s %-28s error %.2e, limit %.2e\n",
                          check.passed ? "ok" : "FAILED", check.kernel.c_str(),
                          check.format.c_str(), check.sizes.c_str(), check.error, check.limit);
            environment.out << line;
        }
        environment.out << checks->size() - failed << " of " << checks->size()
                        << " checks passed.\n";
    }
    if (failed > 0)
        return failure(std::to_string(failed) + " of " + std::to_string(checks->size())
                       + " kernel checks failed on " + device->name + ".");
    return {};
}

} // namespace

const Command &selfTestCommand()
{
    static const Command command{{"self-test",
                                  "checks every kernel of a Vulkan device against plain arithmetic",
                                  {},
                                  {{"--json", "", "as JSON"}}},
                                 run};
    return command;
}

} // namespace alcove::cli
