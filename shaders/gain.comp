// Prepares one token for a matrix with a folded norm: normed = x * weight, and one sum of squares.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"

layout(constant_id = 1) const uint kWidth = 1;

layout(push_constant, std430) uniform Push {
    Floats x;       // [kWidth]
    Floats gain;    // [kWidth]
    Floats normed;  // [kWidth]
    Floats sumsOut; // [1]
} push;

void main()
{
    float squares = 0.0;
    for (uint i = lane(); i < kWidth; i += kLanes) {
        const float value = push.x.at[i];
        push.normed.at[i] = value * push.gain.at[i];
        squares += value * value;
    }
    squares = subgroupAdd(squares);
    if (subgroupElect())
        push.sumsOut.at[0] = squares;
}
