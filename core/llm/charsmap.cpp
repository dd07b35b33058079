#include "core/llm/charsmap.h"

namespace alcove::llm {

namespace {

// The longest replacement of Unicode's compatibility decompositions has 18 characters.
constexpr std::size_t kLongestReplacement = 128;

// One unit of the double array.
bool hasLeaf(std::uint32_t unit)
{
    return ((unit >> 8) & 1) != 0;
}

std::uint32_t labelOf(std::uint32_t unit)
{
    return unit & ((1u << 31) | 0xFF);
}

std::uint32_t offsetOf(std::uint32_t unit)
{
    return (unit >> 10) << ((unit & (1u << 9)) >> 6);
}

std::uint32_t valueOf(std::uint32_t unit)
{
    return unit & ((1u << 31) - 1);
}

std::uint32_t littleEndian(std::string_view bytes)
{
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
        value |= std::uint32_t(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return value;
}

} // namespace

Result<CharsMap> CharsMap::read(const GgufFile &file)
{
    CharsMap map;
    const GgufValue *value = file.find("tokenizer.ggml.precompiled_charsmap");
    if (!value)
        return map;
    const bool isBytes = value->type == GgufValueType::Array
        && (value->elementType == GgufValueType::UInt8
            || value->elementType == GgufValueType::Int8);
    if (isBytes && value->count == 0)
        return map;
    const auto broken = [] {
        return fail(ErrorCode::InvalidFile,
                    "The model file's table of characters to replace (precompiled_charsmap) is"
                    " damaged.");
    };
    if (!isBytes || value->bytes.size() != value->count || value->count < 4)
        return broken();
    const std::string_view bytes(reinterpret_cast<const char *>(value->bytes.data()),
                                 value->bytes.size());
    const std::size_t trieBytes = littleEndian(bytes);
    if (trieBytes > bytes.size() - 4 || trieBytes % 4 != 0 || trieBytes == 0)
        return broken();
    map.m_units.reserve(trieBytes / 4);
    for (std::size_t i = 0; i < trieBytes; i += 4)
        map.m_units.push_back(littleEndian(bytes.substr(4 + i, 4)));
    map.m_replacements = bytes.substr(4 + trieBytes);
    // So that every replacement has an end.
    map.m_replacements.push_back('\0');
    return map;
}

CharsMap::Match CharsMap::longestAt(std::string_view text) const
{
    Match best;
    if (m_units.empty())
        return best;
    std::size_t node = offsetOf(m_units[0]);
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        // A zero byte is the trie's own mark of an end.
        node ^= byte;
        if (byte == 0 || node >= m_units.size())
            break;
        const std::uint32_t unit = m_units[node];
        if (labelOf(unit) != byte)
            break;
        node ^= offsetOf(unit);
        if (!hasLeaf(unit))
            continue;
        if (node >= m_units.size())
            break;
        const std::size_t at = valueOf(m_units[node]);
        if (at < m_replacements.size()) {
            const std::string_view rest = std::string_view(m_replacements).substr(at);
            const std::size_t length = rest.find('\0');
            if (length <= kLongestReplacement)
                best = {i + 1, rest.substr(0, length)};
        }
    }
    return best;
}

} // namespace alcove::llm
