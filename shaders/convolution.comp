// Depthwise causal convolution over tokens: of channels, then SiLU; or (kShort) of the product of
// two inputs, then times a third.
//
// What came before the tokens at hand is in `history`, a ring of kTaps positions: position p is in
// slot p % kTaps. The decode step (kStep) reads the other slots and puts its own token's input
// there; of a batch, the last kTaps tokens are put there by a dispatch of their own (kStore) once
// no other reads the ring.
// Workgroups: x over channels, y over tokens.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"
#include "state.glsl"

layout(constant_id = 1) const uint kTaps = 1;
layout(constant_id = 2) const uint kChannels = 1;
layout(constant_id = 3) const bool kShort = false;
layout(constant_id = 4) const bool kStep = false;
layout(constant_id = 5) const bool kStore = false;

layout(push_constant, std430) uniform Push {
    Floats x;       // [tokens][xStride]; kShort: b, c, x of kChannels each
    Floats history; // [kTaps][kChannels]
    Floats kernel;  // [kChannels][kTaps + 1]: the newest position last, then the bias
    Floats y;       // [tokens][yStride]
    State state;    // decode step
    uint position;  // of the batch's first token
    uint firstToken;
    uint xStride;
    uint yStride;
} push;

float inputOf(uint token, uint channel)
{
    const uint at = token * push.xStride + channel;
    return kShort ? push.x.at[at] * push.x.at[at + 2 * kChannels] : push.x.at[at];
}

void main()
{
    const uint channel = gl_WorkGroupID.x * kLanes + lane();
    const uint token = push.firstToken + gl_WorkGroupID.y;
    const uint position = kStep ? push.state.position : push.position + token;
    if (channel >= kChannels)
        return;
    const float own = inputOf(token, channel);
    if (kStep || kStore)
        push.history.at[position % kTaps * kChannels + channel] = own;
    if (kStore)
        return;
    const uint taps = channel * (kTaps + 1);
    float sum = push.kernel.at[taps + kTaps] + push.kernel.at[taps + kTaps - 1] * own;
    for (uint j = 0; j + 1 < kTaps; ++j) {
        const uint back = kTaps - 1 - j; // positions
        // A slot of the ring that nothing was put in is zero.
        const float value = back <= token
            ? inputOf(token - back, channel)
            : push.history.at[(position + 1 + j) % kTaps * kChannels + channel];
        sum += push.kernel.at[taps + j] * value;
    }
    if (kShort)
        sum *= push.x.at[token * push.xStride + kChannels + channel];
    else
        sum /= 1.0 + exp(-sum);
    push.y.at[token * push.yStride + channel] = sum;
}
