#include "core/documents/extract/archive.h"

#include <QFile>

#include <zip.h>

#include <algorithm>

namespace alcove::documents {

namespace {

Error unpacksTooLarge()
{
    return {ErrorCode::Unsupported, "The file unpacks to more than can be taken in.", {}};
}

Error openFailure(int code)
{
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string detail = zip_error_strerror(&error);
    zip_error_fini(&error);
    switch (code) {
    case ZIP_ER_NOENT:
        return {ErrorCode::NotFound, "The file is no longer there.", detail};
    case ZIP_ER_OPEN:
    case ZIP_ER_READ:
    case ZIP_ER_SEEK:
        return {ErrorCode::Io, "The file cannot be read.", detail};
    case ZIP_ER_MEMORY:
        return {ErrorCode::OutOfMemory, "There is not enough memory to open the file.", detail};
    default:
        return damaged("it is not a whole zip archive.", detail);
    }
}

// What is no zip archive under the name of one may be an older kind of Office file, which is also
// the wrapping of newer ones with a password.
Error explained(const std::string &path, Error error)
{
    if (error.code != ErrorCode::InvalidFile)
        return error;
    QFile file(QString::fromStdString(path));
    if (!file.open(QIODevice::ReadOnly))
        return error;
    if (file.read(8) != QByteArrayLiteral("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"))
        return error;
    const auto name = QByteArray::fromRawData("E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e", 31);
    QByteArray window;
    while (!file.atEnd()) {
        const QByteArray more = file.read(1 << 20);
        if (more.isEmpty())
            break;
        window = window.right(name.size()) + more;
        if (window.contains(name))
            return {ErrorCode::PasswordNeeded,
                    "Office files with a password cannot be opened here. Save a copy without the "
                    "password and add that.",
                    {}};
    }
    return {ErrorCode::Unsupported,
            "This is a file of an older Office version. Save it in the current format and add "
            "that.",
            {}};
}

} // namespace

Error damaged(std::string what, std::string detail)
{
    return {ErrorCode::InvalidFile, "The file is damaged: " + std::move(what), std::move(detail)};
}

ArchiveEntry::ArchiveEntry(zip_file *file, std::uint64_t &budget) : m_file(file), m_budget(budget)
{
    setOpenMode(QIODevice::ReadOnly | QIODevice::Unbuffered);
}

ArchiveEntry::~ArchiveEntry()
{
    zip_fclose(m_file);
}

qint64 ArchiveEntry::readData(char *data, qint64 size)
{
    if (!m_outcome)
        return -1;
    if (size <= 0)
        return 0;
    const zip_int64_t got = zip_fread(m_file, data, zip_uint64_t(size));
    if (got < 0) {
        m_outcome = fail(damaged("a part of it cannot be unpacked.",
                                 zip_error_strerror(zip_file_get_error(m_file))));
        return -1;
    }
    if (std::uint64_t(got) > m_budget) {
        m_outcome = fail(unpacksTooLarge());
        return -1;
    }
    m_budget -= std::uint64_t(got);
    return got == 0 ? -1 : got; // a sequential device says the end by -1
}

qint64 ArchiveEntry::writeData(const char *, qint64)
{
    return -1;
}

void Archive::Close::operator()(zip *archive) const
{
    zip_discard(archive);
}

std::string Archive::key(std::string_view name)
{
    std::string key(name);
    for (char &c : key) {
        if (c == '\\')
            c = '/';
        else if (c >= 'A' && c <= 'Z')
            c = char(c - 'A' + 'a');
    }
    return key;
}

Result<Archive> Archive::open(const std::string &path, const ReadLimits &limits)
{
    int code = 0;
    Archive archive;
    archive.m_zip.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
    if (!archive.m_zip)
        return fail(explained(path, openFailure(code)));
    const zip_int64_t entries = zip_get_num_entries(archive.m_zip.get(), 0);
    if (entries < 0 || std::uint64_t(entries) > limits.archiveEntries)
        return fail(ErrorCode::Unsupported, "The file holds more parts than can be taken in.");
    archive.m_names.reserve(std::size_t(entries));
    for (zip_uint64_t i = 0; i < zip_uint64_t(entries); ++i) {
        const char *name = zip_get_name(archive.m_zip.get(), i, ZIP_FL_ENC_GUESS);
        if (name != nullptr)
            archive.m_names.emplace(key(name), i);
    }
    archive.m_limits = limits;
    archive.m_budget = std::make_unique<std::uint64_t>(limits.unpackedBytes);
    return archive;
}

Result<std::unique_ptr<ArchiveEntry>> Archive::entry(std::string_view name)
{
    const auto found = m_names.find(key(name));
    if (found == m_names.end())
        return fail(ErrorCode::NotFound, "The file is damaged: a part of it is missing.",
                    std::string(name));
    zip_stat_t facts;
    zip_stat_init(&facts);
    if (zip_stat_index(m_zip.get(), found->second, 0, &facts) == 0
        && (facts.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0
        && facts.encryption_method != ZIP_EM_NONE)
        return fail(ErrorCode::PasswordNeeded,
                    "The file is locked with a password and cannot be opened here.");
    zip_file_t *file = zip_fopen_index(m_zip.get(), found->second, 0);
    if (file == nullptr) {
        const int code = zip_error_code_zip(zip_get_error(m_zip.get()));
        if (code == ZIP_ER_NOPASSWD || code == ZIP_ER_WRONGPASSWD || code == ZIP_ER_ENCRNOTSUPP)
            return fail(ErrorCode::PasswordNeeded,
                        "The file is locked with a password and cannot be opened here.");
        return fail(damaged("a part of it cannot be unpacked.", zip_strerror(m_zip.get())));
    }
    return std::unique_ptr<ArchiveEntry>(new ArchiveEntry(file, *m_budget));
}

Result<std::string> Archive::read(std::string_view name)
{
    auto opened = entry(name);
    if (!opened)
        return fail(std::move(opened.error()));
    std::string bytes;
    char buffer[16384];
    for (qint64 got = 0; (got = (*opened)->read(buffer, sizeof buffer)) > 0;)
        bytes.append(buffer, std::size_t(got));
    if (!(*opened)->outcome())
        return fail((*opened)->outcome().error());
    return bytes;
}

} // namespace alcove::documents
