// Batch of tokens: y[t][i] = silu(x[t][i]) * x[t][kHidden + i].
// Workgroups: x over the hidden values, y over tokens.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"

layout(constant_id = 1) const uint kHidden = 1;

layout(push_constant, std430) uniform Push {
    Floats x; // [tokens][xStride]: gate, then up
    Floats y; // [tokens][yStride]
    uint xStride;
    uint yStride;
} push;

void main()
{
    const uint i = gl_WorkGroupID.x * kLanes + lane();
    if (i >= kHidden)
        return;
    const uint base = gl_WorkGroupID.y * push.xStride;
    const float gate = push.x.at[base + i];
    push.y.at[gl_WorkGroupID.y * push.yStride + i] =
        push.x.at[base + kHidden + i] * gate / (1.0 + exp(-gate));
}
