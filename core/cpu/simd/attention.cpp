// Attention over one KV head for every set of vector instructions.
//
// Keys are interleaved by position, so a vector of scores is a sum over dimensions and needs no sum
// across lanes; several queries share each load of the cache. One pass with a running maximum
// (online softmax: Milakov and Gimelshein 2018) keeps the scores of 128 positions at a time.
#include "core/cpu/half.h"
#include "core/cpu/kernels.h"
#include "core/cpu/simd/kernel_sets.h"
#include "core/cpu/simd/targets.h"

#include <cmath>
#include <cstring>
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

struct CacheF32 {
    using Element = float;
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> load(D d, const float *at)
    {
        return hn::LoadU(d, at);
    }
    static ALCOVE_INLINE float round(float value) { return value; }
};

struct CacheF16 {
    using Element = hwy::float16_t;
    template <class D>
    static ALCOVE_INLINE hn::Vec<D> load(D d, const hwy::float16_t *at)
    {
        const hn::Rebind<hwy::float16_t, D> dh;
        return hn::PromoteTo(d, hn::LoadU(dh, at));
    }
    static ALCOVE_INLINE hwy::float16_t round(float value)
    {
        const std::uint16_t bits = floatToHalf(value);
        hwy::float16_t half;
        std::memcpy(&half, &bits, sizeof(half));
        return half;
    }
};

template <class Cache>
HWY_NOINLINE void storeKvAs(const KvHead &head, std::size_t position, const float *key,
                            const float *value)
{
    using Element = typename Cache::Element;
    auto *keys = reinterpret_cast<Element *>(head.keys)
        + position / kKeyTile * head.headSize * kKeyTile + position % kKeyTile;
    auto *values = reinterpret_cast<Element *>(head.values) + position * head.valueStride;
    for (std::size_t i = 0; i < head.headSize; ++i) {
        keys[i * kKeyTile] = Cache::round(key[i]);
        values[i] = Cache::round(value[i]);
    }
}

void storeKv(const KvHead &head, std::size_t position, const float *key, const float *value)
{
    if (head.format == llm::KvFormat::F32)
        storeKvAs<CacheF32>(head, position, key, value);
    else
        storeKvAs<CacheF16>(head, position, key, value);
}

// scores[q][i] = query q . key (first + i), for kVectors vectors of positions.
template <class Cache, std::size_t kQueries, std::size_t kVectors, class D>
ALCOVE_INLINE void scoreTile(D d, const typename Cache::Element *const *keys,
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
    for (std::size_t i = 0; i < headSize; ++i) {
        hn::Vec<D> key[kVectors];
        ALCOVE_UNROLL
        for (std::size_t v = 0; v < kVectors; ++v)
            key[v] = Cache::load(d, keys[v] + i * kKeyTile);
        ALCOVE_UNROLL
        for (std::size_t q = 0; q < kQueries; ++q) {
            const auto query = hn::Set(d, queries[q][i]);
            ALCOVE_UNROLL
            for (std::size_t v = 0; v < kVectors; ++v)
                sums[q][v] = hn::MulAdd(query, key[v], sums[q][v]);
        }
    }
    ALCOVE_UNROLL
    for (std::size_t q = 0; q < kQueries; ++q) {
        ALCOVE_UNROLL
        for (std::size_t v = 0; v < kVectors; ++v)
            hn::Store(sums[q][v], d, scores[q] + v * HWY_MAX_BYTES / sizeof(float));
    }
}

// sums[q][at ...] += weights[q] . values, for kVectors vectors of dimensions.
template <class Cache, std::size_t kQueries, std::size_t kVectors, class D>
ALCOVE_INLINE void weighTile(D d, const typename Cache::Element *values, std::size_t stride,
                             std::size_t positions, const float *const *weights, float *const *sums)
{
    const std::size_t lanes = hn::Lanes(d);
    hn::Vec<D> total[kQueries][kVectors];
    ALCOVE_UNROLL
    for (std::size_t q = 0; q < kQueries; ++q) {
        ALCOVE_UNROLL
        for (std::size_t v = 0; v < kVectors; ++v)
            total[q][v] = hn::Load(d, sums[q] + v * lanes);
    }
    for (std::size_t p = 0; p < positions; ++p) {
        hn::Vec<D> value[kVectors];
        ALCOVE_UNROLL
        for (std::size_t v = 0; v < kVectors; ++v)
            value[v] = Cache::load(d, values + p * stride + v * lanes);
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
            hn::Store(total[q][v], d, sums[q] + v * lanes);
    }
}

// Turns a span's scores into weights relative to the running maximum and adds them to `total`;
// returns what the sums so far must be multiplied with. Scores from `valid` on become 0.
ALCOVE_INLINE float softmaxSpan(float *scores, std::size_t count, std::size_t valid, float scale,
                                float &largest, float &total)
{
    const hn::CappedTag<float, kKeyTile> d;
    const std::size_t lanes = hn::Lanes(d);
    if (valid == 0) {
        for (std::size_t i = 0; i < count; i += lanes)
            hn::Store(hn::Zero(d), d, scores + i);
        return 1.0f;
    }
    const float lowest = -std::numeric_limits<float>::infinity();
    auto top = hn::Set(d, lowest);
    const auto scales = hn::Set(d, scale);
    for (std::size_t i = 0; i < count; i += lanes) {
        const std::size_t left = i < valid ? valid - i : 0;
        const auto score = hn::IfThenElse(
            hn::FirstN(d, left), hn::Mul(hn::Load(d, scores + i), scales), hn::Set(d, lowest));
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
        const std::size_t left = i < valid ? valid - i : 0;
        const auto weight = hn::IfThenElseZero(hn::FirstN(d, left),
                                               hn::Exp(d, hn::Sub(hn::Load(d, scores + i), tops)));
        hn::Store(weight, d, scores + i);
        sum = hn::Add(sum, weight);
    }
    total = total * shrink + hn::GetLane(hn::SumOfLanes(d, sum));
    return shrink;
}

