// BlockBench: runs one block of the graphics card's executor by itself, on an input given by the
// host, as decode steps and as batches. One thread.
#pragma once

#include "gpu/block.h"
#include "tests/support/random_blocks.h"

#include <cstring>
#include <deque>
#include <random>
#include <vector>

namespace alcove::test {

// Tensors with random numbers, and what holds their bytes.
class TensorStore
{
public:
    explicit TensorStore(std::uint32_t seed) : m_random(seed) { }

    // Of any format; what its numbers are is up to chance. Shape innermost first.
    const llm::Tensor *blocks(llm::TensorType type, std::vector<std::uint64_t> shape)
    {
        llm::Tensor tensor;
        tensor.type = type;
        tensor.rank = static_cast<std::uint32_t>(shape.size());
        std::copy(shape.begin(), shape.end(), tensor.shape.begin());
        const llm::TensorTypeInfo &info = *llm::tensorTypeInfo(type);
        std::vector<std::byte> &bytes = m_bytes.emplace_back();
        bytes.resize(tensor.elements() / info.blockElements * info.blockBytes);
        fillRandomBlocks(type, bytes, m_random);
        tensor.data = bytes;
        return &m_tensors.emplace_back(std::move(tensor));
    }
    // Shape innermost first. BF16 keeps the upper halves.
    const llm::Tensor *make(llm::TensorType type, std::vector<std::uint64_t> shape, float low,
                            float high)
    {
        llm::Tensor tensor;
        tensor.type = type;
        tensor.rank = static_cast<std::uint32_t>(shape.size());
        std::copy(shape.begin(), shape.end(), tensor.shape.begin());
        std::vector<std::byte> &bytes = m_bytes.emplace_back();
        const std::size_t size = type == llm::TensorType::BF16 ? 2 : 4;
        bytes.resize(tensor.elements() * size);
        for (std::size_t i = 0; i < tensor.elements(); ++i) {
            const float value = low + (high - low) * float(m_random() >> 8) / float(1u << 24);
            std::uint32_t bits = 0;
            std::memcpy(&bits, &value, 4);
            bits >>= size == 2 ? 16 : 0;
            std::memcpy(bytes.data() + i * size, &bits, size);
        }
        tensor.data = bytes;
        return &m_tensors.emplace_back(std::move(tensor));
    }
    const llm::Tensor *floats(std::vector<std::uint64_t> shape, float low = -1, float high = 1)
    {
        return make(llm::TensorType::F32, std::move(shape), low, high);
    }
    // Scaled so that a product with numbers of about one has numbers of about one.
    llm::Linear linear(std::uint64_t outputs, std::uint64_t inputs,
                       llm::TensorType type = llm::TensorType::F32)
    {
        const float most = 2.0f / std::sqrt(float(inputs));
        return {make(type, {inputs, outputs}, -most, most), nullptr};
    }
    std::vector<float> numbers(std::size_t count)
    {
        std::vector<float> values(count);
        for (float &value : values)
            value = -1 + 2 * float(m_random() >> 8) / float(1u << 24);
        return values;
    }

private:
    std::mt19937 m_random;
    std::deque<std::vector<std::byte>> m_bytes;
    std::deque<llm::Tensor> m_tensors;
};

class BlockBench
{
public:
    static constexpr std::uint32_t kMaxTokens = 64;

    BlockBench(std::shared_ptr<gpu::Device> device, std::uint32_t width)
        : m_device(device), m_memory(device), m_tuning(gpu::tuningFor(*device)),
          m_pipelines(device, {}), m_recorder(*device)
    {
        m_spec.width = width;
        m_stride = gpu::paddedColumns(width);
        m_step =
            std::make_unique<gpu::StepContext>(m_spec, *device, m_tuning, m_pipelines, m_memory);
        m_batch = std::make_unique<gpu::BatchContext>(m_spec, device, m_tuning, m_pipelines,
                                                      m_memory, kMaxTokens);
    }
    ~BlockBench() { m_device->waitIdle(); }

