// qwen35: three layers of four are gated delta nets, the fourth is gated attention.
#include "core/llm/architectures/architectures.h"
#include "core/llm/architectures/parts.h"

#include <cmath>

namespace alcove::llm {

namespace {

GatedDeltaNet readDeltaShape(SpecReader &reader)
{
    GatedDeltaNet delta;
    delta.keyHeads = reader.size("ssm.group_count", kMaxHeads);
    delta.valueHeads = reader.size("ssm.time_step_rank", kMaxHeads);
    delta.keySize = reader.size("ssm.state_size", kMaxHeadSize);
    delta.valueSize = delta.keySize;
    const std::uint32_t inner = reader.size("ssm.inner_size", kMaxWidth);
    if (delta.valueHeads % delta.keyHeads != 0
        || inner != std::uint64_t(delta.valueHeads) * delta.valueSize
        || std::uint64_t(inner) * delta.keySize > kMaxRecurrentState)
        reader.refuse("the sizes of its recurrent layers do not go together");
    return delta;
}

GatedDeltaNet readDelta(SpecReader &reader, const Frame &frame, const std::string &block,
                        GatedDeltaNet delta, std::uint32_t taps)
{
    const std::uint32_t width = frame.spec.width;
    const std::uint64_t values = std::uint64_t(delta.valueHeads) * delta.valueSize;
    const std::uint64_t channels = 2ull * delta.keyHeads * delta.keySize + values;
    delta.qkv = reader.linear(block + "attn_qkv", channels, width, Bias::None);
    delta.gate = reader.linear(block + "attn_gate", values, width, Bias::None);
    delta.alpha = reader.linear(block + "ssm_alpha", delta.valueHeads, width, Bias::None);
    delta.beta = reader.linear(block + "ssm_beta", delta.valueHeads, width, Bias::None);
    delta.kernel = reader.filter(block + "ssm_conv1d.weight", channels, taps);
    delta.dtBias = reader.vector(block + "ssm_dt.bias", delta.valueHeads);
    delta.a = reader.values(block + "ssm_a", delta.valueHeads);
    delta.norm = reader.norm(block + "ssm_norm", delta.valueSize, frame.epsilon);
    delta.out = reader.linear(block + "ssm_out", width, values, Bias::None);
    return delta;
}

// Which layers are recurrent: listed, or else all but every so-manieth.
std::vector<bool> readRecurrentLayers(SpecReader &reader, std::uint32_t layers)
{
    const std::uint32_t interval = reader.sizeOr("full_attention_interval", kMaxLayers, 4);
    std::vector<bool> listed = reader.flagsIfListed("attention.recurrent_layers", layers);
    if (!listed.empty())
        return listed;
    std::vector<bool> recurrent(layers, true);
    for (std::uint32_t i = 0; i < layers && interval > 0; ++i)
        recurrent[i] = (i + 1) % interval != 0;
    return recurrent;
}

} // namespace

Result<ModelSpec> readQwen35(SpecReader &reader)
{
    // Written into files although these models do not compute with them.
    for (const char *name :
         {"attn_logit_softcapping", "final_logit_softcapping", "router_logit_softcapping"})
        reader.ignore(name);
    Frame frame = readFrame(reader);
    ModelSpec &spec = frame.spec;
    // The last layers may be there to guess further tokens, which we do not do.
    const std::uint32_t guessing = reader.sizeOr("nextn_predict_layers", kMaxLayers, 0);
    if (guessing >= frame.layers)
        reader.refuse("it has no layers but those that guess further tokens");
    const std::uint32_t layers = frame.layers - (reader.failed() ? 0 : guessing);
    for (std::uint32_t i = layers; i < frame.layers; ++i)
        reader.ignoreTensors(blockName(i));
    Attention shape = readAttentionShape(reader, spec, RopePairs::SplitHalf);
    shape.outputGate = true;
    const GatedDeltaNet deltaShape = readDeltaShape(reader);
    const std::uint32_t taps = reader.size("ssm.conv_kernel", 64);
    const std::vector<bool> recurrent = readRecurrentLayers(reader, layers);
    for (std::uint32_t i = 0; i < layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        Layer layer;
        layer.mixerNorm = reader.norm(block + "attn_norm", spec.width, frame.epsilon);
        if (recurrent[i]) {
            layer.mixer = readDelta(reader, frame, block, deltaShape, taps);
        } else {
            Attention attention = shape;
            readProjections(reader, spec, block, attention, Bias::None);
            // The published models have none, and what reads their files does not add any.
            for (const char *name : {"attn_q.bias", "attn_k.bias", "attn_v.bias"})
                reader.ignoreTensors(block + name);
            readHeadNorms(reader, block, frame.epsilon, attention);
            layer.mixer = std::move(attention);
        }
        // So named, but what the feed-forward gets passes it.
        layer.feedForwardNorm =
            reader.norm(block + "post_attention_norm", spec.width, frame.epsilon);
        layer.feedForward = readGated(reader, spec, block, frame.hidden);
        spec.layers.push_back(std::move(layer));
    }
    readOutput(reader, frame);
    return reader.finish(std::move(spec));
}

} // namespace alcove::llm
