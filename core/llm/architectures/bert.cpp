// Encoders: bert, nomic-bert and jina-bert-v2. They norm after adding up, not before computing.
#include "core/llm/architectures/architectures.h"
#include "core/llm/architectures/parts.h"

#include <algorithm>
#include <cmath>

namespace alcove::llm {

namespace {

Frame readEncoderFrame(SpecReader &reader)
{
    Frame frame = readFrame(reader, NormKind::Layer);
    ModelSpec &spec = frame.spec;
    reader.refuseUnless(!reader.flagOr("attention.causal", false),
                        "an encoder that does not look ahead");
    if (reader.hasTensor("token_types.weight"))
        spec.segmentEmbedding = reader.matrix("token_types.weight", 0, spec.width);
    spec.embeddingNorm = reader.norm("token_embd_norm", spec.width, frame.epsilon, NormKind::Layer);
    return frame;
}

Attention readEncoderAttention(SpecReader &reader, const ModelSpec &spec)
{
    Attention shape = readHeads(reader, spec, readHeadCounts(reader));
    shape.direction = Direction::Both;
    return shape;
}

// A layer but for its feed-forward.
Layer readEncoderLayer(SpecReader &reader, const Frame &frame, const std::string &block,
                       Attention attention)
{
    Layer layer;
    readProjections(reader, frame.spec, block, attention, Bias::Optional);
    layer.mixer = std::move(attention);
    layer.mixerOutNorm =
        reader.norm(block + "attn_output_norm", frame.spec.width, frame.epsilon, NormKind::Layer);
    layer.feedForwardOutNorm =
        reader.norm(block + "layer_output_norm", frame.spec.width, frame.epsilon, NormKind::Layer);
    return layer;
}

} // namespace

Result<ModelSpec> readBert(SpecReader &reader)
{
    Frame frame = readEncoderFrame(reader);
    ModelSpec &spec = frame.spec;
    spec.positionEmbedding = reader.matrix("position_embd.weight", 0, spec.width);
    spec.trainedContext = std::uint32_t(
        std::min<std::uint64_t>(spec.trainedContext, spec.positionEmbedding->shape[1]));
    const Attention shape = readEncoderAttention(reader, spec);
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        Layer layer = readEncoderLayer(reader, frame, block, shape);
        layer.feedForward = readUngated(reader, spec, block, frame.hidden, Activation::Gelu);
        spec.layers.push_back(std::move(layer));
    }
    return reader.finish(std::move(spec));
}

Result<ModelSpec> readNomicBert(SpecReader &reader)
{
    Frame frame = readEncoderFrame(reader);
    ModelSpec &spec = frame.spec;
    Attention shape = readEncoderAttention(reader, spec);
    readRope(reader, spec, RopePairs::SplitHalf, shape);
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        Layer layer = readEncoderLayer(reader, frame, block, shape);
        layer.feedForward = readGated(reader, spec, block, frame.hidden);
        spec.layers.push_back(std::move(layer));
    }
    return reader.finish(std::move(spec));
}

Result<ModelSpec> readJinaBertV2(SpecReader &reader)
{
    Frame frame = readEncoderFrame(reader);
    ModelSpec &spec = frame.spec;
    Attention shape = readEncoderAttention(reader, spec);
    shape.headNorms = HeadNorms::Whole;
    // Older files do not give it; the published models all have this one.
    shape.maxAlibiBias = float(reader.numberOr("attention.max_alibi_bias", 0.0, 64.0, 8.0));
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        Attention attention = shape;
        if (reader.hasTensor(block + "attn_q_norm.weight"))
            readHeadNorms(reader, block, frame.epsilon, attention, NormKind::Layer);
        Layer layer = readEncoderLayer(reader, frame, block, std::move(attention));
        layer.feedForward = reader.hasTensor(block + "ffn_gate.weight")
            ? readGated(reader, spec, block, frame.hidden, Activation::Gelu)
            : readFusedGated(reader, spec, block, frame.hidden, Activation::Gelu);
        spec.layers.push_back(std::move(layer));
    }
    return reader.finish(std::move(spec));
}

} // namespace alcove::llm
