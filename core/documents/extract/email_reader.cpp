// readEmail: one message with its heads, the text of its body, messages within it, and the names of
// what is attached.

#include "core/documents/extract/archive.h"
#include "core/documents/extract/bytes.h"
#include "core/documents/extract/charset.h"
#include "core/documents/extract/html_text.h"
#include "core/documents/extract/readers.h"

#undef signals // a word of Qt's that is a name in glib's headers
#include <gmime/gmime.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

namespace alcove::documents {

namespace {

constexpr int kMaxMessages = 20; // one within the other
constexpr int kMaxNesting = 100; // of parts
// What GMime builds is as deep as a mail nests its parts, and goes through it by recursion.
constexpr std::size_t kMaxBoundaries = 5000;

struct Unref {
    void operator()(void *object) const { g_object_unref(object); }
};
template <typename T>
using Held = std::unique_ptr<T, Unref>;

struct FreeText {
    void operator()(char *text) const { g_free(text); }
};

std::string textOf(const char *text)
{
    return text == nullptr ? std::string() : std::string(text);
}

bool isType(GMimeObject *part, const char *type, const char *subtype)
{
    GMimeContentType *const content = g_mime_object_get_content_type(part);
    return content != nullptr && g_mime_content_type_is_type(content, type, subtype);
}

std::string parameter(GMimeObject *part, const char *name)
{
    GMimeContentType *const content = g_mime_object_get_content_type(part);
    return content == nullptr ? std::string()
                              : textOf(g_mime_content_type_get_parameter(content, name));
}

// The part's bytes, out of their transfer encoding.
std::string content(GMimePart *part)
{
    GMimeDataWrapper *const wrapper = g_mime_part_get_content(part);
    if (wrapper == nullptr)
        return {};
    const Held<GMimeStream> stream(g_mime_stream_mem_new());
    g_mime_data_wrapper_write_to_stream(wrapper, stream.get());
    const GByteArray *const bytes =
        g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream.get()));
    return bytes == nullptr ? std::string()
                            : std::string(reinterpret_cast<const char *>(bytes->data), bytes->len);
}

// Lines that were wrapped for the way (format=flowed) as one again.
std::string unwrapped(const std::string &text)
{
    std::string out;
    for (const char c : text) {
        if (c == '\n' && !out.empty() && out.back() == ' '
            && !(out.size() >= 4 && out.compare(out.size() - 4, 4, "\n-- ") == 0))
            continue;
        out += c;
    }
    return out;
}

class MailReader
{
public:
    MailReader(DocumentBuilder &builder, const ReadLimits &limits)
        : m_builder(builder), m_limits(limits)
    { }

    Result<> message(GMimeMessage *message, int level)
    {
        Flow flow(m_builder, m_limits);
        const std::string subject = textOf(g_mime_message_get_subject(message));
        if (level == 1)
            m_builder.setTitle(subject);
        flow.heading(level, subject);
        std::string heads;
        const auto addresses = [&heads](const char *name, InternetAddressList *list) {
            if (list == nullptr || internet_address_list_length(list) == 0)
                return;
            const std::unique_ptr<char, FreeText> text(
                internet_address_list_to_string(list, nullptr, FALSE));
            heads += name + textOf(text.get()) + '\n';
        };
        addresses("From: ", g_mime_message_get_from(message));
        addresses("To: ", g_mime_message_get_to(message));
        addresses("Cc: ", g_mime_message_get_cc(message));
        if (GDateTime *const date = g_mime_message_get_date(message)) {
            const std::unique_ptr<char, FreeText> text(
                g_date_time_format(date, "%Y-%m-%d %H:%M %z"));
            heads += "Date: " + textOf(text.get()) + '\n';
        }
        flow.paragraph(heads);
        flow.finish();
        GMimeObject *const body = g_mime_message_get_mime_part(message);
        return body == nullptr ? Result<>() : part(body, level, 0);
    }

private:
    Result<> part(GMimeObject *object, int level, int nesting)
    {
        if (m_builder.full())
            return fail(tooMuchText());
        if (nesting > kMaxNesting) {
            m_builder.remark("Parts of the message are nested too deeply and were left out.");
            return {};
        }
        if (GMIME_IS_MULTIPART_ENCRYPTED(object) || isType(object, "application", "pkcs7-mime")
            || isType(object, "application", "x-pkcs7-mime"))
            return encrypted(object);
        if (GMIME_IS_MULTIPART(object))
            return multipart(GMIME_MULTIPART(object), level, nesting);
        if (GMIME_IS_MESSAGE_PART(object)) {
            GMimeMessage *const inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
            if (inner == nullptr)
                return {};
            if (level >= kMaxMessages) {
                m_builder.remark("Messages within messages are nested too deeply and were left "
                                 "out.");
                return {};
            }
            return message(inner, level + 1);
        }
        return GMIME_IS_PART(object) ? leaf(GMIME_PART(object)) : Result<>();
    }

