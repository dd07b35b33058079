#include "core/documents/extract/docx_styles.h"

#include <array>

namespace alcove::documents {

namespace {

constexpr int kMaxChain = 32; // of styles that stand on one another

// The names of Word's own styles are English in every language's files.
void applyName(QStringView name, DocxParagraph &style)
{
    const QString lower = name.toString().toLower();
    if (lower == u"title") {
        style.outline = 0;
    } else if (lower.startsWith(u"heading ")) {
        const int level = number(QStringView(lower).mid(8), 0);
        if (level >= 1 && level <= 9)
            style.outline = level - 1;
    } else if (lower == u"source code" || lower == u"html preformatted"
               || lower == u"preformatted text") {
        style.code = true;
    }
}

} // namespace

void DocxStyles::readProperties(XmlPart &xml, DocxParagraph &paragraph)
{
    const int depth = xml.depth();
    while (xml.next()) {
        if (xml.isEnd() && xml.depth() == depth)
            return;
        if (!xml.isStart())
            continue;
        if (xml.is(u"pStyle"))
            paragraph.style = utf8(xml.attribute(u"val"));
        else if (xml.is(u"outlineLvl"))
            paragraph.outline = number(xml.attribute(u"val"), 9);
        else if (xml.is(u"ilvl"))
            paragraph.listLevel = number(xml.attribute(u"val"), 0);
        else if (xml.is(u"numId"))
            paragraph.list = number(xml.attribute(u"val"), 0);
        else if (xml.is(u"pPrChange") || xml.is(u"rPr") || xml.is(u"numberingChange"))
            xml.skip(); // how it was before, and how the paragraph's mark looks
    }
}

Result<DocxStyles> DocxStyles::read(Archive &archive, const std::string &part)
{
    DocxStyles styles;
    if (part.empty() || !archive.has(part))
        return styles;
    auto opened = XmlPart::open(archive, part);
    if (!opened)
        return fail(std::move(opened.error()));
    XmlPart &xml = **opened;
    std::string id;
    DocxParagraph style;
    bool inDefaults = false;
    while (xml.next()) {
        if (xml.is(u"docDefaults")) {
            inDefaults = xml.isStart();
        } else if (xml.is(u"style")) {
            if (xml.isStart()) {
                id = utf8(xml.attribute(u"styleId"));
                style = {};
                if (xml.attribute(u"type") == u"paragraph" && xml.hasAttribute(u"default")
                    && isOn(xml, u"default"))
                    styles.m_default = id;
            } else if (xml.isEnd()) {
                styles.m_styles.emplace(std::move(id), std::move(style));
                id.clear();
            }
        } else if (xml.isStart()) {
            if (xml.is(u"lang") && inDefaults)
                styles.m_language = utf8(xml.attribute(u"val"));
            else if (xml.is(u"name"))
                applyName(xml.attribute(u"val"), style);
            else if (xml.is(u"basedOn"))
                style.style = utf8(xml.attribute(u"val"));
            else if (xml.is(u"pPr"))
                readProperties(xml, style);
            else if (xml.is(u"vanish"))
                style.hidden = isOn(xml);
        }
    }
    if (const auto outcome = xml.outcome(); !outcome)
        return fail(outcome.error());
    return styles;
}

DocxParagraph DocxStyles::resolved(DocxParagraph paragraph) const
{
    std::string next = paragraph.style.empty() ? m_default : paragraph.style;
    for (int i = 0; i < kMaxChain && !next.empty(); ++i) {
        const auto found = m_styles.find(next);
        if (found == m_styles.end())
            break;
        const DocxParagraph &style = found->second;
        if (!paragraph.outline)
            paragraph.outline = style.outline;
        if (!paragraph.list)
            paragraph.list = style.list;
        if (!paragraph.listLevel)
            paragraph.listLevel = style.listLevel;
        paragraph.code = paragraph.code || style.code;
        paragraph.hidden = paragraph.hidden || style.hidden;
        next = style.style;
    }
    return paragraph;
}

} // namespace alcove::documents
