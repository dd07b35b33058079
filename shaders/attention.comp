// Attention over the KV cache with an online softmax (Milakov & Gimelshein, 2018; Dao et al., 2022).
//
// A workgroup holds kRows query rows that share one KV head: heads of a group, for several tokens in
// a batch. Its lanes form clusters of kCluster lanes; a cluster takes one position at a time, a lane
// its part of the dimensions, and the clusters' softmaxes are merged at the end.
//
// Decode step (kStep): one token at state.position. Norm and rotation of its query and key happen
// here, and the first split stores its key and value and starts from them, so nothing is read that
// the same stage writes. The cached positions are divided among workgroups (z); the last to arrive
// merges their parts. Batch: keys and values are in the cache already; no splits.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"
#include "state.glsl"

layout(constant_id = 1) const uint kRows = 4;
layout(constant_id = 2) const uint kGroup = 1;    // query heads of a KV head
layout(constant_id = 3) const uint kCluster = 8;  // lanes of a position; a power of two
layout(constant_id = 4) const uint kOctets = 1;   // groups of 8 dimensions that a lane holds
layout(constant_id = 5) const uint kHeads = 1;    // KV heads
layout(constant_id = 6) const bool kGated = false; // behind each query head is its gate
layout(constant_id = 7) const uint kQueryNorm = 0; // kinds: rotation.glsl
layout(constant_id = 8) const uint kKeyNorm = 0;
layout(constant_id = 9) const bool kStep = false;
layout(constant_id = 13) const uint kUnroll = 2; // positions a cluster takes before it rescales
layout(constant_id = 14) const uint kWindow = 0; // position p sees (p - window, p]; 0: all before it
layout(constant_id = 15) const bool kSoftCap = false;
layout(constant_id = 16) const bool kSinks = false;
layout(constant_id = 17) const bool kSlopes = false; // ALiBi
layout(constant_id = 18) const bool kBoth = false; // every position sees all up to push.end

#define kHeadRows (kRows + 1)
#include "rotation.glsl"
#include "kv_cache.glsl"
#include "soft_cap.glsl"

const uint kQueryStride = kGated ? 2 * kHeadSize : kHeadSize; // from head to head
const uint kQueryWidth = kHeads * kGroup * kQueryStride;

layout(push_constant, std430) uniform Push {
    Floats qkv; // [tokens][stride]: queries, keys, values
    Floats queryNorm;
    Floats keyNorm;
    Floats frequencies;
    Words4 keys;
    Words4 values;
    Floats y;              // [tokens][yStride]
    State state;           // decode step
    SharedFloats4 parts;   // decode step: [heads][splits][kPartQuads]
    SharedWords counters;  // decode step: [KV heads][row blocks]
    Floats extras;         // [heads][2]: sink and slope
    uint stride;
    uint yStride;
    uint tokens;
    uint position; // of the first token of a batch
    float scale;
    float queryEpsilon;
    float keyEpsilon;
    float magnitude;
    float softCap;
    uint end; // positions there are, kBoth
} push;

const float kNone = -1e30;  // below every score; exp(kNone - score) is 0
const uint kPartQuads = kOctets * kCluster * 2 + 1; // a split's sums; then its best and weight
const uint kMinSplit = 32;  // cached positions that are worth a workgroup

vec4 q[kRows * kOctets * 2];
vec4 sums[kRows * kOctets * 2];
vec4 loaded[kOctets * 2]; // a lane's part of one key or value
float best[kRows];
float weight[kRows];

float clusterAdd(float value)
{
    if (kCluster == kLanes)
        return subgroupAdd(value);
    for (uint step = 1; step < kCluster; step <<= 1)
        value += subgroupShuffleXor(value, step);
    return value;
}

uint dimOf(uint octet)
{
    return (octet * kCluster + lane() % kCluster) * 8;
}

vec4 headQuad(uint slot, uint dim)
{
    vec4 values = vec4(0.0);
    for (uint i = 0; i < 4; ++i) {
        if (dim + i < kHeadSize)
            values[i] = heads[slot * kHeadSize + dim + i];
    }
    return values;
}

void loadOctets(Words4 cache, uint format, uint row)
{
    for (uint o = 0; o < kOctets; ++o) {
        loaded[o * 2] = vec4(0.0);
        loaded[o * 2 + 1] = vec4(0.0);
        if (dimOf(o) < kKvStride)
            loadKv(cache, format, row, dimOf(o), loaded[o * 2], loaded[o * 2 + 1]);
    }
}

// Of the loaded key, which is `distance` positions away.
float score(uint row, uint head, uint distance)
{
    float part = 0.0;
    for (uint i = 0; i < kOctets * 2; ++i)
        part += dot(q[row * kOctets * 2 + i], loaded[i]);
    float value = clusterAdd(part);
    if (kSoftCap)
        value = softCapped(value, push.softCap);
    if (kSlopes)
        value -= push.extras.at[head * 2 + 1] * float(distance);
    return value;
}

