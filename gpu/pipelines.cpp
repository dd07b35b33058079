#include "gpu/pipelines.h"

#include "shaders/shader_table.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace alcove::gpu {

namespace {

// Specialization constants that every kernel has (shaders/buffers.glsl).
namespace kernels {
enum : std::uint32_t { Lanes = 0, Lockstep = 31 };
}

constexpr std::uintmax_t kMaxCacheBytes = 64u << 20;

// A path from UTF-8, also where the system's own encoding is another.
std::filesystem::path utf8Path(const std::string &text)
{
    return std::filesystem::path(reinterpret_cast<const char8_t *>(text.c_str()));
}

std::string hexadecimal(const std::array<std::uint8_t, 16> &uuid)
{
    std::string text;
    for (const std::uint8_t byte : uuid) {
        char pair[3];
        std::snprintf(pair, sizeof(pair), "%02x", static_cast<unsigned>(byte));
        text += pair;
    }
    return text;
}

// Whether a driver's cache is from this very driver and device: what is not is never shown to it.
bool isCacheOf(VkPhysicalDevice device, std::span<const char> bytes)
{
    VkPipelineCacheHeaderVersionOne header{};
    if (bytes.size() < sizeof(header))
        return false;
    std::memcpy(&header, bytes.data(), sizeof(header));
    VkPhysicalDeviceProperties properties{};
    vkGetPhysicalDeviceProperties(device, &properties);
    return header.headerSize >= sizeof(header) && header.headerSize <= bytes.size()
        && header.headerVersion == VK_PIPELINE_CACHE_HEADER_VERSION_ONE
        && header.vendorID == properties.vendorID && header.deviceID == properties.deviceID
        && std::equal(std::begin(header.pipelineCacheUUID), std::end(header.pipelineCacheUUID),
                      std::begin(properties.pipelineCacheUUID));
}

} // namespace

Pipelines::Pipelines(std::shared_ptr<Device> device, std::string cacheFolder)
    : m_device(std::move(device))
{
    if (!cacheFolder.empty())
        m_cacheFile = cacheFolder + "/pipelines-" + hexadecimal(m_device->info().driverUuid) + '-'
            + hexadecimal(m_device->info().deviceUuid) + ".bin";
    openCache();
}

Pipelines::~Pipelines()
{
    for (std::thread &thread : m_threads)
        thread.join();
    for (const Kernel &kernel : m_kernels) {
        if (kernel.pipeline)
            m_device->vk().vkDestroyPipeline(m_device->handle(), kernel.pipeline, nullptr);
    }
    if (m_cache)
        m_device->vk().vkDestroyPipelineCache(m_device->handle(), m_cache, nullptr);
}

// Without a cache all works the same, so that no failure here is one of the caller's.
void Pipelines::openCache()
{
    std::vector<char> bytes;
    std::error_code error;
    if (!m_cacheFile.empty()
        && std::filesystem::file_size(utf8Path(m_cacheFile), error) <= kMaxCacheBytes && !error) {
        std::ifstream in(utf8Path(m_cacheFile), std::ios::binary);
        bytes.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
        if (!isCacheOf(m_device->physical(), bytes))
            bytes.clear();
    }
    auto info = vkStruct<VkPipelineCacheCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO);
    info.initialDataSize = bytes.size();
    info.pInitialData = bytes.data();
    VkResult result =
        m_device->vk().vkCreatePipelineCache(m_device->handle(), &info, nullptr, &m_cache);
    if (result != VK_SUCCESS && !bytes.empty()) {
        info.initialDataSize = 0;
        result = m_device->vk().vkCreatePipelineCache(m_device->handle(), &info, nullptr, &m_cache);
    }
    if (result != VK_SUCCESS)
        m_cache = VK_NULL_HANDLE;
}

void Pipelines::saveCache() const
{
    if (m_cacheFile.empty() || !m_cache)
        return;
    const VolkDeviceTable &vk = m_device->vk();
    std::size_t bytes = 0;
    if (vk.vkGetPipelineCacheData(m_device->handle(), m_cache, &bytes, nullptr) != VK_SUCCESS)
        return;
    std::vector<char> data(bytes);
    if (vk.vkGetPipelineCacheData(m_device->handle(), m_cache, &bytes, data.data()) != VK_SUCCESS)
        return;
    // Another process may be saving the same file: each writes its own and the last rename wins.
    const std::filesystem::path target = utf8Path(m_cacheFile);
    std::filesystem::path part = target;
    part += "." + std::to_string(reinterpret_cast<std::uintptr_t>(this)) + ".part";
    std::error_code error;
    std::filesystem::create_directories(target.parent_path(), error);
    {
        std::ofstream out(part, std::ios::binary | std::ios::trunc);
        out.write(data.data(), static_cast<std::streamsize>(bytes));
        if (!out.flush()) {
            out.close();
            std::filesystem::remove(part, error);
            return;
        }
    }
    std::filesystem::rename(part, target, error);
    if (error)
        std::filesystem::remove(part, error);
}

