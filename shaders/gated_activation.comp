// Batch of tokens: y[t][i] = activation(x[t][i]), times x[t][kHidden + i] when kGated.
// Workgroups: x over the hidden values, y over tokens.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"
#include "activation.glsl"

layout(constant_id = 1) const uint kHidden = 1;
layout(constant_id = 2) const bool kGated = false;

layout(push_constant, std430) uniform Push {
    Floats x; // [tokens][xStride]: gate, then up when kGated
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
    const float up = kGated ? push.x.at[base + kHidden + i] : 1.0;
    push.y.at[gl_WorkGroupID.y * push.yStride + i] = activate(push.x.at[base + i], up);
}
