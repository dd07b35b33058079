// MappedFile: a whole file mapped read-only into memory. Move-only; unmaps when destroyed.
// Thread-safe to read. Paths are UTF-8. Fails with NotFound, Io or InvalidFile (not a regular
// file).
#pragma once

#include "core/base/result.h"

#include <cstddef>
#include <span>
#include <string>

namespace alcove {

class MappedFile
{
public:
    static Result<MappedFile> open(const std::string &path);

    MappedFile() = default;
    MappedFile(MappedFile &&other) noexcept;
    MappedFile &operator=(MappedFile &&other) noexcept;
    ~MappedFile();

    std::span<const std::byte> bytes() const { return {m_data, m_size}; }
    const std::string &path() const { return m_path; }

private:
    void unmap();

    const std::byte *m_data = nullptr;
    std::size_t m_size = 0;
    std::string m_path;
};

} // namespace alcove
