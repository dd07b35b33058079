// readDocx: Word's files, from the main part in the order of its text.

#include "core/documents/extract/docx_styles.h"
#include "core/documents/extract/flow.h"
#include "core/documents/extract/ooxml.h"
#include "core/documents/extract/readers.h"

#include <vector>

namespace alcove::documents {

namespace {

// Text that is not there for the reader: what was deleted or moved away, how things were before,
// instructions to the program, pronunciations.
bool isSkipped(const XmlPart &xml)
{
    static const std::vector<QStringView> names{
        u"del",          u"moveFrom",      u"instrText",   u"delText",    u"delInstrText",
        u"rPrChange",    u"pPrChange",     u"tblPrChange", u"trPrChange", u"tcPrChange",
        u"sectPrChange", u"tblGridChange", u"sdtPr",       u"sdtEndPr",   u"rt",
        u"sectPr",       u"tblGrid",       u"comment",     u"ffData"};
    for (const QStringView name : names) {
        if (xml.is(name))
            return true;
    }
    return false;
}

class DocxBody
{
public:
    using Notes = std::unordered_map<std::string, std::string>; // by id

    DocxBody(const DocxStyles &styles, Flow &flow) : m_styles(styles), m_flow(flow) { }

    Notes footnotes;
    Notes endnotes;

    Result<> read(Archive &archive, const std::string &part)
    {
        auto opened = XmlPart::open(archive, part);
        if (!opened)
            return fail(std::move(opened.error()));
        XmlPart &xml = **opened;
        while (xml.next() && !m_flow.full()) {
            if (xml.isStart())
                start(xml);
            else if (xml.isEnd())
                end(xml);
            else if (m_inText && !m_hidden && !m_paragraphs.empty())
                m_paragraphs.back().text += xml.text();
        }
        if (m_flow.full())
            return fail(tooMuchText());
        return xml.outcome();
    }

private:
    struct Paragraph {
        DocxParagraph properties;
        QString text;
        std::vector<std::string> notes;
        bool outerHidden = false;
    };

    void start(XmlPart &xml)
    {
        if (isSkipped(xml))
            return xml.skip();
        if (xml.is(u"t")) {
            m_inText = true;
        } else if (xml.is(u"r")) {
            m_hidden = false;
        } else if (xml.is(u"rPr")) {
            readRunProperties(xml);
        } else if (xml.is(u"p")) {
            m_paragraphs.emplace_back().outerHidden = m_hidden;
            m_hidden = false;
        } else if (xml.is(u"pPr")) {
            if (!m_paragraphs.empty())
                DocxStyles::readProperties(xml, m_paragraphs.back().properties);
        } else if (xml.is(u"AlternateContent")) {
            m_choices.push_back({xml.depth(), false});
        } else if (xml.is(u"Choice") || xml.is(u"Fallback")) {
            // The same thing, told for newer and for older programs.
            if (m_choices.empty() || m_choices.back().depth != xml.depth() - 1)
                return;
            if (m_choices.back().taken)
                return xml.skip();
            m_choices.back().taken = true;
        } else if (xml.is(u"tbl")) {
            m_flow.beginTable();
        } else if (xml.is(u"tr")) {
            m_flow.beginRow();
        } else if (xml.is(u"tblHeader")) {
            if (isOn(xml))
                m_flow.markHeader();
        } else if (xml.is(u"tc")) {
            m_flow.beginCell();
        } else if (!m_paragraphs.empty() && !m_hidden) {
            startInRun(xml);
        }
    }

    void startInRun(XmlPart &xml)
    {
        Paragraph &paragraph = m_paragraphs.back();
        if (xml.is(u"tab") || xml.is(u"ptab")) {
            paragraph.text += u'\t';
        } else if (xml.is(u"br") || xml.is(u"cr")) {
            paragraph.text += u'\n';
        } else if (xml.is(u"noBreakHyphen")) {
            paragraph.text += u'-';
        } else if (xml.is(u"footnoteReference") || xml.is(u"endnoteReference")) {
            const Notes &notes = xml.is(u"footnoteReference") ? footnotes : endnotes;
            const auto found = notes.find(utf8(xml.attribute(u"id")));
            if (found != notes.end())
                paragraph.notes.push_back(found->second);
        }
    }

    void readRunProperties(XmlPart &xml)
    {
        const int depth = xml.depth();
        while (xml.next()) {
            if (xml.isEnd() && xml.depth() == depth)
                return;
            if (!xml.isStart())
                continue;
            if (xml.is(u"vanish"))
                m_hidden = isOn(xml);
            else if (xml.is(u"rPrChange"))
                xml.skip();
        }
    }

