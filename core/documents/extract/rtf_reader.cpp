// readRtf: the tokens of RTF, for RtfDocument to make sense of.

#include "core/documents/extract/archive.h"
#include "core/documents/extract/bytes.h"
#include "core/documents/extract/readers.h"
#include "core/documents/extract/rtf_document.h"

namespace alcove::documents {

namespace {

constexpr std::size_t kMaxWord = 64;

int hexDigit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool isLetter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

class Tokens
{
public:
    Tokens(std::string_view bytes, RtfDocument &document) : m_bytes(bytes), m_document(document) { }

    // To the next token's end; false at the end of the file.
    bool next()
    {
        if (m_at >= m_bytes.size())
            return false;
        const char c = m_bytes[m_at++];
        if (c == '{') {
            m_starred = false;
            m_document.openGroup();
        } else if (c == '}') {
            m_document.closeGroup();
        } else if (c == '\\') {
            control();
        } else if (c != '\r' && c != '\n' && c != '\0') {
            m_document.byte(c);
        }
        return true;
    }

private:
    void control()
    {
        if (m_at >= m_bytes.size())
            return;
        if (!isLetter(m_bytes[m_at])) {
            const char symbol = m_bytes[m_at++];
            if (symbol == '*') {
                m_starred = true;
            } else if (symbol == '\'') {
                if (m_at + 2 > m_bytes.size())
                    return;
                const int high = hexDigit(m_bytes[m_at]);
                const int low = hexDigit(m_bytes[m_at + 1]);
                if (high < 0 || low < 0)
                    return; // what follows is text
                m_at += 2;
                m_document.byte(char(high * 16 + low));
            } else {
                m_document.symbol(symbol);
            }
            return;
        }
        const std::size_t begin = m_at;
        while (m_at < m_bytes.size() && isLetter(m_bytes[m_at]) && m_at - begin < kMaxWord)
            ++m_at;
        const std::string_view word = m_bytes.substr(begin, m_at - begin);
        const std::optional<int> argument = number();
        if (m_at < m_bytes.size() && m_bytes[m_at] == ' ')
            ++m_at;
        if (word == "bin")
            m_at += std::min(std::size_t(std::max(argument.value_or(0), 0)), m_bytes.size() - m_at);
        else
            m_document.word(word, argument, m_starred);
        m_starred = false;
    }

    std::optional<int> number()
    {
        std::size_t at = m_at;
        const bool negative = at < m_bytes.size() && m_bytes[at] == '-';
        at += negative;
        std::int64_t value = 0;
        const std::size_t begin = at;
        while (at < m_bytes.size() && m_bytes[at] >= '0' && m_bytes[at] <= '9' && at - begin < 10)
            value = value * 10 + (m_bytes[at++] - '0');
        if (at == begin)
            return std::nullopt;
        m_at = at;
        value = std::min<std::int64_t>(value, 0x7fffffff);
        return int(negative ? -value : value);
    }

    std::string_view m_bytes;
    RtfDocument &m_document;
    std::size_t m_at = 0;
    bool m_starred = false;
};

} // namespace

Result<DocumentText> readRtf(const std::string &path, const ReadOptions &options)
{
    const auto bytes =
        fileBytes(path, std::min(options.limits.fileBytes, options.limits.unpackedBytes));
    if (!bytes)
        return fail(bytes.error());
    if (!bytes->startsWith("{\\rtf"))
        return fail(damaged("it does not begin as an RTF file does."));
    DocumentBuilder builder(PageKind::None, options.limits);
    Flow flow(builder, options.limits);
    RtfDocument document(builder, flow);
    Tokens tokens({bytes->constData(), std::size_t(bytes->size())}, document);
    while (tokens.next()) {
        if (document.depth() > std::size_t(options.limits.depth) * 10)
            return fail(damaged("its groups are nested too deeply."));
        if (document.pending() > options.limits.textBytes || flow.full())
            return fail(tooMuchText());
    }
    if (document.depth() > 1)
        builder.remark("The file ends early; a part of it may be missing.");
    document.finish();
    if (flow.full())
        return fail(tooMuchText());
    return builder.finish();
}

} // namespace alcove::documents
