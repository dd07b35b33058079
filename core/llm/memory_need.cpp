#include "core/llm/memory_need.h"

#include <algorithm>

namespace alcove::llm {

namespace {

constexpr std::uint64_t kSliceTokens = 256;
constexpr std::uint64_t kWindowSlack = 1024; // positions kept behind a window, at most
// Checkpoints of recurrent states: as many as fit, within bounds.
constexpr std::uint64_t kCheckpointBytes = std::uint64_t{512} << 20;
constexpr std::uint64_t kFewestCheckpoints = 4;
constexpr std::uint64_t kMostCheckpoints = 32;
constexpr std::uint64_t kBlock = 32; // elements that share a scale

bool inBlocks(KvFormat format)
{
    return format == KvFormat::Q8_0 || format == KvFormat::Q4_0;
}

// Of one head's key or value.
std::uint64_t headBytes(std::uint64_t headSize, KvFormat format)
{
    if (inBlocks(format))
        headSize = (headSize + kBlock - 1) / kBlock * kBlock;
    switch (format) {
    case KvFormat::F32:
        return headSize * 4;
    case KvFormat::F16:
        return headSize * 2;
    case KvFormat::Q8_0:
        return headSize + headSize / kBlock * 2;
    case KvFormat::Q4_0:
        return headSize / 2 + headSize / kBlock * 2;
    }
    return 0;
}

// The convolution keeps the inputs of all taps but the newest.
std::uint64_t convolutionState(const Tensor &kernel)
{
    return (kernel.shape[0] - 1) * kernel.shape[1];
}

// Numbers of a recurrent layer's state.
std::uint64_t stateSize(const Mixer &mixer)
{
    if (const auto *convolution = std::get_if<ShortConvolution>(&mixer))
        return convolutionState(*convolution->kernel);
    if (const auto *delta = std::get_if<GatedDeltaNet>(&mixer))
        return convolutionState(*delta->kernel)
            + std::uint64_t(delta->valueHeads) * delta->valueSize * delta->keySize;
    if (const auto *mamba = std::get_if<Mamba2>(&mixer))
        return convolutionState(*mamba->kernel) + std::uint64_t(mamba->inner()) * mamba->stateSize;
    return 0;
}

// Of what a recurrent layer projects its input to.
std::uint64_t recurrentWidth(const Mixer &mixer)
{
    if (const auto *convolution = std::get_if<ShortConvolution>(&mixer))
        return convolution->in.outputs();
    if (const auto *delta = std::get_if<GatedDeltaNet>(&mixer))
        return std::uint64_t(delta->qkv.outputs()) + delta->gate.outputs();
    if (const auto *mamba = std::get_if<Mamba2>(&mixer))
        return mamba->in.outputs();
    return 0;
}

} // namespace

std::uint64_t kvCacheBytes(const ModelSpec &spec, std::uint32_t positions, KvFormat keys,
                           KvFormat values)
{
    std::uint64_t bytes = 0;
    for (const Layer &layer : spec.layers) {
        const auto *attention = std::get_if<Attention>(&layer.mixer);
        if (!attention)
            continue;
        std::uint64_t held = positions;
        if (attention->window > 0)
            held = std::min(held, attention->window + kWindowSlack);
        bytes += held * attention->kvHeads
            * (headBytes(attention->headSize, keys) + headBytes(attention->headSize, values));
    }
    return bytes;
}

std::uint64_t recurrentStateBytes(const ModelSpec &spec)
{
    std::uint64_t numbers = 0;
    for (const Layer &layer : spec.layers)
        numbers += stateSize(layer.mixer);
    return numbers * sizeof(float);
}

std::uint64_t estimateScratchBytes(const ModelSpec &spec)
{
    std::uint64_t widest = 0; // of one layer, per token
    for (const Layer &layer : spec.layers) {
        std::uint64_t floats = 0;
        if (const auto *attention = std::get_if<Attention>(&layer.mixer))
            floats += (2ull * attention->heads + 2ull * attention->kvHeads) * attention->headSize;
        else
            floats += 2ull * recurrentWidth(layer.mixer);
        std::uint64_t hidden = hiddenWidth(layer.feedForward);
        if (const auto *experts = std::get_if<ExpertFeedForward>(&layer.feedForward))
            hidden *= experts->used;
        floats += 2 * hidden;
        widest = std::max(widest, floats);
    }
    // The residual stream and its normed copy; logits of one token.
    const std::uint64_t perToken = widest + 2ull * spec.width;
    const std::uint64_t logits = spec.isEncoder() ? 0 : spec.vocabulary;
    return (perToken * kSliceTokens + logits) * sizeof(float);
}

MemoryNeed memoryNeed(const ModelSpec &spec, const ExecutorOptions &options,
                      std::optional<std::uint64_t> scratchBytes)
{
    MemoryNeed need;
    need.contextLength = contextLength(spec, options);
    need.kvFormat = options.kvFormat;
    need.valueFormat = options.valueFormat.value_or(options.kvFormat);
    need.weightBytes = spec.weightBytes();
    need.kvBytes = kvCacheBytes(spec, need.contextLength, need.kvFormat, need.valueFormat);
    if (const std::uint64_t state = recurrentStateBytes(spec))
        need.recurrentBytes = state
            * (1 + std::clamp(kCheckpointBytes / state, kFewestCheckpoints, kMostCheckpoints));
    need.scratchEstimated = !scratchBytes;
    need.scratchBytes = scratchBytes.value_or(estimateScratchBytes(spec));
    return need;
}

} // namespace alcove::llm
