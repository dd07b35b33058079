// Linear recurrences with a matrix for each head as their state, S[column][row]:
//   gated delta rule (kDelta; Yang et al. 2024): S = decay S; S += beta (v - S k) k^T; o = S q
//   Mamba 2 (Dao & Gu 2024): S = decay S + dt x B^T; o = S C + d x; here k = B, q = C, v = x
// with dt = softplus(t + dtBias) and decay = exp(a dt).
//
// A workgroup holds kBlock columns of a head; its lanes divide the rows. Columns do not depend on
// one another.
// Decode step (kStep): one token. The convolution of its channels happens here: a workgroup reads
// the earlier positions from the ring `history` (see convolution.comp) and puts the token's own
// channels there. The last workgroup of a norm's group finishes with the norm and the gate.
// Batch: token after token, from what convolution.comp has left; gated_norm.comp finishes.
// Workgroups: x over heads, y over blocks of columns.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"
#include "state.glsl"

layout(constant_id = 1) const bool kDelta = false;
layout(constant_id = 2) const bool kStep = false;
layout(constant_id = 3) const uint kHeads = 1;
layout(constant_id = 4) const uint kRows = 1;    // size of a key
layout(constant_id = 5) const uint kColumns = 1; // size of a value
layout(constant_id = 6) const uint kBlock = 1;   // at most the lanes
layout(constant_id = 7) const uint kKeyHeads = 1;
layout(constant_id = 8) const uint kTaps = 1;
layout(constant_id = 9) const uint kChannels = 1; // of the convolution
layout(constant_id = 10) const uint kQueries = 0; // their first channel
layout(constant_id = 11) const uint kKeys = 0;
layout(constant_id = 12) const uint kValues = 0;
layout(constant_id = 13) const uint kIn = 0; // where the channels begin in a row of projections,
layout(constant_id = 14) const uint kGate = 0; // the gates,
layout(constant_id = 15) const uint kTime = 0; // t,
layout(constant_id = 16) const uint kBeta = 0; // and the logits of beta
layout(constant_id = 17) const uint kGroups = 1; // of heads that share a norm

layout(push_constant, std430) uniform Push {
    Floats projected; // [tokens][stride]
    Floats convolved; // batch: [tokens][kChannels]
    Floats history;   // decode step: [kTaps][kChannels]
    Floats kernel;    // decode step: [kChannels][kTaps + 1], the bias last
    Floats heads;     // [kHeads][3]: a, dtBias, d
    Floats norm;      // decode step: kDelta [kColumns], else [kHeads * kColumns]
    Floats states;    // [kHeads][kColumns][kRows]
    SharedFloats y;   // [tokens][yStride]
    SharedWords counters; // decode step: [kGroups]
    State state;      // decode step
    uint stride;
    uint yStride;
    uint tokens;
    uint firstHead;
    float epsilon;
    uint unused;
} push;

const uint kLaneRows = (kRows + kLanes - 1) / kLanes;

float silu(float x)
{
    return x / (1.0 + exp(-x));
}

float softplus(float x)
{
    return x > 20.0 ? x : log(1.0 + exp(x));
}

// Where a channel is after convolution and activation.
float channelOf(uint token, uint position, uint channel)
{
    if (!kStep)
        return push.convolved.at[token * kChannels + channel];
    const uint taps = channel * (kTaps + 1);
    float sum = push.kernel.at[taps + kTaps]
        + push.kernel.at[taps + kTaps - 1] * push.projected.at[kIn + channel];
    for (uint j = 0; j + 1 < kTaps; ++j)
        sum += push.kernel.at[taps + j]
            * push.history.at[(position + 1 + j) % kTaps * kChannels + channel];
    return silu(sum);
}

void remember(uint position, uint first, uint count)
{
    for (uint i = lane(); i < count; i += kLanes)
        push.history.at[position % kTaps * kChannels + first + i] =
            push.projected.at[kIn + first + i];
}

float inverseLength(float squares)
{
    return 1.0 / max(sqrt(subgroupAdd(squares)), push.epsilon);
}

// Norm and gate of all heads of a group.
void finish(uint group)
{
    const uint width = kHeads / kGroups * kColumns;
    const uint base = group * width;
    float squares = 0.0;
    for (uint i = lane(); i < width; i += kLanes) {
        const float value = push.y.at[base + i];
        squares += value * value;
    }
    const float inverse = inversesqrt(subgroupAdd(squares) / float(width) + push.epsilon);
    for (uint i = lane(); i < width; i += kLanes) {
        float value = push.y.at[base + i] * inverse * push.norm.at[kDelta ? i : base + i];
        if (kDelta)
            value *= silu(push.projected.at[kGate + base + i]);
        push.y.at[base + i] = value;
    }
}

