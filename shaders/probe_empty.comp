// Nothing but one word passed on: measures what a stage costs by itself.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"

layout(push_constant, std430) uniform Push {
    Words word;
} push;

void main()
{
    if (subgroupElect())
        push.word.at[0] += 1;
}
