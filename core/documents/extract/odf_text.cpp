// Running text of OpenDocument files.

#include "core/documents/extract/odf.h"

#include <algorithm>

namespace alcove::documents {

namespace {

constexpr int kMaxSpaces = 64; // of one text:s
constexpr int kMaxRepeatedCells = 64; // in tables of texts

// What is no text of the document: remarks, what was deleted, pronunciations, descriptions.
bool isSkipped(const XmlPart &xml)
{
    static const std::vector<QStringView> names{
        u"tracked-changes", u"annotation", u"note-citation",   u"ruby-text",
        u"forms",           u"image",      u"event-listeners", u"hidden-text",
        u"sequence-decls",  u"desc",       u"scripts",         u"variable-decls",
        u"binary-data",     u"object",     u"object-ole",      u"user-field-decls"};
    for (const QStringView name : names) {
        if (xml.is(name))
            return true;
    }
    return xml.is(u"title") && xml.space().contains(u"svg");
}

// White space as OpenDocument has it: any of it is one space, at the beginning none.
void appendCollapsed(QString &to, QStringView text, bool &space)
{
    for (const QChar c : text) {
        if (c == u' ' || c == u'\t' || c == u'\n' || c == u'\r') {
            if (!space)
                to += u' ';
            space = true;
        } else {
            to += c;
            space = false;
        }
    }
}

// text:s, text:tab and text:line-break. False for other elements.
bool appendSpace(QString &to, const XmlPart &xml, bool &space)
{
    if (xml.is(u"s"))
        to += QString(std::clamp(number(xml.attribute(u"c"), 1), 1, kMaxSpaces), u' ');
    else if (xml.is(u"tab"))
        to += u'\t';
    else if (xml.is(u"line-break"))
        to += u'\n';
    else
        return false;
    space = false; // what follows is not at the beginning
    return true;
}

} // namespace

void OdfText::start(XmlPart &xml)
{
    if (isSkipped(xml)) {
        xml.skip();
        return;
    }
    if (xml.is(u"p") || xml.is(u"h")) {
        startParagraph(xml);
    } else if (xml.is(u"span")) {
        if (!m_paragraphs.empty())
            m_paragraphs.back().spans.push_back(
                m_styles.resolved(xml.attribute(u"style-name")).hidden);
    } else if (xml.is(u"note")) {
        m_notes.push_back(m_paragraphs.size());
    } else if (xml.is(u"list")) {
        m_lists.push_back(true);
    } else if (xml.is(u"list-item") || xml.is(u"list-header")) {
        if (!m_lists.empty())
            m_lists.back() = xml.is(u"list-header");
    } else if (xml.is(u"table") && xml.space().endsWith(u"table:1.0")) {
        m_flow.beginTable();
        m_firstRowNames = xml.attribute(u"use-first-row-styles") == u"true";
    } else if (xml.is(u"table-header-rows")) {
        m_headerRows = true;
    } else if (xml.is(u"table-row")) {
        m_flow.beginRow();
        if (m_headerRows || m_firstRowNames)
            m_flow.markHeader();
        m_firstRowNames = false;
    } else if (xml.is(u"table-cell") || xml.is(u"covered-table-cell")) {
        const int repeated = number(xml.attribute(u"number-columns-repeated"), 1);
        for (int i = 1; i < std::min(repeated, kMaxRepeatedCells); ++i)
            m_flow.beginCell();
        m_flow.beginCell();
    } else if (!m_paragraphs.empty()) {
        Paragraph &paragraph = m_paragraphs.back();
        if (!paragraph.hidden)
            appendSpace(paragraph.text, xml, paragraph.space);
    }
}

void OdfText::startParagraph(const XmlPart &xml)
{
    Paragraph paragraph;
    const OdfStyles::Style style = m_styles.resolved(xml.attribute(u"style-name"));
    paragraph.hidden = style.hidden;
    const bool opensItem = !m_lists.empty() && !m_lists.back();
    if (m_headingLevel > 0) {
        paragraph.kind = Paragraph::Kind::Heading;
        paragraph.level = m_headingLevel;
    } else if (xml.is(u"h")) {
        paragraph.kind = Paragraph::Kind::Heading;
        paragraph.level = number(xml.attribute(u"outline-level"), 1);
    } else if (style.title) {
        paragraph.kind = Paragraph::Kind::Heading;
        paragraph.level = 1;
    } else if (opensItem && m_notes.empty()) {
        paragraph.kind = Paragraph::Kind::Item;
        paragraph.level = int(m_lists.size());
    } else if (style.code) {
        paragraph.kind = Paragraph::Kind::Code;
    }
    if (opensItem && m_notes.empty())
        m_lists.back() = true;
    m_paragraphs.push_back(std::move(paragraph));
}

void OdfText::end(const XmlPart &xml)
{
    if (xml.is(u"p") || xml.is(u"h")) {
        endParagraph();
    } else if (xml.is(u"span")) {
        if (!m_paragraphs.empty() && !m_paragraphs.back().spans.empty())
            m_paragraphs.back().spans.pop_back();
    } else if (xml.is(u"note")) {
        if (!m_notes.empty())
            m_notes.pop_back();
    } else if (xml.is(u"list")) {
        if (!m_lists.empty())
            m_lists.pop_back();
    } else if (xml.is(u"table-header-rows")) {
        m_headerRows = false;
    } else if (xml.is(u"table-cell") || xml.is(u"covered-table-cell")) {
        m_flow.endCell();
    } else if (xml.is(u"table-row")) {
        m_flow.endRow();
    } else if (xml.is(u"table") && xml.space().endsWith(u"table:1.0")) {
        m_flow.endTable();
    }
}

void OdfText::endParagraph()
{
    if (m_paragraphs.empty())
        return;
    Paragraph paragraph = std::move(m_paragraphs.back());
    m_paragraphs.pop_back();
    const std::string text = paragraph.hidden ? std::string() : utf8(paragraph.text);
    if (!m_notes.empty()) {
        // Told behind the paragraph that the note stands in.
        if (m_notes.back() > 0 && m_notes.back() <= m_paragraphs.size() && !text.empty())
            m_paragraphs[m_notes.back() - 1].notes.push_back(text);
        return;
    }
    switch (paragraph.kind) {
    case Paragraph::Kind::Heading:
        m_flow.heading(paragraph.level, text);
        break;
    case Paragraph::Kind::Item:
        m_flow.listItem(paragraph.level, text);
        break;
    case Paragraph::Kind::Code:
        m_flow.code(text);
        break;
    case Paragraph::Kind::Plain:
        m_flow.paragraph(text);
        break;
    }
    for (const std::string &note : paragraph.notes)
        m_flow.paragraph(note);
}

void OdfText::text(QStringView text)
{
    if (m_paragraphs.empty())
        return;
    Paragraph &paragraph = m_paragraphs.back();
    const bool hidden =
        std::find(paragraph.spans.begin(), paragraph.spans.end(), true) != paragraph.spans.end();
    if (!paragraph.hidden && !hidden)
        appendCollapsed(paragraph.text, text, paragraph.space);
}

QString odfParagraph(XmlPart &xml)
{
    const int depth = xml.depth();
    QString text;
    bool space = true;
    while (xml.next()) {
        if (xml.isText()) {
            appendCollapsed(text, xml.text(), space);
        } else if (xml.isStart()) {
            if (isSkipped(xml))
                xml.skip();
            else
                appendSpace(text, xml, space);
        } else if (xml.depth() == depth) {
            break;
        }
    }
    return text;
}

} // namespace alcove::documents
