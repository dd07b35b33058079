// Attention over one KV head for every set of vector instructions.
//
// Keys are interleaved by position, so a vector of scores is a sum over dimensions and needs no sum
// across lanes; several queries share each load of the cache. One pass with a running maximum
// (online softmax: Milakov and Gimelshein 2018) keeps the scores of 128 positions at a time.
#include "core/cpu/kernels.h"
#include "core/cpu/kv_layout.h"
#include "core/cpu/simd/kernel_sets.h"
#include "core/cpu/simd/targets.h"

#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/simd/attention.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "core/cpu/simd/target_begin.h"

#if ALCOVE_SIMD_TARGET
#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace alcove::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline constexpr std::size_t kSpan = sizeof(KernelScratch::scores[0]) / sizeof(float);

ALCOVE_INLINE float halfAt(const std::byte *at)
{
    const hn::CappedTag<float, 1> d;
    const hn::Rebind<hwy::float16_t, decltype(d)> dh;
    return hn::GetLane(
        hn::PromoteTo(d, hn::LoadU(dh, reinterpret_cast<const hwy::float16_t *>(at))));
}

// Keys: load(d, at) gives one dimension of several positions; an element takes kBytes. Where they
// are in blocks, the sum over a block's dimensions is multiplied by its scales.
struct KeysF32 {
    static constexpr bool kBlocks = false;
    static constexpr std::size_t kBytes = 4;
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> load(D d, const std::byte *at)
    {
        return hn::LoadU(d, reinterpret_cast<const float *>(at));
    }
};

struct KeysF16 {
    static constexpr bool kBlocks = false;
    static constexpr std::size_t kBytes = 2;
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> load(D d, const std::byte *at)
    {
        const hn::Rebind<hwy::float16_t, D> dh;
        return hn::PromoteTo(d, hn::LoadU(dh, reinterpret_cast<const hwy::float16_t *>(at)));
    }
};

template <class D>
ALCOVE_INLINE hn::Vec<D> loadBytes(D d, const std::byte *at)
{
    const hn::Rebind<std::int8_t, D> d8;
    const hn::Rebind<std::int32_t, D> di;
    return hn::ConvertTo(
        d, hn::PromoteTo(di, hn::LoadU(d8, reinterpret_cast<const std::int8_t *>(at))));
}

struct KeysQ8 {
    static constexpr bool kBlocks = true;
    static constexpr std::size_t kBytes = 1;
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> load(D d, const std::byte *at)
    {
        return loadBytes(d, at);
    }
};

// Values: load(d, row, i) gives elements [i, i + lanes) of a position's row.
struct ValuesF32 {
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> load(D d, const std::byte *row, std::size_t i)
    {
        return KeysF32::load(d, row + i * 4);
    }
};

struct ValuesF16 {
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> load(D d, const std::byte *row, std::size_t i)
    {
        return KeysF16::load(d, row + i * 2);
    }
};

struct ValuesQ8 {
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> load(D d, const std::byte *row, std::size_t i)
    {
        const std::byte *block = row + i / kKvBlock * kValueBlockBytesQ8;
        return hn::Mul(loadBytes(d, block + 2 + i % kKvBlock), hn::Set(d, halfAt(block)));
    }
};

struct ValuesQ4 {
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> load(D d, const std::byte *row, std::size_t i)
    {
        const hn::Rebind<std::uint8_t, D> d8;
        const hn::Rebind<std::int32_t, D> di;
        const std::byte *block = row + i / kKvBlock * kValueBlockBytesQ4;
        const std::size_t in = i % kKvBlock;
        const auto bytes = hn::PromoteTo(
            di, hn::LoadU(d8, reinterpret_cast<const std::uint8_t *>(block) + 2 + in % 16));
        const auto nibbles = in < 16 ? hn::And(bytes, hn::Set(di, 15)) : hn::ShiftRight<4>(bytes);
        const auto centred = hn::ConvertTo(d, hn::Sub(nibbles, hn::Set(di, 8)));
        return hn::Mul(centred, hn::Set(d, halfAt(block)));
    }
};

void storeKv(const KvHead &head, std::size_t position, const float *key, const float *value)
{
    storeKey(head, position, key);
    storeValue(head, position, value);
}

