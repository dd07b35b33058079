// qwen2, qwen3 and qwen3moe.
#include "core/llm/architectures/architectures.h"
#include "core/llm/architectures/parts.h"

namespace alcove::llm {

namespace {

enum class HasHeadNorms { No, Yes };

// Which layers a window counts for, Qwen's files do not say; one as long as the context does not
// matter.
Attention readQwenAttention(SpecReader &reader, const ModelSpec &spec)
{
    const std::uint32_t window = reader.sizeOr("attention.sliding_window", kMaxContext, 0);
    reader.refuseUnless(window == 0 || window >= spec.trainedContext,
                        "a sliding window in layers that it does not name");
    return readAttentionShape(reader, spec, RopePairs::SplitHalf);
}

Layer readQwenLayer(SpecReader &reader, const Frame &frame, const std::string &block,
                    const Attention &shape, Bias bias, HasHeadNorms headNorms)
{
    Layer layer = readAttentionLayer(reader, frame, block, shape, bias);
    if (headNorms == HasHeadNorms::Yes)
        readHeadNorms(reader, block, frame.epsilon, std::get<Attention>(layer.mixer));
    return layer;
}

Result<ModelSpec> readDenseQwen(SpecReader &reader, Bias bias, HasHeadNorms headNorms)
{
    Frame frame = readFrame(reader);
    const Attention shape = readQwenAttention(reader, frame.spec);
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        Layer layer = readQwenLayer(reader, frame, block, shape, bias, headNorms);
        layer.feedForward = readGated(reader, frame.spec, block, frame.hidden);
        frame.spec.layers.push_back(std::move(layer));
    }
    readOutput(reader, frame);
    return reader.finish(std::move(frame.spec));
}

} // namespace

Result<ModelSpec> readQwen2(SpecReader &reader)
{
    return readDenseQwen(reader, Bias::Required, HasHeadNorms::No);
}

Result<ModelSpec> readQwen3(SpecReader &reader)
{
    return readDenseQwen(reader, Bias::Optional, HasHeadNorms::Yes);
}

Result<ModelSpec> readQwen3Moe(SpecReader &reader)
{
    Frame frame = readFrame(reader);
    const Attention shape = readQwenAttention(reader, frame.spec);
    const ExpertSizes sizes = readExpertSizes(reader, 0);
    reader.refuseUnless(sizes.count > 0, "no experts");
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        Layer layer = readQwenLayer(reader, frame, block, shape, Bias::Optional, HasHeadNorms::Yes);
        layer.feedForward = readExperts(reader, frame.spec, block, sizes, Renormalise::Yes);
        frame.spec.layers.push_back(std::move(layer));
    }
    readOutput(reader, frame);
    return reader.finish(std::move(frame.spec));
}

} // namespace alcove::llm
