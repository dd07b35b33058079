// Draws the next token from the logits: the same order and definition as llm::Sampler.
//
// Every workgroup finds the largest logit of its slice. The last to arrive takes the K-th largest of
// these as a bound that the K best cannot be under, collects what reaches it, keeps the K best and
// draws. It then advances the state, so that the recorded step can run again.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"
#include "state.glsl"

layout(constant_id = 1) const uint kSlice = 512; // logits of a workgroup
layout(constant_id = 2) const uint kVocabulary = 1;
layout(constant_id = 3) const uint kRing = 1; // entries, a power of two

const uint kMaxTopK = 128; // as in gpu/step_state.h

layout(push_constant, std430) uniform Push {
    Floats logits;       // [kVocabulary]
    Words counts;        // [kVocabulary] of each token in the penalty window
    Tokens window;       // [state.window]
    Tokens ring;         // [kRing] tokens drawn, read by the host
    SharedWords list;    // [kVocabulary] scratch
    State state;
    SharedWords maxima;  // [slices]
    SharedWords counter; // [1]
    uint advance;        // positions that the step has added to the KV cache
} push;

shared uint bestKeys[kMaxTopK];
shared uint bestTokens[kMaxTopK];
shared uint sortedTokens[kMaxTopK];
shared float sortedLogits[kMaxTopK];