PipelineId Pipelines::add(std::string_view shader, std::vector<Constant> constants)
{
    Kernel kernel;
    kernel.shader = shader;
    kernel.constants = std::move(constants);
    kernel.constants.push_back({kernels::Lanes, m_device->limits().lanes});
    kernel.constants.push_back({kernels::Lockstep, m_device->info().kind == DeviceKind::Cpu});
    return addKernel(std::move(kernel));
}

PipelineId Pipelines::addLike(const Pipelines &other, PipelineId id,
                              std::span<const Constant> changed)
{
    Kernel kernel;
    kernel.shader = other.m_kernels[id].shader;
    kernel.constants = other.m_kernels[id].constants;
    for (const Constant &change : changed) {
        const auto found = std::find_if(kernel.constants.begin(), kernel.constants.end(),
                                        [&](const Constant &one) { return one.id == change.id; });
        if (found == kernel.constants.end())
            kernel.constants.push_back(change);
        else
            found->value = change.value;
    }
    return addKernel(std::move(kernel));
}

std::uint32_t Pipelines::constant(PipelineId id, std::uint32_t constant) const
{
    for (const Constant &one : m_kernels[id].constants) {
        if (one.id == constant)
            return one.value;
    }
    return 0;
}

PipelineId Pipelines::addKernel(Kernel kernel)
{
    const auto same = [&](const Kernel &other) {
        return other.shader == kernel.shader
            && std::equal(other.constants.begin(), other.constants.end(), kernel.constants.begin(),
                          kernel.constants.end(), [](const Constant &a, const Constant &b) {
                              return a.id == b.id && a.value == b.value;
                          });
    };
    const auto found = std::find_if(m_kernels.begin(), m_kernels.end(), same);
    if (found != m_kernels.end())
        return static_cast<PipelineId>(found - m_kernels.begin());
    m_kernels.push_back(std::move(kernel));
    return static_cast<PipelineId>(m_kernels.size() - 1);
}

void Pipelines::start()
{
    const std::size_t threads = std::clamp<std::size_t>(
        std::thread::hardware_concurrency(), 1, std::min<std::size_t>(8, m_kernels.size() + 1));
    for (std::size_t i = 0; i < threads; ++i) {
        m_threads.emplace_back([this] {
            for (std::size_t next = m_next++; next < m_kernels.size(); next = m_next++)
                compile(m_kernels[next]);
        });
    }
}

Result<> Pipelines::finish()
{
    for (std::thread &thread : m_threads)
        thread.join();
    m_threads.clear();
    for (const Kernel &kernel : m_kernels) {
        if (kernel.result != VK_SUCCESS) {
            Error error = vulkanError(kernel.result, "vkCreateComputePipelines");
            error.detail += " (" + kernel.shader + ")";
            return fail(std::move(error));
        }
    }
    saveCache();
    return {};
}

void Pipelines::compile(Kernel &kernel) const
{
    const VolkDeviceTable &vk = m_device->vk();
    const std::span<const std::uint32_t> words = shaders::find(kernel.shader);
    if (words.empty()) {
        kernel.result = VK_ERROR_INITIALIZATION_FAILED;
        return;
    }
    auto module = vkStruct<VkShaderModuleCreateInfo>(VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO);
    module.codeSize = words.size_bytes();
    module.pCode = words.data();
    VkShaderModule handle = VK_NULL_HANDLE;
    kernel.result = vk.vkCreateShaderModule(m_device->handle(), &module, nullptr, &handle);
    if (kernel.result != VK_SUCCESS)
        return;

    std::vector<VkSpecializationMapEntry> entries;
    std::vector<std::uint32_t> values;
    for (const Constant &constant : kernel.constants) {
        entries.push_back({constant.id, static_cast<std::uint32_t>(values.size() * 4), 4});
        values.push_back(constant.value);
    }
    VkSpecializationInfo special{};
    special.mapEntryCount = static_cast<std::uint32_t>(entries.size());
    special.pMapEntries = entries.data();
    special.dataSize = values.size() * 4;
    special.pData = values.data();

    auto lanes = vkStruct<VkPipelineShaderStageRequiredSubgroupSizeCreateInfo>(
        VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO);
    lanes.requiredSubgroupSize = m_device->limits().lanes;
    auto info =
        vkStruct<VkComputePipelineCreateInfo>(VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO);
    info.stage = vkStruct<VkPipelineShaderStageCreateInfo>(
        VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
        m_device->limits().fixedLanes ? &lanes : nullptr);
    info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
    info.stage.module = handle;
    info.stage.pName = "main";
    info.stage.pSpecializationInfo = &special;
    info.layout = m_device->pipelineLayout();
    kernel.result = vk.vkCreateComputePipelines(m_device->handle(), m_cache, 1, &info, nullptr,
                                                &kernel.pipeline);
    vk.vkDestroyShaderModule(m_device->handle(), handle, nullptr);
}

} // namespace alcove::gpu
