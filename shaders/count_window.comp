// Counts how often each token is in the penalty window. One workgroup.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"

layout(push_constant, std430) uniform Push {
    Tokens window; // [tokens]
    Words counts;  // [vocabulary], zero before
    uint tokens;
    uint vocabulary;
} push;

void main()
{
    for (uint i = lane(); i < push.tokens; i += kLanes) {
        const uint token = uint(push.window.at[i]);
        if (token < push.vocabulary)
            atomicAdd(push.counts.at[token], 1);
    }
}
