// Batch of tokens: adds up what a token's experts have given, by weight, and the shared expert's:
// y[t] = (kResidual: y[t] +) scale * (sum_u weight(t, u) * x[t][u] + gate(t) * shared[t]).
// Workgroups: x over the columns, y over tokens.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"

layout(constant_id = 1) const uint kWidth = 1;
layout(constant_id = 2) const uint kUsed = 1;
layout(constant_id = 3) const bool kShared = false;
layout(constant_id = 4) const bool kSharedGate = false;
layout(constant_id = 5) const bool kResidual = false;

layout(push_constant, std430) uniform Push {
    Floats x;      // [tokens][kUsed][kWidth]
    Words2 choice; // [tokens][kUsed]: expert, bits of the weight
    Floats sharedSum; // [tokens][sharedStride]
    Floats gate;   // [tokens][gateStride]: the logit of the shared expert's gate
    Floats y;      // [tokens][yStride]
    uint sharedStride;
    uint gateStride;
    uint yStride;
    float scale;
} push;

void main()
{
    const uint i = gl_WorkGroupID.x * kLanes + lane();
    const uint token = gl_WorkGroupID.y;
    if (i >= kWidth)
        return;
    float sum = 0.0;
    for (uint u = 0; u < kUsed; ++u) {
        const float weight = uintBitsToFloat(push.choice.at[token * kUsed + u].y);
        sum += weight * push.x.at[(token * kUsed + u) * kWidth + i];
    }
    if (kShared) {
        float value = push.sharedSum.at[token * push.sharedStride + i];
        if (kSharedGate)
            value /= 1.0 + exp(-push.gate.at[token * push.gateStride]);
        sum += value;
    }
    sum *= push.scale;
    const uint at = token * push.yStride + i;
    push.y.at[at] = kResidual ? push.y.at[at] + sum : sum;
}
