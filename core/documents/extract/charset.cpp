#include "core/documents/extract/charset.h"

#include "core/llm/utf8.h"

#include <glib.h>
#include <uchardet.h>

#include <algorithm>
#include <array>
#include <memory>
#include <type_traits>
#include <utility>

namespace alcove::documents {

namespace {

constexpr std::size_t kSample = 1 << 20; // bytes that an encoding is told by
constexpr std::size_t kHead = 4096; // bytes that a page declares its encoding in

// What files call an encoding and what they mean by it: Windows writes more characters than the
// names of the standards say.
std::string known(std::string_view charset)
{
    std::string name;
    for (const char c : charset) {
        if (c > ' ' && c < 0x7f && c != '"' && c != '\'' && name.size() < 40)
            name += c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c;
    }
    static constexpr std::array<std::pair<std::string_view, const char *>, 14> kMeant{{
        {"ISO-8859-1", "WINDOWS-1252"},
        {"LATIN1", "WINDOWS-1252"},
        {"US-ASCII", "WINDOWS-1252"},
        {"ASCII", "WINDOWS-1252"},
        {"ISO-8859-9", "WINDOWS-1254"},
        {"GB2312", "GB18030"},
        {"GBK", "GB18030"},
        {"SHIFT_JIS", "CP932"},
        {"SJIS", "CP932"},
        {"X-SJIS", "CP932"},
        {"KS_C_5601-1987", "CP949"},
        {"EUC-KR", "CP949"},
        {"UTF8", "UTF-8"},
        {"MAC", "MACINTOSH"},
    }};
    for (const auto &[said, meant] : kMeant) {
        if (name == said)
            return meant;
    }
    return name;
}

std::string looksLike(std::string_view bytes)
{
    struct Delete {
        void operator()(uchardet_t detector) const { uchardet_delete(detector); }
    };
    const std::unique_ptr<std::remove_pointer_t<uchardet_t>, Delete> detector(uchardet_new());
    const std::string_view sample = bytes.substr(0, kSample);
    if (!detector || uchardet_handle_data(detector.get(), sample.data(), sample.size()) != 0)
        return {};
    uchardet_data_end(detector.get());
    return uchardet_get_charset(detector.get());
}

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

bool isText(std::string_view bytes)
{
    std::size_t controls = 0;
    for (const char c : bytes.substr(0, kSample)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte == 0)
            return false;
        controls += byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t' && byte != '\f'
            && byte != 0x1b;
    }
    return controls * 50 <= std::min(bytes.size(), kSample);
}

} // namespace

std::optional<std::string> fromCharset(std::string_view bytes, std::string_view charset)
{
    const std::string name = known(charset);
    if (name == "UTF-8")
        return llm::replaceInvalidUtf8(bytes);
    struct Close {
        void operator()(GIConv converter) const { g_iconv_close(converter); }
    };
    if (name.empty()) // which iconv takes for the encoding of the user's language
        return std::nullopt;
    const GIConv opened = g_iconv_open("UTF-8", name.c_str());
    if (opened == GIConv(-1))
        return std::nullopt;
    const std::unique_ptr<std::remove_pointer_t<GIConv>, Close> converter(opened);
    std::string text;
    text.reserve(bytes.size() + bytes.size() / 2);
    std::string source(bytes); // g_iconv() asks for bytes that it may not change
    char *from = source.data();
    gsize left = source.size();
    std::array<char, 8192> buffer;
    while (left > 0) {
        char *to = buffer.data();
        gsize room = buffer.size();
        const gsize before = left;
        const gsize done = g_iconv(converter.get(), &from, &left, &to, &room);
        text.append(buffer.data(), std::size_t(to - buffer.data()));
        const bool stuck = done == gsize(-1) && room > 16;
        if (stuck && left > 0) {
            text += llm::kReplacementCharacter;
            ++from;
            --left;
        } else if (done != gsize(-1) || (before == left && to == buffer.data())) {
            break;
        }
    }
    return text;
}

std::string toUtf8(std::string_view bytes, std::string_view declared)
{
    using namespace std::string_view_literals;
    if (bytes.starts_with("\xEF\xBB\xBF"))
        return llm::replaceInvalidUtf8(bytes.substr(3));
    if (bytes.starts_with("\xFF\xFE"sv) || bytes.starts_with("\xFE\xFF"sv)) {
        const char *charset = bytes[0] == '\xFF' ? "UTF-16LE" : "UTF-16BE";
        if (auto text = fromCharset(bytes.substr(2), charset))
            return *text;
    }
    // Who writes UTF-8 and declares something else is not rare; the other way round cannot happen
    // by chance.
    if (llm::isValidUtf8(bytes) && known(declared).find("UTF-16") == std::string::npos
        && known(declared).find("2022") == std::string::npos && known(declared) != "UTF-7")
        return std::string(bytes);
    if (auto text = fromCharset(bytes, declared); text && known(declared) != "UTF-8")
        return *text;
    if (known(declared) != "UTF-8" || !llm::isValidUtf8(bytes.substr(0, kSample))) {
        if (auto text = fromCharset(bytes, looksLike(bytes)))
            return *text;
    }
    return llm::replaceInvalidUtf8(bytes);
}

std::string charsetOfPage(std::string_view bytes)
{
    std::string head(bytes.substr(0, kHead));
    std::transform(head.begin(), head.end(), head.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    std::size_t found = std::string::npos;
    if (head.starts_with("<?xml")) {
        found = head.substr(0, head.find("?>")).find("encoding=");
        if (found != std::string::npos)
            found += 9;
    }
    if (found == std::string::npos) {
        for (std::size_t meta = head.find("<meta"); meta != std::string::npos;
             meta = head.find("<meta", meta + 1)) {
            const std::size_t charset = head.find("charset=", meta);
            if (charset < head.find('>', meta)) {
                found = charset + 8;
                break;
            }
        }
    }
    if (found == std::string::npos)
        return {};
    found = head.find_first_not_of("\"' ", found);
    if (found == std::string::npos)
        return {};
    const std::string charset = head.substr(found, head.find_first_of("\"' />;", found) - found);
    // A page whose declaration can be read as bytes is not in what it may say here.
    return charset.starts_with("utf-16") || charset.starts_with("utf-32") ? "utf-8" : charset;
}

Result<std::string> decodeText(std::string_view bytes)
{
    using namespace std::string_view_literals;
    const char *wide = nullptr;
    std::size_t mark = 0;
    if (bytes.starts_with("\xFF\xFE\0\0"sv)) {
        wide = "UTF-32LE";
        mark = 4;
    } else if (bytes.starts_with("\0\0\xFE\xFF"sv)) {
        wide = "UTF-32BE";
        mark = 4;
    } else if (!bytes.starts_with("\xFF\xFE"sv) && !bytes.starts_with("\xFE\xFF"sv)) {
        wide = wideByZeros(bytes);
        if (!wide && !isText(bytes))
            return fail(ErrorCode::InvalidFile, "This is no text.");
    }
    if (wide) {
        if (auto text = fromCharset(bytes.substr(mark), wide))
            return *text;
    }
    return toUtf8(bytes, {});
}

} // namespace alcove::documents
