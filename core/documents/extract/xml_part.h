// XmlPart: one XML part of an archive, read as a stream of elements and text.
//
// Parts are never held whole. Entities that a part declares for itself, and nesting beyond
// ReadLimits::depth, end the reading: the formats read here need neither, so that what walks a part
// may follow its nesting freely. Nothing outside the part is ever opened. One thread; failures are
// told by outcome() once next() has returned false.
#pragma once

#include "core/documents/extract/archive.h"

#include <QXmlStreamReader>

#include <memory>
#include <string>

namespace alcove::documents {

class XmlPart
{
public:
    static Result<std::unique_ptr<XmlPart>> open(Archive &archive, std::string_view name);

    XmlPart(std::unique_ptr<ArchiveEntry> entry, std::uint32_t depth);

    // To the next beginning or end of an element, or text. False at the end and after a failure.
    bool next();
    bool isStart() const { return m_xml.isStartElement(); }
    bool isEnd() const { return m_xml.isEndElement(); }
    bool isText() const { return m_xml.isCharacters(); }

    QStringView name() const { return m_xml.name(); } // without its prefix
    bool is(QStringView name) const { return m_xml.name() == name; }
    QStringView space() const { return m_xml.namespaceUri(); }
    QStringView text() const { return m_xml.text(); }

    // The first attribute of this name, whatever its prefix; `space` is the end of its namespace.
    QString attribute(QStringView name, QStringView space = {}) const;
    bool hasAttribute(QStringView name) const;

    // At the beginning of an element: to its end, over all that it holds.
    void skip();
    // The same, with all text inside put together.
    QString readText();

    // How deep the element at hand is nested; the same at its beginning and its end.
    int depth() const { return m_depth; }

    Result<> outcome() const;

private:
    std::unique_ptr<ArchiveEntry> m_entry;
    QXmlStreamReader m_xml;
    int m_maximum;
    int m_depth = 0;
    bool m_ended = false; // the last token was the end of an element
    Result<> m_outcome;
};

std::string utf8(QStringView text);

// w:val and its like: absent is true, "0", "false" and "off" are false.
bool isOn(const XmlPart &part, QStringView attribute = u"val");

// A whole number, or `otherwise`.
int number(QStringView text, int otherwise);

} // namespace alcove::documents
