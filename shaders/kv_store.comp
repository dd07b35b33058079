// Batch of tokens: keys, normed and rotated, and values into the KV cache.
// Workgroups: x over KV heads, y over tokens.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"
#define kHeadRows 1
#include "rotation.glsl"
#include "kv_cache.glsl"

layout(constant_id = 1) const uint kQueryWidth = 1; // of a token's queries (and gates)
layout(constant_id = 2) const uint kHeads = 1; // KV heads
layout(constant_id = 3) const uint kKeyNorm = kNoNorm;

layout(push_constant, std430) uniform Push {
    Floats qkv; // [tokens][stride]: queries, keys, values
    Floats keyNorm;
    Floats frequencies;
    Words4 keys;
    Words4 values;
    uint stride;
    uint position; // of the first token
    float epsilon;
    float magnitude;
} push;

void main()
{
    const uint kvHead = gl_WorkGroupID.x;
    const uint token = gl_WorkGroupID.y;
    const uint position = push.position + token;
    const uint keys = token * push.stride + kQueryWidth;
    const uint row = kvRow(kvHead, position);
    prepareHead(0, push.qkv, keys, kvHead, kHeadSize, kHeads, kKeyNorm,
                HeadNorm(push.keyNorm, push.epsilon), push.frequencies, push.magnitude, position);
    keepHead(push.keys, kKeyFormat, row, 0, true);
    loadHead(0, push.qkv, keys + (kHeads + kvHead) * kHeadSize);
    keepHead(push.values, kValueFormat, row, 0, true);
}