// The head of a row, also of one behind the last.
uint headOf(uint kvHead, uint row, uint rows)
{
    return kvHead * kGroup + min(row, rows - 1) % kGroup;
}

// The token's own key and value: into the cache, and into the softmax of the first cluster.
void startWithOwn(uint kvHead, uint block, uint position)
{
    const uint row = kvRow(kvHead, position);
    const bool store = gl_WorkGroupID.y == 0;
    prepareHead(kRows, push.qkv, kQueryWidth, kvHead, kHeadSize, kHeads, kKeyNorm,
                HeadNorm(push.keyNorm, push.keyEpsilon), push.frequencies, push.magnitude, position);
    keepHead(push.keys, kKeyFormat, row, kRows, store);
    for (uint i = 0; i < kOctets * 2; ++i)
        loaded[i] = headQuad(kRows, dimOf(i / 2) + i % 2 * 4);
    sync();
    loadHead(kRows, push.qkv, kQueryWidth + (kHeads + kvHead) * kHeadSize);
    keepHead(push.values, kValueFormat, row, kRows, store);
    for (uint r = 0; r < kRows; ++r) {
        const float s = score(r, headOf(kvHead, block * kRows + r, kGroup), 0);
        if (lane() < kCluster) {
            const float top = max(best[r], s);
            const float own = exp(s - top);
            weight[r] = weight[r] * exp(best[r] - top) + own;
            best[r] = top;
            for (uint i = 0; i < kOctets * 2; ++i)
                sums[r * kOctets * 2 + i] = own * headQuad(kRows, dimOf(i / 2) + i % 2 * 4);
        }
    }
}

// Adds the positions [start, end) of which row r, at position at[r], may see what the mask allows.
void addPositions(uint kvHead, uint start, uint end, uint at[kRows], uint head[kRows])
{
    const uint parallel = kLanes / kCluster;
    for (uint base = start; base < end; base += parallel * kUnroll) {
        float scores[kUnroll * kRows];
        for (uint u = 0; u < kUnroll; ++u) {
            const uint position = base + u * parallel + lane() / kCluster;
            loadOctets(push.keys, kKeyFormat, kvRow(kvHead, min(position, end - 1)));
            for (uint r = 0; r < kRows; ++r) {
                const float s = score(r, head[r], uint(abs(int(at[r]) - int(position))));
                bool seen = position < end;
                if (!kBoth)
                    seen = seen && position <= at[r];
                if (kWindow > 0)
                    seen = seen && position + kWindow > at[r];
                scores[u * kRows + r] = seen ? s : kNone;
            }
        }
        for (uint r = 0; r < kRows; ++r) {
            float top = best[r];
            for (uint u = 0; u < kUnroll; ++u)
                top = max(top, scores[u * kRows + r]);
            const float shrink = exp(best[r] - top);
            best[r] = top;
            weight[r] *= shrink;
            for (uint i = 0; i < kOctets * 2; ++i)
                sums[r * kOctets * 2 + i] *= shrink;
            for (uint u = 0; u < kUnroll; ++u) {
                const float s = scores[u * kRows + r];
                scores[u * kRows + r] = s <= kNone ? 0.0 : exp(s - top);
                weight[r] += scores[u * kRows + r];
            }
        }
        for (uint u = 0; u < kUnroll; ++u) {
            const uint position = base + u * parallel + lane() / kCluster;
            loadOctets(push.values, kValueFormat, kvRow(kvHead, min(position, end - 1)));
            for (uint r = 0; r < kRows; ++r) {
                for (uint i = 0; i < kOctets * 2; ++i)
                    sums[r * kOctets * 2 + i] += scores[u * kRows + r] * loaded[i];
            }
        }
    }
}

void mergeClusters()
{
    for (uint step = kCluster; step < kLanes; step <<= 1) {
        for (uint r = 0; r < kRows; ++r) {
            const float otherBest = subgroupShuffleXor(best[r], step);
            const float otherWeight = subgroupShuffleXor(weight[r], step);
            const float top = max(best[r], otherBest);
            const float mine = exp(best[r] - top);
            const float other = exp(otherBest - top);
            best[r] = top;
            weight[r] = weight[r] * mine + otherWeight * other;
            for (uint i = 0; i < kOctets * 2; ++i) {
                const vec4 part = sums[r * kOctets * 2 + i];
                sums[r * kOctets * 2 + i] = part * mine + subgroupShuffleXor(part, step) * other;
            }
        }
    }
}

// Where a row's part of a split is.
uint partOf(uint kvHead, uint row, uint split)
{
    return ((kvHead * kGroup + min(row, kGroup - 1)) * gl_NumWorkGroups.z + split) * kPartQuads;
}

// The first cluster holds what this workgroup has found.
void storeParts(uint kvHead, uint block, uint split)
{
    if (lane() >= kCluster)
        return;
    for (uint r = 0; r < kRows; ++r) {
        const uint row = block * kRows + r;
        const uint part = partOf(kvHead, row, split);
        if (row >= kGroup)
            continue;
        for (uint i = 0; i < kOctets * 2; ++i)
            push.parts.at[part + dimOf(i / 2) / 4 + i % 2] = sums[r * kOctets * 2 + i];
        if (lane() == 0)
            push.parts.at[part + kPartQuads - 1] = vec4(best[r], weight[r], 0.0, 0.0);
    }
}

