// RMS norm of each token: y[t] = x[t] / sqrt(mean(x[t]^2) + epsilon) * weight. One token a workgroup.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"

layout(constant_id = 1) const uint kWidth = 1;

layout(push_constant, std430) uniform Push {
    Floats x;      // [tokens][stride]
    Floats weight; // [kWidth]
    Floats y;      // [tokens][stride]
    uint stride;
    float epsilon;
} push;

void main()
{
    const uint base = gl_WorkGroupID.x * push.stride;
    float squares = 0.0;
    for (uint i = lane(); i < kWidth; i += kLanes) {
        const float value = push.x.at[base + i];
        squares += value * value;
    }
    const float inverse = inversesqrt(subgroupAdd(squares) / float(kWidth) + push.epsilon);
    for (uint i = lane(); i < kWidth; i += kLanes)
        push.y.at[base + i] = push.x.at[base + i] * inverse * push.weight.at[i];
}
