#include "core/documents/extract/html_text.h"

#include "core/documents/extract/archive.h"
#include "core/documents/extract/charset.h"

#include <libxml/HTMLparser.h>
#include <libxml/parserInternals.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <vector>

namespace alcove::documents {

namespace {

constexpr std::size_t kMaxDepth = 1 << 21;
constexpr std::size_t kMaxTitle = 4096;

enum class Tag {
    Inline,
    Block,
    Break,
    Rule,
    Heading,
    Pre,
    List,
    Item,
    Table,
    HeaderRows,
    Row,
    Cell,
    HeaderCell,
    Title,
    Html,
    Skipped,
};

Tag tagOf(std::string_view name)
{
    static const std::unordered_map<std::string_view, Tag> tags = [] {
        std::unordered_map<std::string_view, Tag> all;
        for (const char *block :
             {"address",    "article", "aside",  "blockquote", "body",    "caption", "center",
              "dd",         "details", "dialog", "div",        "dl",      "dt",      "fieldset",
              "figcaption", "figure",  "footer", "form",       "header",  "hgroup",  "legend",
              "main",       "nav",     "p",      "section",    "summary", "tbody",   "tfoot"})
            all.emplace(block, Tag::Block);
        for (const char *skipped :
             {"script", "style", "template", "noscript", "svg", "select", "datalist", "iframe",
              "object", "audio", "video", "canvas", "rt", "rp", "annotation", "annotation-xml",
              "noframes", "textarea"})
            all.emplace(skipped, Tag::Skipped);
        for (const char *heading : {"h1", "h2", "h3", "h4", "h5", "h6"})
            all.emplace(heading, Tag::Heading);
        for (const char *list : {"ul", "ol", "menu", "dir"})
            all.emplace(list, Tag::List);
        for (const char *pre : {"pre", "listing", "xmp", "plaintext"})
            all.emplace(pre, Tag::Pre);
        all.emplace("br", Tag::Break);
        all.emplace("hr", Tag::Rule);
        all.emplace("li", Tag::Item);
        all.emplace("table", Tag::Table);
        all.emplace("thead", Tag::HeaderRows);
        all.emplace("tr", Tag::Row);
        all.emplace("td", Tag::Cell);
        all.emplace("th", Tag::HeaderCell);
        all.emplace("title", Tag::Title);
        all.emplace("html", Tag::Html);
        return all;
    }();
    const auto found = tags.find(name);
    return found == tags.end() ? Tag::Inline : found->second;
}

std::string_view view(const xmlChar *text)
{
    return text == nullptr ? std::string_view() : reinterpret_cast<const char *>(text);
}

// Whether people see nothing of it.
bool isHidden(const xmlChar **attributes)
{
    for (; attributes != nullptr && attributes[0] != nullptr; attributes += 2) {
        if (view(attributes[0]) == "hidden")
            return true;
        if (view(attributes[0]) == "style") {
            std::string style(view(attributes[1]));
            style.erase(std::remove(style.begin(), style.end(), ' '), style.end());
            if (style.find("display:none") != std::string::npos)
                return true;
        }
    }
    return false;
}

class HtmlWalk
{
public:
    HtmlWalk(Flow &flow, const ReadLimits &limits) : m_flow(flow), m_limit(limits.textBytes) { }

    HtmlFacts facts;
    bool tooDeep = false;
    xmlParserCtxtPtr parser = nullptr;

    void start(std::string_view name, const xmlChar **attributes)
    {
        Tag tag = tagOf(name);
        if (m_skipped > 0 || tag == Tag::Skipped || isHidden(attributes)) {
            tag = Tag::Skipped;
            ++m_skipped;
        }
        if (m_open.size() >= kMaxDepth) {
            tooDeep = true;
            xmlStopParser(parser);
            return;
        }
        m_open.push_back(tag);
        switch (tag) {
        case Tag::Inline:
        case Tag::Skipped:
            return;
        case Tag::Html:
            for (; attributes != nullptr && attributes[0] != nullptr; attributes += 2) {
                if (view(attributes[0]) == "lang" || view(attributes[0]) == "xml:lang")
                    facts.language = view(attributes[1]);
            }
            return;
        case Tag::Title:
            m_inTitle = true;
            return;
        case Tag::Break:
            if (m_pre == 0)
                trimSpace();
            m_text += '\n';
            m_space = false;
            return;
        default:
            break;
        }
        flush();
        switch (tag) {
        case Tag::Heading:
            m_heading = name[1] - '0';
            break;
        case Tag::Pre:
            ++m_pre;
            break;
        case Tag::List:
            m_items.push_back(false);
            break;
        case Tag::Item:
            if (m_items.empty())
                m_items.push_back(false);
            m_items.back() = true;
            break;
        case Tag::Table:
            m_flow.beginTable();
            m_rows.push_back({});
            break;
        case Tag::HeaderRows:
            if (!m_rows.empty())
                m_rows.back().inHead = true;
            break;
        case Tag::Row:
            m_flow.beginRow();
            if (!m_rows.empty())
                m_rows.back().named = m_rows.back().cells = false;
            break;
        case Tag::Cell:
        case Tag::HeaderCell:
            m_flow.beginCell();
            if (!m_rows.empty())
                (tag == Tag::Cell ? m_rows.back().cells : m_rows.back().named) = true;
            break;
        default:
            break;
        }
    }