// Each cluster takes up some of the splits.
void loadParts(uint kvHead, uint block, uint busy)
{
    const uint parallel = kLanes / kCluster;
    for (uint r = 0; r < kRows; ++r) {
        best[r] = kNone;
        weight[r] = 0.0;
        for (uint i = 0; i < kOctets * 2; ++i)
            sums[r * kOctets * 2 + i] = vec4(0.0);
    }
    for (uint split = lane() / kCluster; split < busy; split += parallel) {
        for (uint r = 0; r < kRows; ++r) {
            const uint part = partOf(kvHead, block * kRows + r, split);
            const vec4 other = push.parts.at[part + kPartQuads - 1];
            const float top = max(best[r], other.x);
            const float mine = exp(best[r] - top);
            const float theirs = exp(other.x - top);
            best[r] = top;
            weight[r] = weight[r] * mine + other.y * theirs;
            for (uint i = 0; i < kOctets * 2; ++i)
                sums[r * kOctets * 2 + i] = sums[r * kOctets * 2 + i] * mine
                    + push.parts.at[part + dimOf(i / 2) / 4 + i % 2] * theirs;
        }
    }
}

void main()
{
    const uint kvHead = gl_WorkGroupID.x;
    const uint block = gl_WorkGroupID.y;
    const uint splits = gl_NumWorkGroups.z;
    const uint split = gl_WorkGroupID.z;
    const uint tokens = kStep ? 1 : push.tokens;
    const uint position = kStep ? push.state.position : push.position;
    const uint rows = tokens * kGroup;

    // What the last row sees ends, and what the first row sees starts.
    uint busy = 1;
    uint end = kBoth ? push.end
                     : min(position + (block * kRows + kRows - 1) / kGroup + 1, position + tokens);
    const uint first = position + block * kRows / kGroup + 1;
    uint start = kWindow > 0 && first > kWindow ? first - kWindow : 0;
    if (kStep) {
        const uint cached = position - min(start, position);
        const uint size = max(kMinSplit, (cached + splits - 1) / splits);
        busy = max(1, (cached + size - 1) / size);
        if (split >= busy)
            return;
        start += split * size;
        end = min(start + size, position);
    }

    // Apart from what follows, so that this long body need not be unrolled for the arrays' sake.
    for (uint r = 0; r < kRows; ++r) {
        const uint token = min(block * kRows + r, rows - 1) / kGroup;
        prepareHead(r, push.qkv, token * push.stride, headOf(kvHead, block * kRows + r, rows),
                    kQueryStride, kHeads * kGroup, kQueryNorm,
                    HeadNorm(push.queryNorm, push.queryEpsilon), push.frequencies, push.magnitude,
                    position + token);
    }
    uint at[kRows];
    uint head[kRows];
    for (uint r = 0; r < kRows; ++r) {
        at[r] = position + min(block * kRows + r, rows - 1) / kGroup;
        head[r] = headOf(kvHead, block * kRows + r, rows);
        for (uint i = 0; i < kOctets * 2; ++i) {
            q[r * kOctets * 2 + i] = headQuad(r, dimOf(i / 2) + i % 2 * 4) * push.scale;
            sums[r * kOctets * 2 + i] = vec4(0.0);
        }
        best[r] = kNone;
        weight[r] = 0.0;
        // One more logit, without a value; in one cluster of one split only.
        if (kSinks && split == 0 && lane() < kCluster) {
            best[r] = push.extras.at[head[r] * 2];
            weight[r] = 1.0;
        }
    }
    if (kStep && split == 0)
        startWithOwn(kvHead, block, position);
    addPositions(kvHead, start, end, at, head);
    mergeClusters();

    if (busy > 1) {
        storeParts(kvHead, block, split);
        if (!arrivesLast(push.counters, kvHead * gl_NumWorkGroups.y + block, busy))
            return;
        loadParts(kvHead, block, busy);
        mergeClusters();
    }
    for (uint r = 0; r < kRows; ++r) {
        const uint row = block * kRows + r;
        const uint y = row / kGroup * push.yStride + head[r] * kHeadSize;
        const uint gate = row / kGroup * push.stride + head[r] * kQueryStride + kHeadSize;
        for (uint i = 0; i < kOctets * 2; ++i) {
            const vec4 values = sums[r * kOctets * 2 + i] / weight[r];
            const uint dim = dimOf(i / 2) + i % 2 * 4;
            for (uint j = 0; j < 4; ++j) {
                if (row < rows && lane() < kCluster && dim + j < kHeadSize) {
                    float value = values[j];
                    if (kGated)
                        value /= 1.0 + exp(-push.qkv.at[gate + dim + j]);
                    push.y.at[y + dim + j] = value;
                }
            }
        }
    }
}
