// olmo2 (OLMo 2 and 3), which norms what layers give and not what they get, and glm4, which norms
// both.
#include "core/llm/architectures/architectures.h"
#include "core/llm/architectures/parts.h"

namespace alcove::llm {

Result<ModelSpec> readOlmo2(SpecReader &reader)
{
    Frame frame = readFrame(reader);
    const std::uint32_t width = frame.spec.width;
    Attention shape = readAttentionShape(reader, frame.spec, RopePairs::SplitHalf);
    shape.headNorms = HeadNorms::Whole;
    // OLMo 3: three layers of four see a window and rotate without scaling.
    SpecReader::RopeRequest near;
    near.pairs = RopePairs::SplitHalf;
    near.headSize = shape.headSize;
    near.trainedContext = frame.spec.trainedContext;
    near.scaling = SpecReader::RopeScaling::None;
    const Rope nearRope = reader.rope(near);
    const std::uint32_t window = reader.sizeOr("attention.sliding_window", kMaxContext, 0);
    const std::vector<bool> windowed = readWindowedLayers(reader, frame.layers, 4);
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        Attention attention = shape;
        if (window > 0 && windowed[i]) {
            attention.window = window;
            attention.rope = nearRope;
        }
        readProjections(reader, frame.spec, block, attention, Bias::None);
        readHeadNorms(reader, block, frame.epsilon, attention);
        Layer layer;
        layer.mixer = std::move(attention);
        layer.mixerPostNorm = reader.norm(block + "post_attention_norm", width, frame.epsilon);
        layer.feedForward = readGated(reader, frame.spec, block, frame.hidden);
        layer.feedForwardPostNorm = reader.norm(block + "post_ffw_norm", width, frame.epsilon);
        frame.spec.layers.push_back(std::move(layer));
    }
    readOutput(reader, frame);
    return reader.finish(std::move(frame.spec));
}

Result<ModelSpec> readGlm4(SpecReader &reader)
{
    Frame frame = readFrame(reader);
    const std::uint32_t width = frame.spec.width;
    const Attention shape = readAttentionShape(reader, frame.spec, RopePairs::Adjacent);
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        Layer layer = readAttentionLayer(reader, frame, block, shape, Bias::Optional);
        layer.mixerPostNorm = reader.norm(block + "post_attention_norm", width, frame.epsilon);
        layer.feedForward = readFusedGated(reader, frame.spec, block, frame.hidden);
        layer.feedForwardPostNorm = reader.norm(block + "post_ffw_norm", width, frame.epsilon);
        frame.spec.layers.push_back(std::move(layer));
    }
    readOutput(reader, frame);
    return reader.finish(std::move(frame.spec));
}

} // namespace alcove::llm