    void end(XmlPart &xml)
    {
        if (xml.is(u"t")) {
            m_inText = false;
        } else if (xml.is(u"p")) {
            if (m_paragraphs.empty())
                return;
            Paragraph paragraph = std::move(m_paragraphs.back());
            m_paragraphs.pop_back();
            m_hidden = paragraph.outerHidden;
            emitParagraph(paragraph);
        } else if (xml.is(u"AlternateContent")) {
            if (!m_choices.empty())
                m_choices.pop_back();
        } else if (xml.is(u"tc")) {
            m_flow.endCell();
        } else if (xml.is(u"tr")) {
            m_flow.endRow();
        } else if (xml.is(u"tbl")) {
            m_flow.endTable();
        }
    }

    void emitParagraph(const Paragraph &paragraph)
    {
        const DocxParagraph properties = m_styles.resolved(paragraph.properties);
        if (!properties.hidden) {
            const std::string text = utf8(paragraph.text);
            if (properties.outline && *properties.outline >= 0 && *properties.outline < 9)
                m_flow.heading(*properties.outline + 1, text);
            else if (properties.list.value_or(0) != 0)
                m_flow.listItem(properties.listLevel.value_or(0) + 1, text);
            else if (properties.code)
                m_flow.code(text);
            else
                m_flow.paragraph(text);
        }
        for (const std::string &note : paragraph.notes)
            m_flow.paragraph(note);
    }

    struct Choice {
        int depth = 0;
        bool taken = false;
    };

    const DocxStyles &m_styles;
    Flow &m_flow;
    std::vector<Paragraph> m_paragraphs; // a text box lies within a paragraph
    std::vector<Choice> m_choices;
    bool m_inText = false;
    bool m_hidden = false; // the run at hand
};

// Footnotes or endnotes by their id, each as one text.
Result<DocxBody::Notes> readNotes(Archive &archive, const std::string &part,
                                  const ReadLimits &limits)
{
    DocxBody::Notes notes;
    if (part.empty() || !archive.has(part))
        return notes;
    auto opened = XmlPart::open(archive, part);
    if (!opened)
        return fail(std::move(opened.error()));
    XmlPart &xml = **opened;
    std::uint64_t bytes = 0;
    std::string id;
    QString text;
    bool inText = false;
    while (xml.next()) {
        if (xml.isStart() && (xml.is(u"footnote") || xml.is(u"endnote"))) {
            if (xml.hasAttribute(u"type") && xml.attribute(u"type") != u"normal")
                xml.skip(); // the line above the notes
            id = utf8(xml.attribute(u"id"));
            text.clear();
        } else if (xml.isEnd() && (xml.is(u"footnote") || xml.is(u"endnote"))) {
            std::string said = utf8(text.trimmed());
            bytes += said.size();
            if (bytes > limits.textBytes)
                return fail(tooMuchText());
            notes.emplace(std::move(id), std::move(said));
            id.clear();
        } else if (xml.isStart() && isSkipped(xml)) {
            xml.skip();
        } else if (xml.is(u"t") && !xml.isText()) {
            inText = xml.isStart();
        } else if (xml.isStart() && (xml.is(u"tab") || xml.is(u"br"))) {
            text += u' ';
        } else if (xml.isEnd() && xml.is(u"p")) {
            text += u'\n';
        } else if (xml.isText() && inText) {
            text += xml.text();
            if (std::uint64_t(text.size()) > limits.textBytes)
                return fail(tooMuchText());
        }
    }
    if (const auto outcome = xml.outcome(); !outcome)
        return fail(outcome.error());
    return notes;
}

} // namespace

Result<DocumentText> readDocx(const std::string &path, const ReadOptions &options)
{
    auto archive = Archive::open(path, options.limits);
    if (!archive)
        return fail(std::move(archive.error()));
    const auto part = mainPart(*archive, "word/document.xml");
    if (!part)
        return fail(part.error());
    const auto relations = Relations::read(*archive, *part);
    if (!relations)
        return fail(relations.error());
    const auto styles = DocxStyles::read(*archive, relations->byType("styles"));
    if (!styles)
        return fail(styles.error());

    DocumentBuilder builder(PageKind::None, options.limits);
    builder.setLanguage(styles->language());
    if (const auto properties = readCoreProperties(*archive, builder); !properties)
        return fail(properties.error());
    Flow flow(builder, options.limits);
    DocxBody body(*styles, flow);
    auto footnotes = readNotes(*archive, relations->byType("footnotes"), options.limits);
    if (!footnotes)
        return fail(std::move(footnotes.error()));
    body.footnotes = std::move(*footnotes);
    auto endnotes = readNotes(*archive, relations->byType("endnotes"), options.limits);
    if (!endnotes)
        return fail(std::move(endnotes.error()));
    body.endnotes = std::move(*endnotes);
    if (const auto outcome = body.read(*archive, *part); !outcome)
        return fail(outcome.error());
    flow.finish();
    if (flow.full())
        return fail(tooMuchText());
    return builder.finish();
}

} // namespace alcove::documents
