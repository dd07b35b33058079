// readPptx: PowerPoint's slides in their order, each with its title first and what is noted for the
// speaker last.

#include "core/documents/extract/flow.h"
#include "core/documents/extract/ooxml.h"
#include "core/documents/extract/readers.h"

namespace alcove::documents {

namespace {

// A slide's paragraphs, as they are before its title has been found.
struct SlideItem {
    enum class Kind { Title, Paragraph, Item, TableBegin, Row, HeaderRow, Cell, CellEnd, TableEnd };
    Kind kind = Kind::Paragraph;
    int level = 0;
    std::string text{};
};

enum class SlidePart { Slide, Notes };

class SlideReader
{
public:
    SlideReader(SlidePart part, const ReadLimits &limits) : m_part(part), m_limit(limits.textBytes)
    { }

    std::vector<SlideItem> items;

    Result<> read(XmlPart &xml)
    {
        while (xml.next()) {
            if (xml.isStart())
                start(xml);
            else if (xml.isEnd())
                end(xml);
            else if (m_inText)
                m_text += xml.text();
            if (m_bytes > m_limit || std::uint64_t(m_text.size()) > m_limit)
                return fail(tooMuchText());
        }
        return xml.outcome();
    }

private:
    using Kind = SlideItem::Kind;

    void start(XmlPart &xml)
    {
        if (xml.is(u"AlternateContent")) {
            m_choiceTaken = false;
        } else if (xml.is(u"Choice") || xml.is(u"Fallback")) {
            if (m_choiceTaken)
                return xml.skip(); // the same thing, told for older programs
            m_choiceTaken = true;
        } else if (xml.is(u"sp")) {
            m_type.clear();
            m_isPlaceholder = false;
        } else if (xml.is(u"ph")) {
            m_isPlaceholder = true;
            m_type = xml.attribute(u"type");
        } else if (xml.is(u"tbl")) {
            m_firstRow = false;
            add(Kind::TableBegin);
        } else if (xml.is(u"tblPr")) {
            m_firstRow = xml.hasAttribute(u"firstRow") && isOn(xml, u"firstRow");
        } else if (xml.is(u"tr")) {
            add(m_firstRow ? Kind::HeaderRow : Kind::Row);
            m_firstRow = false;
        } else if (xml.is(u"tc")) {
            m_inCell = true;
            add(Kind::Cell);
        } else if (xml.is(u"p")) {
            m_text.clear();
            m_level = 0;
            m_bullet =
                m_isPlaceholder && (m_type.isEmpty() || m_type == u"body" || m_type == u"obj");
        } else if (xml.is(u"pPr")) {
            m_level = number(xml.attribute(u"lvl"), 0);
        } else if (xml.is(u"buNone")) {
            m_bullet = false;
        } else if (xml.is(u"buChar") || xml.is(u"buAutoNum") || xml.is(u"buBlip")) {
            m_bullet = true;
        } else if (xml.is(u"br")) {
            m_text += u'\n';
        } else if (xml.is(u"t")) {
            m_inText = true;
        } else if (xml.is(u"lstStyle")) {
            xml.skip();
        }
    }

    void end(XmlPart &xml)
    {
        if (xml.is(u"t"))
            m_inText = false;
        else if (xml.is(u"p"))
            endParagraph();
        else if (xml.is(u"tc")) {
            add(Kind::CellEnd);
            m_inCell = false;
        } else if (xml.is(u"tbl"))
            add(Kind::TableEnd);
        else if (xml.is(u"sp"))
            m_isPlaceholder = false;
    }

    void endParagraph()
    {
        const bool title = m_isPlaceholder && (m_type == u"title" || m_type == u"ctrTitle");
        // The slide's number, its date and what stands at the foot of every slide.
        const bool furniture = m_isPlaceholder
            && (m_type == u"sldNum" || m_type == u"dt" || m_type == u"ftr" || m_type == u"hdr"
                || m_type == u"sldImg");
        const bool isNote = m_isPlaceholder && m_type == u"body";
        if (furniture || (m_part == SlidePart::Notes && !isNote) || m_text.trimmed().isEmpty())
            return;
        Kind kind = Kind::Paragraph;
        if (m_part == SlidePart::Slide && !m_inCell) {
            if (title)
                kind = Kind::Title;
            else if (m_bullet)
                kind = Kind::Item;
        }
        add(kind, m_level + 1, utf8(m_text));
    }

