#include "gpu/memory_budget.h"

#include <cstdio>

namespace alcove::gpu {

namespace {

constexpr std::uint32_t kShortestContext = 256; // less is of no use

} // namespace

std::string sizeText(std::uint64_t bytes)
{
    char text[32];
    if (bytes >= 1'000'000'000)
        std::snprintf(text, sizeof(text), "%.1f GB", double(bytes) / 1e9);
    else
        std::snprintf(text, sizeof(text), "%.0f MB", double(bytes) / 1e6);
    return text;
}

Result<> checkBudget(const DeviceInfo &device, const MemoryNeed &need)
{
    if (need.bytes <= device.budgetBytes)
        return {};
    std::string remedy = "choose a smaller model, or run on the processor.";
    const std::uint64_t others = need.bytes - need.kvBytes;
    if (others < device.budgetBytes && need.contextLength > 0) {
        const double perPosition = double(need.kvBytes) / need.contextLength;
        const double fits = double(device.budgetBytes - others) / perPosition;
        const auto rounded = static_cast<std::uint64_t>(fits) / 256 * 256;
        if (rounded >= kShortestContext)
            remedy = "a context of " + std::to_string(rounded)
                + " tokens would fit, or choose a smaller model.";
    }
    return fail(ErrorCode::OutOfDeviceMemory,
                "This model with a context of " + std::to_string(need.contextLength)
                    + " tokens needs " + sizeText(need.bytes) + " on \"" + device.name + "\", and "
                    + sizeText(device.budgetBytes) + " are free: " + remedy);
}

} // namespace alcove::gpu
