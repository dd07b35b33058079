// DocumentReader: reads a file in a process of its own.
//
// Libraries that read documents have faults that files can reach. So each file is read by a fresh
// process (alcove-reader), which has bounds of time and memory and whose end takes nothing else
// with it. Any thread; each call waits for its process and starts the next one afresh.
#pragma once

#include "core/base/cancellation.h"
#include "core/base/result.h"
#include "core/documents/document_text.h"
#include "core/documents/page_picture.h"

#include <QByteArray>
#include <QString>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace alcove::documents {

struct ReadRequest {
    std::string path; // UTF-8
    std::string password;
    bool recognise = true; // pictures of pages, by OCR
};

class DocumentReader
{
public:
    struct Bounds {
        int silentMs = 120'000; // without progress: a page that is recognised takes long
        std::uint64_t memoryBytes = std::uint64_t(4) << 30;
        std::uint64_t answerBytes = std::uint64_t(1) << 30;
    };

    explicit DocumentReader(QString program) : m_program(std::move(program)) { }
    DocumentReader(QString program, Bounds bounds) : m_program(std::move(program)), m_bounds(bounds)
    { }

    // Beside the program that is running.
    static QString programBeside();

    // What the file says. The errors of the readers, and: Cancelled; TimedOut; OutOfMemory;
    // InvalidFile when the process fell over the file; NotFound when there is no reader program.
    Result<DocumentText>
    read(const ReadRequest &request, const CancelToken &cancel = {},
         const std::function<void(std::uint32_t page, std::uint32_t pages)> &progress = {}) const;

    // A page of a PDF, drawn. Errors as of read(); InvalidArgument: there is no such page.
    Result<PagePicture> picture(const PictureRequest &request,
                                const CancelToken &cancel = {}) const;

private:
    // The process's answer to an order of one line.
    Result<QByteArray>
    run(const std::string &order, std::uint64_t mostBytes, const CancelToken &cancel,
        const std::function<void(std::uint32_t page, std::uint32_t pages)> &progress) const;

    QString m_program;
    Bounds m_bounds;
};

// The other side: reads a request from standard input, writes the outcome to standard output and
// "page of pages" lines to standard error. The program's exit status.
namespace reader_process {

// The request as a line of JSON.
std::string encodeRequest(const ReadRequest &request, std::uint64_t memoryBytes);
std::string encodeRequest(const PictureRequest &request, std::uint64_t memoryBytes);

struct Order {
    ReadRequest request;
    std::optional<PictureRequest> picture; // there: it is to be drawn, nothing read
    std::uint64_t memoryBytes = 0;
};
Result<Order> decodeRequest(const std::string &line);

} // namespace reader_process

} // namespace alcove::documents
