#include "core/llm/gguf_split.h"

#include "core/llm/display_text.h"
#include "core/llm/gguf.h"

#include <cstdio>
#include <utility>

namespace alcove::llm {

namespace {

constexpr std::string_view kSuffix = ".gguf";
constexpr std::string_view kOf = "-of-";
constexpr std::size_t kDigits = 5;

// As many digits as there are must be digits: "00012".
std::optional<std::uint32_t> digits(std::string_view text)
{
    std::uint32_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9')
            return std::nullopt;
        value = value * 10 + std::uint32_t(c - '0');
    }
    return value;
}

std::string fiveDigits(std::uint32_t value)
{
    char text[16];
    std::snprintf(text, sizeof text, "%05u", unsigned(value));
    return text;
}

std::string partText(std::uint64_t part, std::uint64_t count)
{
    return "part " + std::to_string(part) + " of " + std::to_string(count);
}

std::string fileName(const std::string &path)
{
    return path.substr(path.find_last_of("/\\") + 1);
}

} // namespace

std::optional<SplitName> SplitName::of(std::string_view path)
{
    constexpr std::size_t kTail = 1 + kDigits + kOf.size() + kDigits + kSuffix.size();
    if (path.size() <= kTail)
        return std::nullopt;
    const std::string_view tail = path.substr(path.size() - kTail);
    if (tail.front() != '-' || tail.substr(1 + kDigits, kOf.size()) != kOf
        || !tail.ends_with(kSuffix))
        return std::nullopt;
    const auto part = digits(tail.substr(1, kDigits));
    const auto count = digits(tail.substr(1 + kDigits + kOf.size(), kDigits));
    if (!part || !count || *part == 0 || *part > *count)
        return std::nullopt;
    return SplitName{std::string(path.substr(0, path.size() - kTail)), *part, *count};
}

std::string SplitName::path(std::uint32_t other) const
{
    return prefix + "-" + fiveDigits(other) + std::string(kOf) + fiveDigits(count)
        + std::string(kSuffix);
}

// The file that was asked for may be any part; the first one has the metadata of the whole.
Result<GgufFile> GgufFile::openParts(GgufFile asked)
{
    const std::uint64_t count = asked.unsignedInteger("split.count").value_or(1);
    const auto number = asked.unsignedInteger("split.no");
    const std::string path = asked.path();
    if (!number || *number >= count)
        return fail(ErrorCode::InvalidFile,
                    "The model file " + path
                        + " is damaged: it does not say which part of a split model it is.");
    const auto name = SplitName::of(path);
    if (!name || name->count != count || name->part != *number + 1)
        return fail(
            ErrorCode::InvalidFile,
            path + " is " + partText(*number + 1, count)
                + " of a split model, but its name does not end in the way by which the "
                  "other parts are found: "
                + SplitName{"NAME", 1, std::uint32_t(count)}.path(std::uint32_t(*number + 1))
                + ".");

    const auto openPart = [&](std::uint32_t part) -> Result<GgufFile> {
        const std::string partPath = name->path(part);
        auto opened = openOne(partPath);
        if (!opened && opened.error().code == ErrorCode::NotFound)
            return fail(ErrorCode::NotFound,
                        "This model was split into " + std::to_string(count) + " files, and "
                            + fileName(partPath) + " is missing. Put all of them into one folder.",
                        partPath);
        if (opened
            && (opened->unsignedInteger("split.count") != count
                || opened->unsignedInteger("split.no") != part - 1))
            return fail(ErrorCode::InvalidFile,
                        partPath + " does not belong to the other parts of this model: it is not "
                            + partText(part, count) + ". Download it again.");
        return opened;
    };
    auto whole = name->part == 1 ? Result<GgufFile>(std::move(asked)) : openPart(1);
    if (!whole)
        return whole;
    for (std::uint32_t part = 2; part <= count; ++part) {
        auto opened = openPart(part);
        if (!opened)
            return opened;
        whole->append(std::move(*opened));
        if (whole->m_tensors.size() > kMaxTensors)
            return fail(ErrorCode::InvalidFile,
                        "The parts of the model " + whole->path() + " claim too many tensors.");
    }
    if (auto indexed = whole->indexTensors(); !indexed)
        return fail(indexed.error());
    const auto claimed = whole->unsignedInteger("split.tensors.count");
    if (claimed && *claimed != whole->tensors().size())
        return fail(ErrorCode::InvalidFile,
                    "The parts of the model " + whole->path() + " hold "
                        + std::to_string(whole->tensors().size()) + " tensors together, not "
                        + std::to_string(*claimed) + ". Download them again.");
    return whole;
}

void GgufFile::append(GgufFile part)
{
    for (Tensor &tensor : part.m_tensors)
        m_tensors.push_back(std::move(tensor));
    for (MappedFile &file : part.m_files)
        m_files.push_back(std::move(file));
    m_fileBytes += part.m_fileBytes;
}

Result<> GgufFile::indexTensors()
{
    m_tensorIndex.reserve(m_tensors.size());
    for (std::size_t i = 0; i < m_tensors.size(); ++i) {
        if (findTensor(m_tensors[i].name))
            return fail(ErrorCode::InvalidFile,
                        "The parts of the model " + m_path + " have the tensor '"
                            + displayText(m_tensors[i].name) + "' twice. Download them again.");
        indexTensor(i);
    }
    return {};
}

} // namespace alcove::llm
