// gemma2 and gemma3 (text). Their files hold 1 + the norms' weights already.
#include "core/llm/architectures/architectures.h"
#include "core/llm/architectures/parts.h"

#include <cmath>

namespace alcove::llm {

namespace {

Layer readGemmaLayer(SpecReader &reader, const Frame &frame, const std::string &block,
                     const Attention &attention)
{
    const std::uint32_t width = frame.spec.width;
    Layer layer = readAttentionLayer(reader, frame, block, attention, Bias::None);
    layer.mixerPostNorm = reader.norm(block + "post_attention_norm", width, frame.epsilon);
    layer.feedForward = readGated(reader, frame.spec, block, frame.hidden, Activation::GeluTanh);
    layer.feedForwardPostNorm = reader.norm(block + "post_ffw_norm", width, frame.epsilon);
    return layer;
}

// The 27B models scale by another size than the head's, which their files do not say.
float gemmaScale(const ModelSpec &spec, const Attention &shape, std::uint32_t layers,
                 std::uint32_t layersOf27B)
{
    return layers == layersOf27B ? 1.0f / std::sqrt(float(spec.width / shape.heads)) : shape.scale;
}

} // namespace

Result<ModelSpec> readGemma2(SpecReader &reader)
{
    constexpr std::uint32_t kWindow = 4096; // the published models', in files that do not say
    Frame frame = readFrame(reader);
    frame.spec.embeddingScale = std::sqrt(float(frame.spec.width));
    Attention shape = readAttentionShape(reader, frame.spec, RopePairs::SplitHalf);
    shape.scale = gemmaScale(frame.spec, shape, frame.layers, 46);
    shape.softCap = float(reader.numberOr("attn_logit_softcapping", 0.0, 1e6, 50.0));
    frame.spec.logitSoftCap = float(reader.numberOr("final_logit_softcapping", 0.0, 1e6, 30.0));
    const std::uint32_t window = reader.sizeOr("attention.sliding_window", kMaxContext, kWindow);
    const std::vector<bool> windowed = readWindowedLayers(reader, frame.layers, 2);
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        Attention attention = shape;
        attention.window = windowed[i] ? window : 0;
        frame.spec.layers.push_back(readGemmaLayer(reader, frame, blockName(i), attention));
    }
    readOutput(reader, frame);
    return reader.finish(std::move(frame.spec));
}

Result<ModelSpec> readGemma3(SpecReader &reader)
{
    Frame frame = readFrame(reader);
    frame.spec.embeddingScale = std::sqrt(float(frame.spec.width));
    Attention shape = readAttentionShape(reader, frame.spec, RopePairs::SplitHalf);
    shape.scale = gemmaScale(frame.spec, shape, frame.layers, 62);
    frame.spec.logitSoftCap = float(reader.numberOr("final_logit_softcapping", 0.0, 1e6, 0.0));
    // The windowed layers have a base of their own, and no scaling.
    SpecReader::RopeRequest near;
    near.pairs = RopePairs::SplitHalf;
    near.headSize = shape.headSize;
    near.trainedContext = frame.spec.trainedContext;
    near.baseKey = "rope.freq_base_swa";
    near.scaling = SpecReader::RopeScaling::None;
    const Rope nearRope = reader.rope(near);
    const std::uint32_t window = reader.sizeOr("attention.sliding_window", kMaxContext, 0);
    const std::vector<bool> windowed = readWindowedLayers(reader, frame.layers, 6);
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        Attention attention = shape;
        if (window > 0 && windowed[i]) {
            attention.window = window;
            attention.rope = nearRope;
        }
        readHeadNorms(reader, block, frame.epsilon, attention);
        frame.spec.layers.push_back(readGemmaLayer(reader, frame, block, attention));
    }
    readOutput(reader, frame);
    return reader.finish(std::move(frame.spec));
}

} // namespace alcove::llm
