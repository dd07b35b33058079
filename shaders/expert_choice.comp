// The experts of each token: the kUsed with the largest scores, each with its weight. One token a
// workgroup.
//
// Whatever the logits are, NaN included, the choice names experts that exist.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"

layout(constant_id = 1) const uint kExperts = 1;
layout(constant_id = 2) const uint kUsed = 1; // at most kExperts
layout(constant_id = 3) const uint kWeights = 0; // kSoftmax, ...
layout(constant_id = 4) const bool kChoiceBias = false;
layout(constant_id = 5) const bool kRenormalise = false;

layout(push_constant, std430) uniform Push {
    Floats logits;     // [tokens][stride]
    Floats choiceBias; // [kExperts]
    Words2 choice;     // [tokens][kUsed]: the expert, the bits of its weight
    uint stride;
    float weightScale;
} push;

const uint kSoftmax = 0;         // of all logits
const uint kSoftmaxOfChosen = 1;
const uint kSigmoid = 2;

const float kTaken = -3.4e38;

shared float scores[kExperts]; // a lane reads and writes its own only
shared uint chosen[kUsed];
shared float weights[kUsed];

void main()
{
    const uint base = gl_WorkGroupID.x * push.stride;
    float top = kTaken;
    for (uint i = lane(); i < kExperts; i += kLanes)
        top = max(top, push.logits.at[base + i]);
    top = subgroupMax(top);
    float all = 1.0;
    if (kWeights == kSoftmax) {
        float part = 0.0;
        for (uint i = lane(); i < kExperts; i += kLanes)
            part += exp(push.logits.at[base + i] - top);
        all = subgroupAdd(part);
    }
    for (uint i = lane(); i < kExperts; i += kLanes) {
        float score = push.logits.at[base + i];
        if (kWeights == kSoftmax)
            score = exp(score - top) / all;
        if (kWeights == kSigmoid)
            score = 1.0 / (1.0 + exp(-score));
        if (kChoiceBias)
            score += push.choiceBias.at[i];
        scores[i] = score;
    }

    float total = 0.0;
    for (uint u = 0; u < kUsed; ++u) {
        float best = kTaken;
        uint expert = kExperts;
        for (uint i = lane(); i < kExperts; i += kLanes) {
            const float score = scores[i];
            expert = score > best ? i : expert;
            best = score > best ? score : best;
        }
        // The first of equals.
        const float most = subgroupMax(best);
        expert = min(subgroupMin(best == most ? expert : kExperts), kExperts - 1);
        if (expert % kLanes == lane())
            scores[expert] = kTaken;
        const float logit = push.logits.at[base + expert];
        const float weight = kWeights == kSigmoid ? 1.0 / (1.0 + exp(-logit))
                                                  : exp(logit - top) / all;
        total += weight;
        if (subgroupElect()) {
            chosen[u] = expert;
            weights[u] = weight;
        }
    }
    sync();
    float scale = push.weightScale;
    if (kRenormalise || kWeights == kSoftmaxOfChosen)
        scale /= max(total, 1e-20);
    for (uint u = lane(); u < kUsed; u += kLanes)
        push.choice.at[gl_WorkGroupID.x * kUsed + u] =
            uvec2(chosen[u], floatBitsToUint(weights[u] * scale));
}
