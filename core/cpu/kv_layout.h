// Where an element of a KV head's cache lies, and plain reading and writing of one position. Pure;
// for code that must not use vector instructions.
#pragma once

#include "core/cpu/half.h"
#include "core/cpu/kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace alcove::cpu {

inline constexpr std::size_t kKvBlock = 32; // elements that share a scale in the quantised formats
// A block of keys: [32][kKeyTile] quants, [kKeyTile] scales.
inline constexpr std::size_t kKeyBlockBytes = kKvBlock * kKeyTile + 2 * kKeyTile;
inline constexpr std::size_t kValueBlockBytesQ8 = 2 + kKvBlock;
inline constexpr std::size_t kValueBlockBytesQ4 = 2 + kKvBlock / 2;

inline constexpr bool quantisedKv(llm::KvFormat format)
{
    return format == llm::KvFormat::Q8_0 || format == llm::KvFormat::Q4_0;
}

inline constexpr std::size_t roundUpTo(std::size_t value, std::size_t step)
{
    return (value + step - 1) / step * step;
}

inline constexpr std::size_t keyTileBytes(llm::KvFormat format, std::size_t headSize)
{
    switch (format) {
    case llm::KvFormat::F32:
        return headSize * kKeyTile * 4;
    case llm::KvFormat::F16:
        return headSize * kKeyTile * 2;
    default:
        return roundUpTo(headSize, kKvBlock) / kKvBlock * kKeyBlockBytes;
    }
}

inline constexpr std::size_t valueStrideOf(llm::KvFormat format, std::size_t headSize)
{
    return roundUpTo(headSize, quantisedKv(format) ? kKvBlock : kKeyTile);
}

inline constexpr std::size_t valueRowBytes(llm::KvFormat format, std::size_t valueStride)
{
    switch (format) {
    case llm::KvFormat::F32:
        return valueStride * 4;
    case llm::KvFormat::F16:
        return valueStride * 2;
    case llm::KvFormat::Q8_0:
        return valueStride / kKvBlock * kValueBlockBytesQ8;
    default:
        return valueStride / kKvBlock * kValueBlockBytesQ4;
    }
}

namespace layout {

template <typename T>
T load(const std::byte *at)
{
    T value;
    std::memcpy(&value, at, sizeof(value));
    return value;
}

template <typename T>
void store(std::byte *at, T value)
{
    std::memcpy(at, &value, sizeof(value));
}

inline float loadHalf(const std::byte *at)
{
    return halfToFloat(load<std::uint16_t>(at));
}

inline void storeHalf(std::byte *at, float value)
{
    store(at, floatToHalf(value));
}

inline float largest(const float *x, std::size_t count)
{
    float top = 0;
    for (std::size_t i = 0; i < count; ++i)
        top = std::max(top, std::fabs(x[i]));
    return top;
}

// To the nearest; what is no number becomes 0 (the scale carries it on).
inline int quant(float x, float inverse, int lowest, int highest)
{
    const float scaled = x * inverse;
    if (!std::isfinite(scaled))
        return 0;
    return std::clamp(static_cast<int>(std::nearbyint(scaled)), lowest, highest);
}

} // namespace layout

inline const std::byte *keyTile(const KvHead &head, std::size_t place)
{
    return head.keys + place / kKeyTile * keyTileBytes(head.keyFormat, head.headSize);
}

inline std::byte *valueRow(const KvHead &head, std::size_t place)
{
    return head.values + place * valueRowBytes(head.valueFormat, head.valueStride);
}

// out: [headSize]
inline void loadKey(const KvHead &head, std::size_t position, float *out)
{
    const std::size_t place = head.place(position);
    const std::size_t lane = place % kKeyTile;
    const std::byte *tile = keyTile(head, place);
    for (std::size_t i = 0; i < head.headSize; ++i) {
        if (head.keyFormat == llm::KvFormat::F32) {
            out[i] = layout::load<float>(tile + (i * kKeyTile + lane) * 4);
        } else if (head.keyFormat == llm::KvFormat::F16) {
            out[i] = layout::loadHalf(tile + (i * kKeyTile + lane) * 2);
        } else {
            const std::byte *block = tile + i / kKvBlock * kKeyBlockBytes;
            const float scale = layout::loadHalf(block + kKvBlock * kKeyTile + 2 * lane);
            out[i] =
                scale * float(layout::load<std::int8_t>(block + i % kKvBlock * kKeyTile + lane));
        }
    }
}