// sums[q][v] += queries[q][first ... last] . keys, whose dimension `first` lies at `offset`.
template <class Keys, std::size_t kQueries, std::size_t kVectors, class D>
ALCOVE_INLINE void addDimensions(D d, const std::byte *const *keys, const std::size_t *lane,
                                 std::size_t offset, const float *const *queries, std::size_t first,
                                 std::size_t last, hn::Vec<D> (&sums)[kQueries][kVectors])
{
    for (std::size_t i = first; i < last; ++i) {
        hn::Vec<D> key[kVectors];
        ALCOVE_UNROLL
        for (std::size_t v = 0; v < kVectors; ++v)
            key[v] =
                Keys::load(d, keys[v] + offset + ((i - first) * kKeyTile + lane[v]) * Keys::kBytes);
        ALCOVE_UNROLL
        for (std::size_t q = 0; q < kQueries; ++q) {
            const auto query = hn::Set(d, queries[q][i]);
            ALCOVE_UNROLL
            for (std::size_t v = 0; v < kVectors; ++v)
                sums[q][v] = hn::MulAdd(query, key[v], sums[q][v]);
        }
    }
}

// scores[q][i] = query q . key i of the tiles, for kVectors vectors of positions.
template <class Keys, std::size_t kQueries, std::size_t kVectors, class D>
ALCOVE_INLINE void scoreTile(D d, const std::byte *const *keys, const std::size_t *lane,
                             const float *const *queries, std::size_t headSize,
                             float *const *scores)
{
    hn::Vec<D> sums[kQueries][kVectors];
    ALCOVE_UNROLL
    for (std::size_t q = 0; q < kQueries; ++q) {
        ALCOVE_UNROLL
        for (std::size_t v = 0; v < kVectors; ++v)
            sums[q][v] = hn::Zero(d);
    }
    if constexpr (Keys::kBlocks) {
        for (std::size_t first = 0; first < headSize; first += kKvBlock) {
            const std::size_t last = headSize - first < kKvBlock ? headSize : first + kKvBlock;
            const std::size_t offset = first / kKvBlock * kKeyBlockBytes;
            hn::Vec<D> part[kQueries][kVectors];
            ALCOVE_UNROLL
            for (std::size_t q = 0; q < kQueries; ++q) {
                ALCOVE_UNROLL
                for (std::size_t v = 0; v < kVectors; ++v)
                    part[q][v] = hn::Zero(d);
            }
            addDimensions<Keys>(d, keys, lane, offset, queries, first, last, part);
            ALCOVE_UNROLL
            for (std::size_t v = 0; v < kVectors; ++v) {
                const auto scale =
                    KeysF16::load(d, keys[v] + offset + kKvBlock * kKeyTile + lane[v] * 2);
                ALCOVE_UNROLL
                for (std::size_t q = 0; q < kQueries; ++q)
                    sums[q][v] = hn::MulAdd(part[q][v], scale, sums[q][v]);
            }
        }
    } else {
        addDimensions<Keys>(d, keys, lane, 0, queries, 0, headSize, sums);
    }
    ALCOVE_UNROLL
    for (std::size_t q = 0; q < kQueries; ++q) {
        ALCOVE_UNROLL
        for (std::size_t v = 0; v < kVectors; ++v)
            hn::Store(sums[q][v], d, scores[q] + v * hn::Lanes(d));
    }
}

