#include "core/documents/extract/file_bytes.h"

#include "core/llm/utf8.h"

#include <uchardet/uchardet.h>

#include <QFile>
#include <QStringDecoder>

#include <algorithm>
#include <memory>

namespace alcove::documents {

namespace {

constexpr std::size_t kProbe = 1 << 20; // bytes that the guess of an encoding looks at

// Bytes of text without a mark that are zero at every second place are UTF-16 of Latin letters.
const char *wideByZeros(std::string_view bytes)
{
    const std::size_t pairs = std::min<std::size_t>(bytes.size() / 2, 2048);
    if (pairs < 2)
        return nullptr;
    std::size_t even = 0;
    std::size_t odd = 0;
    for (std::size_t i = 0; i < pairs; ++i) {
        even += bytes[2 * i] == 0;
        odd += bytes[2 * i + 1] == 0;
    }
    if (odd * 2 > pairs && even * 20 < pairs)
        return "UTF-16LE";
    if (even * 2 > pairs && odd * 20 < pairs)
        return "UTF-16BE";
    return nullptr;
}

std::string guessedEncoding(std::string_view bytes)
{
    struct Closer {
        void operator()(uchardet *detector) const { uchardet_delete(detector); }
    };
    const std::unique_ptr<uchardet, Closer> detector(uchardet_new());
    if (!detector
        || uchardet_handle_data(detector.get(), bytes.data(), std::min(bytes.size(), kProbe)) != 0)
        return {};
    uchardet_data_end(detector.get());
    return uchardet_get_charset(detector.get());
}

bool isText(std::string_view bytes)
{
    std::size_t controls = 0;
    for (const char c : bytes.substr(0, kProbe)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte == 0)
            return false;
        controls += byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t' && byte != '\f'
            && byte != 0x1b;
    }
    return controls * 50 <= std::min(bytes.size(), kProbe);
}

} // namespace

Result<std::string> readFileBytes(const std::string &path, std::uint64_t limit)
{
    QFile file(QString::fromStdString(path));
    if (!file.exists())
        return fail(ErrorCode::NotFound, "The file is not there any more.");
    if (!file.open(QIODevice::ReadOnly))
        return fail(ErrorCode::Io, "The file cannot be read.", file.errorString().toStdString());
    if (std::uint64_t(file.size()) > limit)
        return fail(ErrorCode::Unsupported, "The file is too large to be read.");
    std::string bytes(std::size_t(file.size()), '\0');
    const qint64 read = file.read(bytes.data(), qint64(bytes.size()));
    if (read < 0)
        return fail(ErrorCode::Io, "The file cannot be read.", file.errorString().toStdString());
    bytes.resize(std::size_t(read)); // it may have become shorter
    return bytes;
}

bool decodeBytes(std::string_view bytes, const std::string &encoding, std::string &utf8)
{
    QStringDecoder decoder(encoding.c_str());
    if (!decoder.isValid())
        return false;
    const QString text = decoder.decode(QByteArrayView(bytes.data(), qsizetype(bytes.size())));
    utf8 = text.toStdString();
    return true;
}

Result<std::string> decodeText(std::string_view bytes)
{
    std::string text;
    const auto starts = [&](std::string_view mark) { return bytes.substr(0, mark.size()) == mark; };
    if (starts("\xEF\xBB\xBF"))
        return llm::replaceInvalidUtf8(bytes.substr(3));
    const char *wide = nullptr;
    if (starts(std::string_view("\xFF\xFE\0\0", 4)))
        wide = "UTF-32LE";
    else if (starts(std::string_view("\0\0\xFE\xFF", 4)))
        wide = "UTF-32BE";
    else if (starts("\xFF\xFE"))
        wide = "UTF-16LE";
    else if (starts("\xFE\xFF"))
        wide = "UTF-16BE";
    else
        wide = wideByZeros(bytes);
    if (wide && decodeBytes(bytes, wide, text))
        return text;
    if (!isText(bytes))
        return fail(ErrorCode::InvalidFile, "This is no text.");
    if (llm::isValidUtf8(bytes))
        return std::string(bytes);
    const std::string guess = guessedEncoding(bytes);
    if (!guess.empty() && decodeBytes(bytes, guess, text))
        return text;
    if (!decodeBytes(bytes, "windows-1252", text) && !decodeBytes(bytes, "ISO-8859-1", text))
        return llm::replaceInvalidUtf8(bytes);
    return text;
}

} // namespace alcove::documents
