// GgufWriter: writes GGUF files for tests, sound ones and broken ones.
//
// Entries keep their order; writing a key or tensor again replaces it. What a sound file cannot say
// (false counts, offsets of one's own, raw values) has functions of its own.
#pragma once

#include "core/llm/gguf.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alcove::test {

// The little-endian bytes of numbers, one after the other.
template <typename... T>
std::string bytesOf(T... values)
{
    std::string out;
    (out.append(reinterpret_cast<const char *>(&values), sizeof(values)), ...);
    return out;
}

inline std::string ggufString(std::string_view text)
{
    return bytesOf(std::uint64_t(text.size())).append(text);
}

class GgufWriter
{
public:
    using Type = llm::GgufValueType;

    // A value as it lies in the file, after its type word.
    GgufWriter &raw(std::string_view key, Type type, std::string value)
    {
        remove(key);
        m_metadata.push_back({std::string(key), std::uint32_t(type), std::move(value)});
        return *this;
    }
    GgufWriter &text(std::string_view key, std::string_view value)
    {
        return raw(key, Type::String, ggufString(value));
    }
    GgufWriter &u32(std::string_view key, std::uint32_t value)
    {
        return raw(key, Type::UInt32, bytesOf(value));
    }
    GgufWriter &f32(std::string_view key, float value)
    {
        return raw(key, Type::Float32, bytesOf(value));
    }
    GgufWriter &flag(std::string_view key, bool value)
    {
        return raw(key, Type::Bool, bytesOf(std::uint8_t(value)));
    }
    template <typename T>
    GgufWriter &numbers(std::string_view key, Type type, const std::vector<T> &values)
    {
        std::string value = bytesOf(std::uint32_t(type), std::uint64_t(values.size()));
        for (T one : values)
            value += bytesOf(one);
        return raw(key, Type::Array, value);
    }
    GgufWriter &texts(std::string_view key, const std::vector<std::string> &values)
    {
        std::string value = bytesOf(std::uint32_t(Type::String), std::uint64_t(values.size()));
        for (const std::string &one : values)
            value += ggufString(one);
        return raw(key, Type::Array, value);
    }
    GgufWriter &remove(std::string_view key)
    {
        m_metadata.erase(std::remove_if(m_metadata.begin(), m_metadata.end(),
                                        [&](const Pair &pair) { return pair.key == key; }),
                         m_metadata.end());
        return *this;
    }
    // Writes a pair although its key is there already.
    GgufWriter &again(std::string_view key, Type type, std::string value)
    {
        m_metadata.push_back({std::string(key), std::uint32_t(type), std::move(value)});
        return *this;
    }

    // `shape`: innermost dimension first. Without `data`: zeros of the right length.
    GgufWriter &tensor(std::string_view name, std::vector<std::uint64_t> shape,
                       llm::TensorType type = llm::TensorType::F32,
                       std::optional<std::string> data = {})
    {
        if (!data) {
            const llm::TensorTypeInfo *info = llm::tensorTypeInfo(type);
            std::uint64_t elements = 1;
            for (std::uint64_t size : shape)
                elements *= size;
            data.emplace(elements / info->blockElements * info->blockBytes, '\0');
        }
        const auto place = findTensor(name);
        Entry entry{std::string(name), std::move(shape), std::uint32_t(type), std::move(*data), {}};
        if (place == m_tensors.end())
            m_tensors.push_back(std::move(entry));
        else
            *place = std::move(entry);
        return *this;
    }
    GgufWriter &floats(std::string_view name, std::vector<std::uint64_t> shape,
                       const std::vector<float> &values)
    {
        return tensor(
            name, std::move(shape), llm::TensorType::F32,
            std::string(reinterpret_cast<const char *>(values.data()), values.size() * 4));
    }
    GgufWriter &removeTensor(std::string_view name)
    {
        const auto place = findTensor(name);
        if (place != m_tensors.end())
            m_tensors.erase(place);
        return *this;
    }
    // Writes a second tensor of the same name.
    GgufWriter &tensorAgain(std::string_view name)
    {
        m_tensors.push_back(*findTensor(name));
        return *this;
    }
    GgufWriter &offsetOf(std::string_view name, std::uint64_t offset)
    {
        findTensor(name)->offset = offset;
        return *this;
    }
    GgufWriter &typeOf(std::string_view name, std::uint32_t type)
    {
        findTensor(name)->type = type;
        return *this;
    }

