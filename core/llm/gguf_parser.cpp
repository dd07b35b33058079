#include "core/llm/display_text.h"
#include "core/llm/gguf.h"
#include "core/llm/gguf_value.h"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

namespace alcove::llm {

namespace {

// Bounds far above any published model (some 100 metadata pairs, 30 000 tensors, 600 000 merges),
// and low enough that whatever a file says costs less than 64 MiB: a pair about 350 bytes, a
// tensor about 400, an array at most 16 bytes for each element when it is asked for.
constexpr std::uint64_t kMaxMetadata = 1u << 14;
constexpr std::uint64_t kMaxNameBytes = 256;
constexpr std::uint64_t kMaxArrayElements = 1u << 21;
constexpr std::uint64_t kMinAlignment = 8; // the specification asks for a multiple of it
constexpr std::uint64_t kMaxAlignment = 1u << 20;
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::uint64_t kMinPairBytes = 8 + 1 + 4 + 1; // key length, key, type, value
constexpr std::uint64_t kMinTensorBytes = 8 + 1 + 4 + 8 + 4 + 8; // name, rank, size, type, offset

std::string quoted(std::string_view name)
{
    return "'" + displayText(name) + "'";
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
        if (auto alignment = readAlignment(); !alignment)
            return alignment;
        for (std::uint64_t i = 0; i < m_tensorCount; ++i) {
            if (auto tensor = readTensorInfo(); !tensor)
                return tensor;
        }
        return placeTensors();
    }

private:
    struct Place {
        std::uint64_t offset = 0; // from the start of the data
        std::uint64_t bytes = 0;
    };

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
        value = loadValue<T>(m_bytes.data() + m_at);
        m_at += sizeof(T);
        return true;
    }

    // `what`: "a metadata name", for the message.
    Result<std::string_view> readName(const std::string &what)
    {
        std::uint64_t length = 0;
        if (!read(length))
            return broken("it ends where " + what + " should be");
        if (length == 0 || length > kMaxNameBytes)
            return broken(what + " has a length of " + std::to_string(length) + " bytes");
        if (length > left())
            return broken("it ends inside " + what);
        const std::string_view name(reinterpret_cast<const char *>(m_bytes.data() + m_at),
                                    std::size_t(length));
        m_at += std::size_t(length);
        return name;
    }

    Result<> readHeader()
    {
        constexpr char kMagic[4] = {'G', 'G', 'U', 'F'};
        if (m_bytes.empty())
            return broken("it is empty");
        if (m_bytes.size() < 4 || std::memcmp(m_bytes.data(), kMagic, 4) != 0)
            return fail(ErrorCode::InvalidFile,
                        m_file.path()
                            + " is not a GGUF model file: it does not begin with 'GGUF'.");
        m_at = 4;
        if (!read(m_file.m_version))
            return broken("it ends inside its header");
        if (m_file.m_version != 2 && m_file.m_version != 3)
            return refuseVersion();
        if (!read(m_tensorCount) || !read(m_pairCount))
            return broken("it ends inside its header");
        if (m_pairCount > kMaxMetadata || m_pairCount > left() / kMinPairBytes)
            return broken("it claims " + std::to_string(m_pairCount) + " metadata entries");
        if (m_tensorCount > GgufFile::kMaxTensors || m_tensorCount > left() / kMinTensorBytes)
            return broken("it claims " + std::to_string(m_tensorCount) + " tensors");
        m_file.m_metadata.reserve(std::size_t(m_pairCount));
        m_file.m_metadataIndex.reserve(std::size_t(m_pairCount));
        m_file.m_tensors.reserve(std::size_t(m_tensorCount));
        m_file.m_tensorIndex.reserve(std::size_t(m_tensorCount));
        m_places.reserve(std::size_t(m_tensorCount));
        return {};
    }