// Scores of `count` positions, a multiple of kKeyTile, from the place `first` on, which begins a
// tile.
template <class Keys, std::size_t kQueries>
HWY_NOINLINE void scoreSpan(const KvHead &head, std::size_t first, std::size_t count,
                            const float *const *queries, KernelScratch &scratch)
{
    const hn::CappedTag<float, kKeyTile> d;
    const std::size_t lanes = hn::Lanes(d);
    const std::size_t tileBytes = keyTileBytes(head.keyFormat, head.headSize);
    // Fewer queries, more vectors each: the chains of additions must not wait for each other.
    constexpr std::size_t kVectors = kQueries >= 8 ? 1 : kQueries >= 4 ? 2 : 4;
    const std::byte *from[kVectors];
    std::size_t lane[kVectors];
    float *to[kQueries];
    std::size_t at = 0;
    const auto aim = [&](std::size_t vectors) HWY_ATTR {
        for (std::size_t v = 0; v < vectors; ++v) {
            const std::size_t place = first + at + v * lanes;
            from[v] = head.keys + place / kKeyTile * tileBytes;
            lane[v] = place % kKeyTile;
        }
        for (std::size_t q = 0; q < kQueries; ++q)
            to[q] = scratch.scores[q] + at;
    };
    for (; at + kVectors * lanes <= count; at += kVectors * lanes) {
        aim(kVectors);
        scoreTile<Keys, kQueries, kVectors>(d, from, lane, queries, head.headSize, to);
    }
    for (; at < count; at += lanes) {
        aim(1);
        scoreTile<Keys, kQueries, 1>(d, from, lane, queries, head.headSize, to);
    }
}

// sums[q][at ...] += weights[q] . values, for kVectors vectors of dimensions.
template <class Values, std::size_t kQueries, std::size_t kVectors, class D>
ALCOVE_INLINE void weighTile(D d, const std::byte *rows, std::size_t rowBytes, std::size_t at,
                             std::size_t positions, const float *const *weights, float *const *sums)
{
    const std::size_t lanes = hn::Lanes(d);
    hn::Vec<D> total[kQueries][kVectors];
    ALCOVE_UNROLL
    for (std::size_t q = 0; q < kQueries; ++q) {
        ALCOVE_UNROLL
        for (std::size_t v = 0; v < kVectors; ++v)
            total[q][v] = hn::Load(d, sums[q] + at + v * lanes);
    }
    for (std::size_t p = 0; p < positions; ++p) {
        hn::Vec<D> value[kVectors];
        ALCOVE_UNROLL
        for (std::size_t v = 0; v < kVectors; ++v)
            value[v] = Values::load(d, rows + p * rowBytes, at + v * lanes);
        ALCOVE_UNROLL
        for (std::size_t q = 0; q < kQueries; ++q) {
            const auto weight = hn::Set(d, weights[q][p]);
            ALCOVE_UNROLL
            for (std::size_t v = 0; v < kVectors; ++v)
                total[q][v] = hn::MulAdd(weight, value[v], total[q][v]);
        }
    }
    ALCOVE_UNROLL
    for (std::size_t q = 0; q < kQueries; ++q) {
        ALCOVE_UNROLL
        for (std::size_t v = 0; v < kVectors; ++v)
            hn::Store(total[q][v], d, sums[q] + at + v * lanes);
    }
}

// Adds the weighted values of `count` positions from the place `first` on.
template <class Values, std::size_t kQueries>
HWY_NOINLINE void weighSpan(const KvHead &head, std::size_t first, std::size_t count,
                            const float *const *weights, float *const *sums)
{
    const hn::CappedTag<float, kKeyTile> d;
    const std::size_t lanes = hn::Lanes(d);
    constexpr std::size_t kVectors = kQueries >= 8 ? 1 : kQueries >= 4 ? 2 : 4;
    const std::size_t rowBytes = valueRowBytes(head.valueFormat, head.valueStride);
    const std::byte *rows = head.values + first * rowBytes;
    std::size_t i = 0;
    for (; i + kVectors * lanes <= head.valueStride; i += kVectors * lanes)
        weighTile<Values, kQueries, kVectors>(d, rows, rowBytes, i, count, weights, sums);
    for (; i < head.valueStride; i += lanes)
        weighTile<Values, kQueries, 1>(d, rows, rowBytes, i, count, weights, sums);
}

template <std::size_t kQueries>
ALCOVE_INLINE void scoreSpanOf(const KvHead &head, std::size_t first, std::size_t count,
                               const float *const *queries, KernelScratch &scratch)
{
    if (head.keyFormat == llm::KvFormat::F32)
        scoreSpan<KeysF32, kQueries>(head, first, count, queries, scratch);
    else if (head.keyFormat == llm::KvFormat::F16)
        scoreSpan<KeysF16, kQueries>(head, first, count, queries, scratch);
    else
        scoreSpan<KeysQ8, kQueries>(head, first, count, queries, scratch);
}

