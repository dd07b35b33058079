// Archive: the entries of a zip file that nobody trusts.
//
// What an entry says of its own size is not believed: every byte is counted as it is unpacked, over
// all that is read from the archive, and reading ends at the limit. Names are found whatever their
// case and with either slash. One thread. Opening and reading fail with InvalidFile (damaged),
// PasswordNeeded (encrypted), Unsupported (beyond the limits), NotFound or Io.
#pragma once

#include "core/base/result.h"
#include "core/documents/document_builder.h"

#include <QIODevice>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct zip;
struct zip_file;

namespace alcove::documents {

// One entry, read from its beginning to its end. Outlived by its archive.
class ArchiveEntry : public QIODevice
{
    Q_OBJECT
public:
    ~ArchiveEntry() override;
    bool isSequential() const override { return true; }

    // Set once reading has failed; a reader that sees the entry end early looks here first.
    const Result<> &outcome() const { return m_outcome; }

protected:
    qint64 readData(char *data, qint64 size) override;
    qint64 writeData(const char *data, qint64 size) override;

private:
    friend class Archive;
    ArchiveEntry(zip_file *file, std::uint64_t &budget);

    zip_file *m_file;
    std::uint64_t &m_budget; // bytes that may still be unpacked
    Result<> m_outcome;
};

class Archive
{
public:
    static Result<Archive> open(const std::string &path, const ReadLimits &limits);

    Archive(Archive &&) = default;
    Archive &operator=(Archive &&) = default;

    bool has(std::string_view name) const { return m_names.contains(key(name)); }
    Result<std::unique_ptr<ArchiveEntry>> entry(std::string_view name);
    Result<std::string> read(std::string_view name);
    const ReadLimits &limits() const { return m_limits; }

private:
    struct Close {
        void operator()(zip *archive) const;
    };

    Archive() = default;
    static std::string key(std::string_view name);

    std::unique_ptr<zip, Close> m_zip;
    std::unordered_map<std::string, std::uint64_t> m_names;
    std::unique_ptr<std::uint64_t> m_budget; // on the heap: entries hold on to it
    ReadLimits m_limits;
};

// The sentence for what is broken: "The file is damaged: " and `what`.
Error damaged(std::string what, std::string detail = {});

} // namespace alcove::documents