    Result<> refuseVersion() const
    {
        const std::uint32_t version = m_file.m_version;
        if ((version & 0xffffu) == 0 && version != 0) // small numbers with their bytes swapped
            return fail(ErrorCode::Unsupported,
                        m_file.path()
                            + " was written for big-endian machines, which Alcove does not read.");
        return fail(ErrorCode::Unsupported,
                    m_file.path() + " is GGUF version " + std::to_string(version)
                        + "; Alcove reads versions 2 and 3.");
    }

    Result<> readPair()
    {
        const auto key = readName("a metadata name");
        if (!key)
            return fail(key.error());
        if (m_file.find(*key))
            return broken("it has the metadata " + quoted(*key) + " twice");
        std::uint32_t type = 0;
        if (!read(type))
            return broken("it ends inside the metadata " + quoted(*key));
        GgufValue value;
        value.type = GgufValueType(type);
        value.elementType = value.type;
        if (value.type == GgufValueType::Array) {
            std::uint32_t element = 0;
            if (!read(element) || !read(value.count))
                return broken("it ends inside the metadata " + quoted(*key));
            value.elementType = GgufValueType(element);
            if (value.elementType == GgufValueType::Array)
                return fail(ErrorCode::Unsupported,
                            "The metadata " + quoted(*key) + " of " + m_file.path()
                                + " is an array of arrays, which Alcove does not read.");
            if (value.count > kMaxArrayElements)
                return broken("the metadata " + quoted(*key) + " claims "
                              + std::to_string(value.count) + " elements");
        }
        const bool known =
            scalarBytes(value.elementType) != 0 || value.elementType == GgufValueType::String;
        if (!known)
            return broken("the metadata " + quoted(*key) + " is of an unknown type");
        const std::size_t start = m_at;
        if (!skipElements(value.elementType, value.count))
            return broken("it ends inside the metadata " + quoted(*key));
        value.bytes = m_bytes.subspan(start, m_at - start);
        m_file.m_metadata.emplace_back(std::string(*key), value);
        m_file.m_metadataIndex.insert(
            *key, std::uint32_t(m_file.m_metadata.size() - 1),
            [this](std::uint32_t i) -> std::string_view { return m_file.m_metadata[i].first; });
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
        for (std::uint64_t i = 0; i < count; ++i) {
            std::uint64_t length = 0;
            if (!read(length) || length > left())
                return false;
            m_at += std::size_t(length);
        }
        return true;
    }

    Result<> readAlignment()
    {
        if (!m_file.find("general.alignment"))
            return {};
        m_alignment = m_file.unsignedInteger("general.alignment").value_or(0);
        if (m_alignment < kMinAlignment || m_alignment % kMinAlignment != 0
            || m_alignment > kMaxAlignment)
            return broken("its alignment is no multiple of 8, or too large");
        return {};
    }

    Result<> readTensorInfo()
    {
        const auto name = readName("a tensor's name");
        if (!name)
            return fail(name.error());
        if (m_file.findTensor(*name))
            return broken("it has the tensor " + quoted(*name) + " twice");
        Tensor tensor;
        tensor.name = std::string(*name);
        if (!read(tensor.rank))
            return broken("it ends inside its list of tensors");
        if (tensor.rank == 0 || tensor.rank > tensor.shape.size())
            return broken("the tensor " + quoted(*name) + " has " + std::to_string(tensor.rank)
                          + " dimensions");
        std::uint64_t elements = 1;
        for (std::uint32_t i = 0; i < tensor.rank; ++i) {
            std::uint64_t &size = tensor.shape[i];
            if (!read(size))
                return broken("it ends inside its list of tensors");
            if (size == 0
                || elements > std::uint64_t(std::numeric_limits<std::int64_t>::max()) / size)
                return broken("the tensor " + quoted(*name) + " has an impossible size");
            elements *= size;
        }
        std::uint32_t type = 0;
        Place place;
        if (!read(type) || !read(place.offset))
            return broken("it ends inside its list of tensors");
        tensor.type = TensorType(type);
        const TensorTypeInfo *info = tensorTypeInfo(tensor.type);
        if (!info)
            return fail(ErrorCode::Unsupported,
                        "The tensor " + quoted(*name) + " of " + m_file.path()
                            + " is stored in a format that Alcove does not know (number "
                            + std::to_string(type) + ").");
        if (tensor.shape[0] % info->blockElements != 0)
            return broken("the rows of the tensor " + quoted(*name)
                          + " are no multiple of the blocks of " + std::string(info->name));
        const std::uint64_t blocks = elements / info->blockElements;
        if (blocks > m_bytes.size() / info->blockBytes)
            return broken("the tensor " + quoted(*name)
                          + " is larger than the file, which seems cut short");
        if (place.offset % m_alignment != 0)
            return broken("the tensor " + quoted(*name) + " is not aligned");
        place.bytes = blocks * info->blockBytes;
        m_places.push_back(place);
        m_file.m_tensors.push_back(std::move(tensor));
        m_file.indexTensor(m_file.m_tensors.size() - 1);
        return {};
    }

