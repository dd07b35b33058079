// Batch of tokens: RMS norm over groups of a row, with a gate: y = rms(y) * weight * silu(gate), or
// (kGateFirst) y = rms(y * silu(gate)) * weight. In place.
// Workgroups: x over groups, y over tokens.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"

layout(constant_id = 1) const uint kWidth = 1; // of a group
layout(constant_id = 2) const bool kGateFirst = false;
layout(constant_id = 3) const bool kSharedWeight = false; // one [kWidth] for all groups

layout(push_constant, std430) uniform Push {
    Floats y;      // [tokens][yStride]
    Floats gate;   // [tokens][gateStride]
    Floats weight; // [groups * kWidth]
    uint yStride;
    uint gateStride;
    float epsilon;
    uint unused;
} push;

void main()
{
    const uint group = gl_WorkGroupID.x * kWidth;
    const uint base = gl_WorkGroupID.y * push.yStride + group;
    const uint gates = gl_WorkGroupID.y * push.gateStride + group;
    float squares = 0.0;
    for (uint i = lane(); i < kWidth; i += kLanes) {
        float value = push.y.at[base + i];
        if (kGateFirst) {
            const float gate = push.gate.at[gates + i];
            value *= gate / (1.0 + exp(-gate));
            push.y.at[base + i] = value; // read again by the same lane only
        }
        squares += value * value;
    }
    const float inverse = inversesqrt(subgroupAdd(squares) / float(kWidth) + push.epsilon);
    for (uint i = lane(); i < kWidth; i += kLanes) {
        float value = push.y.at[base + i] * inverse * push.weight.at[kSharedWeight ? i : group + i];
        if (!kGateFirst) {
            const float gate = push.gate.at[gates + i];
            value *= gate / (1.0 + exp(-gate));
        }
        push.y.at[base + i] = value;
    }
}
