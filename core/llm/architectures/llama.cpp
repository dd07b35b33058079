// llama (Mistral and Mixtral too) and smollm3.
#include "core/llm/architectures/architectures.h"
#include "core/llm/architectures/parts.h"

namespace alcove::llm {

Result<ModelSpec> readLlama(SpecReader &reader)
{
    Frame frame = readFrame(reader);
    Attention shape = readAttentionShape(reader, frame.spec, RopePairs::Adjacent);
    // Mistral's first model: every layer looks back so far.
    shape.window = reader.sizeOr("attention.sliding_window", kMaxContext, 0);
    const ExpertSizes sizes = readExpertSizes(reader, frame.hidden);
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        // Biases where a model was trained with them.
        Layer layer = readAttentionLayer(reader, frame, block, shape, Bias::Optional);
        if (sizes.count > 0) {
            layer.feedForward = // Mixtral
                readExperts(reader, frame.spec, block, sizes, Renormalise::Yes);
        } else {
            layer.feedForward = readGated(reader, frame.spec, block, frame.hidden);
        }
        frame.spec.layers.push_back(std::move(layer));
    }
    readOutput(reader, frame);
    return reader.finish(std::move(frame.spec));
}

Result<ModelSpec> readSmolLm3(SpecReader &reader)
{
    constexpr std::uint32_t kNoRopeEvery = 4; // the fourth layer, the eighth, ...
    Frame frame = readFrame(reader);
    const Attention shape = readAttentionShape(reader, frame.spec, RopePairs::Adjacent);
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        Attention attention = shape;
        if ((i + 1) % kNoRopeEvery == 0)
            attention.rope = {};
        Layer layer =
            readAttentionLayer(reader, frame, block, std::move(attention), Bias::Optional);
        layer.feedForward = readGated(reader, frame.spec, block, frame.hidden);
        frame.spec.layers.push_back(std::move(layer));
    }
    readOutput(reader, frame);
    return reader.finish(std::move(frame.spec));
}

} // namespace alcove::llm
