#include "gpu/recorder.h"

namespace alcove::gpu {

Result<> Recorder::begin(VkCommandBuffer buffer, Reuse reuse)
{
    m_buffer = buffer;
    m_bound = VK_NULL_HANDLE;
    m_stages = 0;
    m_counted = false;
    auto info = vkStruct<VkCommandBufferBeginInfo>(VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO);
    info.flags = reuse == Reuse::Many ? VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT
                                      : VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
    if (VkResult result = m_device->vk().vkBeginCommandBuffer(buffer, &info); result)
        return fail(vulkanError(result, "vkBeginCommandBuffer"));
    m_pending = true;
    return {};
}

Result<> Recorder::end()
{
    // What the host reads after waiting for the submission.
    auto barrier = vkStruct<VkMemoryBarrier>(VK_STRUCTURE_TYPE_MEMORY_BARRIER);
    barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    barrier.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
    m_device->vk().vkCmdPipelineBarrier(
        m_buffer, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
        VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, nullptr, 0, nullptr);
    if (VkResult result = m_device->vk().vkEndCommandBuffer(m_buffer); result)
        return fail(vulkanError(result, "vkEndCommandBuffer"));
    return {};
}

void Recorder::synchronise()
{
    if (!m_pending)
        return;
    m_pending = false;
    m_counted = false;
    auto barrier = vkStruct<VkMemoryBarrier>(VK_STRUCTURE_TYPE_MEMORY_BARRIER);
    barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    barrier.dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT
        | VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    constexpr VkPipelineStageFlags kStages =
        VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
    m_device->vk().vkCmdPipelineBarrier(m_buffer, kStages, kStages, 0, 1, &barrier, 0, nullptr, 0,
                                        nullptr);
}

void Recorder::dispatch(VkPipeline pipeline, const void *push, std::uint32_t bytes, std::uint32_t x,
                        std::uint32_t y, std::uint32_t z)
{
    const VolkDeviceTable &vk = m_device->vk();
    synchronise();
    if (!m_counted) {
        m_counted = true;
        ++m_stages;
    }
    if (pipeline != m_bound) {
        vk.vkCmdBindPipeline(m_buffer, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
        m_bound = pipeline;
    }
    vk.vkCmdPushConstants(m_buffer, m_device->pipelineLayout(), VK_SHADER_STAGE_COMPUTE_BIT, 0,
                          bytes, push);
    vk.vkCmdDispatch(m_buffer, x, y, z);
}

void Recorder::fill(const Slice &slice, std::uint32_t word)
{
    synchronise();
    m_device->vk().vkCmdFillBuffer(m_buffer, slice.buffer, slice.offset, slice.bytes, word);
}

void Recorder::copy(const Slice &from, VkDeviceSize fromOffset, const Slice &to,
                    VkDeviceSize toOffset, VkDeviceSize bytes)
{
    synchronise();
    const VkBufferCopy region{from.offset + fromOffset, to.offset + toOffset, bytes};
    m_device->vk().vkCmdCopyBuffer(m_buffer, from.buffer, to.buffer, 1, &region);
}

void Recorder::update(const Slice &slice, VkDeviceSize offset, VkDeviceSize bytes, const void *data)
{
    synchronise();
    m_device->vk().vkCmdUpdateBuffer(m_buffer, slice.buffer, slice.offset + offset, bytes, data);
}

} // namespace alcove::gpu