template <std::size_t kQueries>
ALCOVE_INLINE void weighSpanOf(const KvHead &head, std::size_t first, std::size_t count,
                               const float *const *weights, float *const *sums)
{
    switch (head.valueFormat) {
    case llm::KvFormat::F32:
        return weighSpan<ValuesF32, kQueries>(head, first, count, weights, sums);
    case llm::KvFormat::F16:
        return weighSpan<ValuesF16, kQueries>(head, first, count, weights, sums);
    case llm::KvFormat::Q8_0:
        return weighSpan<ValuesQ8, kQueries>(head, first, count, weights, sums);
    case llm::KvFormat::Q4_0:
        return weighSpan<ValuesQ4, kQueries>(head, first, count, weights, sums);
    }
}

// Scales the scores and applies what few models have: caps, and biases by distance.
ALCOVE_INLINE void adjustSpan(float *scores, std::size_t count, float firstPosition,
                              const AttentionQueries &queries, std::size_t q)
{
    const hn::CappedTag<float, kKeyTile> d;
    const std::size_t lanes = hn::Lanes(d);
    const auto scale = hn::Set(d, queries.scale);
    const auto one = hn::Set(d, 1.0f);
    for (std::size_t i = 0; i < count; i += lanes) {
        auto score = hn::Mul(hn::Load(d, scores + i), scale);
        if (queries.softCap != 0) {
            // tanh(y) = 1 - 2 / (exp(2 y) + 1)
            const auto twice = hn::Mul(score, hn::Set(d, 2.0f / queries.softCap));
            const auto most = hn::Set(d, 88.0f);
            const auto power = hn::Exp(d, hn::Min(hn::Max(twice, hn::Neg(most)), most));
            const auto tanh = hn::Sub(one, hn::Div(hn::Set(d, 2.0f), hn::Add(power, one)));
            score = hn::Mul(tanh, hn::Set(d, queries.softCap));
        }
        if (queries.slope[q] != 0) {
            const auto position = hn::Iota(d, firstPosition + static_cast<float>(i));
            const auto distance =
                hn::Abs(hn::Sub(position, hn::Set(d, static_cast<float>(queries.position[q]))));
            score = hn::NegMulAdd(distance, hn::Set(d, queries.slope[q]), score);
        }
        hn::Store(score, d, scores + i);
    }
}

// Turns a span's scores into weights relative to the running maximum and adds them to `total`;
// returns what the sums so far must be multiplied with. Scores outside [from, to) become 0.
ALCOVE_INLINE float softmaxSpan(float *scores, std::size_t count, std::size_t from, std::size_t to,
                                float scale, float &largest, float &total)
{
    const hn::CappedTag<float, kKeyTile> d;
    const std::size_t lanes = hn::Lanes(d);
    if (to <= from) {
        for (std::size_t i = 0; i < count; i += lanes)
            hn::Store(hn::Zero(d), d, scores + i);
        return 1.0f;
    }
    const auto inside = [&](std::size_t i) HWY_ATTR {
        const auto before = hn::FirstN(d, i < to ? to - i : 0);
        return i < from ? hn::AndNot(hn::FirstN(d, from - i), before) : before;
    };
    const float lowest = -std::numeric_limits<float>::infinity();
    auto top = hn::Set(d, lowest);
    const auto scales = hn::Set(d, scale);
    for (std::size_t i = 0; i < count; i += lanes) {
        const auto score =
            hn::IfThenElse(inside(i), hn::Mul(hn::Load(d, scores + i), scales), hn::Set(d, lowest));
        hn::Store(score, d, scores + i);
        top = hn::Max(top, score);
    }
    const float highest = hn::GetLane(hn::MaxOfLanes(d, top));
    const float before = largest;
    largest = highest > before ? highest : before;
    const float shrink = before == lowest ? 0.0f : std::exp(before - largest);
    const auto tops = hn::Set(d, largest);
    auto sum = hn::Zero(d);
    for (std::size_t i = 0; i < count; i += lanes) {
        const auto weight =
            hn::IfThenElseZero(inside(i), hn::Exp(d, hn::Sub(hn::Load(d, scores + i), tops)));
        hn::Store(weight, d, scores + i);
        sum = hn::Add(sum, weight);
    }
    total = total * shrink + hn::GetLane(hn::SumOfLanes(d, sum));
    return shrink;
}

