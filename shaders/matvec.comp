// One token through a matrix: y = W x, with what comes before and after it folded in.
//
// Before (kNormed): x is already multiplied by the norm's weights; the inverse RMS, known from the
// partial sums of squares that the stage before left behind, scales the result instead of the input.
// After: bias; activation (activation.glsl), times row r + kOutputs when kGated; scale and soft cap
// (kLogits); or addition to the residual (kResidual), which may also leave behind the next norm's
// input and its partial sums of squares (kLeavesNext).
// Experts (kExperts): the matrix is [experts][rows], and `choice` says which of them. One a workgroup
// (kEach, in z) has its own row of y; or all are added up by weight (kSum), x having a row for each,
// and the shared expert's result with them.
// A workgroup computes kRows neighbouring rows (kRows at most its lanes).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"
#include "activation.glsl"
#include "formats/matrix.glsl"
#include "formats/selected.glsl"
#include "inverse_rms.glsl"
#include "soft_cap.glsl"

layout(constant_id = 1) const uint kRows = 4;
layout(constant_id = 2) const uint kChunks = 1;  // of 16 columns
layout(constant_id = 3) const uint kOutputs = 1; // rows of the result
layout(constant_id = 4) const bool kGated = false;
layout(constant_id = 5) const bool kNormed = false;
layout(constant_id = 6) const bool kResidual = false;
layout(constant_id = 7) const bool kBias = false;
layout(constant_id = 8) const uint kWidth = 1; // columns the RMS is over
layout(constant_id = 9) const bool kLeavesNext = false;
layout(constant_id = 10) const bool kLogits = false;
layout(constant_id = 11) const uint kExperts = 0; // kEach, kSum; 0: none
layout(constant_id = 12) const uint kUsed = 1;    // chosen experts
layout(constant_id = 13) const uint kSlotStride = 0; // kEach: from row to row of y
layout(constant_id = 14) const bool kShared = false; // kSum
layout(constant_id = 15) const bool kSharedGate = false;
layout(constant_id = 16) const bool kSlotInput = false; // kEach: x has a row for each slot
// The bias is of the results: a row of it for each row of y (kEach), or one (kSum).
layout(constant_id = 17) const bool kSlotBias = false;

const uint kEach = 1;
const uint kSum = 2;

layout(push_constant, std430) uniform Push {
    Matrix matrix;
    Floats4 x;      // [kChunks * 16]
    Floats y;       // [kOutputs]; the residual when kResidual
    Floats bias;    // [kOutputs], twice that when kGated
    Floats4 sumsIn; // [sumCount]
    Floats gain;    // [kOutputs] the next norm's weights
    Floats normed;  // [kOutputs] the next norm's input
    Floats sumsOut; // [workgroups]
    Words2 choice;  // [kUsed]: the expert, the bits of its weight
    Floats sharedSum;  // [kOutputs] of the shared expert, which is added
    Floats sharedGate; // [1] the logit of its gate
    uint sumCount;
    float epsilon;
    float scale; // of what is added to the residual; of logits
    float softCap; // of logits; 0: none
} push;

void addRow(uint row, uint c, vec4 x[4], float total, inout float sum)
{
    vec4 q[4];
    float scale;
    float offset;
    loadChunk(push.matrix, row * kChunks + c, q, scale, offset);
    float part = dot(q[0], x[0]) + dot(q[1], x[1]) + dot(q[2], x[2]) + dot(q[3], x[3]);
#ifdef FORMAT_SCALE
    part *= scale;
#endif
#ifdef FORMAT_OFFSET
    part -= offset * total;
#endif
    sum += part;
}

// Where the rows of a chosen expert begin.
uint firstRowOf(uint slot)
{
    if (kExperts == 0)
        return 0;
    return push.choice.at[slot].x * (kGated ? 2 * kOutputs : kOutputs);
}

float weightOf(uint slot)
{
    return uintBitsToFloat(push.choice.at[slot].y);
}

void main()
{
    const uint workgroup = foldedWorkgroup();
    const uint first = workgroup * kRows;
    if (first >= kOutputs)
        return;
    prepareFormat(push.matrix);

    const float inverse = kNormed ? inverseRms(push.sumsIn, push.sumCount, kWidth, push.epsilon) : 1.0;
    float sums[kRows];
    float ups[kRows];
    for (uint r = 0; r < kRows; ++r) {
        sums[r] = 0.0;
        ups[r] = 0.0;
    }
    const uint ownSlot = kExperts == kEach ? gl_WorkGroupID.z : 0;
    const uint chunks = kExperts == kSum ? kUsed * kChunks : kChunks;
    for (uint j = lane(); j < chunks; j += kLanes) {
        const uint c = kExperts == kSum ? j % kChunks : j;
        const uint slot = kExperts == kSum ? j / kChunks : ownSlot;
        const uint row0 = firstRowOf(slot) + first;
        vec4 x[4];
        for (uint i = 0; i < 4; ++i) {
            x[i] = push.x.at[((kSlotInput ? ownSlot * kChunks : 0) + j) * 4 + i];
            if (kExperts == kSum)
                x[i] *= weightOf(slot);
        }
        float total = 0.0;
#ifdef FORMAT_OFFSET
        total = dot(x[0] + x[1] + x[2] + x[3], vec4(1.0));
#endif
        for (uint r = 0; r < kRows; ++r) {
            const uint row = row0 + min(r, kOutputs - 1 - first);
            addRow(row, c, x, total, sums[r]);
            if (kGated)
                addRow(row + kOutputs, c, x, total, ups[r]);
        }
    }

    // Lane r finishes row r.
    float value = 0.0;
    float up = 0.0;
    for (uint r = 0; r < kRows; ++r) {
        const float sum = subgroupAdd(sums[r]);
        value = lane() == r ? sum : value;
        if (kGated) {
            const float upSum = subgroupAdd(ups[r]);
            up = lane() == r ? upSum : up;
        }
    }
    value *= inverse;
    up *= inverse;

    const uint row = first + lane();
    const bool mine = lane() < kRows && row < kOutputs;
    if (mine) {
        if (kBias && kExperts == kSum && !kSlotBias) {
            for (uint slot = 0; slot < kUsed; ++slot)
                value += weightOf(slot) * push.bias.at[firstRowOf(slot) + row];
        } else if (kBias) {
            const uint at = (kSlotBias ? ownSlot * (kGated ? 2 * kOutputs : kOutputs)
                                       : firstRowOf(ownSlot)) + row;
            value += push.bias.at[at];
            if (kGated)
                up += push.bias.at[at + kOutputs];
        }
        if (kShared) {
            const float together = push.sharedSum.at[row];
            value += kSharedGate ? together / (1.0 + exp(-push.sharedGate.at[0])) : together;
        }
        if (kActivation != 0)
            value = activate(value, kGated ? up : 1.0);
        if (kLogits) {
            value *= push.scale;
            if (push.softCap > 0.0)
                value = softCapped(value, push.softCap);
        }
        if (kResidual)
            value = push.y.at[row] + push.scale * value;
        push.y.at[ownSlot * kSlotStride + row] = value;
        if (kLeavesNext)
            push.normed.at[row] = value * push.gain.at[row];
    }
    if (kLeavesNext) {
        const float squares = subgroupAdd(mine ? value * value : 0.0);
        if (subgroupElect())
            push.sumsOut.at[workgroup] = squares;
    }
}