template <class Cache, std::size_t kQueries>
HWY_NOINLINE void attendAs(const KvHead &head, const AttentionQueries &queries,
                           KernelScratch &scratch)
{
    using Element = typename Cache::Element;
    const hn::CappedTag<float, kKeyTile> d;
    const std::size_t lanes = hn::Lanes(d);
    const std::size_t tileElements = head.headSize * kKeyTile;
    // Fewer queries, more vectors each: the chains of additions must not wait for each other.
    constexpr std::size_t kVectors = kQueries >= 8 ? 1 : kQueries >= 4 ? 2 : 4;
    const float *query[kQueries];
    float *sums[kQueries];
    std::size_t positions[kQueries];
    float largest[kQueries];
    float total[kQueries];
    std::size_t longest = 0;
    for (std::size_t q = 0; q < kQueries; ++q) {
        // Places beyond the last query repeat it; their result is not written.
        const std::size_t source = q < queries.count ? q : queries.count - 1;
        query[q] = queries.query[source];
        positions[q] = queries.positions[source];
        sums[q] = queries.sums + q * head.valueStride;
        largest[q] = -std::numeric_limits<float>::infinity();
        total[q] = 0;
        longest = positions[q] > longest ? positions[q] : longest;
        for (std::size_t i = 0; i < head.valueStride; i += lanes)
            hn::Store(hn::Zero(d), d, sums[q] + i);
    }
    const auto *keys = reinterpret_cast<const Element *>(head.keys);
    const auto *values = reinterpret_cast<const Element *>(head.values);
    for (std::size_t first = 0; first < longest; first += kSpan) {
        const std::size_t here = longest - first < kSpan ? longest - first : kSpan;
        const std::size_t rounded = (here + kKeyTile - 1) / kKeyTile * kKeyTile;
        // Vectors of `lanes` positions; the tile and the place within it follow from the index.
        std::size_t at = 0;
        const auto keysAt = [&](std::size_t position) HWY_ATTR {
            return keys + (first + position) / kKeyTile * tileElements + position % kKeyTile;
        };
        for (; at + kVectors * lanes <= rounded; at += kVectors * lanes) {
            const Element *from[kVectors];
            float *to[kQueries];
            for (std::size_t v = 0; v < kVectors; ++v)
                from[v] = keysAt(at + v * lanes);
            for (std::size_t q = 0; q < kQueries; ++q)
                to[q] = scratch.scores[q] + at;
            scoreTile<Cache, kQueries, kVectors>(d, from, query, head.headSize, to);
        }
        for (; at < rounded; at += lanes) {
            const Element *from[1] = {keysAt(at)};
            float *to[kQueries];
            for (std::size_t q = 0; q < kQueries; ++q)
                to[q] = scratch.scores[q] + at;
            scoreTile<Cache, kQueries, 1>(d, from, query, head.headSize, to);
        }
        const float *weights[kQueries];
        for (std::size_t q = 0; q < kQueries; ++q) {
            const std::size_t seen = positions[q] > first ? positions[q] - first : 0;
            const float shrink = softmaxSpan(scratch.scores[q], rounded, seen < here ? seen : here,
                                             queries.scale, largest[q], total[q]);
            weights[q] = scratch.scores[q];
            if (shrink != 1.0f) {
                for (std::size_t i = 0; i < head.valueStride; i += lanes)
                    hn::Store(hn::Mul(hn::Load(d, sums[q] + i), hn::Set(d, shrink)), d,
                              sums[q] + i);
            }
        }
        const Element *rows = values + first * head.valueStride;
        std::size_t i = 0;
        float *to[kQueries];
        for (; i + kVectors * lanes <= head.valueStride; i += kVectors * lanes) {
            for (std::size_t q = 0; q < kQueries; ++q)
                to[q] = sums[q] + i;
            weighTile<Cache, kQueries, kVectors>(d, rows + i, head.valueStride, here, weights, to);
        }
        for (; i < head.valueStride; i += lanes) {
            for (std::size_t q = 0; q < kQueries; ++q)
                to[q] = sums[q] + i;
            weighTile<Cache, kQueries, 1>(d, rows + i, head.valueStride, here, weights, to);
        }
    }
    for (std::size_t q = 0; q < queries.count; ++q) {
        const float inverse = 1.0f / total[q];
        for (std::size_t i = 0; i < head.headSize; ++i)
            queries.output[q][i] = sums[q][i] * inverse;
    }
}

template <class Cache>
ALCOVE_INLINE void attendCount(const KvHead &head, const AttentionQueries &queries,
                               KernelScratch &scratch)
{
    if (queries.count > 4)
        attendAs<Cache, 8>(head, queries, scratch);
    else if (queries.count > 2)
        attendAs<Cache, 4>(head, queries, scratch);
    else if (queries.count == 2)
        attendAs<Cache, 2>(head, queries, scratch);
    else
        attendAs<Cache, 1>(head, queries, scratch);
}

void attend(const KvHead &head, const AttentionQueries &queries, KernelScratch &scratch)
{
    if (head.format == llm::KvFormat::F32)
        attendCount<CacheF32>(head, queries, scratch);
    else
        attendCount<CacheF16>(head, queries, scratch);
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
