// What OpenDocument's texts, slides and sheets share: the package, its properties, its styles, and
// running text.
//
// One thread. Failures are those of Archive and XmlPart; a package with encrypted parts is
// PasswordNeeded.
#pragma once

#include "core/documents/extract/flow.h"
#include "core/documents/extract/xml_part.h"

#include <string>
#include <unordered_map>
#include <vector>

namespace alcove::documents {

// What the names and properties of styles say about structure.
class OdfStyles
{
public:
    struct Style {
        std::string parent;
        bool title = false;
        bool code = false;
        bool hidden = false;
    };

    // office:styles or office:automatic-styles, from its beginning to its end.
    void read(XmlPart &xml);
    Style resolved(const QString &name) const;
    const std::string &language() const { return m_language; }

private:
    std::unordered_map<std::string, Style> m_styles;
    std::string m_language;
};

// The package with its properties given to `builder`; only content.xml is still to be read.
struct OdfPackage {
    Archive archive;
    OdfStyles styles;

    static Result<OdfPackage> open(const std::string &path, const ReadLimits &limits,
                                   DocumentBuilder &builder);
};

// Paragraphs, headings, lists, notes and tables of text:* and table:* elements. The reader gives it
// what comes, in order.
class OdfText
{
public:
    OdfText(const OdfStyles &styles, Flow &flow) : m_styles(styles), m_flow(flow) { }

    void start(XmlPart &xml); // may go on to the element's end
    void end(const XmlPart &xml);
    void text(QStringView text);

    // Paragraphs are headings of this level; 0: they are what they say.
    void setHeadingLevel(int level) { m_headingLevel = level; }

private:
    struct Paragraph {
        enum class Kind { Plain, Heading, Item, Code } kind = Kind::Plain;
        int level = 0;
        bool hidden = false;
        bool space = true; // white space that comes next is none
        QString text;
        std::vector<std::string> notes;
        std::vector<bool> spans; // hidden ones
    };

    void startParagraph(const XmlPart &xml);
    void endParagraph();

    const OdfStyles &m_styles;
    Flow &m_flow;
    std::vector<Paragraph> m_paragraphs; // frames and notes lie within paragraphs
    std::vector<bool> m_lists; // whether the item at hand has had its first paragraph
    std::vector<std::size_t> m_notes; // how many paragraphs were open around the note
    bool m_headerRows = false;
    bool m_firstRowNames = false; // of a table on a slide
    int m_headingLevel = 0;
};

// A text:p of a cell, from its beginning to its end.
QString odfParagraph(XmlPart &xml);

} // namespace alcove::documents
