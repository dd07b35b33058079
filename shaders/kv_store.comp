// Batch of tokens: keys, normed and rotated, and values into the KV cache.
// Workgroups: x over KV heads, y over tokens.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"
#define kHeadRows 1
#include "kv_cache.glsl"
#include "rotation.glsl"

layout(constant_id = 1) const uint kQueryWidth = 1; // heads * head size
layout(constant_id = 2) const uint kKeyWidth = 1;   // KV heads * head size
layout(constant_id = 3) const bool kKeyNorm = false;

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
    const uint key = token * push.stride + kQueryWidth + kvHead * kHeadSize;
    const uint value = key + kKeyWidth;
    prepareHead(0, push.qkv, key, kKeyNorm, push.keyNorm, push.epsilon, push.frequencies,
                push.magnitude, position);
    const uint row = kvRow(kvHead, position);
    for (uint d = lane() * 2; d < kHeadSize; d += kLanes * 2) {
        storeKv(push.keys, row, d, vec2(heads[d], heads[d + 1]));
        storeKv(push.values, row, d, vec2(push.qkv.at[value + d], push.qkv.at[value + d + 1]));
    }
}
