#include "core/cpu/kv_cache.h"

namespace alcove::cpu {
namespace {

std::uint64_t roundUp(std::uint64_t value, std::uint64_t step)
{
    return (value + step - 1) / step * step;
}

std::uint64_t elementBytes(llm::KvFormat format)
{
    return format == llm::KvFormat::F32 ? 4 : 2;
}

std::uint64_t keyBytesOf(const PreparedAttention &a, std::uint32_t positions, llm::KvFormat format)
{
    return roundUp(positions, kKeyTile) * a.headSize * elementBytes(format);
}

std::uint64_t valueBytesOf(const PreparedAttention &a, std::uint32_t positions,
                           llm::KvFormat format)
{
    return positions * roundUp(a.headSize, kKeyTile) * elementBytes(format);
}

} // namespace

std::uint64_t KvCache::bytesFor(const PreparedModel &model, std::uint32_t positions,
                                llm::KvFormat format)
{
    std::uint64_t bytes = 0;
    for (const PreparedLayer &layer : model.layers) {
        const PreparedAttention &a = layer.attention;
        bytes +=
            a.kvHeads * (keyBytesOf(a, positions, format) + valueBytesOf(a, positions, format));
    }
    return bytes;
}

KvCache::KvCache(const PreparedModel &model, std::uint32_t positions, llm::KvFormat format)
    : m_format(format), m_memory(static_cast<std::size_t>(bytesFor(model, positions, format)))
{
    std::size_t offset = 0;
    for (const PreparedLayer &layer : model.layers) {
        const PreparedAttention &a = layer.attention;
        LayerPlace place;
        place.offset = offset;
        place.headSize = a.headSize;
        place.valueStride = static_cast<std::size_t>(roundUp(a.headSize, kKeyTile));
        place.keyBytes = static_cast<std::size_t>(keyBytesOf(a, positions, format));
        place.headBytes =
            place.keyBytes + static_cast<std::size_t>(valueBytesOf(a, positions, format));
        offset += a.kvHeads * place.headBytes;
        m_layers.push_back(place);
    }
}

KvHead KvCache::head(std::size_t layer, std::size_t kvHead)
{
    const LayerPlace &place = m_layers[layer];
    std::byte *first = m_memory.data() + place.offset + kvHead * place.headBytes;
    return {m_format, first, first + place.keyBytes, place.headSize, place.valueStride};
}

} // namespace alcove::cpu