inline void storeKey(const KvHead &head, std::size_t position, const float *key)
{
    const std::size_t place = head.place(position);
    const std::size_t lane = place % kKeyTile;
    std::byte *tile = head.keys + place / kKeyTile * keyTileBytes(head.keyFormat, head.headSize);
    if (!quantisedKv(head.keyFormat)) {
        for (std::size_t i = 0; i < head.headSize; ++i) {
            if (head.keyFormat == llm::KvFormat::F32)
                layout::store(tile + (i * kKeyTile + lane) * 4, key[i]);
            else
                layout::storeHalf(tile + (i * kKeyTile + lane) * 2, key[i]);
        }
        return;
    }
    for (std::size_t first = 0; first < head.headSize; first += kKvBlock) {
        std::byte *block = tile + first / kKvBlock * kKeyBlockBytes;
        const std::size_t count = std::min(kKvBlock, head.headSize - first);
        const float top = layout::largest(key + first, count);
        const float inverse = top > 0 ? 127.0f / top : 0.0f;
        layout::storeHalf(block + kKvBlock * kKeyTile + 2 * lane, top / 127.0f);
        for (std::size_t i = 0; i < count; ++i)
            layout::store(
                block + i * kKeyTile + lane,
                static_cast<std::int8_t>(layout::quant(key[first + i], inverse, -127, 127)));
    }
}

// out: [headSize]
inline void loadValue(const KvHead &head, std::size_t position, float *out)
{
    const std::byte *row = valueRow(head, head.place(position));
    for (std::size_t i = 0; i < head.headSize; ++i) {
        const std::size_t in = i % kKvBlock;
        switch (head.valueFormat) {
        case llm::KvFormat::F32:
            out[i] = layout::load<float>(row + i * 4);
            break;
        case llm::KvFormat::F16:
            out[i] = layout::loadHalf(row + i * 2);
            break;
        case llm::KvFormat::Q8_0: {
            const std::byte *block = row + i / kKvBlock * kValueBlockBytesQ8;
            out[i] = layout::loadHalf(block) * float(layout::load<std::int8_t>(block + 2 + in));
            break;
        }
        case llm::KvFormat::Q4_0: {
            const std::byte *block = row + i / kKvBlock * kValueBlockBytesQ4;
            const auto both = layout::load<std::uint8_t>(block + 2 + in % 16);
            const int nibble = in < 16 ? both & 15 : both >> 4;
            out[i] = layout::loadHalf(block) * float(nibble - 8);
            break;
        }
        }
    }
}

inline void storeValue(const KvHead &head, std::size_t position, const float *value)
{
    std::byte *row = valueRow(head, head.place(position));
    if (!quantisedKv(head.valueFormat)) {
        for (std::size_t i = 0; i < head.headSize; ++i) {
            if (head.valueFormat == llm::KvFormat::F32)
                layout::store(row + i * 4, value[i]);
            else
                layout::storeHalf(row + i * 2, value[i]);
        }
        return;
    }
    for (std::size_t first = 0; first < head.headSize; first += kKvBlock) {
        const std::size_t count = std::min(kKvBlock, head.headSize - first);
        const float *x = value + first;
        if (head.valueFormat == llm::KvFormat::Q8_0) {
            std::byte *block = row + first / kKvBlock * kValueBlockBytesQ8;
            const float top = layout::largest(x, count);
            const float inverse = top > 0 ? 127.0f / top : 0.0f;
            layout::storeHalf(block, top / 127.0f);
            for (std::size_t i = 0; i < count; ++i)
                layout::store(block + 2 + i,
                              static_cast<std::int8_t>(layout::quant(x[i], inverse, -127, 127)));
            continue;
        }
        // The element furthest from 0 becomes -8 exactly; its sign decides the scale's.
        std::byte *block = row + first / kKvBlock * kValueBlockBytesQ4;
        float furthest = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (std::fabs(x[i]) > std::fabs(furthest))
                furthest = x[i];
        }
        const float inverse = furthest != 0 ? -8.0f / furthest : 0.0f;
        layout::storeHalf(block, furthest / -8.0f);
        const auto nibble = [&](std::size_t i) {
            return i < count ? layout::quant(x[i], inverse, -8, 7) + 8 : 8;
        };
        for (std::size_t i = 0; i < kKvBlock / 2; ++i)
            layout::store(block + 2 + i,
                          static_cast<std::uint8_t>(nibble(i) | nibble(i + 16) << 4));
    }
}

} // namespace alcove::cpu
