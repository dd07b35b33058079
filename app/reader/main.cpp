// alcove-reader: reads one document for the program that starts it, within bounds, and ends.

#include "app/reader/process_bounds.h"
#include "core/documents/document_reader.h"
#include "core/documents/extract/pdf_picture.h"
#include "core/documents/extract/readers.h"
#include "core/documents/text_codec.h"

#include <QGuiApplication>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <new>

using namespace alcove;
using namespace alcove::documents;

namespace {

Result<DocumentText> readFile(const ReadRequest &request)
{
    try {
        const auto reader = readerFor(request.path);
        if (!reader)
            return fail(reader.error());
        ReadOptions options;
        options.password = request.password;
        options.recognise = request.recognise;
        options.progress = [](std::uint32_t page, std::uint32_t pages) {
            std::fprintf(stderr, "%u of %u\n", page, pages);
            std::fflush(stderr);
        };
        return (*reader)(request.path, options);
    } catch (const std::bad_alloc &) {
        return fail(ErrorCode::OutOfMemory, "Reading the file takes more memory than is allowed.");
    } catch (const std::exception &exception) {
        return fail(ErrorCode::InvalidFile, "The file is damaged.", exception.what());
    }
}

Result<PagePicture> drawPage(const PictureRequest &request)
{
    try {
        return drawPdfPage(request);
    } catch (const std::bad_alloc &) {
        return fail(ErrorCode::OutOfMemory, "Drawing the page takes more memory than is allowed.");
    }
}

} // namespace

int main(int argc, char **argv)
{
    std::string line;
    std::getline(std::cin, line);
    const auto order = reader_process::decodeRequest(line);
    if (!order)
        return EXIT_FAILURE;
    // Pages are drawn to be recognised, which takes Qt's graphics, though no display.
    const QGuiApplication app(argc, argv);
    bindProcess(order->memoryBytes);
    const std::vector<std::uint8_t> bytes = order->picture
        ? encodePicture(drawPage(*order->picture))
        : encodeOutcome(readFile(order->request));
    std::cout.write(reinterpret_cast<const char *>(bytes.data()), std::streamsize(bytes.size()));
    std::cout.flush();
    return std::cout ? EXIT_SUCCESS : EXIT_FAILURE;
}