    Result<> placeTensors()
    {
        // Neither sum can overflow: a file is smaller than 2^63 bytes, an alignment than 2^20.
        const std::uint64_t start = (m_at + m_alignment - 1) / m_alignment * m_alignment;
        const std::uint64_t room = start < m_bytes.size() ? m_bytes.size() - start : 0;
        for (std::size_t i = 0; i < m_places.size(); ++i) {
            const Place &place = m_places[i];
            Tensor &tensor = m_file.m_tensors[i];
            if (place.offset > room || place.bytes > room - place.offset)
                return broken("the tensor " + quoted(tensor.name)
                              + " lies beyond the end of the file, which seems cut short");
            tensor.data =
                m_bytes.subspan(std::size_t(start + place.offset), std::size_t(place.bytes));
        }
        std::sort(m_places.begin(), m_places.end(),
                  [](const Place &a, const Place &b) { return a.offset < b.offset; });
        for (std::size_t i = 1; i < m_places.size(); ++i) {
            if (m_places[i - 1].offset + m_places[i - 1].bytes > m_places[i].offset)
                return broken("two of its tensors overlap");
        }
        return {};
    }

    GgufFile &m_file;
    std::span<const std::byte> m_bytes;
    std::size_t m_at = 0;
    std::uint64_t m_tensorCount = 0;
    std::uint64_t m_pairCount = 0;
    std::uint64_t m_alignment = kDefaultAlignment;
    std::vector<Place> m_places; // of each tensor
};

void GgufFile::indexTensor(std::size_t place)
{
    m_tensorIndex.insert(m_tensors[place].name, std::uint32_t(place),
                         [this](std::uint32_t i) -> std::string_view { return m_tensors[i].name; });
}

Result<GgufFile> GgufFile::open(const std::string &path)
{
    auto opened = openOne(path);
    if (!opened || opened->unsignedInteger("split.count").value_or(1) <= 1)
        return opened;
    try {
        return openParts(std::move(*opened));
    } catch (const std::bad_alloc &) {
        return fail(ErrorCode::OutOfMemory, "There is not enough memory to read the model files.");
    }
}

Result<GgufFile> GgufFile::openOne(const std::string &path)
{
    auto mapped = MappedFile::open(path);
    if (!mapped)
        return fail(mapped.error());
    auto parsed = parse(mapped->bytes(), path);
    if (parsed)
        parsed->m_files.push_back(std::move(*mapped)); // moving keeps the address of the mapping
    return parsed;
}

Result<GgufFile> GgufFile::parse(std::span<const std::byte> bytes, std::string name)
{
    try {
        GgufFile file;
        file.m_fileBytes = bytes.size();
        file.m_path = std::move(name);
        if (auto parsed = GgufParser(file, bytes).run(); !parsed)
            return fail(parsed.error());
        return file;
    } catch (const std::bad_alloc &) {
        return fail(ErrorCode::OutOfMemory, "There is not enough memory to read the model file.");
    }
}

} // namespace alcove::llm
