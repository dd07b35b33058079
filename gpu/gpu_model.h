// GpuModel: a model on the device: its embedding, its blocks (two to a layer) and what lies between
// them, and its output.
//
// plan() and upload() are called once, in this order around DeviceMemory::commit(). One thread.
#pragma once

#include "gpu/block.h"

namespace alcove::gpu {

// What happens to the residual x between two blocks (or the embedding and a block, or a block and
// the output), the block before having left r:
//   x += scale * post(r);  x = out(x);  the next block reads next(x).
struct GpuJoin {
    GpuNorm post;
    GpuNorm out;
    GpuNorm next;
    float scale = 1;

    // Costs no stage of the decode step: the block before adds up the squares and multiplies by the
    // norm's weights, the next one scales.
    bool folded() const { return !post.there() && !out.there() && next.plainRms(); }
};

class GpuModel
{
public:
    // Checks that the kernels know all that the model asks for (Unsupported names what they do not)
    // and plans its memory and its blocks' kernels. `spec` and the contexts outlive this; an
    // encoder has no `step`.
    static Result<GpuModel> plan(const llm::ModelSpec &spec, std::uint32_t capacity,
                                 const llm::ExecutorOptions &options, DeviceMemory &memory,
                                 StepContext *step, BatchContext &batch);

    Result<> upload(const DeviceMemory &memory, Uploader &uploader) const;
    static std::uint64_t uploadBytes(const llm::ModelSpec &spec);

    const llm::ModelSpec &spec() const { return *m_spec; }
    std::uint32_t capacity() const { return m_capacity; }
    const std::vector<std::unique_ptr<Block>> &blocks() const { return m_blocks; }
    // One more than blocks: joins()[i] lies before blocks()[i], the last before the output.
    const std::vector<GpuJoin> &joins() const { return m_joins; }
    std::vector<SliceId> recurrentStates() const; // of all blocks
    std::vector<Changeable> changeable() const; // of all blocks, and the output
    const GpuMatrix &embedding() const { return m_embedding; }
    const GpuMatrix &output() const { return m_output ? *m_output : m_embedding; }
    bool isEncoder() const { return m_spec->isEncoder(); } // has no output and no decode step
    // What is added to a token's embedding: a value of embed::Addend, and [rows][padded width].
    std::uint32_t addend() const;
    SliceId addendRows() const { return m_addend; }
    // See Block; of all blocks.
    std::uint32_t restorable(std::uint32_t wanted, std::uint32_t reach) const;
    bool canDiscard(const Block::Gap &gap, std::uint32_t reach) const;
    bool takesTexts() const; // see Block
    Result<> discard(const Block::Gap &gap) const;
    std::uint64_t weightBytes() const { return m_weightBytes; }
    std::uint64_t kvBytes() const { return m_kvBytes; }
    std::uint64_t recurrentBytes() const { return m_recurrentBytes; }
    // Kernels count in 31 bits: a longer state is Unsupported, once its memory is known to fit.
    std::uint64_t largestState() const { return m_largestState; } // elements

private:
    Result<> planBlocks(BlockPlan plan);
    std::vector<float> addendValues() const;

    const llm::ModelSpec *m_spec = nullptr;
    std::uint32_t m_capacity = 0;
    std::vector<std::unique_ptr<Block>> m_blocks;
    std::vector<GpuJoin> m_joins;
    GpuMatrix m_embedding;
    SliceId m_addend = 0;
    std::optional<GpuMatrix> m_output; // none when tied
    std::uint64_t m_weightBytes = 0;
    std::uint64_t m_kvBytes = 0;
    std::uint64_t m_recurrentBytes = 0;
    std::uint64_t m_largestState = 0;
};

// The kernel that carries out what a join asks for, for tokens one by one.
PipelineId joinKernel(Pipelines &pipelines, const GpuJoin &join, std::uint32_t width,
                      bool afterBlock);
NormPush joinPush(const GpuJoin &join, const DeviceMemory &memory);

} // namespace alcove::gpu