    Result<> multipart(GMimeMultipart *parts, int level, int nesting)
    {
        const int count = g_mime_multipart_get_count(parts);
        GMimeObject *const whole = GMIME_OBJECT(parts);
        if (isType(whole, "multipart", "alternative")) {
            GMimeObject *best = nullptr;
            for (int i = 0; i < count; ++i) {
                GMimeObject *const child = g_mime_multipart_get_part(parts, i);
                if (best == nullptr || isType(child, "text", "plain")
                    || (!isType(best, "text", "plain") && !isType(child, "text", "calendar")))
                    best = child;
                if (isType(child, "text", "plain") && GMIME_IS_PART(child)
                    && hasWords(content(GMIME_PART(child))))
                    break;
                if (best == child && isType(child, "text", "plain"))
                    best = nullptr; // there, but empty
            }
            return best == nullptr ? Result<>() : part(best, level, nesting + 1);
        }
        // A signature says nothing to people, and what a page shows comes with its text.
        const bool first = isType(whole, "multipart", "signed");
        for (int i = 0; i < (first ? std::min(count, 1) : count); ++i) {
            GMimeObject *const child = g_mime_multipart_get_part(parts, i);
            if (child == nullptr)
                continue;
            if (const auto outcome = part(child, level, nesting + 1); !outcome)
                return outcome;
        }
        return {};
    }

    Result<> leaf(GMimePart *part)
    {
        GMimeObject *const object = GMIME_OBJECT(part);
        const std::string name = textOf(g_mime_part_get_filename(part));
        const std::string disposition = textOf(g_mime_object_get_disposition(object));
        const bool attached = g_ascii_strcasecmp(disposition.c_str(), "attachment") == 0;
        const bool html = isType(object, "text", "html");
        const bool plain = isType(object, "text", "plain") || isType(object, "text", "markdown")
            || isType(object, "text", "enriched");
        if (attached || (!html && !plain)) {
            const bool shownInPage = !attached && g_mime_object_get_content_id(object) != nullptr;
            if (!name.empty() && !shownInPage)
                m_builder.paragraph("Attachment: " + name);
            return {};
        }
        const std::string bytes = content(part);
        const std::string charset = parameter(object, "charset");
        if (html) {
            Flow flow(m_builder, m_limits, Flow::Tables::MayBeLayout);
            const auto facts = addHtml(flow, bytes, charset, m_limits);
            if (!facts)
                return fail(facts.error());
            return {};
        }
        std::string text = DocumentBuilder::clean(toUtf8(bytes, charset));
        if (parameter(object, "format") == "flowed")
            text = unwrapped(text);
        paragraphs(text);
        return m_builder.full() ? Result<>(fail(tooMuchText())) : Result<>();
    }

    // Paragraphs are parted by lines with nothing on them.
    void paragraphs(std::string_view text)
    {
        std::string paragraph;
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            const std::string_view line = text.substr(0, end);
            text.remove_prefix(std::min(end + 1, text.size()));
            if (line.find_first_not_of(" \t") != std::string_view::npos) {
                paragraph += line.substr(0, line.find_last_not_of(" \t") + 1);
                paragraph += '\n';
            } else {
                m_builder.paragraph(paragraph);
                paragraph.clear();
            }
        }
        m_builder.paragraph(paragraph);
    }

    Result<> encrypted(GMimeObject *object)
    {
        const std::string kind = parameter(object, "smime-type");
        if (kind == "signed-data" || kind == "certs-only")
            m_builder.remark("The message is signed in a way that cannot be read here.");
        else
            m_builder.remark("The message is encrypted; only what is not encrypted was read.");
        return {};
    }

    static bool hasWords(const std::string &text)
    {
        return text.find_first_not_of(" \t\r\n") != std::string::npos;
    }

    DocumentBuilder &m_builder;
    const ReadLimits &m_limits;
};

// Any text can be taken for a message; one has at least one of these.
bool isMessage(GMimeMessage *message)
{
    for (const char *head : {"From", "To", "Subject", "Date", "Message-Id", "Received",
                             "MIME-Version", "Content-Type", "Return-Path"}) {
        if (g_mime_object_get_header(GMIME_OBJECT(message), head) != nullptr)
            return true;
    }
    return false;
}

std::size_t boundaries(const QByteArray &bytes)
{
    std::size_t count = 0;
    for (const char *mark : {"multipart/", "message/"}) {
        const QByteArray lower = QByteArray(mark);
        for (qsizetype at = bytes.indexOf(lower); at >= 0; at = bytes.indexOf(lower, at + 1))
            ++count;
    }
    return count;
}

} // namespace

Result<DocumentText> readEmail(const std::string &path, const ReadOptions &options)
{
    static std::once_flag once;
    std::call_once(once, [] { g_mime_init(); });

    auto bytes = fileBytes(path, std::min(options.limits.fileBytes, options.limits.unpackedBytes));
    if (!bytes)
        return fail(bytes.error());
    if (bytes->startsWith("From ")) // the line that mailboxes begin a message with
        bytes->remove(0, bytes->indexOf('\n') + 1);
    if (boundaries(bytes->toLower()) > kMaxBoundaries)
        return fail(ErrorCode::Unsupported, "The message has more parts than can be taken in.");

    const Held<GMimeStream> stream(
        g_mime_stream_mem_new_with_buffer(bytes->constData(), std::size_t(bytes->size())));
    bytes->clear();
    const Held<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
    const Held<GMimeMessage> message(g_mime_parser_construct_message(parser.get(), nullptr));
    if (!message || !isMessage(message.get()))
        return fail(damaged("it does not begin as a message does."));

    DocumentBuilder builder(PageKind::None, options.limits);
    if (const auto outcome = MailReader(builder, options.limits).message(message.get(), 1);
        !outcome)
        return fail(outcome.error());
    if (builder.full())
        return fail(tooMuchText());
    return builder.finish();
}

} // namespace alcove::documents
