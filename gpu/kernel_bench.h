// KernelBench: runs a kernel once over buffers given by the host. For the self-test and the probes;
// every buffer is in memory that both sides see. One bench, one run; one thread.
#pragma once

#include "gpu/kernels.h"
#include "gpu/pipelines.h"
#include "gpu/recorder.h"
#include "gpu/self_test.h"

#include <cstring>
#include <functional>
#include <random>
#include <span>

namespace alcove::gpu {

class KernelBench
{
public:
    explicit KernelBench(std::shared_ptr<Device> device)
        : m_device(device), m_memory(device), m_pipelines(std::move(device), {})
    { }

    Pipelines &pipelines() { return m_pipelines; }

    template <typename T>
    SliceId put(const std::vector<T> &values)
    {
        const auto *bytes = reinterpret_cast<const std::byte *>(values.data());
        return putBytes({bytes, values.size() * sizeof(T)});
    }
    SliceId zeros(std::size_t words) { return put(std::vector<std::uint32_t>(words, 0)); }
    // Weights in the device's layout, from blocks as a file holds them.
    SliceId putMatrix(const WeightLayout &layout, std::span<const std::byte> blocks);

    // Allocates, compiles, writes the buffers, and runs what `record` records.
    Result<> run(const std::function<void(Recorder &)> &record);

    Address at(SliceId id) const { return m_memory[id].address; }
    MatrixAddress matrixAt(SliceId id, const WeightLayout &layout) const;
    VkPipeline kernel(PipelineId id) const { return m_pipelines.get(id); }

    template <typename T>
    std::vector<T> get(SliceId id, std::size_t count) const
    {
        std::vector<T> values(count);
        std::memcpy(values.data(), m_memory[id].mapped, count * sizeof(T));
        return values;
    }
    std::vector<float> floats(SliceId id, std::size_t count) const { return get<float>(id, count); }

private:
    SliceId putBytes(std::span<const std::byte> bytes);

    std::shared_ptr<Device> m_device;
    DeviceMemory m_memory;
    Pipelines m_pipelines;
    std::vector<std::pair<SliceId, std::vector<std::byte>>> m_contents;
};

// Collects the rows of the self-test.
class CheckList
{
public:
    // `failure`: why the kernel could not run, or nothing.
    void add(std::string kernel, std::string format, std::string sizes, const Result<> &ran,
             std::span<const float> actual, std::span<const double> expected, double limit);
    std::vector<KernelCheck> take() { return std::move(m_checks); }

private:
    std::vector<KernelCheck> m_checks;
};

// Numbers in [-1, 1), the same on every machine.
class TestNumbers
{
public:
    explicit TestNumbers(std::uint32_t seed) : m_random(seed) { }
    float next() { return static_cast<float>(m_random() >> 8) / float(1u << 23) - 1.0f; }
    std::uint32_t word() { return static_cast<std::uint32_t>(m_random()); }
    std::vector<float> floats(std::size_t count);

private:
    std::mt19937 m_random;
};

// The parts of the self-test; each in a file of its own.
void checkMatrixKernels(const std::shared_ptr<Device> &device, CheckList &checks);
void checkAttentionKernels(const std::shared_ptr<Device> &device, CheckList &checks);
void checkVectorKernels(const std::shared_ptr<Device> &device, CheckList &checks);
void checkExpertKernels(const std::shared_ptr<Device> &device, CheckList &checks);
void checkRecurrentKernels(const std::shared_ptr<Device> &device, CheckList &checks);
void checkSampling(const std::shared_ptr<Device> &device, CheckList &checks);

} // namespace alcove::gpu
