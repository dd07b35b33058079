#include "app/cli/command.h"
#include "app/cli/model_options.h"

namespace alcove::cli {

namespace {

Json jsonOf(const engine::DeviceOption &device)
{
    Json json;
    json["id"] = device.id();
    json["kind"] = engine::deviceKindName(device.kind);
    json["name"] = device.name;
    json["vendor"] = device.vendor;
    json["driver"] = device.driver;
    json["memory_bytes"] = device.memoryBytes;
    json["available_bytes"] = device.availableBytes;
    json["usable"] = device.usable();
    if (!device.usable())
        json["problem"] = device.problem;
    return json;
}

Outcome run(const Environment &environment)
{
    const Arguments &arguments = environment.arguments;
    auto request = engine::DeviceRequest::parse(arguments.valueOr("--device", "auto"));
    if (!request)
        return usageFailure(request.error().message);
    const engine::DeviceList list = hardwareOf(arguments).list;
    auto chosen = engine::chooseDevice(list, *request);
    if (!chosen)
        return failure(chosen.error());

    if (arguments.has("--json")) {
        Json json;
        json["devices"] = Json::array();
        for (const engine::DeviceOption &device : list.devices)
            json["devices"].push_back(jsonOf(device));
        json["chosen"] = chosen->device.id();
        json["reason"] = chosen->reason;
        json["vulkan_problem"] = list.vulkanProblem;
        printJson(environment.out, json);
        return {};
    }
    for (const engine::DeviceOption &device : list.devices) {
        environment.out << (device.id() == chosen->device.id() ? "* " : "  ") << device.id() << "  "
                        << device.name << " (" << engine::deviceKindName(device.kind);
        if (!device.vendor.empty())
            environment.out << ", " << device.vendor;
        if (!device.driver.empty())
            environment.out << ", " << device.driver;
        environment.out << "), " << readableBytes(device.availableBytes) << " of "
                        << readableBytes(device.memoryBytes) << " available\n";
        if (!device.usable())
            environment.out << "    cannot be used: " << device.problem << "\n";
    }
    if (!list.vulkanProblem.empty() && chosen->reason.find(list.vulkanProblem) == std::string::npos)
        environment.out << list.vulkanProblem << "\n";
    environment.out << chosen->reason << "\n";
    return {};
}

} // namespace

const Command &devicesCommand()
{
    static const Command command{{"devices",
                                  "lists what models can run on, and which of it is chosen",
                                  {},
                                  {{"--json", "", "as JSON"}}},
                                 run};
    return command;
}

} // namespace alcove::cli
