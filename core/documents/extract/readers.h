// The readers: one for each kind of file, from the file to a DocumentText.
//
// They run in a process of their own (see document_reader.h), which bounds time and memory and
// which may be ended at any moment; within it each keeps to the limits all the same. A file that is
// broken, locked or beyond the limits is an error in one sentence that does not name the file (the
// caller knows it): InvalidFile, PasswordNeeded, Unsupported, Io. No reader opens anything but the
// file it is given: no links, no external entities, no network.
#pragma once

#include "core/base/result.h"
#include "core/documents/document_builder.h"
#include "core/documents/document_text.h"

#include <cstdint>
#include <functional>
#include <string>

namespace alcove::documents {

struct ReadOptions {
    std::string password; // empty: none was given
    bool recognise = true; // pictures of pages by OCR, where the machine has it
    ReadLimits limits;
    // Called now and then, so that who waits knows that the file is still being read. May be empty.
    std::function<void(std::uint32_t page, std::uint32_t pages)> progress;
};

using Reader = Result<DocumentText> (*)(const std::string &path, const ReadOptions &options);

// Files whose text is their own: the encoding is found out.
Result<DocumentText> readPlainText(const std::string &path, const ReadOptions &options);
Result<DocumentText> readMarkdown(const std::string &path, const ReadOptions &options);
Result<DocumentText> readSourceCode(const std::string &path, const ReadOptions &options);
Result<DocumentText> readCsv(const std::string &path, const ReadOptions &options);

Result<DocumentText> readPdf(const std::string &path, const ReadOptions &options);

// Office Open XML and OpenDocument, in their zip containers.
Result<DocumentText> readDocx(const std::string &path, const ReadOptions &options);
Result<DocumentText> readPptx(const std::string &path, const ReadOptions &options);
Result<DocumentText> readXlsx(const std::string &path, const ReadOptions &options);
Result<DocumentText> readOdt(const std::string &path, const ReadOptions &options);
Result<DocumentText> readOdp(const std::string &path, const ReadOptions &options);
Result<DocumentText> readOds(const std::string &path, const ReadOptions &options);
Result<DocumentText> readRtf(const std::string &path, const ReadOptions &options);

Result<DocumentText> readHtml(const std::string &path, const ReadOptions &options);
Result<DocumentText> readEpub(const std::string &path, const ReadOptions &options);
Result<DocumentText> readEmail(const std::string &path, const ReadOptions &options);

// The reader for a file by its name and its first bytes; Unsupported says what is missing.
Result<Reader> readerFor(const std::string &path);

} // namespace alcove::documents
