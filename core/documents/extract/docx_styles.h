// DocxStyles: what the paragraph styles of a Word file say about its structure: headings, lists,
// code.
//
// Styles stand on one another (w:basedOn), in files that are broken even in a circle. Read once,
// then values only; one thread; failures are those of XmlPart.
#pragma once

#include "core/documents/extract/xml_part.h"

#include <optional>
#include <string>
#include <unordered_map>

namespace alcove::documents {

// What a paragraph or a style says for itself; what is not set comes from the style it stands on.
struct DocxParagraph {
    std::string style;
    std::optional<int> outline; // 0 is the highest heading; 9 is the body text
    std::optional<int> list; // the list's number; 0 takes the paragraph out of the style's list
    std::optional<int> listLevel; // from 0
    bool code = false;
    bool hidden = false;
};

class DocxStyles
{
public:
    static Result<DocxStyles> read(Archive &archive, const std::string &part);

    // With all that the styles give.
    DocxParagraph resolved(DocxParagraph paragraph) const;
    const std::string &language() const { return m_language; }

    // w:pPr of a paragraph or a style, from its beginning to its end.
    static void readProperties(XmlPart &xml, DocxParagraph &paragraph);

private:
    std::unordered_map<std::string, DocxParagraph> m_styles; // `style`: the one it stands on
    std::string m_default;
    std::string m_language;
};

} // namespace alcove::documents
