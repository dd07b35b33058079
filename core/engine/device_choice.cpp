#include "core/engine/device_choice.h"

#include <charconv>

namespace alcove::engine {

namespace {

// Smaller is better.
int rank(DeviceKind kind)
{
    return static_cast<int>(kind);
}

const DeviceOption *bestVulkan(const DeviceList &list)
{
    const DeviceOption *best = nullptr;
    for (const DeviceOption &device : list.devices) {
        if (device.kind == DeviceKind::Processor || !device.usable())
            continue;
        if (!best || rank(device.kind) < rank(best->kind)
            || (device.kind == best->kind && device.memoryBytes > best->memoryBytes))
            best = &device;
    }
    return best;
}

const DeviceOption *processor(const DeviceList &list)
{
    for (const DeviceOption &device : list.devices) {
        if (device.kind == DeviceKind::Processor && device.usable())
            return &device;
    }
    return nullptr;
}

std::string whatThereIs(const DeviceList &list)
{
    std::string text;
    for (const DeviceOption &device : list.devices) {
        text += text.empty() ? "" : ", ";
        text += device.id() + " (" + device.name + (device.usable() ? ")" : ", cannot be used)");
    }
    return text.empty() ? "There is no device to choose." : "There is: " + text + ".";
}

// Why the processor was taken although a graphics card would be preferred.
std::string whyProcessor(const DeviceList &list)
{
    const DeviceOption *software = nullptr;
    const DeviceOption *broken = nullptr;
    for (const DeviceOption &device : list.devices) {
        if (device.kind == DeviceKind::Processor)
            continue;
        if (device.kind == DeviceKind::Software)
            software = &device;
        else
            broken = &device;
    }
    if (broken)
        return broken->name + " cannot be used: " + broken->problem + " The processor is used.";
    if (software)
        return "No graphics card with Vulkan was found (" + software->name
            + " is a software renderer, slower than the processor itself), so the processor is "
              "used.";
    if (!list.vulkanProblem.empty())
        return list.vulkanProblem + " The processor is used.";
    return "No graphics card with Vulkan was found, so the processor is used.";
}

std::string whyVulkan(const DeviceList &list, const DeviceOption &device)
{
    std::size_t sameKind = 0;
    for (const DeviceOption &other : list.devices)
        sameKind += other.kind == device.kind && other.usable() ? 1 : 0;
    const std::string among = sameKind > 1 ? ", the one with the most memory," : "";
    switch (device.kind) {
    case DeviceKind::Discrete:
        return "The graphics card " + device.name + among + " is used.";
    case DeviceKind::Integrated:
        return "No separate graphics card was found, so the integrated graphics " + device.name
            + among + " is used.";
    case DeviceKind::Virtual:
        return "The virtual graphics card " + device.name + among + " is used.";
    case DeviceKind::Software:
        return "The software renderer " + device.name
            + " is used, as it was chosen and is the only Vulkan device.";
    case DeviceKind::Other:
    case DeviceKind::Processor:
        break;
    }
    return "The Vulkan device " + device.name + among + " is used.";
}

} // namespace

const char *deviceKindName(DeviceKind kind)
{
    switch (kind) {
    case DeviceKind::Discrete:
        return "discrete";
    case DeviceKind::Integrated:
        return "integrated";
    case DeviceKind::Virtual:
        return "virtual";
    case DeviceKind::Other:
        return "other";
    case DeviceKind::Software:
        return "software";
    case DeviceKind::Processor:
        break;
    }
    return "processor";
}

std::string DeviceOption::id() const
{
    return kind == DeviceKind::Processor ? "cpu" : "vulkan:" + std::to_string(vulkanIndex);
}

Result<DeviceRequest> DeviceRequest::parse(std::string_view text)
{
    DeviceRequest request;
    if (text.empty() || text == "auto")
        return request;
    if (text == "cpu") {
        request.kind = Kind::Processor;
        return request;
    }
    constexpr std::string_view vulkan = "vulkan";
    if (text.substr(0, vulkan.size()) == vulkan) {
        request.kind = Kind::Vulkan;
        const std::string_view rest = text.substr(vulkan.size());
        if (rest.empty())
            return request;
        std::uint32_t index = 0;
        const char *end = rest.data() + rest.size();
        const auto parsed = std::from_chars(rest.data() + 1, end, index);
        if (rest.front() == ':' && rest.size() > 1 && parsed.ec == std::errc()
            && parsed.ptr == end) {
            request.vulkanIndex = index;
            return request;
        }
    }
    return fail(ErrorCode::InvalidArgument,
                "\"" + std::string(text)
                    + "\" is no device: use auto, cpu, vulkan or vulkan:N (a number from the "
                      "list of devices).");
}

Result<DeviceSelection> chooseDevice(const DeviceList &list, const DeviceRequest &request)
{
    switch (request.kind) {
    case DeviceRequest::Kind::Auto: {
        const DeviceOption *best = bestVulkan(list);
        if (best && best->kind != DeviceKind::Software)
            return DeviceSelection{*best, whyVulkan(list, *best)};
        if (const DeviceOption *cpu = processor(list))
            return DeviceSelection{*cpu, whyProcessor(list)};
        return fail(ErrorCode::DeviceUnavailable,
                    "No device on this computer can run a model. " + whatThereIs(list));
    }
    case DeviceRequest::Kind::Processor:
        if (const DeviceOption *cpu = processor(list))
            return DeviceSelection{*cpu, "The processor is used, as it was chosen."};
        return fail(ErrorCode::DeviceUnavailable,
                    "The processor cannot be used here. " + whatThereIs(list));
    case DeviceRequest::Kind::Vulkan:
        break;
    }
    if (!request.vulkanIndex) {
        if (const DeviceOption *best = bestVulkan(list))
            return DeviceSelection{*best, whyVulkan(list, *best)};
        const std::string why = list.vulkanProblem.empty()
            ? "No Vulkan device that can be used was found."
            : list.vulkanProblem;
        return fail(ErrorCode::DeviceUnavailable, why + " " + whatThereIs(list));
    }
    for (const DeviceOption &device : list.devices) {
        if (device.kind == DeviceKind::Processor || device.vulkanIndex != *request.vulkanIndex)
            continue;
        if (!device.usable())
            return fail(ErrorCode::DeviceUnavailable,
                        device.name + " cannot be used: " + device.problem + " "
                            + whatThereIs(list));
        return DeviceSelection{device, device.name + " is used, as it was chosen."};
    }
    return fail(ErrorCode::DeviceUnavailable,
                "There is no Vulkan device " + std::to_string(*request.vulkanIndex) + ". "
                    + whatThereIs(list));
}

} // namespace alcove::engine
