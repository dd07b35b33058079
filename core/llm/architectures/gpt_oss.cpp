// gpt-oss.
#include "core/llm/architectures/architectures.h"
#include "core/llm/architectures/parts.h"

namespace alcove::llm {

Result<ModelSpec> readGptOss(SpecReader &reader)
{
    Frame frame = readFrame(reader);
    const std::uint32_t width = frame.spec.width;
    const Attention shape = readAttentionShape(reader, frame.spec, RopePairs::SplitHalf);
    const std::uint32_t window = reader.size("attention.sliding_window", kMaxContext);
    const std::vector<bool> windowed = readWindowedLayers(reader, frame.layers, 2);
    const ExpertSizes sizes = readExpertSizes(reader, frame.hidden);
    reader.refuseUnless(sizes.count > 0, "no experts");
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        Attention attention = shape;
        attention.window = windowed[i] ? window : 0;
        readProjections(reader, frame.spec, block, attention, Bias::Required);
        attention.sinks = reader.vector(block + "attn_sinks.weight", attention.heads);
        Layer layer;
        layer.mixerNorm = reader.norm(block + "attn_norm", width, frame.epsilon);
        layer.mixer = std::move(attention);
        // So named, but what the experts get passes it.
        layer.feedForwardNorm = reader.norm(block + "post_attention_norm", width, frame.epsilon);
        ExpertFeedForward experts =
            readExperts(reader, frame.spec, block, sizes, Renormalise::No, Bias::Required);
        experts.activation = Activation::ClampedSwiglu;
        experts.weights = ExpertWeights::SoftmaxOfChosen;
        layer.feedForward = std::move(experts);
        frame.spec.layers.push_back(std::move(layer));
    }
    readOutput(reader, frame);
    return reader.finish(std::move(frame.spec));
}

} // namespace alcove::llm
