// GgufFile: reads GGUF version 2 and 3 over a memory-mapped file.
//
// The file is hostile input: every count, offset, string and alignment is checked before use, and
// no more than 64 MiB beyond the file is allocated. What is accepted: unique names of at most 256
// bytes, no nested arrays, tensors that lie apart and inside the file. Tensor data starts at
// multiples of the file's alignment, which is at least 8. Immutable after open; any thread may read
// it. Format: the GGUF specification (ggml docs/gguf.md).
#pragma once

#include "core/base/mapped_file.h"
#include "core/base/result.h"
#include "core/llm/hash_index.h"
#include "core/llm/tensor.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alcove::llm {

enum class GgufValueType : std::uint32_t {
    UInt8 = 0,
    Int8 = 1,
    UInt16 = 2,
    Int16 = 3,
    UInt32 = 4,
    Int32 = 5,
    Float32 = 6,
    Bool = 7,
    String = 8,
    Array = 9,
    UInt64 = 10,
    Int64 = 11,
    Float64 = 12,
};

// One metadata value: a scalar, a string or an array of scalars or strings, still in the file's
// bytes.
struct GgufValue {
    GgufValueType type = GgufValueType::UInt8;
    GgufValueType elementType = GgufValueType::UInt8; // of an array
    std::uint64_t count = 1; // of an array's elements
    std::span<const std::byte> bytes; // the value, without its type words
};

class GgufFile
{
public:
    static constexpr std::size_t kMaxTensors = std::size_t(1) << 16; // of all parts together

    // NotFound, Io, OutOfMemory, InvalidFile (what does not add up is named), Unsupported (a GGUF
    // version, byte order or tensor format that we do not know). Of a model that was split into
    // several files (gguf_split.h) `path` is any one, and all of them are opened as one file: the
    // metadata of the first, the tensors of all.
    static Result<GgufFile> open(const std::string &path);
    // Parses bytes that outlive the GgufFile (the fuzzer's and the tests' way in). A part of a
    // split model stays by itself.
    static Result<GgufFile> parse(std::span<const std::byte> bytes, std::string name);

    std::uint32_t version() const { return m_version; }
    const std::string &path() const { return m_path; } // of the first part
    std::uint64_t fileBytes() const { return m_fileBytes; } // of all parts
    std::size_t partCount() const { return m_files.size(); } // files; 0 when parsed from bytes

    // In file order.
    const std::vector<std::pair<std::string, GgufValue>> &metadata() const { return m_metadata; }
    const std::vector<Tensor> &tensors() const { return m_tensors; }

    const GgufValue *find(std::string_view key) const; // nullptr when absent
    const Tensor *findTensor(std::string_view name) const; // nullptr when absent

    // Typed access; nullopt when absent, of another kind, or out of the asked range. Integers of
    // every width and sign are accepted where they fit; floats accept integers too.
    std::optional<std::uint64_t> unsignedInteger(std::string_view key) const;
    std::optional<std::int64_t> integer(std::string_view key) const;
    std::optional<double> number(std::string_view key) const;
    std::optional<bool> boolean(std::string_view key) const;
    std::optional<std::string_view> string(std::string_view key) const;
    std::optional<std::vector<std::string_view>> strings(std::string_view key) const;
    std::optional<std::vector<std::int64_t>> integers(std::string_view key) const;
    std::optional<std::vector<double>> numbers(std::string_view key) const;

private:
    friend class GgufParser;

    static Result<GgufFile> openOne(const std::string &path);
    static Result<GgufFile> openParts(GgufFile asked);
    void append(GgufFile part); // its tensors are not found before indexTensors()
    Result<> indexTensors(); // InvalidFile when two have one name
    void indexTensor(std::size_t place);

    std::vector<MappedFile> m_files; // empty when parsed from bytes
    std::uint64_t m_fileBytes = 0;
    std::string m_path;
    std::uint32_t m_version = 0;
    std::vector<std::pair<std::string, GgufValue>> m_metadata;
    std::vector<Tensor> m_tensors;
    SpellingIndex m_metadataIndex; // key -> its place in m_metadata
    SpellingIndex m_tensorIndex; // name -> its place in m_tensors
};

} // namespace alcove::llm