    // `part`: a mixer or a feed-forward, which outlives the bench.
    template <typename Part>
    Result<> open(const Part &part, const gpu::BlockPlace &place)
    {
        gpu::WeightPlanner weights(m_memory);
        gpu::BlockPlan plan;
        plan.spec = &m_spec;
        plan.weights = &weights;
        plan.step = m_step.get();
        plan.batch = m_batch.get();
        plan.place = place;
        plan.capacity = 128;
        auto block = gpu::makeBlock(part, plan);
        if (!block)
            return fail(block.error());
        m_block = std::move(*block);
        m_step->scratch().plan();
        m_batch->scratch().plan();
        const std::uint64_t bytes = std::uint64_t(kMaxTokens) * m_stride * 4;
        m_x = m_memory.plan(bytes, gpu::MemoryUse::Readback);
        m_y = m_memory.plan(bytes, gpu::MemoryUse::Readback);
        m_pipelines.start();
        if (auto done = m_pipelines.finish(); !done)
            return done;
        if (auto done = m_memory.commit(); !done)
            return done;
        gpu::Uploader uploader(m_device, {}, 1);
        if (auto done = uploader.open(); !done)
            return done;
        gpu::WeightUploader contents(m_memory, uploader);
        if (auto done = m_block->upload(contents); !done)
            return done;
        for (const auto &slices : {m_step->scratch().slices(), m_batch->scratch().slices()}) {
            for (const gpu::SliceId slice : slices) {
                if (auto done = contents.clear(slice); !done)
                    return done;
            }
        }
        if (auto done = uploader.finish(); !done)
            return done;
        auto commands = m_device->newCommandBuffer();
        if (!commands)
            return fail(commands.error());
        m_commands = *commands;
        return m_batch->open();
    }

    // One token at `position`; x and y [width]. y is what was there before, then the result.
    Result<> step(std::uint32_t position, std::span<const float> x, std::span<float> y, float scale)
    {
        put(x, y, 1);
        if (auto begun = m_recorder.begin(m_commands, gpu::Reuse::Once); !begun)
            return begun;
        m_recorder.update(m_memory[m_step->stateSlice()], 0, 4, &position);
        gpu::StepInput input;
        input.x = m_memory[m_x].address;
        gpu::StepEnd end;
        end.y = m_memory[m_y].address;
        end.scale = scale;
        m_block->recordStep(m_recorder, input, end);
        m_stages = m_recorder.stages();
        if (auto ended = m_recorder.end(); !ended)
            return ended;
        auto submission = m_device->submit({&m_commands, 1});
        if (!submission)
            return fail(submission.error());
        auto done = m_device->wait(*submission);
        get(y, 1);
        return done;
    }

    // x and y [tokens][width].
    Result<> batch(std::uint32_t position, std::uint32_t tokens, std::span<const float> x,
                   std::span<float> y, float scale)
    {
        put(x, y, tokens);
        m_batch->submits().begin({});
        gpu::Batch batch;
        batch.tokens = tokens;
        batch.position = position;
        batch.x = m_memory[m_x].address;
        gpu::BatchEnd end;
        end.y = m_memory[m_y].address;
        end.stride = m_stride;
        end.scale = scale;
        if (auto ran = m_block->runBatch(batch, end); !ran)
            return ran;
        auto done = m_batch->submits().finish();
        get(y, tokens);
        return done;
    }

    std::uint32_t stages() const { return m_stages; } // of the last step

private:
    float *rows(gpu::SliceId slice) const
    {
        return reinterpret_cast<float *>(m_memory[slice].mapped);
    }
    void put(std::span<const float> x, std::span<const float> y, std::uint32_t tokens)
    {
        const std::size_t width = m_spec.width;
        std::fill_n(rows(m_x), std::size_t(kMaxTokens) * m_stride, 0.0f);
        for (std::size_t t = 0; t < tokens; ++t) {
            std::copy_n(x.begin() + std::ptrdiff_t(t * width), width, rows(m_x) + t * m_stride);
            std::copy_n(y.begin() + std::ptrdiff_t(t * width), width, rows(m_y) + t * m_stride);
        }
    }
    void get(std::span<float> y, std::uint32_t tokens) const
    {
        const std::size_t width = m_spec.width;
        for (std::size_t t = 0; t < tokens; ++t)
            std::copy_n(rows(m_y) + t * m_stride, width, y.begin() + std::ptrdiff_t(t * width));
    }

    // In the order in which they must go: what uses the device before the device.
    std::shared_ptr<gpu::Device> m_device;
    gpu::DeviceMemory m_memory;
    gpu::Tuning m_tuning;
    gpu::Pipelines m_pipelines;
    gpu::Recorder m_recorder;
    llm::ModelSpec m_spec;
    std::uint32_t m_stride = 0;
    std::unique_ptr<gpu::StepContext> m_step;
    std::unique_ptr<gpu::BatchContext> m_batch;
    std::unique_ptr<gpu::Block> m_block;
    gpu::SliceId m_x = 0; // [tokens][stride]
    gpu::SliceId m_y = 0;
    VkCommandBuffer m_commands = VK_NULL_HANDLE;
    std::uint32_t m_stages = 0;
};

} // namespace alcove::test