    void end()
    {
        if (m_open.empty())
            return;
        const Tag tag = m_open.back();
        m_open.pop_back();
        switch (tag) {
        case Tag::Skipped:
            --m_skipped;
            return;
        case Tag::Title:
            m_inTitle = false;
            return;
        case Tag::Inline:
        case Tag::Break:
        case Tag::Rule:
            return;
        default:
            break;
        }
        flush();
        switch (tag) {
        case Tag::Heading:
            m_heading = 0;
            break;
        case Tag::Pre:
            --m_pre;
            break;
        case Tag::List:
            if (!m_items.empty())
                m_items.pop_back();
            break;
        case Tag::Item:
            if (!m_items.empty())
                m_items.back() = false;
            break;
        case Tag::Table:
            m_flow.endTable();
            if (!m_rows.empty())
                m_rows.pop_back();
            break;
        case Tag::HeaderRows:
            if (!m_rows.empty())
                m_rows.back().inHead = false;
            break;
        case Tag::Row:
            if (!m_rows.empty()
                && (m_rows.back().inHead || (m_rows.back().named && !m_rows.back().cells)))
                m_flow.markHeader();
            m_flow.endRow();
            break;
        case Tag::Cell:
        case Tag::HeaderCell:
            m_flow.endCell();
            break;
        default:
            break;
        }
    }

    void characters(std::string_view text)
    {
        if (m_skipped > 0)
            return;
        if (m_inTitle) {
            if (facts.title.size() < kMaxTitle)
                facts.title += text;
            return;
        }
        if (m_text.size() + text.size() > m_limit || m_flow.full()) {
            tooMuch = true;
            xmlStopParser(parser);
            return;
        }
        if (m_pre > 0) {
            m_text += text;
            return;
        }
        for (std::size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
                m_space = true;
                continue;
            }
            if (m_space && !m_text.empty() && m_text.back() != '\n')
                m_text += ' ';
            m_space = false;
            if (c == '\xC2' && i + 1 < text.size() && text[i + 1] == '\xA0') {
                m_text += ' '; // a space where no line may end
                ++i;
            } else {
                m_text += c;
            }
        }
    }

    void flush()
    {
        std::string text = std::move(m_text);
        m_text.clear();
        m_space = false;
        if (text.find_first_not_of(" \n\t\r") == std::string::npos)
            return;
        if (m_heading > 0) {
            m_flow.heading(m_heading, std::move(text));
        } else if (m_pre > 0) {
            if (text.front() == '\n')
                text.erase(0, 1);
            m_flow.code(std::move(text));
            m_flow.endCode();
        } else if (!m_items.empty() && m_items.back()) {
            m_flow.listItem(int(m_items.size()), std::move(text));
        } else {
            m_flow.paragraph(std::move(text));
        }
        if (!m_items.empty())
            m_items.back() = false; // what follows in this item has no mark of its own
    }

    bool tooMuch = false;

private:
    struct Rows {
        bool inHead = false;
        bool named = false; // the row at hand has a th
        bool cells = false; // and a td
    };

    void trimSpace()
    {
        while (!m_text.empty() && m_text.back() == ' ')
            m_text.pop_back();
    }

    Flow &m_flow;
    std::uint64_t m_limit;
    std::vector<Tag> m_open;
    std::string m_text; // of the block at hand
    bool m_space = false; // white space came behind it
    std::size_t m_skipped = 0; // open elements that people do not see
    bool m_inTitle = false;
    int m_heading = 0;
    std::size_t m_pre = 0;
    std::vector<bool> m_items; // of each list, whether the item's mark is still to be set
    std::vector<Rows> m_rows; // of each table
};

void onStart(void *walk, const xmlChar *name, const xmlChar **attributes)
{
    static_cast<HtmlWalk *>(walk)->start(view(name), attributes);
}

void onEnd(void *walk, const xmlChar *)
{
    static_cast<HtmlWalk *>(walk)->end();
}

void onText(void *walk, const xmlChar *text, int length)
{
    static_cast<HtmlWalk *>(walk)->characters(
        {reinterpret_cast<const char *>(text), std::size_t(std::max(length, 0))});
}

} // namespace

Result<HtmlFacts> addHtml(Flow &flow, std::string_view bytes, std::string_view charset,
                          const ReadLimits &limits)
{
    const std::string declared = charset.empty() ? charsetOfPage(bytes) : std::string(charset);
    const std::string text = DocumentBuilder::clean(toUtf8(bytes, declared));
    if (text.empty())
        return HtmlFacts();
    if (text.size() >= std::size_t(INT_MAX) || text.size() > limits.unpackedBytes)
        return fail(tooMuchText());

    HtmlWalk walk(flow, limits);
    struct Free {
        void operator()(xmlParserCtxtPtr parser) const { htmlFreeParserCtxt(parser); }
    };
    const std::unique_ptr<xmlParserCtxt, Free> parser(
        htmlCreateMemoryParserCtxt(text.data(), int(text.size())));
    if (!parser)
        return fail(ErrorCode::OutOfMemory, "There is not enough memory to read the file.");
    walk.parser = parser.get();
    htmlCtxtUseOptions(parser.get(),
                       HTML_PARSE_NONET | HTML_PARSE_RECOVER | HTML_PARSE_NOERROR
                           | HTML_PARSE_NOWARNING | HTML_PARSE_IGNORE_ENC);
    std::memset(parser->sax, 0, sizeof *parser->sax); // no tree, and nothing that loads
    parser->sax->startElement = onStart;
    parser->sax->endElement = onEnd;
    parser->sax->characters = onText;
    parser->sax->ignorableWhitespace = onText;
    parser->sax->cdataBlock = onText;
    parser->userData = &walk;
    xmlSwitchEncoding(parser.get(), XML_CHAR_ENCODING_UTF8);
    htmlParseDocument(parser.get());
    if (walk.tooDeep)
        return fail(damaged("its elements are nested too deeply."));
    if (walk.tooMuch || flow.full())
        return fail(tooMuchText());
    walk.flush();
    flow.finish();
    if (flow.full())
        return fail(tooMuchText());
    return std::move(walk.facts);
}

} // namespace alcove::documents