template <std::size_t kQueries>
HWY_NOINLINE void attendAs(const KvHead &head, const AttentionQueries &queries,
                           KernelScratch &scratch)
{
    const hn::CappedTag<float, kKeyTile> d;
    const std::size_t lanes = hn::Lanes(d);
    const float *query[kQueries];
    float *sums[kQueries];
    std::size_t source[kQueries];
    float largest[kQueries];
    float total[kQueries];
    std::size_t begin = queries.begin[0];
    std::size_t end = queries.end[0];
    for (std::size_t q = 0; q < kQueries; ++q) {
        // Places beyond the last query repeat it; their result is not written.
        source[q] = q < queries.count ? q : queries.count - 1;
        query[q] = queries.query[source[q]];
        begin = queries.begin[source[q]] < begin ? queries.begin[source[q]] : begin;
        end = queries.end[source[q]] > end ? queries.end[source[q]] : end;
        sums[q] = queries.sums + q * head.valueStride;
        const float *sink = queries.sinks[source[q]];
        largest[q] = sink ? *sink : -std::numeric_limits<float>::infinity();
        total[q] = sink ? 1.0f : 0.0f;
        for (std::size_t i = 0; i < head.valueStride; i += lanes)
            hn::Store(hn::Zero(d), d, sums[q] + i);
    }
    const float *weights[kQueries];
    for (std::size_t q = 0; q < kQueries; ++q)
        weights[q] = scratch.scores[q];
    std::size_t here = 0;
    for (std::size_t first = begin / kKeyTile * kKeyTile; first < end; first += here) {
        const std::size_t place = head.place(first);
        here = end - first < kSpan ? end - first : kSpan;
        if (head.ring && here > head.ring - place)
            here = head.ring - place; // the rest is at the ring's beginning
        const std::size_t rounded = (here + kKeyTile - 1) / kKeyTile * kKeyTile;
        scoreSpanOf<kQueries>(head, place, rounded, query, scratch);
        for (std::size_t q = 0; q < kQueries; ++q) {
            const std::size_t seenFrom = queries.begin[source[q]];
            const std::size_t seenTo = queries.end[source[q]];
            const std::size_t from = seenFrom > first ? seenFrom - first : 0;
            const std::size_t to = seenTo > first ? seenTo - first : 0;
            float scale = queries.scale;
            if (queries.softCap != 0 || queries.slope[source[q]] != 0) {
                adjustSpan(scratch.scores[q], rounded, static_cast<float>(first), queries,
                           source[q]);
                scale = 1.0f;
            }
            const float shrink = softmaxSpan(scratch.scores[q], rounded, from,
                                             to < here ? to : here, scale, largest[q], total[q]);
            if (shrink != 1.0f) {
                for (std::size_t i = 0; i < head.valueStride; i += lanes)
                    hn::Store(hn::Mul(hn::Load(d, sums[q] + i), hn::Set(d, shrink)), d,
                              sums[q] + i);
            }
        }
        weighSpanOf<kQueries>(head, place, here, weights, sums);
    }
    for (std::size_t q = 0; q < queries.count; ++q) {
        const float inverse = 1.0f / total[q];
        for (std::size_t i = 0; i < head.headSize; ++i)
            queries.output[q][i] = sums[q][i] * inverse;
    }
}

void attend(const KvHead &head, const AttentionQueries &queries, KernelScratch &scratch)
{
    if (queries.count > 4)
        attendAs<8>(head, queries, scratch);
    else if (queries.count > 2)
        attendAs<4>(head, queries, scratch);
    else if (queries.count == 2)
        attendAs<2>(head, queries, scratch);
    else
        attendAs<1>(head, queries, scratch);
}

} // namespace HWY_NAMESPACE
} // namespace alcove::cpu
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace alcove::cpu {
ALCOVE_DEFINE_KERNEL_SET(StoreKvFunction, storeKv)
ALCOVE_DEFINE_KERNEL_SET(AttendFunction, attend)
} // namespace alcove::cpu
#endif
