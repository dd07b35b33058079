// Splits a model into several files, as the hubs publish big ones.
#pragma once

#include "tests/support/gguf_writer.h"

namespace alcove::test {

inline std::string bytesText(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

// The files that a model is split into: all metadata in the first, the tensors shared out in order.
inline std::vector<GgufWriter> split(const llm::GgufFile &whole, std::uint32_t count)
{
    std::vector<GgufWriter> parts(count);
    for (const auto &[key, value] : whole.metadata()) {
        std::string bytes = bytesText(value.bytes);
        if (value.type == llm::GgufValueType::Array)
            bytes = bytesOf(std::uint32_t(value.elementType), value.count) + bytes;
        parts[0].raw(key, value.type, bytes);
    }
    const std::size_t tensors = whole.tensors().size();
    for (std::uint32_t i = 0; i < count; ++i) {
        parts[i]
            .raw("split.no", llm::GgufValueType::UInt16, bytesOf(std::uint16_t(i)))
            .raw("split.count", llm::GgufValueType::UInt16, bytesOf(std::uint16_t(count)))
            .raw("split.tensors.count", llm::GgufValueType::Int32, bytesOf(std::int32_t(tensors)));
    }
    for (std::size_t i = 0; i < tensors; ++i) {
        const llm::Tensor &tensor = whole.tensors()[i];
        parts[i * count / tensors].tensor(
            tensor.name, {tensor.shape.begin(), tensor.shape.begin() + tensor.rank}, tensor.type,
            bytesText(tensor.data));
    }
    return parts;
}

} // namespace alcove::test
