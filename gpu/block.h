// Block: half of a layer on the device, its mixer or its feed-forward, with its weights, its
// kernels and what its positions leave behind (a KV cache, a recurrent state).
//
// What a block gets is the residual stream, normed; what it must leave behind is its result,
// added to the stream or in a buffer of its own. Norms are not its business: between two blocks,
// GpuModel's joins take care of them. A new kind of block is a class of its own (beside
// attention_block and dense_block) and a line in makeBlock().
//
// Life: the constructor or a factory plans weights with BlockPlan::weights, asks `step` and `batch`
// for kernels and scratch buffers; then memory is allocated and upload() is called; then
// recordStep() once, and runBatch() any number of times. One thread.
#pragma once

#include "gpu/batch_context.h"
#include "gpu/step_context.h"
#include "gpu/weights.h"

#include <memory>

namespace alcove::gpu {

// What a block is planned with.
struct BlockPlan {
    const llm::ModelSpec *spec = nullptr;
    WeightPlanner *weights = nullptr;
    StepContext *step = nullptr; // the decode step; none in an encoder
    BatchContext *batch = nullptr; // a batch of tokens
    BlockPlace place; // how this block's input and result are
    std::uint32_t capacity = 0; // positions
    llm::KvFormat keyFormat = llm::KvFormat::F16;
    llm::KvFormat valueFormat = llm::KvFormat::F16;
};

// A matrix of a block as adapters see it.
struct Changeable {
    const GpuMatrix *matrix = nullptr;
    // The file's matrices whose rows it has, in their order; of experts, each expert's rows.
    std::vector<const llm::Tensor *> sources;
    std::uint32_t experts = 0; // 0: not a matrix of experts
    std::uint32_t used = 0; // of them, by a token
    ExpertRows rows = ExpertRows::FromTokens; // what they are multiplied with in a batch
};
Changeable changeableOf(const GpuMatrix &matrix); // that is not of experts

class Block
{
public:
    virtual ~Block() = default;

    // The matrices that are products of StepContext and BatchContext.
    virtual void list(std::vector<Changeable> &matrices) const = 0;

    // Weights, and states as they are before the first position.
    virtual Result<> upload(WeightUploader &uploader) const = 0;

    // The stages of one token at state.position (StepContext::state). The caller has written
    // `input`; the block begins with Recorder::nextStage() and, in its last stage, leaves its
    // result as `end` says (StepContext::recordEnd does so for a product with a matrix).
    virtual void recordStep(Recorder &recorder, const StepInput &input,
                            const StepEnd &end) const = 0;

    // What every token changes and cannot be cut behind a position, unlike a KV cache: it must be
    // copied to be gone back to (Checkpoints).
    virtual std::vector<SliceId> recurrentState() const { return {}; }

    // Whether a batch may be of several texts (Batch::texts).
    virtual bool takesTexts() const { return true; }

    // The same for a batch of tokens, stage by stage through BatchContext::submits().
    virtual Result<> runBatch(const Batch &batch, const BatchEnd &end) const = 0;

    // Context shift (llm::Executor::discard of `count` positions of `length`), stage by stage
    // through BatchContext::submits(); only where canDiscard(), of which `reach` is as for
    // restorable().
    struct Gap {
        std::uint32_t first = 0;
        std::uint32_t count = 0;
        std::uint32_t length = 0;
    };
    virtual bool canDiscard(const Gap & /*gap*/, std::uint32_t /*reach*/) const { return true; }
    virtual Result<> discard(const Gap & /*gap*/) const { return {}; }

    // The largest length, at most `wanted`, from which the block can go on: 0, at worst. `reach`:
    // how many positions have been written since the last time that there were none; those behind
    // `wanted` may have taken the place of what it needs.
    virtual std::uint32_t restorable(std::uint32_t wanted, std::uint32_t /*reach*/) const
    {
        return wanted;
    }
};

// Unsupported names a kind of layer that has no block.
Result<std::unique_ptr<Block>> makeBlock(const llm::Mixer &mixer, const BlockPlan &plan);
Result<std::unique_ptr<Block>> makeBlock(const llm::FeedForward &feedForward,
                                         const BlockPlan &plan);

} // namespace alcove::gpu
