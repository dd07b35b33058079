// What lies between two blocks, for each token:
//   x += scale * post(update);  x = out(x);  y = next(x).
// Each of the norms may be none, RMS or layer norm. One token a workgroup; a lane comes back to the
// values that it wrote itself.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"

layout(constant_id = 1) const uint kWidth = 1;
layout(constant_id = 2) const bool kUpdate = false; // there is one
layout(constant_id = 3) const uint kPost = 0; // 0: none, 1: RMS, 2: layer norm
layout(constant_id = 4) const uint kOut = 0;
layout(constant_id = 5) const uint kNext = 0;
layout(constant_id = 6) const bool kPostBias = false;
layout(constant_id = 7) const bool kOutBias = false;
layout(constant_id = 8) const bool kNextBias = false;

layout(push_constant, std430) uniform Push {
    Floats x;      // [tokens][stride]
    Floats update; // [tokens][stride]
    Floats y;      // [tokens][stride]
    Floats postWeight; // [kWidth] each
    Floats postBias;
    Floats outWeight;
    Floats outBias;
    Floats nextWeight;
    Floats nextBias;
    uint stride;
    float postEpsilon;
    float outEpsilon;
    float nextEpsilon;
    float scale;
} push;

// What a norm subtracts and multiplies by.
vec2 shiftAndScale(uint kind, Floats values, uint base, float epsilon)
{
    if (kind == 0)
        return vec2(0.0, 1.0);
    float mean = 0.0;
    if (kind == 2) {
        float sum = 0.0;
        for (uint i = lane(); i < kWidth; i += kLanes)
            sum += values.at[base + i];
        mean = subgroupAdd(sum) / float(kWidth);
    }
    float squares = 0.0;
    for (uint i = lane(); i < kWidth; i += kLanes) {
        const float value = values.at[base + i] - mean;
        squares += value * value;
    }
    return vec2(mean, inversesqrt(subgroupAdd(squares) / float(kWidth) + epsilon));
}

float normed(float value, vec2 by, uint kind, Floats weight, bool biased, Floats bias, uint i)
{
    if (kind == 0)
        return value;
    const float result = (value - by.x) * by.y * weight.at[i];
    return biased ? result + bias.at[i] : result;
}

void main()
{
    const uint base = gl_WorkGroupID.x * push.stride;
    if (kUpdate) {
        const vec2 by = shiftAndScale(kPost, push.update, base, push.postEpsilon);
        for (uint i = lane(); i < kWidth; i += kLanes)
            push.x.at[base + i] += push.scale
                * normed(push.update.at[base + i], by, kPost, push.postWeight, kPostBias,
                         push.postBias, i);
    }
    if (kOut != 0) {
        const vec2 by = shiftAndScale(kOut, push.x, base, push.outEpsilon);
        for (uint i = lane(); i < kWidth; i += kLanes)
            push.x.at[base + i] = normed(push.x.at[base + i], by, kOut, push.outWeight, kOutBias,
                                         push.outBias, i);
    }
    const vec2 by = shiftAndScale(kNext, push.x, base, push.nextEpsilon);
    for (uint i = lane(); i < kWidth; i += kLanes)
        push.y.at[base + i] = normed(push.x.at[base + i], by, kNext, push.nextWeight, kNextBias,
                                     push.nextBias, i);
}
