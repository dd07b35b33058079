// granite.
#include "core/llm/architectures/architectures.h"
#include "core/llm/architectures/parts.h"

namespace alcove::llm {

Result<ModelSpec> readGranite(SpecReader &reader)
{
    Frame frame = readFrame(reader);
    frame.spec.embeddingScale = reader.factor("embedding_scale");
    frame.spec.logitScale = 1.0f / reader.factor("logit_scale");
    const float residualScale = reader.factor("residual_scale");
    Attention shape = readAttentionShape(reader, frame.spec, RopePairs::Adjacent);
    if (!reader.flagOr("rope.scaling.finetuned", true)) // how Granite says that it has no RoPE
        shape.rope = {};
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        Layer layer = readAttentionLayer(reader, frame, block, shape, Bias::Optional);
        layer.feedForward = readGated(reader, frame.spec, block, frame.hidden);
        layer.residualScale = residualScale;
        frame.spec.layers.push_back(std::move(layer));
    }
    readOutput(reader, frame);
    return reader.finish(std::move(frame.spec));
}

} // namespace alcove::llm
