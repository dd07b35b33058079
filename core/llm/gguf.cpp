#include "core/llm/gguf.h"

#include "core/llm/gguf_value.h"

#include <cmath>
#include <limits>
#include <utility>

namespace alcove::llm {

namespace {

std::optional<std::int64_t> loadInteger(GgufValueType type, const std::byte *at)
{
    switch (type) {
    case GgufValueType::UInt8:
        return loadValue<std::uint8_t>(at);
    case GgufValueType::Int8:
        return loadValue<std::int8_t>(at);
    case GgufValueType::UInt16:
        return loadValue<std::uint16_t>(at);
    case GgufValueType::Int16:
        return loadValue<std::int16_t>(at);
    case GgufValueType::UInt32:
        return loadValue<std::uint32_t>(at);
    case GgufValueType::Int32:
        return loadValue<std::int32_t>(at);
    case GgufValueType::Int64:
        return loadValue<std::int64_t>(at);
    case GgufValueType::UInt64: {
        const auto value = loadValue<std::uint64_t>(at);
        if (value > std::uint64_t(std::numeric_limits<std::int64_t>::max()))
            return std::nullopt;
        return std::int64_t(value);
    }
    default:
        return std::nullopt;
    }
}

std::optional<double> loadNumber(GgufValueType type, const std::byte *at)
{
    double value = 0;
    if (type == GgufValueType::Float32)
        value = loadValue<float>(at);
    else if (type == GgufValueType::Float64)
        value = loadValue<double>(at);
    else if (const auto integer = loadInteger(type, at))
        value = double(*integer);
    else
        return std::nullopt;
    if (!std::isfinite(value))
        return std::nullopt;
    return value;
}

} // namespace

std::size_t scalarBytes(GgufValueType type)
{
    switch (type) {
    case GgufValueType::UInt8:
    case GgufValueType::Int8:
    case GgufValueType::Bool:
        return 1;
    case GgufValueType::UInt16:
    case GgufValueType::Int16:
        return 2;
    case GgufValueType::UInt32:
    case GgufValueType::Int32:
    case GgufValueType::Float32:
        return 4;
    case GgufValueType::UInt64:
    case GgufValueType::Int64:
    case GgufValueType::Float64:
        return 8;
    case GgufValueType::String:
    case GgufValueType::Array:
        return 0;
    }
    return 0;
}

std::string_view typeName(GgufValueType type)
{
    switch (type) {
    case GgufValueType::UInt8:
        return "u8";
    case GgufValueType::Int8:
        return "i8";
    case GgufValueType::UInt16:
        return "u16";
    case GgufValueType::Int16:
        return "i16";
    case GgufValueType::UInt32:
        return "u32";
    case GgufValueType::Int32:
        return "i32";
    case GgufValueType::UInt64:
        return "u64";
    case GgufValueType::Int64:
        return "i64";
    case GgufValueType::Float32:
        return "f32";
    case GgufValueType::Float64:
        return "f64";
    case GgufValueType::Bool:
        return "bool";
    case GgufValueType::String:
        return "string";
    case GgufValueType::Array:
        return "array";
    }
    return "unknown";
}

const GgufValue *GgufFile::find(std::string_view key) const
{
    const std::uint32_t found = m_metadataIndex.find(
        key, [this](std::uint32_t i) -> std::string_view { return m_metadata[i].first; });
    return found == kNotFound ? nullptr : &m_metadata[found].second;
}

const Tensor *GgufFile::findTensor(std::string_view name) const
{
    const std::uint32_t found = m_tensorIndex.find(
        name, [this](std::uint32_t i) -> std::string_view { return m_tensors[i].name; });
    return found == kNotFound ? nullptr : &m_tensors[found];
}

std::optional<std::uint64_t> GgufFile::unsignedInteger(std::string_view key) const
{
    const GgufValue *value = find(key);
    if (value && value->type == GgufValueType::UInt64)
        return loadValue<std::uint64_t>(value->bytes.data());
    const auto signedValue = integer(key);
    if (!signedValue || *signedValue < 0)
        return std::nullopt;
    return std::uint64_t(*signedValue);
}

std::optional<std::int64_t> GgufFile::integer(std::string_view key) const
{
    const GgufValue *value = find(key);
    if (!value || value->type == GgufValueType::Array)
        return std::nullopt;
    return loadInteger(value->type, value->bytes.data());
}

std::optional<double> GgufFile::number(std::string_view key) const
{
    const GgufValue *value = find(key);
    if (!value || value->type == GgufValueType::Array)
        return std::nullopt;
    return loadNumber(value->type, value->bytes.data());
}

std::optional<bool> GgufFile::boolean(std::string_view key) const
{
    const GgufValue *value = find(key);
    if (!value || value->type != GgufValueType::Bool)
        return std::nullopt;
    return loadValue<std::uint8_t>(value->bytes.data()) != 0;
}

std::optional<std::string_view> GgufFile::string(std::string_view key) const
{
    const GgufValue *value = find(key);
    if (!value || value->type != GgufValueType::String)
        return std::nullopt;
    return std::string_view(reinterpret_cast<const char *>(value->bytes.data()) + 8,
                            value->bytes.size() - 8);
}

std::optional<std::vector<std::string_view>> GgufFile::strings(std::string_view key) const
{
    const GgufValue *value = find(key);
    if (!value || value->type != GgufValueType::Array
        || value->elementType != GgufValueType::String)
        return std::nullopt;
    std::vector<std::string_view> result;
    result.reserve(std::size_t(value->count));
    const std::byte *at = value->bytes.data();
    for (std::uint64_t i = 0; i < value->count; ++i) {
        const auto length = loadValue<std::uint64_t>(at);
        result.emplace_back(reinterpret_cast<const char *>(at) + 8, std::size_t(length));
        at += 8 + length;
    }
    return result;
}

std::optional<std::vector<std::int64_t>> GgufFile::integers(std::string_view key) const
{
    const GgufValue *value = find(key);
    if (!value || value->type != GgufValueType::Array)
        return std::nullopt;
    const std::size_t each = scalarBytes(value->elementType); // 0: strings
    if (each == 0)
        return std::nullopt;
    std::vector<std::int64_t> result;
    result.reserve(std::size_t(value->count));
    for (std::uint64_t i = 0; i < value->count; ++i) {
        const auto element = loadInteger(value->elementType, value->bytes.data() + i * each);
        if (!element)
            return std::nullopt;
        result.push_back(*element);
    }
    return result;
}

std::optional<std::vector<double>> GgufFile::numbers(std::string_view key) const
{
    const GgufValue *value = find(key);
    if (!value || value->type != GgufValueType::Array)
        return std::nullopt;
    const std::size_t each = scalarBytes(value->elementType); // 0: strings
    if (each == 0)
        return std::nullopt;
    std::vector<double> result;
    result.reserve(std::size_t(value->count));
    for (std::uint64_t i = 0; i < value->count; ++i) {
        const auto element = loadNumber(value->elementType, value->bytes.data() + i * each);
        if (!element)
            return std::nullopt;
        result.push_back(*element);
    }
    return result;
}

} // namespace alcove::llm
