#include "gpu/kernel_bench.h"

#include <algorithm>
#include <cmath>

namespace alcove::gpu {

SliceId KernelBench::putBytes(std::span<const std::byte> bytes)
{
    const SliceId id = m_memory.plan(bytes.size(), MemoryUse::Readback);
    m_contents.emplace_back(id, std::vector<std::byte>(bytes.begin(), bytes.end()));
    return id;
}

SliceId KernelBench::putMatrix(const WeightLayout &layout, std::span<const std::byte> blocks)
{
    std::vector<std::byte> bytes(layout.bytes);
    std::array<std::byte *, kPlanes> planes{};
    for (std::uint32_t plane = 0; plane < kPlanes; ++plane) {
        if (layout.unitBytes[plane])
            planes[plane] = bytes.data() + layout.planeOffset[plane];
    }
    repack(layout, blocks.data(), layout.units, planes);
    const std::vector<std::uint16_t> grid = gridEntries(layout.type);
    if (!grid.empty())
        std::memcpy(bytes.data() + layout.gridOffset(), grid.data(), grid.size() * 2);
    return putBytes(bytes);
}

Result<> KernelBench::run(const std::function<void(Recorder &)> &record)
{
    m_pipelines.start();
    if (auto compiled = m_pipelines.finish(); !compiled)
        return compiled;
    if (auto committed = m_memory.commit(); !committed)
        return committed;
    for (const auto &[id, bytes] : m_contents)
        std::copy(bytes.begin(), bytes.end(), m_memory[id].mapped);
    auto commands = m_device->newCommandBuffer();
    if (!commands)
        return fail(commands.error());
    Recorder recorder(*m_device);
    if (auto begun = recorder.begin(*commands, Reuse::Once); !begun)
        return begun;
    record(recorder);
    if (auto ended = recorder.end(); !ended)
        return ended;
    auto submission = m_device->submit({&*commands, 1});
    if (!submission)
        return fail(submission.error());
    return m_device->wait(*submission);
}

MatrixAddress KernelBench::matrixAt(SliceId id, const WeightLayout &layout) const
{
    MatrixAddress address{};
    for (std::uint32_t plane = 0; plane < kPlanes; ++plane)
        address[plane] = at(id) + layout.planeOffset[plane];
    return address;
}

void CheckList::add(std::string kernel, std::string format, std::string sizes, const Result<> &ran,
                    std::span<const float> actual, std::span<const double> expected, double limit)
{
    KernelCheck check;
    check.kernel = std::move(kernel);
    check.format = std::move(format);
    check.sizes = std::move(sizes);
    check.limit = limit;
    check.error = std::numeric_limits<double>::infinity();
    if (!ran) {
        check.sizes += ": " + ran.error().detail;
    } else if (actual.size() == expected.size() && !expected.empty()) {
        double worst = 0;
        double squares = 0;
        for (std::size_t i = 0; i < expected.size(); ++i) {
            const double difference = std::abs(double(actual[i]) - expected[i]);
            worst = std::isfinite(difference) ? std::max(worst, difference)
                                              : std::numeric_limits<double>::infinity();
            if (!std::isfinite(worst))
                break;
            squares += expected[i] * expected[i];
        }
        const double rms = std::sqrt(squares / double(expected.size()));
        check.error = rms > 0 ? worst / rms : worst;
        check.passed = check.error <= limit;
    }
    m_checks.push_back(std::move(check));
}

std::vector<float> TestNumbers::floats(std::size_t count)
{
    std::vector<float> values(count);
    for (float &value : values)
        value = next();
    return values;
}

Result<std::vector<KernelCheck>> runSelfTest(const DeviceInfo &info)
{
    auto device = Device::open(info);
    if (!device)
        return fail(device.error());
    CheckList checks;
    checkMatrixKernels(*device, checks);
    checkVectorKernels(*device, checks);
    checkAttentionKernels(*device, checks);
    checkExpertKernels(*device, checks);
    checkRecurrentKernels(*device, checks);
    checkSampling(*device, checks);
    return checks.take();
}

} // namespace alcove::gpu