    GgufWriter &version(std::uint32_t value)
    {
        m_version = value;
        return *this;
    }
    // Of the tensors' data; `bytes` does not write general.alignment by itself.
    GgufWriter &alignment(std::uint32_t value)
    {
        m_alignment = value;
        return *this;
    }
    GgufWriter &claimTensors(std::uint64_t count)
    {
        m_claimedTensors = count;
        return *this;
    }
    GgufWriter &claimMetadata(std::uint64_t count)
    {
        m_claimedMetadata = count;
        return *this;
    }

    std::vector<std::string> tensorNames() const
    {
        std::vector<std::string> names;
        for (const Entry &entry : m_tensors)
            names.push_back(entry.name);
        return names;
    }

    std::string bytes() const
    {
        std::string out = "GGUF";
        out += bytesOf(m_version, m_claimedTensors.value_or(m_tensors.size()),
                       m_claimedMetadata.value_or(m_metadata.size()));
        for (const Pair &pair : m_metadata)
            out += ggufString(pair.key) + bytesOf(pair.type) + pair.value;
        std::string data;
        for (const Entry &entry : m_tensors) {
            data.resize((data.size() + m_alignment - 1) / m_alignment * m_alignment);
            out += ggufString(entry.name) + bytesOf(std::uint32_t(entry.shape.size()));
            for (std::uint64_t size : entry.shape)
                out += bytesOf(size);
            out += bytesOf(entry.type, entry.offset.value_or(data.size()));
            data += entry.data;
        }
        if (!data.empty())
            out.resize((out.size() + m_alignment - 1) / m_alignment * m_alignment);
        return out + data;
    }

    static std::span<const std::byte> view(const std::string &bytes)
    {
        return std::as_bytes(std::span(bytes.data(), bytes.size()));
    }

private:
    struct Pair {
        std::string key;
        std::uint32_t type;
        std::string value;
    };
    struct Entry {
        std::string name;
        std::vector<std::uint64_t> shape;
        std::uint32_t type;
        std::string data;
        std::optional<std::uint64_t> offset;
    };

    std::vector<Entry>::iterator findTensor(std::string_view name)
    {
        return std::find_if(m_tensors.begin(), m_tensors.end(),
                            [&](const Entry &entry) { return entry.name == name; });
    }

    std::uint32_t m_version = 3;
    std::uint32_t m_alignment = 32;
    std::optional<std::uint64_t> m_claimedTensors;
    std::optional<std::uint64_t> m_claimedMetadata;
    std::vector<Pair> m_metadata;
    std::vector<Entry> m_tensors;
};

// The smallest model with everything of its family: one layer, width 8, two heads of 4 that share
// one key head, hidden width 12, ten tokens. All weights are zero.
inline GgufWriter tinyModel(const std::string &family = "llama")
{
    GgufWriter file;
    file.text("general.architecture", family)
        .text("general.name", "tiny")
        .u32(family + ".context_length", 64)
        .u32(family + ".embedding_length", 8)
        .u32(family + ".block_count", 1)
        .u32(family + ".feed_forward_length", 12)
        .u32(family + ".attention.head_count", 2)
        .u32(family + ".attention.head_count_kv", 1)
        .f32(family + ".attention.layer_norm_rms_epsilon", 1e-5f)
        .tensor("token_embd.weight", {8, 10})
        .tensor("blk.0.attn_norm.weight", {8})
        .tensor("blk.0.attn_q.weight", {8, 8})
        .tensor("blk.0.attn_k.weight", {8, 4})
        .tensor("blk.0.attn_v.weight", {8, 4})
        .tensor("blk.0.attn_output.weight", {8, 8})
        .tensor("blk.0.ffn_norm.weight", {8})
        .tensor("blk.0.ffn_gate.weight", {8, 12})
        .tensor("blk.0.ffn_up.weight", {8, 12})
        .tensor("blk.0.ffn_down.weight", {12, 8})
        .tensor("output_norm.weight", {8})
        .tensor("output.weight", {8, 10});
    if (family == "qwen2") {
        file.tensor("blk.0.attn_q.bias", {8})
            .tensor("blk.0.attn_k.bias", {4})
            .tensor("blk.0.attn_v.bias", {4});
    } else if (family == "qwen3") {
        file.tensor("blk.0.attn_q_norm.weight", {4}).tensor("blk.0.attn_k_norm.weight", {4});
    }
    return file;
}

} // namespace alcove::test
