// One head of a query or key: its norm and its rotation by position (RoPE), done in shared memory.
// The including kernel defines kHeadRows, the number of heads that its workgroup holds at a time.

layout(constant_id = 10) const uint kHeadSize = 64;
layout(constant_id = 11) const uint kRopeDims = 64;    // leading dimensions that rotate
layout(constant_id = 12) const bool kRopeSplit = false; // pairs (i, i + dims/2), else (2i, 2i + 1)

shared float heads[kHeadRows * kHeadSize];

// Sine and cosine of x in (-2^20, 2^20): the ones that drivers offer may be off by 1e-3 for large x.
void sineCosine(float x, out float sine, out float cosine)
{
    // x = n * pi/2 + r with pi/2 in three parts, the first two short enough that n times them is exact.
    const float n = floor(x * 0.636619772 + 0.5);
    float r = fma(-n, 1.5703125, x);
    r = fma(-n, 4.837512969970703125e-4, r);
    r = fma(-n, 7.549789948768648e-8, r);
    const float s = r * r;
    // Taylor series up to r^9 and r^8: 3e-8 at pi/4.
    const float sn =
        r + r * s * (-1.6666667e-1 + s * (8.3333333e-3 + s * (-1.9841270e-4 + s * 2.7557319e-6)));
    const float cs =
        1.0 + s * (-0.5 + s * (4.1666667e-2 + s * (-1.3888889e-3 + s * 2.4801587e-5)));
    const uint quadrant = uint(int(n)) & 3u;
    sine = (quadrant & 1u) == 0 ? sn : cs;
    cosine = (quadrant & 1u) == 0 ? cs : sn;
    if (quadrant == 2u || quadrant == 3u)
        sine = -sine;
    if (quadrant == 1u || quadrant == 2u)
        cosine = -cosine;
}

// heads[slot] = source[base..].
void loadHead(uint slot, Floats source, uint base)
{
    for (uint d = lane(); d < kHeadSize; d += kLanes)
        heads[slot * kHeadSize + d] = source.at[base + d];
    sync();
}

// heads[slot] turned to `position`; frequencies are radians per position.
void rotateHead(uint slot, Floats frequencies, float magnitude, float position)
{
    const uint at = slot * kHeadSize;
    for (uint i = lane(); i < kRopeDims / 2; i += kLanes) {
        const float angle = position * frequencies.at[i];
        float sine;
        float cosine;
        sineCosine(abs(angle), sine, cosine);
        sine *= angle < 0.0 ? -magnitude : magnitude;
        cosine *= magnitude;
        const uint a = at + (kRopeSplit ? i : 2 * i);
        const uint b = at + (kRopeSplit ? i + kRopeDims / 2 : 2 * i + 1);
        const float x = heads[a];
        const float y = heads[b];
        heads[a] = x * cosine - y * sine;
        heads[b] = x * sine + y * cosine;
    }
    sync();
}

// How heads are normed before they turn (kQueryNorm, kKeyNorm).
const uint kNoNorm = 0;
const uint kNormPerHead = 1; // weight [head size]
const uint kNormWhole = 2; // over all heads of the token, weight [heads * head size]

struct HeadNorm {
    Floats weight;
    float epsilon;
};

// heads[slot] = rotate(norm(source[first + head * stride..])); first: the token's first head.
void prepareHead(uint slot, Floats source, uint first, uint head, uint stride, uint headCount,
                 uint kind, HeadNorm norm, Floats frequencies, float magnitude, uint position)
{
    const uint at = slot * kHeadSize;
    const uint base = first + head * stride;
    float squares = 0.0;
    for (uint d = lane(); d < kHeadSize; d += kLanes) {
        const float value = source.at[base + d];
        heads[at + d] = value;
        squares += value * value;
    }
    if (kind == kNormPerHead) {
        const float inverse = inversesqrt(subgroupAdd(squares) / float(kHeadSize) + norm.epsilon);
        for (uint d = lane(); d < kHeadSize; d += kLanes)
            heads[at + d] *= inverse * norm.weight.at[d];
    }
    if (kind == kNormWhole) {
        squares = 0.0;
        for (uint i = lane(); i < headCount * kHeadSize; i += kLanes) {
            const float value = source.at[first + i];
            squares += value * value;
        }
        const float inverse =
            inversesqrt(subgroupAdd(squares) / float(headCount * kHeadSize) + norm.epsilon);
        for (uint d = lane(); d < kHeadSize; d += kLanes)
            heads[at + d] *= inverse * norm.weight.at[head * kHeadSize + d];
    }
    sync();
    rotateHead(slot, frequencies, magnitude, float(position));
}
