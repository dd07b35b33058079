#include "core/cpu/kv_cache.h"

#include "core/cpu/kv_layout.h"
#include "core/cpu/rotation.h"

#include <algorithm>
#include <limits>
#include <new>

namespace alcove::cpu {
namespace {

// Positions beyond its window that a ring keeps: at least a batch, which is written before its
// first position looks back, and so many that truncate() can usually take an answer back.
constexpr std::size_t kRingSlack = 512;
static_assert(kRingSlack >= kMaxBatch + kKeyTile);

std::uint64_t roundUp(std::uint64_t value, std::uint64_t step)
{
    return (value + step - 1) / step * step;
}

Buffer<std::byte> memoryOf(std::uint64_t bytes)
{
    if (bytes > std::numeric_limits<std::size_t>::max())
        throw std::bad_alloc();
    return Buffer<std::byte>(static_cast<std::size_t>(bytes));
}

} // namespace

std::vector<KvCache::LayerPlace> KvCache::plan(const PreparedModel &model, std::uint32_t positions,
                                               KvFormats formats, std::uint64_t &bytes)
{
    const bool shared = !model.output.there();
    std::vector<LayerPlace> places;
    bytes = 0;
    for (const PreparedLayer &layer : model.layers) {
        LayerPlace place;
        if (const PreparedAttention *a = layer.attention()) {
            std::uint64_t held = roundUp(positions, kKeyTile);
            const std::uint64_t ring = roundUp(a->window + kRingSlack, kKeyTile);
            if (a->window && ring < held) {
                place.window = a->window;
                place.ring = static_cast<std::size_t>(ring);
                held = ring;
            }
            place.offset = shared ? 0 : bytes;
            place.kvHeads = a->kvHeads;
            place.headSize = a->headSize;
            place.valueStride = valueStrideOf(formats.values, a->headSize);
            place.keyBytes = roundUp(held / kKeyTile * keyTileBytes(formats.keys, a->headSize), 64);
            place.headBytes = place.keyBytes
                + roundUp(held * valueRowBytes(formats.values, place.valueStride), 64);
            bytes = std::max(bytes, place.offset + place.kvHeads * place.headBytes);
        }
        places.push_back(place);
    }
    return places;
}

std::uint64_t KvCache::bytesFor(const PreparedModel &model, std::uint32_t positions,
                                KvFormats formats)
{
    std::uint64_t bytes = 0;
    plan(model, positions, formats, bytes);
    return bytes;
}

KvCache::KvCache(const PreparedModel &model, std::uint32_t positions, KvFormats formats)
    : m_model(model), m_formats(formats)
{
    std::uint64_t bytes = 0;
    m_layers = plan(model, positions, formats, bytes);
    m_memory = memoryOf(bytes);
}

KvHead KvCache::headAt(const LayerPlace &place, std::byte *memory) const
{
    return {m_formats.keys, m_formats.values,  memory,    memory + place.keyBytes,
            place.headSize, place.valueStride, place.ring};
}

KvHead KvCache::head(std::size_t layer, std::size_t kvHead)
{
    const LayerPlace &place = m_layers[layer];
    return headAt(place, m_memory.data() + place.offset + kvHead * place.headBytes);
}

void KvCache::wrote(std::uint32_t end)
{
    for (LayerPlace &place : m_layers) {
        if (place.ring && end > place.ring)
            place.lost = std::max(place.lost, end - static_cast<std::uint32_t>(place.ring));
    }
}

void KvCache::clear()
{
    for (LayerPlace &place : m_layers)
        place.lost = 0;
}

bool KvCache::holds(std::uint32_t length) const
{
    return length == 0
        || std::all_of(m_layers.begin(), m_layers.end(), [&](const LayerPlace &place) {
               return place.lost == 0
                   || std::uint64_t(length) + 1 >= std::uint64_t(place.lost) + place.window;
           });
}

bool KvCache::canDiscard(std::uint32_t first, std::uint32_t count, std::uint32_t length) const
{
    return std::all_of(m_layers.begin(), m_layers.end(), [&](const LayerPlace &place) {
        if (place.lost == 0)
            return true;
        const std::uint32_t after = length - count;
        const std::uint32_t seen = after + 1 > place.window ? after + 1 - place.window : 0;
        const std::uint32_t source = seen < first ? seen : seen + count;
        return seen >= after || source >= place.lost;
    });
}

void KvCache::discard(std::uint32_t first, std::uint32_t count, std::uint32_t length)
{
    std::uint64_t largest = 0;
    for (const LayerPlace &place : m_layers)
        largest = std::max(largest, place.ring ? place.headBytes : 0);
    ShiftRoom room;
    room.copy = memoryOf(largest);
    room.key.resize(m_model.headSize);
    // Back by `count`; the magnitude is in the keys already.
    for (const llm::Rope &rope : m_model.ropes)
        anglesAt(rope, -double(count), 1.0f, room.angles.emplace_back(rope.dims).data());
    for (std::size_t i = 0; i < m_layers.size(); ++i) {
        if (const PreparedAttention *a = m_model.layers[i].attention())
            move(*a, m_layers[i], first, count, length, room);
    }
}

void KvCache::move(const PreparedAttention &attention, LayerPlace &place, std::uint32_t first,
                   std::uint32_t count, std::uint32_t length, ShiftRoom &room)
{
    const llm::Rope &rope = m_model.ropes[attention.rope];
    const float *angles = room.angles[attention.rope].data();
    float *key = room.key.data();
    const std::uint32_t after = length - count;
    const auto ring = static_cast<std::uint32_t>(place.ring);
    // A ring's places take turns, so that what is still needed might be written over: it is read
    // from a copy. Without a ring nothing moves onto what has not moved yet.
    std::uint32_t from = first;
    std::uint32_t lost = place.lost;
    if (ring) {
        from = after > ring ? after - ring : 0;
        while (from < after && (from < first ? from : from + count) < place.lost)
            ++from;
        lost = from;
    }
    for (std::size_t h = 0; h < place.kvHeads; ++h) {
        std::byte *memory = m_memory.data() + place.offset + h * place.headBytes;
        const KvHead to = headAt(place, memory);
        KvHead source = to;
        if (ring) {
            std::memcpy(room.copy.data(), memory, static_cast<std::size_t>(place.headBytes));
            source = headAt(place, room.copy.data());
        }
        for (std::uint32_t position = from; position < after; ++position) {
            const std::uint32_t old = position < first ? position : position + count;
            loadKey(source, old, key);
            if (old != position) {
                rotate(rope, angles, key);
                storeKey(to, position, key);
            }
            std::memmove(valueRow(to, to.place(position)), valueRow(source, source.place(old)),
                         valueRowBytes(to.valueFormat, to.valueStride));
        }
    }
    place.lost = ring && lost > 0 ? lost : 0;
}

} // namespace alcove::cpu
