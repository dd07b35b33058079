// Pipelines: the compiled kernels of one model, each with its sizes as specialization constants.
//
// add() collects, start() compiles on threads of its own (behind the upload of the weights), and
// finish() waits for them. The driver's cache is read from and written to a file per driver, so
// that the next start is quick. get() is valid after finish(). One thread.
#pragma once

#include "gpu/device.h"

#include <atomic>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace alcove::gpu {

struct Constant {
    std::uint32_t id = 0;
    std::uint32_t value = 0; // bool: 0 or 1
};

using PipelineId = std::uint32_t;

class Pipelines
{
public:
    // `cacheFolder`: empty, or a folder for the driver's cache; made when it is not there.
    Pipelines(std::shared_ptr<Device> device, std::string cacheFolder);
    ~Pipelines();
    Pipelines(const Pipelines &) = delete;
    Pipelines &operator=(const Pipelines &) = delete;

    // `shader`: a name of shaders/shader_table.h. Asking twice for the same gives the same.
    PipelineId add(std::string_view shader, std::vector<Constant> constants = {});

    // The kernel `id` of `other`, with some of its constants changed.
    PipelineId addLike(const Pipelines &other, PipelineId id, std::span<const Constant> changed);
    // The value of a constant that the kernel was added with, or 0.
    std::uint32_t constant(PipelineId id, std::uint32_t constant) const;
    const std::string &shader(PipelineId id) const { return m_kernels[id].shader; }

    void start();
    Result<> finish();

    VkPipeline get(PipelineId id) const { return m_kernels[id].pipeline; }
    std::size_t count() const { return m_kernels.size(); }

private:
    struct Kernel {
        std::string shader;
        std::vector<Constant> constants;
        VkPipeline pipeline = VK_NULL_HANDLE;
        VkResult result = VK_SUCCESS;
    };

    PipelineId addKernel(Kernel kernel);
    void openCache();
    void saveCache() const;
    void compile(Kernel &kernel) const;

    std::shared_ptr<Device> m_device;
    std::string m_cacheFile;
    VkPipelineCache m_cache = VK_NULL_HANDLE;
    std::vector<Kernel> m_kernels;
    std::vector<std::thread> m_threads;
    std::atomic<std::size_t> m_next{0};
};

} // namespace alcove::gpu
