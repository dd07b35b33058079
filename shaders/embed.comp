// Rows of the embedding matrix: x[t] = scale * E[token t] (+ what is added to
// every token or to its position, kAddend).
//
// In the decode step it may also leave the first norm's input and its partial sums of squares
// (kLeavesNext).
// Workgroups: x over the chunks of a row, one a lane; y over tokens.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"
#include "state.glsl"
#include "formats/matrix.glsl"
#include "formats/selected.glsl"

layout(constant_id = 1) const uint kChunks = 1; // of 16 columns
layout(constant_id = 2) const bool kStep = false;
layout(constant_id = 3) const bool kLeavesNext = false;
layout(constant_id = 4) const uint kAddend = 0; // 0: none, 1: one row, 2: a row for each position

layout(push_constant, std430) uniform Push {
    Matrix matrix;
    Tokens tokens; // batch
    State state;   // decode step
    Floats4 x;      // [tokens][kChunks * 16]
    Floats4 gain;   // [kChunks * 16]
    Floats4 normed; // [kChunks * 16]
    Floats sumsOut; // [workgroups]
    Floats4 addend; // [positions][kChunks * 16]
    float scale;
    uint position;  // of the first token of a batch
} push;

void main()
{
    const uint token = gl_WorkGroupID.y;
    const uint c = gl_WorkGroupID.x * kLanes + lane();
    prepareFormat(push.matrix);
    float squares = 0.0;
    if (c < kChunks) {
        vec4 q[4];
        float scale;
        float offset;
        const int id = kStep ? push.state.token : push.tokens.at[token];
        loadChunk(push.matrix, uint(id) * kChunks + c, q, scale, offset);
        const uint position = kStep ? push.state.position : push.position + token;
        const uint addend = kAddend == 2 ? position : 0;
        for (uint i = 0; i < 4; ++i) {
            vec4 value = (scale * q[i] - vec4(offset)) * push.scale;
            if (kAddend != 0)
                value += push.addend.at[(addend * kChunks + c) * 4 + i];
            push.x.at[(token * kChunks + c) * 4 + i] = value;
            if (kLeavesNext) {
                push.normed.at[c * 4 + i] = value * push.gain.at[c * 4 + i];
                squares += dot(value, value);
            }
        }
    }
    if (kLeavesNext) {
        squares = subgroupAdd(squares);
        if (subgroupElect())
            push.sumsOut.at[gl_WorkGroupID.x] = squares;
    }
}
