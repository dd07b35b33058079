// lfm2 and lfm2moe: layers without key heads are short convolutions.
#include "core/llm/architectures/architectures.h"
#include "core/llm/architectures/parts.h"

namespace alcove::llm {

namespace {

ShortConvolution readConvolution(SpecReader &reader, const ModelSpec &spec,
                                 const std::string &block, std::uint32_t taps)
{
    ShortConvolution convolution;
    convolution.in =
        reader.linear(block + "shortconv.in_proj", 3ull * spec.width, spec.width, Bias::None);
    convolution.kernel = reader.filter(block + "shortconv.conv.weight", spec.width, taps);
    convolution.out =
        reader.linear(block + "shortconv.out_proj", spec.width, spec.width, Bias::None);
    return convolution;
}

// lfm2moe: the first layers are dense, the others choose experts with a bias.
FeedForward readLfm2FeedForward(SpecReader &reader, const Frame &frame, const std::string &block,
                                const ExpertSizes &sizes, bool dense)
{
    if (dense)
        return readGated(reader, frame.spec, block, frame.hidden);
    ExpertFeedForward experts = readExperts(reader, frame.spec, block, sizes, Renormalise::Yes);
    experts.weights = readGating(reader, ExpertWeights::Sigmoid);
    experts.choiceBias = reader.vectorIfThere(block + "exp_probs_b.bias", sizes.count);
    return experts;
}

} // namespace

Result<ModelSpec> readLfm2(SpecReader &reader)
{
    // Written into files although these models do not compute with them.
    for (const char *name :
         {"attn_logit_softcapping", "final_logit_softcapping", "router_logit_softcapping"})
        reader.ignore(name);
    Frame frame = readFrame(reader);
    ModelSpec &spec = frame.spec;
    const auto kvHeads = reader.sizesOr("attention.head_count_kv", kMaxHeads, frame.layers, 0);
    Attention shape = readAttentionShape(reader, spec, RopePairs::SplitHalf,
                                         readLargestHeadCounts(reader, frame.layers));
    shape.window = reader.sizeOr("attention.sliding_window", kMaxContext, 0);
    const ExpertSizes sizes = readExpertSizes(reader, 0);
    const std::uint32_t leadingDense = reader.sizeOr("leading_dense_block_count", kMaxLayers, 0);
    const std::uint32_t taps = reader.size("shortconv.l_cache", 64);
    for (std::uint32_t i = 0; i < frame.layers && !reader.failed(); ++i) {
        const std::string block = blockName(i);
        Layer layer;
        layer.mixerNorm = reader.norm(block + "attn_norm", spec.width, frame.epsilon);
        if (kvHeads[i] == 0) {
            layer.mixer = readConvolution(reader, spec, block, taps);
        } else {
            Attention attention = shape;
            reader.refuseUnless(kvHeads[i] == shape.kvHeads, "layers of different key heads");
            readProjections(reader, spec, block, attention, Bias::Optional);
            readHeadNorms(reader, block, frame.epsilon, attention);
            layer.mixer = std::move(attention);
        }
        layer.feedForwardNorm = reader.norm(block + "ffn_norm", spec.width, frame.epsilon);
        layer.feedForward =
            readLfm2FeedForward(reader, frame, block, sizes, sizes.count == 0 || i < leadingDense);
        spec.layers.push_back(std::move(layer));
    }
    // The norm before the output has this name in these files.
    readOutput(reader, frame, NormKind::Rms, "token_embd_norm");
    return reader.finish(std::move(spec));
}

} // namespace alcove::llm
