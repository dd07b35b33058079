// granite, granitemoe, and granitehybrid, whose layers without key heads are Mamba 2.
#include "core/llm/architectures/architectures.h"
#include "core/llm/architectures/parts.h"

namespace alcove::llm {

namespace {

// Granite's factors; gives that of the residuals.
float readFactors(SpecReader &reader, ModelSpec &spec)
{
    spec.embeddingScale = reader.factor("embedding_scale");
    spec.logitScale = 1.0f / reader.factor("logit_scale");
    return reader.factor("residual_scale");
}

enum class RopeUnlessSaid { On, Off };

Attention readGraniteAttention(SpecReader &reader, const ModelSpec &spec, HeadCounts counts,
                               RopeUnlessSaid rope)
{
    Attention shape = readAttentionShape(reader, spec, RopePairs::Adjacent, counts);
    // So these files say whether there is a RoPE at all.
    if (!reader.flagOr("rope.scaling.finetuned", rope == RopeUnlessSaid::On))
        shape.rope = {};
    return shape;
}

Mamba2 readMambaShape(SpecReader &reader)
{
    Mamba2 mamba;
    const std::uint32_t inner = reader.size("ssm.inner_size", kMaxWidth);
    mamba.heads = reader.size("ssm.time_step_rank", kMaxWidth);
    mamba.stateSize = reader.size("ssm.state_size", kMaxHeadSize);
    mamba.groups = reader.size("ssm.group_count", kMaxHeads);
    mamba.headSize = inner / mamba.heads;
    if (inner % mamba.heads != 0 || mamba.heads % mamba.groups != 0
        || std::uint64_t(inner) * mamba.stateSize > kMaxRecurrentState)
        reader.refuse("the sizes of its recurrent layers do not go together");
    return mamba;
}

Mamba2 readMamba(SpecReader &reader, const Frame &frame, const std::string &block, Mamba2 mamba,
                 std::uint32_t taps)
{
    const std::uint32_t width = frame.spec.width;
    const std::uint64_t inner = mamba.inner();
    const std::uint64_t channels = inner + 2ull * mamba.groups * mamba.stateSize;
    mamba.in = reader.linear(block + "ssm_in", inner + channels + mamba.heads, width, Bias::None);
    mamba.kernel = reader.filter(block + "ssm_conv1d.weight", channels, taps);
    mamba.kernelBias = reader.vectorIfThere(block + "ssm_conv1d.bias", channels);
    mamba.dtBias = reader.vector(block + "ssm_dt.bias", mamba.heads);
    mamba.a = reader.values(block + "ssm_a", mamba.heads);
    mamba.d = reader.values(block + "ssm_d", mamba.heads);
    mamba.norm.epsilon = frame.epsilon;
    mamba.norm.weight = reader.values(block + "ssm_norm.weight", inner);
    mamba.out = reader.linear(block + "ssm_out", width, inner, Bias::None);
    return mamba;
}

// Experts beside one that every token passes (granitemoe), or a dense feed-forward.
FeedForward readGraniteFeedForward(SpecReader &reader, const Frame &frame, const std::string &block,
                                   const ExpertSizes &sizes)
{
    const std::uint32_t shared = reader.sizeOr("expert_shared_feed_forward_length", kMaxHidden, 0);
    if (sizes.count == 0)
        return readGated(reader, frame.spec, block, frame.hidden);
    ExpertFeedForward experts = readExperts(reader, frame.spec, block, sizes, Renormalise::Yes);
    if (shared > 0)
        experts.shared = readGated(reader, frame.spec, block, shared, Activation::Silu, "_shexp");
    return experts;
}

} // namespace

Result<ModelSpec> readGranite(SpecReader &reader)
{
    Frame frame = readFrame(reader);
    const float residualScale = readFactors(reader, frame.spec);
    const Attention shape =
        readGraniteAttention(reader, frame.spec, readHeadCounts(reader), RopeUnlessSaid::On);
    const ExpertSizes sizes = readExpertSizes(reader, frame.hidden);
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        Layer layer = readAttentionLayer(reader, frame, block, shape, Bias::Optional);
        layer.feedForward = readGraniteFeedForward(reader, frame, block, sizes);
        layer.residualScale = residualScale;
        frame.spec.layers.push_back(std::move(layer));
    }
    readOutput(reader, frame);
    return reader.finish(std::move(frame.spec));
}

Result<ModelSpec> readGraniteHybrid(SpecReader &reader)
{
    // Written into files although these models do not compute with them.
    for (const char *name :
         {"attn_logit_softcapping", "final_logit_softcapping", "router_logit_softcapping"})
        reader.ignore(name);
    Frame frame = readFrame(reader);
    ModelSpec &spec = frame.spec;
    const float residualScale = readFactors(reader, spec);
    const auto kvHeads = reader.sizesOr("attention.head_count_kv", kMaxHeads, frame.layers, 0);
    const Attention shape = readGraniteAttention(
        reader, spec, readLargestHeadCounts(reader, frame.layers), RopeUnlessSaid::Off);
    const ExpertSizes sizes = readExpertSizes(reader, frame.hidden);
    const Mamba2 mambaShape = readMambaShape(reader);
    const std::uint32_t taps = reader.size("ssm.conv_kernel", 64);
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        Layer layer;
        layer.mixerNorm = reader.norm(block + "attn_norm", spec.width, frame.epsilon);
        if (kvHeads[i] == 0) {
            layer.mixer = readMamba(reader, frame, block, mambaShape, taps);
        } else {
            Attention attention = shape;
            reader.refuseUnless(kvHeads[i] == shape.kvHeads, "layers of different key heads");
            readProjections(reader, spec, block, attention, Bias::Optional);
            layer.mixer = std::move(attention);
        }
        layer.feedForwardNorm = reader.norm(block + "ffn_norm", spec.width, frame.epsilon);
        layer.feedForward = readGraniteFeedForward(reader, frame, block, sizes);
        layer.residualScale = residualScale;
        spec.layers.push_back(std::move(layer));
    }
    readOutput(reader, frame);
    return reader.finish(std::move(spec));
}

} // namespace alcove::llm
