// Copies memory, four words a lane at a time: measures the bandwidth that kernels can reach.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"

layout(push_constant, std430) uniform Push {
    Words4 from;
    Words4 to;
    uint count; // of four words
} push;

void main()
{
    const uint total = gl_NumWorkGroups.x * kLanes;
    for (uint i = gl_WorkGroupID.x * kLanes + lane(); i < push.count; i += total)
        push.to.at[i] = push.from.at[i];
}
