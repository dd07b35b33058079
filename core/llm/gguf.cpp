#include "core/llm/gguf.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

static_assert(std::endian::native == std::endian::little,
              "GGUF is read in place; a big-endian host would have to swap");

namespace alcove::llm {

namespace {

// Bounds far above any published model, and low enough that a hostile header cannot make us
// allocate more than some 40 MiB: a metadata pair costs us about 150 bytes, a tensor about 250.
constexpr std::uint64_t kMaxMetadata = 1u << 16;
constexpr std::uint64_t kMaxTensors = 1u << 16;
constexpr std::uint64_t kMaxNameBytes = 256;
constexpr std::uint64_t kMaxAlignment = 1u << 20;
constexpr std::uint64_t kMinPairBytes = 8 + 1 + 4 + 1; // key length, key, type, value
constexpr std::uint64_t kMinTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;
constexpr std::uint64_t kDefaultAlignment = 32;

// Bytes of one scalar; 0 for strings, arrays and numbers that are no type.
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

template <typename T>
T load(const std::byte *at)
{
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

std::optional<std::int64_t> loadInteger(GgufValueType type, const std::byte *at)
{
    switch (type) {
    case GgufValueType::UInt8:
        return load<std::uint8_t>(at);
    case GgufValueType::Int8:
        return load<std::int8_t>(at);
    case GgufValueType::UInt16:
        return load<std::uint16_t>(at);
    case GgufValueType::Int16:
        return load<std::int16_t>(at);
    case GgufValueType::UInt32:
        return load<std::uint32_t>(at);
    case GgufValueType::Int32:
        return load<std::int32_t>(at);
    case GgufValueType::Int64:
        return load<std::int64_t>(at);
    case GgufValueType::UInt64: {
        const auto value = load<std::uint64_t>(at);
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
        value = load<float>(at);
    else if (type == GgufValueType::Float64)
        value = load<double>(at);
    else if (const auto integer = loadInteger(type, at))
        value = double(*integer);
    else
        return std::nullopt;
    if (!std::isfinite(value))
        return std::nullopt;
    return value;
}

} // namespace

// Walks the bytes once, front to back. Every read is checked against what is left; the first thing
// that does not add up ends it with a sentence.
class GgufParser
{
public:
    GgufParser(GgufFile &file, std::span<const std::byte> bytes) : m_file(file), m_bytes(bytes) { }

    Result<> run()
    {
        if (auto header = readHeader(); !header)
            return header;
        for (std::uint64_t i = 0; i < m_pairCount; ++i) {
            if (auto pair = readPair(); !pair)
                return pair;
        }
        indexMetadata();
        if (m_duplicate)
            return broken("it names '" + *m_duplicate + "' twice");
        for (std::uint64_t i = 0; i < m_tensorCount; ++i) {
            if (auto tensor = readTensorInfo(); !tensor)
                return tensor;
        }
        return placeTensors();
    }

private:
    tl::unexpected<Error> broken(const std::string &what) const
    {
        return fail(ErrorCode::InvalidFile,
                    "The model file " + m_file.path() + " is damaged: " + what
                        + ". Download it again.",
                    "at byte " + std::to_string(m_at));
    }

    std::uint64_t left() const { return m_bytes.size() - m_at; }

    template <typename T>
    bool read(T &value)
    {
        if (left() < sizeof(T))
            return false;
        value = load<T>(m_bytes.data() + m_at);
        m_at += sizeof(T);
        return true;
    }

    bool readName(std::string_view &name)
    {
        std::uint64_t length = 0;
        if (!read(length) || length == 0 || length > kMaxNameBytes || length > left())
            return false;
        name = {reinterpret_cast<const char *>(m_bytes.data() + m_at), std::size_t(length)};
        m_at += std::size_t(length);
        return true;
    }

    Result<> readHeader()
    {
        constexpr char kMagic[4] = {'G', 'G', 'U', 'F'};
        if (m_bytes.size() < 4 || std::memcmp(m_bytes.data(), kMagic, 4) != 0)
            return fail(ErrorCode::InvalidFile,
                        m_file.path()
                            + " is not a GGUF model file: it does not begin with 'GGUF'.");
        m_at = 4;
        if (!read(m_file.m_version))
            return broken("it ends inside its header");
        if (m_file.m_version != 2 && m_file.m_version != 3) {
            const bool swapped = (m_file.m_version & 0xffffu) == 0 && m_file.m_version != 0;
            return fail(
                ErrorCode::Unsupported,
                swapped ? m_file.path()
                        + " was written for big-endian machines, which Alcove does not read."
                        : m_file.path() + " is GGUF version " + std::to_string(m_file.m_version)
                        + "; Alcove reads versions 2 and 3.");
        }
        if (!read(m_tensorCount) || !read(m_pairCount))
            return broken("it ends inside its header");
        if (m_pairCount > kMaxMetadata || m_pairCount > left() / kMinPairBytes)
            return broken("it claims " + std::to_string(m_pairCount) + " metadata entries");
        if (m_tensorCount > kMaxTensors || m_tensorCount > left() / kMinTensorBytes)
            return broken("it claims " + std::to_string(m_tensorCount) + " tensors");
        m_file.m_metadata.reserve(std::size_t(m_pairCount));
        m_file.m_tensors.reserve(std::size_t(m_tensorCount));
        return {};
    }

    Result<> readPair()
    {
        std::string_view key;
        if (!readName(key))
            return broken("a metadata name has an impossible length");
        std::uint32_t type = 0;
        if (!read(type))
            return broken("it ends inside its metadata");
        GgufValue value;
        value.type = GgufValueType(type);
        const std::size_t start = m_at;
        if (value.type == GgufValueType::Array) {
            std::uint32_t element = 0;
            if (!read(element) || !read(value.count))
                return broken("it ends inside the array '" + std::string(key) + "'");
            value.elementType = GgufValueType(element);
            const std::size_t begin = m_at;
            if (!skipElements(value.elementType, value.count))
                return broken("the array '" + std::string(key)
                              + "' is nested, of an unknown type, or longer than the file");
            value.bytes = m_bytes.subspan(begin, m_at - begin);
        } else {
            value.elementType = value.type;
            if (!skipElements(value.type, 1))
                return broken("the value of '" + std::string(key)
                              + "' has an unknown type or is longer than the file");
            value.bytes = m_bytes.subspan(start, m_at - start);
        }
        m_file.m_metadata.emplace_back(std::string(key), value);
        return {};
    }

    bool skipElements(GgufValueType type, std::uint64_t count)
    {
        if (const std::size_t each = scalarBytes(type)) {
            if (count > left() / each)
                return false;
            m_at += std::size_t(count) * each;
            return true;
        }
        if (type != GgufValueType::String || count > left() / sizeof(std::uint64_t))
            return false;
        for (std::uint64_t i = 0; i < count; ++i) {
            std::uint64_t length = 0;
            if (!read(length) || length > left())
                return false;
            m_at += std::size_t(length);
        }
        return true;
    }

    void indexMetadata()
    {
        for (std::size_t i = 0; i < m_file.m_metadata.size(); ++i) {
            const std::string &key = m_file.m_metadata[i].first;
            if (!m_file.m_metadataIndex.emplace(key, i).second)
                m_duplicate = key;
        }
    }

    Result<> readTensorInfo()
    {
        std::string_view name;
        if (!readName(name))
            return broken("a tensor's name has an impossible length");
        Tensor tensor;
        tensor.name = std::string(name);
        std::uint32_t rank = 0;
        if (!read(rank) || rank == 0 || rank > tensor.shape.size())
            return broken("the tensor '" + tensor.name
                          + "' has an impossible number of dimensions");
        tensor.rank = rank;
        std::uint64_t elements = 1;
        for (std::uint32_t i = 0; i < rank; ++i) {
            std::uint64_t &size = tensor.shape[i];
            if (!read(size) || size == 0
                || elements > std::uint64_t(std::numeric_limits<std::int64_t>::max()) / size)
                return broken("the tensor '" + tensor.name + "' has an impossible size");
            elements *= size;
        }
        std::uint32_t type = 0;
        std::uint64_t offset = 0;
        if (!read(type) || !read(offset))
            return broken("it ends inside its list of tensors");
        tensor.type = TensorType(type);
        const TensorTypeInfo *info = tensorTypeInfo(tensor.type);
        if (!info)
            return fail(ErrorCode::Unsupported,
                        "The tensor '" + tensor.name + "' of " + m_file.path()
                            + " is stored in a format that Alcove does not know (number "
                            + std::to_string(type) + ").");
        if (tensor.shape[0] % info->blockElements != 0)
            return broken("the rows of the tensor '" + tensor.name
                          + "' are no multiple of the blocks of " + std::string(info->name));
        const std::uint64_t blocks = elements / info->blockElements;
        if (blocks > m_bytes.size() / info->blockBytes)
            return broken("the tensor '" + tensor.name + "' is larger than the file");
        m_places.emplace_back(offset, blocks * info->blockBytes);
        m_file.m_tensors.push_back(std::move(tensor));
        return {};
    }

    Result<> placeTensors()
    {
        std::uint64_t alignment = kDefaultAlignment;
        if (m_file.find("general.alignment")) {
            alignment = m_file.unsignedInteger("general.alignment").value_or(0);
            if (alignment == 0 || alignment % 8 != 0 || alignment > kMaxAlignment)
                return broken("its alignment is impossible");
        }
        const std::uint64_t start = (m_at + alignment - 1) / alignment * alignment;
        for (std::size_t i = 0; i < m_places.size(); ++i) {
            const auto [offset, size] = m_places[i];
            Tensor &tensor = m_file.m_tensors[i];
            if (offset % alignment != 0)
                return broken("the tensor '" + tensor.name + "' is not aligned");
            if (start > m_bytes.size() || offset > m_bytes.size() - start
                || size > m_bytes.size() - start - offset)
                return broken("the tensor '" + tensor.name
                              + "' lies beyond the end of the file, which seems cut short");
            tensor.data = m_bytes.subspan(std::size_t(start + offset), std::size_t(size));
            if (!m_file.m_tensorIndex.emplace(tensor.name, i).second)
                return broken("it names the tensor '" + tensor.name + "' twice");
        }
        return {};
    }

    GgufFile &m_file;
    std::span<const std::byte> m_bytes;
    std::size_t m_at = 0;
    std::uint64_t m_tensorCount = 0;
    std::uint64_t m_pairCount = 0;
    std::optional<std::string> m_duplicate;
    std::vector<std::pair<std::uint64_t, std::uint64_t>>
        m_places; // offset and bytes of each tensor
};

Result<GgufFile> GgufFile::open(const std::string &path)
{
    auto mapped = MappedFile::open(path);
    if (!mapped)
        return fail(mapped.error());
    auto parsed = parse(mapped->bytes(), path);
    if (parsed)
        parsed->m_file = std::move(*mapped); // moving keeps the address of the mapping
    return parsed;
}

Result<GgufFile> GgufFile::parse(std::span<const std::byte> bytes, std::string name)
{
    GgufFile file;
    file.m_bytes = bytes;
    file.m_path = std::move(name);
    if (auto parsed = GgufParser(file, bytes).run(); !parsed)
        return fail(parsed.error());
    return file;
}

const GgufValue *GgufFile::find(std::string_view key) const
{
    const auto it = m_metadataIndex.find(key);
    return it == m_metadataIndex.end() ? nullptr : &m_metadata[it->second].second;
}

const Tensor *GgufFile::findTensor(std::string_view name) const
{
    const auto it = m_tensorIndex.find(name);
    return it == m_tensorIndex.end() ? nullptr : &m_tensors[it->second];
}

std::optional<std::uint64_t> GgufFile::unsignedInteger(std::string_view key) const
{
    const GgufValue *value = find(key);
    if (value && value->type == GgufValueType::UInt64)
        return load<std::uint64_t>(value->bytes.data());
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
    return load<std::uint8_t>(value->bytes.data()) != 0;
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
    // Each element takes at least its length word, so the count is bounded by the file's size.
    result.reserve(std::size_t(value->count));
    const std::byte *at = value->bytes.data();
    for (std::uint64_t i = 0; i < value->count; ++i) {
        const auto length = load<std::uint64_t>(at);
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
    const std::size_t each = scalarBytes(value->elementType);
    std::vector<std::int64_t> result;
    for (std::uint64_t i = 0; i < value->count; ++i) {
        const auto element =
            each ? loadInteger(value->elementType, value->bytes.data() + i * each) : std::nullopt;
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
    const std::size_t each = scalarBytes(value->elementType);
    std::vector<double> result;
    for (std::uint64_t i = 0; i < value->count; ++i) {
        const auto element =
            each ? loadNumber(value->elementType, value->bytes.data() + i * each) : std::nullopt;
        if (!element)
            return std::nullopt;
        result.push_back(*element);
    }
    return result;
}

} // namespace alcove::llm
