#include "gpu/block.h"

#include "gpu/attention_block.h"
#include "gpu/dense_block.h"

namespace alcove::gpu {

Result<std::unique_ptr<Block>> makeBlock(const llm::Mixer &mixer, const BlockPlan &plan)
{
    if (const auto *attention = std::get_if<llm::Attention>(&mixer))
        return AttentionBlock::make(*attention, plan);
    return fail(unsupported("a kind of layer with a recurrent state"));
}

Result<std::unique_ptr<Block>> makeBlock(const llm::FeedForward &feedForward, const BlockPlan &plan)
{
    if (const auto *dense = std::get_if<llm::DenseFeedForward>(&feedForward))
        return DenseBlock::make(*dense, plan);
    return fail(unsupported("a mixture of experts"));
}

} // namespace alcove::gpu
