#include "gpu/block.h"

#include "gpu/attention_block.h"
#include "gpu/dense_block.h"
#include "gpu/expert_block.h"
#include "gpu/recurrence_block.h"
#include "gpu/short_convolution_block.h"

namespace alcove::gpu {

Changeable changeableOf(const GpuMatrix &matrix)
{
    Changeable target;
    target.matrix = &matrix;
    for (const llm::Linear &part : matrix.parts)
        target.sources.push_back(part.weight);
    return target;
}

Result<std::unique_ptr<Block>> makeBlock(const llm::Mixer &mixer, const BlockPlan &plan)
{
    if (const auto *attention = std::get_if<llm::Attention>(&mixer))
        return AttentionBlock::make(*attention, plan);
    if (const auto *convolution = std::get_if<llm::ShortConvolution>(&mixer))
        return ShortConvolutionBlock::make(*convolution, plan);
    if (const auto *net = std::get_if<llm::GatedDeltaNet>(&mixer))
        return RecurrenceBlock::make(*net, plan);
    return RecurrenceBlock::make(std::get<llm::Mamba2>(mixer), plan);
}

Result<std::unique_ptr<Block>> makeBlock(const llm::FeedForward &feedForward, const BlockPlan &plan)
{
    if (const auto *dense = std::get_if<llm::DenseFeedForward>(&feedForward))
        return DenseBlock::make(*dense, plan);
    return ExpertBlock::make(std::get<llm::ExpertFeedForward>(feedForward), plan);
}

} // namespace alcove::gpu
