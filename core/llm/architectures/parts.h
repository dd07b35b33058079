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

// Sizes, the embedding and the pooling that the file asks for; layers are still missing.
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
struct HeadCounts {
    std::uint32_t heads = 0;
    std::uint32_t kvHeads = 0;
};
HeadCounts readHeadCounts(SpecReader &reader);
// Of a file that may list them for each layer: its largest counts.
HeadCounts readLargestHeadCounts(SpecReader &reader, std::uint32_t layers);
Attention readHeads(SpecReader &reader, const ModelSpec &spec, HeadCounts counts); // no RoPE
void readRope(SpecReader &reader, const ModelSpec &spec, RopePairs pairs, Attention &attention);
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
                   Attention &attention, NormKind kind = NormKind::Rms);

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
// ffn_up and ffn_down only.
DenseFeedForward readUngated(SpecReader &reader, const ModelSpec &spec, const std::string &block,
                             std::uint32_t hidden, Activation activation);
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
// How expert_gating_func (absent: `fallback`) makes weights of the router's outputs.
ExpertWeights readGating(SpecReader &reader, ExpertWeights fallback);
// ffn_gate_inp and ffn_*_exps; expert_weights_scale counts, and so does expert_weights_norm where
// a file has it.
enum class Renormalise { No, Yes }; // unless the file says
ExpertFeedForward readExperts(SpecReader &reader, const ModelSpec &spec, const std::string &block,
                              const ExpertSizes &sizes, Renormalise renormalise,
                              Bias bias = Bias::None);

// output_norm and output, or the embedding where the file has no output.
void readOutput(SpecReader &reader, Frame &frame, NormKind norms = NormKind::Rms,
                const std::string &normName = "output_norm");

} // namespace alcove::llm