// Order-preserving map of floats to words; 0 for what must never be drawn.
uint keyOf(float value)
{
    if (isnan(value) || isinf(value))
        return 0;
    const uint bits = floatBitsToUint(value);
    return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

float valueOf(uint key)
{
    return uintBitsToFloat((key & 0x80000000u) != 0 ? key & 0x7fffffffu : ~key);
}

uint keyAt(uint token)
{
    float value = push.logits.at[token];
    if ((push.state.flags & kFlagPenalties) != 0) {
        const uint count = push.counts.at[token];
        if (count > 0) {
            const float repeat = push.state.repeatPenalty;
            value = value > 0.0 ? value / repeat : value * repeat;
            value -= push.state.presencePenalty + float(count) * push.state.frequencyPenalty;
        }
    }
    return keyOf(value);
}

// Word 0 of Philox 4x32-10 (Salmon et al., SC'11).
uint philox(uvec2 key, uvec4 counter)
{
    for (uint round = 0; round < 10; ++round) {
        uint high0;
        uint low0;
        uint high1;
        uint low1;
        umulExtended(0xD2511F53u, counter.x, high0, low0);
        umulExtended(0xCD9E8D57u, counter.z, high1, low1);
        counter = uvec4(high1 ^ counter.y ^ key.x, low1, high0 ^ counter.w ^ key.y, low0);
        key += uvec2(0x9E3779B9u, 0xBB67AE85u);
    }
    return counter.x;
}

// Number of lanes before this one for which `yes` holds; `total` is that of all.
uint lanesBefore(bool yes, out uint total)
{
    const uvec4 votes = subgroupBallot(yes);
    total = subgroupBallotBitCount(votes);
    return subgroupBallotExclusiveBitCount(votes);
}

// The largest key that at least `rank` of the slices' maxima reach.
uint rankOfMaxima(uint slices, uint rank)
{
    uint bound = 0;
    for (uint bit = 0x80000000u; bit != 0; bit >>= 1) {
        uint reached = 0;
        for (uint i = lane(); i < slices; i += kLanes)
            reached += push.maxima.at[i] >= (bound | bit) ? 1 : 0;
        if (subgroupAdd(reached) >= rank)
            bound |= bit;
    }
    return bound;
}

// The same for the collected tokens, whose keys are in [low, high]: the bits that these two share
// need no search.
uint rankOfList(uint length, uint rank, uint low, uint high)
{
    const int top = findMSB(low ^ high);
    if (top < 0)
        return low;
    uint bound = low & ~((2u << top) - 1u);
    for (uint bit = 1u << top; bit != 0; bit >>= 1) {
        uint reached = 0;
        for (uint i = lane(); i < length; i += kLanes)
            reached += keyAt(push.list.at[i]) >= (bound | bit) ? 1 : 0;
        if (subgroupAdd(reached) >= rank)
            bound |= bit;
    }
    return bound;
}

// All tokens whose key reaches `bound`, in ascending order, into push.list.
uint collect(uint slices, uint bound)
{
    uint length = 0;
    for (uint slice = 0; slice < slices; ++slice) {
        if (push.maxima.at[slice] < bound)
            continue;
        for (uint base = slice * kSlice; base < min((slice + 1) * kSlice, kVocabulary);
             base += kLanes) {
            const uint token = base + lane();
            const bool taken = token < min((slice + 1) * kSlice, kVocabulary)
                && keyAt(token) >= bound;
            uint total;
            const uint before = lanesBefore(taken, total);
            if (taken)
                push.list.at[length + before] = token;
            length += total;
        }
    }
    return length;
}

// The `count` best of push.list into sortedTokens and sortedLogits, likeliest first; of equals the
// smaller token first.
void keepBest(uint length, uint count)
{
    uint low = 0xffffffffu;
    uint high = 0;
    for (uint i = lane(); i < length; i += kLanes) {
        const uint key = keyAt(push.list.at[i]);
        low = min(low, key);
        high = max(high, key);
    }
    const uint bound = rankOfList(length, count, subgroupMin(low), subgroupMax(high));
    uint above = 0;
    for (uint i = lane(); i < length; i += kLanes)
        above += keyAt(push.list.at[i]) > bound ? 1 : 0;
    const uint ties = count - subgroupAdd(above);
    uint kept = 0;
    uint seen = 0;
    for (uint base = 0; base < length; base += kLanes) {
        const uint i = base + lane();
        const uint token = i < length ? push.list.at[i] : 0;
        const uint key = i < length ? keyAt(token) : 0;
        uint equals;
        const uint equalsBefore = lanesBefore(i < length && key == bound, equals);
        const bool taken =
            i < length && (key > bound || (key == bound && seen + equalsBefore < ties));
        uint total;
        const uint before = lanesBefore(taken, total);
        if (taken) {
            bestKeys[kept + before] = key;
            bestTokens[kept + before] = token;
        }
        kept += total;
        seen += equals;
    }
    sync();
    for (uint i = lane(); i < count; i += kLanes) {
        const uint key = bestKeys[i];
        uint rank = 0;
        for (uint j = 0; j < count; ++j)
            rank += bestKeys[j] > key || (bestKeys[j] == key && j < i) ? 1 : 0;
        sortedTokens[rank] = bestTokens[i];
        sortedLogits[rank] = valueOf(key);
    }
    sync();
}

// Top-p, min-p, temperature, draw, among `count` sorted candidates.
uint draw(uint count)
{
    const float top = sortedLogits[0];
    float total = 0.0;
    for (uint i = 0; i < count; ++i)
        total += exp(sortedLogits[i] - top);
    if (push.state.topP < 1.0) {
        float sum = 0.0;
        uint kept = 0;
        while (kept < count && sum < push.state.topP * total) {
            sum += exp(sortedLogits[kept] - top);
            ++kept;
        }
        count = max(kept, 1);
    }
    if (push.state.minP > 0.0) {
        uint kept = 1;
        while (kept < count && exp(sortedLogits[kept] - top) >= push.state.minP)
            ++kept;
        count = kept;
    }
    total = 0.0;
    for (uint i = 0; i < count; ++i)
        total += exp((sortedLogits[i] - top) / push.state.temperature);
    const uint random = philox(uvec2(push.state.seedLow, push.state.seedHigh),
                               uvec4(push.state.drawnLow, push.state.drawnHigh, 0, 0));
    const float target = float(random >> 8) * 5.9604644775390625e-8 * total;
    float sum = 0.0;
    for (uint i = 0; i < count; ++i) {
        sum += exp((sortedLogits[i] - top) / push.state.temperature);
        if (target < sum)
            return sortedTokens[i];
    }
    return sortedTokens[count - 1];
}

void remember(uint token)
{
    if ((push.state.flags & kFlagPenalties) == 0 || push.state.window == 0)
        return;
    const uint at = push.state.windowNext;
    if (push.state.windowCount == push.state.window) {
        const uint left = uint(push.window.at[at]); // the history may hold what is no token
        if (left < kVocabulary)
            push.counts.at[left] -= 1;
    } else
        push.state.windowCount += 1;
    push.window.at[at] = int(token);
    push.counts.at[token] += 1;
    push.state.windowNext = at + 1 == push.state.window ? 0 : at + 1;
}

void main()
{
    const uint slice = gl_WorkGroupID.x;
    const uint slices = gl_NumWorkGroups.x;
    uint best = 0;
    for (uint i = slice * kSlice + lane(); i < min((slice + 1) * kSlice, kVocabulary); i += kLanes)
        best = max(best, keyAt(i));
    best = subgroupMax(best);
    if (subgroupElect())
        push.maxima.at[slice] = best;
    if (!arrivesLast(push.counter, 0, slices))
        return;

    const uint wanted = push.state.topK;
    const uint bound = slices >= wanted ? rankOfMaxima(slices, wanted) : 0;
    const uint length = collect(slices, max(bound, 1));
    memoryBarrierBuffer();
    meet();
    uint token = 0;
    if (length > 0) {
        const uint count = min(wanted, length);
        keepBest(length, count);
        token = (push.state.flags & kFlagGreedy) != 0 ? sortedTokens[0] : draw(count);
    }
    if (!subgroupElect())
        return;
    remember(token);
    push.ring.at[push.state.drawnLow & (kRing - 1)] = int(token);
    push.state.token = int(token);
    push.state.drawnLow += 1;
    if (push.state.drawnLow == 0)
        push.state.drawnHigh += 1;
    push.state.position += push.advance;
}
