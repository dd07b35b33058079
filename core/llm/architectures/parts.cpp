#include "core/llm/architectures/parts.h"

#include "core/llm/display_text.h"

#include <algorithm>
#include <cmath>

namespace alcove::llm {

namespace {

// "models/Llama.Q8_0.gguf" -> "Llama.Q8_0". By hand: std::filesystem would need the path's
// encoding to be the system's.
std::string fileStem(std::string_view path)
{
    const std::size_t slash = path.find_last_of("/\\");
    if (slash != std::string_view::npos)
        path.remove_prefix(slash + 1);
    return std::string(path.substr(0, path.rfind('.')));
}

Pooling readPooling(SpecReader &reader)
{
    constexpr std::uint32_t kUnspecified = 0xffffffffu;
    switch (reader.sizeOr("pooling_type", kUnspecified, kUnspecified)) {
    case 0:
    case kUnspecified:
        return Pooling::None;
    case 1:
        return Pooling::Mean;
    case 2:
        return Pooling::Cls;
    case 3:
        return Pooling::Last;
    default:
        reader.refuseUnless(false, "a kind of pooling that is not mean, first or last");
        return Pooling::None;
    }
}

void checkHidden(SpecReader &reader, std::uint32_t hidden)
{
    if (hidden == 0)
        reader.refuse("its metadata has no usable '" + reader.architecture()
                      + ".feed_forward_length'");
}

} // namespace

Frame readFrame(SpecReader &reader, NormKind norms)
{
    const GgufFile &file = reader.file();
    Frame frame;
    ModelSpec &spec = frame.spec;
    spec.architecture = reader.architecture();
    spec.name = displayText(file.string("general.name").value_or(""), 200);
    if (spec.name.empty())
        spec.name = fileStem(file.path());
    spec.width = reader.size("embedding_length", kMaxWidth);
    frame.layers = reader.size("block_count", kMaxLayers);
    frame.hidden = reader.sizeOr("feed_forward_length", kMaxHidden, 0);
    spec.trainedContext = reader.size("context_length", kMaxContext);
    frame.epsilon = float(reader.number(norms == NormKind::Rms ? "attention.layer_norm_rms_epsilon"
                                                               : "attention.layer_norm_epsilon",
                                        1e-15, 1.0));
    spec.embedding = reader.matrix("token_embd.weight", 0, spec.width);
    if (spec.embedding->shape[1] > kMaxVocabulary)
        reader.refuse("its vocabulary is impossibly large");
    else
        spec.vocabulary = std::uint32_t(spec.embedding->shape[1]);
    if (const GgufValue *tokens = file.find("tokenizer.ggml.tokens");
        tokens && tokens->count != spec.vocabulary)
        reader.refuse("it lists " + std::to_string(tokens->count) + " tokens and embeds "
                      + std::to_string(spec.vocabulary));
    spec.pooling = readPooling(reader);
    return frame;
}

std::string blockName(std::uint32_t layer)
{
    return "blk." + std::to_string(layer) + ".";
}

HeadCounts readHeadCounts(SpecReader &reader)
{
    HeadCounts counts;
    counts.heads = reader.size("attention.head_count", kMaxHeads);
    counts.kvHeads = reader.sizeOr("attention.head_count_kv", kMaxHeads, counts.heads);
    return counts;
}

HeadCounts readLargestHeadCounts(SpecReader &reader, std::uint32_t layers)
{
    const auto heads = reader.sizesOr("attention.head_count", kMaxHeads, layers, 0);
    const auto kvHeads = reader.sizesOr("attention.head_count_kv", kMaxHeads, layers, 0);
    const HeadCounts largest{*std::max_element(heads.begin(), heads.end()),
                             *std::max_element(kvHeads.begin(), kvHeads.end())};
    if (largest.heads == 0)
        reader.refuse("its metadata has no usable '" + reader.architecture()
                      + ".attention.head_count'");
    return largest;
}

Attention readHeads(SpecReader &reader, const ModelSpec &spec, HeadCounts counts)
{
    Attention shape;
    shape.heads = counts.heads;
    shape.kvHeads = counts.kvHeads;
    if (shape.heads == 0 || shape.kvHeads == 0 || shape.heads % shape.kvHeads != 0) {
        reader.refuse("its query heads do not divide among its key heads");
        shape.heads = shape.kvHeads = 1;
    }
    shape.headSize = reader.sizeOr("attention.key_length", kMaxHeadSize, spec.width / shape.heads);
    const std::uint32_t valueSize =
        reader.sizeOr("attention.value_length", kMaxHeadSize, shape.headSize);
    if (shape.headSize == 0 || shape.headSize > kMaxHeadSize) {
        reader.refuse("the size of its heads is impossible");
        shape.headSize = 1;
    }
    reader.refuseUnless(valueSize == shape.headSize, "values of another width than the keys");
    shape.scale = float(reader.numberOr("attention.scale", 0.0, 1e3, 0.0));
    if (shape.scale == 0.0f)
        shape.scale = 1.0f / std::sqrt(float(shape.headSize));
    return shape;
}

void readRope(SpecReader &reader, const ModelSpec &spec, RopePairs pairs, Attention &attention)
{
    SpecReader::RopeRequest request;
    request.pairs = pairs;
    request.headSize = attention.headSize;
    request.trainedContext = spec.trainedContext;
    attention.rope = reader.rope(request);
}

Attention readAttentionShape(SpecReader &reader, const ModelSpec &spec, RopePairs pairs,
                             HeadCounts counts)
{
    Attention shape = readHeads(reader, spec, counts);
    readRope(reader, spec, pairs, shape);
    return shape;
}

void readProjections(SpecReader &reader, const ModelSpec &spec, const std::string &block,
                     Attention &attention, Bias bias)
{
    const std::uint64_t mixedWidth = std::uint64_t(attention.heads) * attention.headSize;
    const std::uint64_t queryWidth = mixedWidth * (attention.outputGate ? 2 : 1);
    const std::uint64_t kvWidth = std::uint64_t(attention.kvHeads) * attention.headSize;
    if (reader.hasTensor(block + "attn_qkv.weight")) {
        const Linear fused =
            reader.linear(block + "attn_qkv", queryWidth + 2 * kvWidth, spec.width, bias);
        attention.query = reader.rows(fused, 0, queryWidth);
        attention.key = reader.rows(fused, queryWidth, kvWidth);
        attention.value = reader.rows(fused, queryWidth + kvWidth, kvWidth);
    } else {
        attention.query = reader.linear(block + "attn_q", queryWidth, spec.width, bias);
        attention.key = reader.linear(block + "attn_k", kvWidth, spec.width, bias);
        attention.value = reader.linear(block + "attn_v", kvWidth, spec.width, bias);
    }
    // Models with biases of q, k and v often have none here.
    attention.output = reader.linear(block + "attn_output", spec.width, mixedWidth, Bias::Optional);
}

void readHeadNorms(SpecReader &reader, const std::string &block, float epsilon,
                   Attention &attention, NormKind kind)
{
    const bool whole = attention.headNorms == HeadNorms::Whole;
    const std::uint64_t size = attention.headSize;
    attention.queryNorm =
        reader.norm(block + "attn_q_norm", size * (whole ? attention.heads : 1), epsilon, kind);
    attention.keyNorm =
        reader.norm(block + "attn_k_norm", size * (whole ? attention.kvHeads : 1), epsilon, kind);
}

std::vector<bool> readWindowedLayers(SpecReader &reader, std::uint32_t layers, std::uint32_t period)
{
    constexpr const char *kKey = "attention.sliding_window_pattern";
    if (std::vector<bool> listed = reader.flagsIfListed(kKey, layers); !listed.empty())
        return listed;
    period = reader.sizeOr(kKey, kMaxLayers, period);
    std::vector<bool> windowed(layers, true);
    for (std::uint32_t i = 0; i < layers && period > 0; ++i)
        windowed[i] = i % period + 1 < period;
    return windowed;
}

Layer readAttentionLayer(SpecReader &reader, const Frame &frame, const std::string &block,
                         Attention attention, Bias bias)
{
    Layer layer;
    layer.mixerNorm = reader.norm(block + "attn_norm", frame.spec.width, frame.epsilon);
    readProjections(reader, frame.spec, block, attention, bias);
    layer.mixer = std::move(attention);
    layer.feedForwardNorm = reader.norm(block + "ffn_norm", frame.spec.width, frame.epsilon);
    return layer;
}

DenseFeedForward readGated(SpecReader &reader, const ModelSpec &spec, const std::string &block,
                           std::uint32_t hidden, Activation activation, const std::string &suffix)
{
    checkHidden(reader, hidden);
    DenseFeedForward dense;
    dense.activation = activation;
    dense.gate = reader.linear(block + "ffn_gate" + suffix, hidden, spec.width, Bias::Optional);
    dense.up = reader.linear(block + "ffn_up" + suffix, hidden, spec.width, Bias::Optional);
    dense.down = reader.linear(block + "ffn_down" + suffix, spec.width, hidden, Bias::Optional);
    return dense;
}

DenseFeedForward readUngated(SpecReader &reader, const ModelSpec &spec, const std::string &block,
                             std::uint32_t hidden, Activation activation)
{
    checkHidden(reader, hidden);
    DenseFeedForward dense;
    dense.activation = activation;
    dense.up = reader.linear(block + "ffn_up", hidden, spec.width, Bias::Optional);
    dense.down = reader.linear(block + "ffn_down", spec.width, hidden, Bias::Optional);
    return dense;
}

DenseFeedForward readFusedGated(SpecReader &reader, const ModelSpec &spec, const std::string &block,
                                std::uint32_t hidden, Activation activation)
{
    checkHidden(reader, hidden);
    DenseFeedForward dense;
    dense.activation = activation;
    const Linear fused = reader.linear(block + "ffn_up", 2ull * hidden, spec.width, Bias::Optional);
    dense.gate = reader.rows(fused, 0, hidden);
    dense.up = reader.rows(fused, hidden, hidden);
    dense.down = reader.linear(block + "ffn_down", spec.width, hidden, Bias::Optional);
    return dense;
}

ExpertSizes readExpertSizes(SpecReader &reader, std::uint32_t denseHidden)
{
    ExpertSizes sizes;
    sizes.count = reader.sizeOr("expert_count", kMaxExperts, 0);
    if (sizes.count == 0)
        return sizes;
    sizes.used = reader.size("expert_used_count", kMaxExperts);
    sizes.hidden = reader.sizeOr("expert_feed_forward_length", kMaxHidden, 0);
    if (sizes.hidden == 0)
        sizes.hidden = denseHidden;
    if (sizes.used > sizes.count || sizes.hidden == 0)
        reader.refuse("its numbers of experts are impossible");
    return sizes;
}

ExpertWeights readGating(SpecReader &reader, ExpertWeights fallback)
{
    switch (reader.sizeOr("expert_gating_func", 1u << 16, 0)) {
    case 0:
        return fallback;
    case 1:
        return ExpertWeights::Softmax;
    case 2:
        return ExpertWeights::Sigmoid;
    case 3:
        return ExpertWeights::SoftmaxOfChosen;
    default:
        reader.refuseUnless(false, "a choice of experts that is not known");
        return fallback;
    }
}

ExpertFeedForward readExperts(SpecReader &reader, const ModelSpec &spec, const std::string &block,
                              const ExpertSizes &sizes, Renormalise renormalise, Bias bias)
{
    ExpertFeedForward experts;
    experts.used = sizes.used;
    experts.weightScale = reader.factor("expert_weights_scale");
    experts.renormalise = reader.flagOr("expert_weights_norm", renormalise == Renormalise::Yes);
    experts.router = reader.linear(block + "ffn_gate_inp", sizes.count, spec.width, bias);
    experts.gate =
        reader.expertMatrices(block + "ffn_gate_exps", sizes.count, sizes.hidden, spec.width, bias);
    experts.up =
        reader.expertMatrices(block + "ffn_up_exps", sizes.count, sizes.hidden, spec.width, bias);
    experts.down =
        reader.expertMatrices(block + "ffn_down_exps", sizes.count, spec.width, sizes.hidden, bias);
    return experts;
}

void readOutput(SpecReader &reader, Frame &frame, NormKind norms, const std::string &normName)
{
    ModelSpec &spec = frame.spec;
    spec.outputNorm = reader.norm(normName, spec.width, frame.epsilon, norms);
    spec.tiedEmbedding = !reader.hasTensor("output.weight");
    if (spec.tiedEmbedding)
        spec.output.weight = spec.embedding;
    else
        spec.output = reader.linear("output", spec.vocabulary, spec.width, Bias::Optional);
}

} // namespace alcove::llm
