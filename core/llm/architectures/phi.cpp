// phi3: Phi 3, 3.5 and 4.
#include "core/llm/architectures/architectures.h"
#include "core/llm/architectures/parts.h"

namespace alcove::llm {

Result<ModelSpec> readPhi3(SpecReader &reader)
{
    Frame frame = readFrame(reader);
    Attention shape = readAttentionShape(reader, frame.spec, RopePairs::SplitHalf);
    // Of every layer; Phi 4 says 0, the models of 128K more than their context.
    shape.window = reader.sizeOr("attention.sliding_window", kMaxContext, 0);
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        Layer layer = readAttentionLayer(reader, frame, block, shape, Bias::Optional);
        layer.feedForward = readFusedGated(reader, frame.spec, block, frame.hidden);
        frame.spec.layers.push_back(std::move(layer));
    }
    readOutput(reader, frame);
    return reader.finish(std::move(frame.spec));
}

} // namespace alcove::llm
