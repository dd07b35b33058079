// A batch of tokens through a matrix: y[t] = W x[t] (+ bias), or y[t] += scale * that (kResidual),
// or scaled and soft-capped (kLogits).
//
// Experts (kExperts): the matrix is [experts][expertRows], and each tile of expert_groups.comp takes the
// place of kTokens tokens. A row of x is a token's and one of y is at a place of `order`
// (kFromTokens), or the other way round, one of y being a choice's (kToChoices), or both are at
// places (kAtPlaces).
//
// A workgroup computes kRows rows for kTokens tokens; its lanes divide the columns, so that a chunk
// of weights is expanded once for all its tokens and nothing is staged in shared memory.
// Workgroups: x over rows from push.firstRow on, y over tokens or tiles.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"
#include "formats/matrix.glsl"
#include "formats/selected.glsl"
#include "soft_cap.glsl"

layout(constant_id = 1) const uint kRows = 4;
layout(constant_id = 2) const uint kTokens = 4;
layout(constant_id = 3) const uint kChunks = 1; // of 16 columns
layout(constant_id = 4) const bool kBias = false;
layout(constant_id = 5) const bool kResidual = false;
layout(constant_id = 6) const bool kLogits = false;
layout(constant_id = 7) const uint kExperts = 0; // kFromTokens, kToChoices, kAtPlaces; 0: none
layout(constant_id = 8) const uint kUsed = 1;    // experts that a token has chosen
layout(constant_id = 9) const uint kBiasStride = 0; // from token to token; 0: the same for all

const uint kFromTokens = 1;
const uint kToChoices = 2;
const uint kAtPlaces = 3;

layout(push_constant, std430) uniform Push {
    Matrix matrix;
    Floats4 x;   // [tokens][kChunks * 16]
    Floats y;    // [tokens][yStride]
    Floats bias; // [rows]
    Words4 tiles; // [workgroups y]: expert, first place, places
    Words order;  // [places]: the number of a choice, kUsed of each token
    uint yStride;
    uint tokens;
    uint firstRow;
    uint endRow;
    float scale;
    float softCap; // 0: none
    uint expertRows;
    uint unused;
} push;

void main()
{
    const uint row0 = push.firstRow + gl_WorkGroupID.x * kRows;
    uint token0 = gl_WorkGroupID.y * kTokens;
    uint tokens = push.tokens;
    uint matrixRow = 0;
    if (kExperts != 0) {
        const uvec4 tile = push.tiles.at[gl_WorkGroupID.y];
        if (tile.z == 0)
            return;
        token0 = tile.y;
        tokens = tile.y + tile.z;
        matrixRow = tile.x * push.expertRows;
    }
    prepareFormat(push.matrix);

    float sums[kRows * kTokens];
    for (uint i = 0; i < kRows * kTokens; ++i)
        sums[i] = 0.0;
    for (uint c = lane(); c < kChunks; c += kLanes) {
        vec4 x[kTokens * 4];
        float totals[kTokens];
        for (uint t = 0; t < kTokens; ++t) {
            uint token = min(token0 + t, tokens - 1);
            if (kExperts == kFromTokens)
                token = push.order.at[token] / kUsed;
            for (uint i = 0; i < 4; ++i)
                x[t * 4 + i] = push.x.at[(token * kChunks + c) * 4 + i];
#ifdef FORMAT_OFFSET
            totals[t] = dot(x[t * 4] + x[t * 4 + 1] + x[t * 4 + 2] + x[t * 4 + 3], vec4(1.0));
#endif
        }
        for (uint r = 0; r < kRows; ++r) {
            const uint row = min(row0 + r, push.endRow - 1);
            vec4 q[4];
            float scale;
            float offset;
            loadChunk(push.matrix, (matrixRow + row) * kChunks + c, q, scale, offset);
            for (uint t = 0; t < kTokens; ++t) {
                float part = dot(q[0], x[t * 4]) + dot(q[1], x[t * 4 + 1])
                    + dot(q[2], x[t * 4 + 2]) + dot(q[3], x[t * 4 + 3]);
#ifdef FORMAT_SCALE
                part *= scale;
#endif
#ifdef FORMAT_OFFSET
                part -= offset * totals[t];
#endif
                sums[r * kTokens + t] += part;
            }
        }
    }

    // Lanes take turns at finishing the results, one each.
    float value = 0.0;
    for (uint i = 0; i < kRows * kTokens; ++i) {
        const float sum = subgroupAdd(sums[i]);
        value = lane() == i % kLanes ? sum : value;
        if (i % kLanes == kLanes - 1 || i == kRows * kTokens - 1) {
            const uint mine = i / kLanes * kLanes + lane();
            const uint row = row0 + mine / kTokens;
            const uint token = token0 + mine % kTokens;
            if (mine <= i && row < push.endRow && token < tokens) {
                const uint place = kExperts == kToChoices ? push.order.at[token] : token;
                const uint at = place * push.yStride + row;
                if (kBias)
                    value += push.bias.at[matrixRow + row + token * kBiasStride];
                if (kLogits) {
                    value *= push.scale;
                    if (push.softCap > 0.0)
                        value = softCapped(value, push.softCap);
                }
                if (kResidual)
                    value = push.y.at[at] + push.scale * value;
                push.y.at[at] = value;
            }
        }
    }
}