void main()
{
    const uint head = push.firstHead + gl_WorkGroupID.x;
    const uint column0 = gl_WorkGroupID.y * kBlock;
    // The file's value heads take turns at the key heads; Mamba's share them with neighbours.
    const uint sharing = kHeads / kKeyHeads;
    const uint keyHead = kDelta ? head % kKeyHeads : head / sharing;
    const uint tokens = kStep ? 1 : push.tokens;
    const uint position = kStep ? push.state.position : 0;
    const float a = push.heads.at[head * 3];
    const float dtBias = push.heads.at[head * 3 + 1];
    const float d = push.heads.at[head * 3 + 2];

    float s[kBlock * kLaneRows];
    for (uint b = 0; b < kBlock; ++b) {
        const uint column = min(column0 + b, kColumns - 1);
        for (uint r = 0; r < kLaneRows; ++r) {
            const uint row = r * kLanes + lane();
            s[b * kLaneRows + r] =
                row < kRows ? push.states.at[(head * kColumns + column) * kRows + row] : 0.0;
        }
    }
    const uint own = column0 + lane(); // the column whose output this lane writes
    const bool owns = lane() < kBlock && own < kColumns;
    for (uint t = 0; t < tokens; ++t) {
        float k[kLaneRows];
        float q[kLaneRows];
        float keySquares = 0.0;
        float querySquares = 0.0;
        for (uint r = 0; r < kLaneRows; ++r) {
            const uint row = r * kLanes + lane();
            k[r] = row < kRows ? channelOf(t, position, kKeys + keyHead * kRows + row) : 0.0;
            q[r] = row < kRows ? channelOf(t, position, kQueries + keyHead * kRows + row) : 0.0;
            keySquares += k[r] * k[r];
            querySquares += q[r] * q[r];
        }
        if (kDelta) {
            const float keyScale = inverseLength(keySquares);
            const float queryScale = inverseLength(querySquares) * inversesqrt(float(kRows));
            for (uint r = 0; r < kLaneRows; ++r) {
                k[r] *= keyScale;
                q[r] *= queryScale;
            }
        }
        const float dt = softplus(push.projected.at[t * push.stride + kTime + head] + dtBias);
        const float decay = exp(a * dt);
        float rate = dt;
        if (kDelta)
            rate = 1.0 / (1.0 + exp(-push.projected.at[t * push.stride + kBeta + head]));
        const float value = owns ? channelOf(t, position, kValues + head * kColumns + own) : 0.0;
        float result = 0.0;
        for (uint b = 0; b < kBlock; ++b) {
            float change = subgroupShuffle(value, b);
            if (kDelta) {
                float part = 0.0;
                for (uint r = 0; r < kLaneRows; ++r)
                    part += s[b * kLaneRows + r] * k[r];
                change -= decay * subgroupAdd(part);
            }
            change *= rate;
            float part = 0.0;
            for (uint r = 0; r < kLaneRows; ++r) {
                const float next = decay * s[b * kLaneRows + r] + change * k[r];
                s[b * kLaneRows + r] = next;
                part += next * q[r];
            }
            const float sum = subgroupAdd(part);
            result = lane() == b ? sum : result;
        }
        if (!kDelta) {
            result += d * value;
            if (kStep && owns)
                result *= silu(push.projected.at[kGate + head * kColumns + own]);
        }
        if (owns)
            push.y.at[t * push.yStride + head * kColumns + own] = result;
    }
    for (uint b = 0; b < kBlock; ++b) {
        for (uint r = 0; r < kLaneRows; ++r) {
            const uint row = r * kLanes + lane();
            if (column0 + b < kColumns && row < kRows)
                push.states.at[(head * kColumns + column0 + b) * kRows + row] =
                    s[b * kLaneRows + r];
        }
    }
    if (!kStep)
        return;
    remember(position, kValues + head * kColumns + column0, min(kBlock, kColumns - column0));
    const bool firstOfKeys = kDelta ? head < kKeyHeads : head % sharing == 0;
    if (firstOfKeys && gl_WorkGroupID.y == 0) {
        remember(position, kKeys + keyHead * kRows, kRows);
        remember(position, kQueries + keyHead * kRows, kRows);
    }
    const uint group = head / (kHeads / kGroups);
    if (arrivesLast(push.counters, group, kHeads / kGroups * gl_NumWorkGroups.y))
        finish(group);
}
