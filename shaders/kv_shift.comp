// Context shift: moves positions of a KV cache forward, their keys turned back by as many positions.
// Sources and targets of one dispatch do not overlap.
// Workgroups: x over KV heads, y over positions.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"
#define kHeadRows 1
#include "rotation.glsl"
#include "kv_cache.glsl"

layout(push_constant, std430) uniform Push {
    Floats frequencies;
    Words4 keys;
    Words4 values;
    uint position; // of the first source
    uint shift;
} push;

// heads[0] = the head in the cache.
void loadKept(Words4 cache, uint format, uint row)
{
    for (uint d = lane() * 8; d < kHeadSize; d += kLanes * 8) {
        vec4 a;
        vec4 b;
        loadKv(cache, format, row, d, a, b);
        for (uint i = 0; i < 8; ++i) {
            if (d + i < kHeadSize)
                heads[d + i] = i < 4 ? a[i] : b[i - 4];
        }
    }
    sync();
}

void main()
{
    const uint kvHead = gl_WorkGroupID.x;
    const uint position = push.position + gl_WorkGroupID.y;
    const uint from = kvRow(kvHead, position);
    const uint to = kvRow(kvHead, position - push.shift);
    loadKept(push.keys, kKeyFormat, from);
    // The magnitude is in the keys already.
    rotateHead(0, push.frequencies, 1.0, -float(push.shift));
    keepHead(push.keys, kKeyFormat, to, 0, true);
    loadKept(push.values, kValueFormat, from);
    keepHead(push.values, kValueFormat, to, 0, true);
}
