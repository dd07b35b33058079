#include "core/base/mapped_file.h"

#include <filesystem>
#include <limits>
#include <utility>

#ifdef _WIN32
#include <windows.h>
#else
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace alcove {

MappedFile::MappedFile(MappedFile &&other) noexcept
{
    *this = std::move(other);
}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept
{
    if (this != &other) {
        unmap();
        m_data = std::exchange(other.m_data, nullptr);
        m_size = std::exchange(other.m_size, 0);
        m_path = std::move(other.m_path);
    }
    return *this;
}

MappedFile::~MappedFile()
{
    unmap();
}

#ifdef _WIN32

void MappedFile::unmap()
{
    if (m_data)
        UnmapViewOfFile(m_data);
    m_data = nullptr;
    m_size = 0;
}

Result<MappedFile> MappedFile::open(const std::string &path)
{
    const std::wstring wide =
        std::filesystem::path(reinterpret_cast<const char8_t *>(path.c_str())).wstring();
    const HANDLE file = CreateFileW(wide.c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr,
                                    OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
    if (file == INVALID_HANDLE_VALUE) {
        const DWORD reason = GetLastError();
        const bool missing = reason == ERROR_FILE_NOT_FOUND || reason == ERROR_PATH_NOT_FOUND;
        return fail(missing ? ErrorCode::NotFound : ErrorCode::Io,
                    missing ? "There is no file at " + path + "."
                            : "The file " + path + " could not be opened.",
                    "Windows error " + std::to_string(reason));
    }
    LARGE_INTEGER size{};
    if (!GetFileSizeEx(file, &size)) {
        CloseHandle(file);
        return fail(ErrorCode::Io, "The size of " + path + " could not be read.");
    }
    MappedFile result;
    result.m_path = path;
    if (size.QuadPart > 0) {
        const HANDLE mapping = CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr);
        void *view = mapping ? MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0) : nullptr;
        if (mapping)
            CloseHandle(mapping); // the view keeps it alive
        if (!view) {
            CloseHandle(file);
            return fail(ErrorCode::Io, "The file " + path + " could not be mapped into memory.");
        }
        result.m_data = static_cast<const std::byte *>(view);
        result.m_size = static_cast<std::size_t>(size.QuadPart);
    }
    CloseHandle(file);
    return result;
}

#else

void MappedFile::unmap()
{
    if (m_data)
        munmap(const_cast<std::byte *>(m_data), m_size);
    m_data = nullptr;
    m_size = 0;
}

Result<MappedFile> MappedFile::open(const std::string &path)
{
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        const int reason = errno;
        return reason == ENOENT
            ? fail(ErrorCode::NotFound, "There is no file at " + path + ".")
            : fail(ErrorCode::Io,
                   "The file " + path + " could not be opened: " + std::strerror(reason) + ".");
    }
    struct stat status { };
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        ::close(file);
        return fail(ErrorCode::InvalidFile, path + " is not a file.");
    }
    MappedFile result;
    result.m_path = path;
    if (status.st_size > 0) {
        const auto size = static_cast<std::size_t>(status.st_size);
        void *view = mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
        const int reason = errno;
        if (view == MAP_FAILED) {
            ::close(file);
            return fail(ErrorCode::Io,
                        "The file " + path
                            + " could not be mapped into memory: " + std::strerror(reason) + ".");
        }
        result.m_data = static_cast<const std::byte *>(view);
        result.m_size = size;
    }
    ::close(file);
    return result;
}

#endif

} // namespace alcove
