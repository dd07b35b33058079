// What the readers of several architectures have in common: a specification's frame, attention
// from separate or fused projections, and feed-forwards. Errors are kept by the SpecReader.
#pragma once

#include "core/llm/model_spec.h"
#include "core/llm/spec_reader.h"

#include <cstdint>
#include <string>
#include <vector>

namespace alcove::llm {

using Bias = SpecReader::Bias;

// Sizes and the embedding; layers are still missing.
struct Frame {
    ModelSpec spec;
    std::uint32_t layers = 0;
    std::uint32_t hidden = 0; // of dense feed-forwards; 0: the file does not say
    float epsilon = 1e-5f; // of all norms
};
Frame readFrame(SpecReader &reader, NormKind norms = NormKind::Rms);

// "blk.3."
std::string blockName(std::uint32_t layer);

// Heads, their size, RoPE and the scale 1/sqrt(head size) or attention.scale, without tensors.
// The heads may be those of one layer, where a file lists them for each.
struct HeadCounts {
    std::uint32_t heads = 0;
    std::uint32_t kvHeads = 0;
};
HeadCounts readHeadCounts(SpecReader &reader);
Attention readAttentionShape(SpecReader &reader, const ModelSpec &spec, RopePairs pairs,
                             HeadCounts counts);
inline Attention readAttentionShape(SpecReader &reader, const ModelSpec &spec, RopePairs pairs)
{
    return readAttentionShape(reader, spec, pairs, readHeadCounts(reader));
}

// The projections of a layer: attn_q, attn_k and attn_v, or attn_qkv where the file has that.
void readProjections(SpecReader &reader, const ModelSpec &spec, const std::string &block,
                     Attention &attention, Bias bias);
// attn_q_norm and attn_k_norm.
void readHeadNorms(SpecReader &reader, const std::string &block, float epsilon,
                   Attention &attention);

// Which layers see a window only: attention.sliding_window_pattern (a flag for each layer, or a
// period), or else all but every `period`th.
std::vector<bool> readWindowedLayers(SpecReader &reader, std::uint32_t layers,
                                     std::uint32_t period);

// attn_norm, the attention with its projections, ffn_norm; the feed-forward is still missing.
Layer readAttentionLayer(SpecReader &reader, const Frame &frame, const std::string &block,
                         Attention attention, Bias bias);

// ffn_gate, ffn_up, ffn_down; `suffix` "_shexp" for shared experts.
DenseFeedForward readGated(SpecReader &reader, const ModelSpec &spec, const std::string &block,
                           std::uint32_t hidden, Activation activation = Activation::Silu,
                           const std::string &suffix = "");
// ffn_up has the gate's rows and then up's.
DenseFeedForward readFusedGated(SpecReader &reader, const ModelSpec &spec, const std::string &block,
                                std::uint32_t hidden, Activation activation = Activation::Silu);

// Sizes of the experts: expert_count (0: there are none), expert_used_count and their width.
struct ExpertSizes {
    std::uint32_t count = 0;
    std::uint32_t used = 0;
    std::uint32_t hidden = 0;
};
ExpertSizes readExpertSizes(SpecReader &reader, std::uint32_t denseHidden);
// ffn_gate_inp and ffn_*_exps.
ExpertFeedForward readExperts(SpecReader &reader, const ModelSpec &spec, const std::string &block,
                              const ExpertSizes &sizes, Bias bias = Bias::None);

// output_norm and output, or the embedding where the file has no output.
void readOutput(SpecReader &reader, Frame &frame, NormKind norms = NormKind::Rms,
                const std::string &normName = "output_norm");

} // namespace alcove::llm