    void add(Kind kind, int level = 0, std::string text = {})
    {
        m_bytes += text.size() + sizeof(SlideItem);
        items.push_back({kind, level, std::move(text)});
    }

    SlidePart m_part;
    std::uint64_t m_limit;
    std::uint64_t m_bytes = 0;
    QString m_text;
    QString m_type; // of the placeholder at hand
    bool m_isPlaceholder = false;
    bool m_inText = false;
    bool m_inCell = false;
    bool m_bullet = false;
    bool m_firstRow = false;
    bool m_choiceTaken = false;
    int m_level = 0;
};

void emitItem(Flow &flow, const SlideItem &item)
{
    using Kind = SlideItem::Kind;
    switch (item.kind) {
    case Kind::Title:
        break;
    case Kind::Paragraph:
        flow.paragraph(item.text);
        break;
    case Kind::Item:
        flow.listItem(item.level, item.text);
        break;
    case Kind::TableBegin:
        flow.beginTable();
        break;
    case Kind::Row:
        flow.beginRow();
        break;
    case Kind::HeaderRow:
        flow.beginRow();
        flow.markHeader();
        break;
    case Kind::Cell:
        flow.beginCell();
        break;
    case Kind::CellEnd:
        flow.endCell();
        break;
    case Kind::TableEnd:
        flow.endTable();
        break;
    }
}

Result<> readSlide(Archive &archive, const std::string &part, bool first, DocumentBuilder &builder)
{
    const ReadLimits &limits = archive.limits();
    auto opened = XmlPart::open(archive, part);
    if (!opened)
        return fail(damaged("a slide is missing.", part));
    SlideReader slide(SlidePart::Slide, limits);
    if (const auto outcome = slide.read(**opened); !outcome)
        return outcome;
    Flow flow(builder, limits);
    std::string title;
    for (const SlideItem &item : slide.items) {
        if (item.kind == SlideItem::Kind::Title)
            title += (title.empty() ? "" : " ") + item.text;
    }
    flow.heading(first ? 1 : 2, title); // the first slide's title is that of them all
    for (const SlideItem &item : slide.items)
        emitItem(flow, item);
    flow.finish();

    const auto relations = Relations::read(archive, part);
    if (!relations)
        return fail(relations.error());
    const std::string notesPart = relations->byType("notesSlide");
    if (!notesPart.empty() && archive.has(notesPart)) {
        auto notesXml = XmlPart::open(archive, notesPart);
        if (!notesXml)
            return fail(std::move(notesXml.error()));
        SlideReader notes(SlidePart::Notes, limits);
        if (const auto outcome = notes.read(**notesXml); !outcome)
            return outcome;
        for (const SlideItem &item : notes.items)
            emitItem(flow, item);
    }
    flow.finish();
    if (flow.full())
        return fail(tooMuchText());
    return {};
}

} // namespace

Result<DocumentText> readPptx(const std::string &path, const ReadOptions &options)
{
    auto archive = Archive::open(path, options.limits);
    if (!archive)
        return fail(std::move(archive.error()));
    const auto part = mainPart(*archive, "ppt/presentation.xml");
    if (!part)
        return fail(part.error());
    const auto relations = Relations::read(*archive, *part);
    if (!relations)
        return fail(relations.error());
    auto opened = XmlPart::open(*archive, *part);
    if (!opened)
        return fail(std::move(opened.error()));
    std::vector<std::string> slides;
    while ((*opened)->next()) {
        if ((*opened)->isStart() && (*opened)->is(u"sldId"))
            slides.push_back(relations->byId((*opened)->attribute(u"id", u"relationships")));
        if (slides.size() > options.limits.pages)
            return fail(tooMuchText());
    }
    if (const auto outcome = (*opened)->outcome(); !outcome)
        return fail(outcome.error());

    DocumentBuilder builder(PageKind::Slide, options.limits);
    if (const auto outcome = readCoreProperties(*archive, builder); !outcome)
        return fail(outcome.error());
    for (std::size_t i = 0; i < slides.size(); ++i) {
        builder.beginPage(std::to_string(i + 1));
        if (const auto outcome = readSlide(*archive, slides[i], i == 0, builder); !outcome)
            return fail(outcome.error());
    }
    return builder.finish();
}

} // namespace alcove::documents
